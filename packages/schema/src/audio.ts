import { z } from "zod";
import { idSchema, instantSchema, label, optional, pageSizeSchema, wholeNumber } from "./common.js";

/** A clip of the audio library. */
export const audioClipSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** The class of the clip, a number that the school chooses. */
  classify: z.int(),
  /** An absolute URL that an `<audio>` element of any origin can play. */
  url: z.string(),
  ossUrl: z.string().optional(),
  /** Whether the clip is offered by exams that have no manual audio of their own. */
  isDefault: z.boolean(),
});
export type AudioClip = z.infer<typeof audioClipSchema>;

const classifySchema = wholeNumber(0, 1_000_000);

/**
 * Input of `audio.list`. `name` matches clips whose name contains it, ignoring the case of Latin letters.
 * `classify` matches exactly.
 */
export const listAudioInput = z.object({
  pageNum: optional(wholeNumber(0, 1_000_000)).transform((page) => page || 1),
  pageSize: pageSizeSchema(10),
  name: optional(label(64)),
  classify: optional(classifySchema),
});
export type ListAudioInput = z.infer<typeof listAudioInput>;

export const audioPageSchema = z.object({
  pageNum: z.int(),
  pageSize: z.int(),
  total: z.int(),
  list: z.array(audioClipSchema),
});
export type AudioPage = z.infer<typeof audioPageSchema>;

const httpUrl = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .max(2048, "must be at most 2048 characters");

/** The fields that describe a clip, whether the server stores its file or only its URL. */
const audioMetadata = {
  name: label(64),
  classify: optional(classifySchema).transform((value) => value ?? 0),
  isDefault: optional(z.boolean()).transform((value) => value ?? false),
};

/** Input of `audio.create`: a clip whose file another server hosts. */
export const createAudioInput = z.object({ ...audioMetadata, url: httpUrl, ossUrl: optional(httpUrl) });
export type CreateAudioInput = z.infer<typeof createAudioInput>;

/** The largest audio file that the server accepts, in bytes: 20 MiB. */
export const MAX_AUDIO_BYTES = 20 * 1024 * 1024;

/** The form fields of an audio upload (`POST /audio`). A form sends `isDefault` as text. */
export const uploadAudioInput = z.object({
  ...audioMetadata,
  isDefault: optional(
    z.preprocess((sent) => (sent === "true" ? true : sent === "false" ? false : sent), z.boolean()),
  ).transform((value) => value ?? false),
});
export type UploadAudioInput = z.infer<typeof uploadAudioInput>;

/** Input of `audio.delete`. */
export const clipRef = z.object({ clipId: idSchema });

/** Input of `audio.update`. Absent fields keep their value. */
export const updateAudioInput = z.object({
  clipId: idSchema,
  name: optional(label(64)),
  classify: optional(classifySchema),
  isDefault: optional(z.boolean()),
});
export type UpdateAudioInput = z.infer<typeof updateAudioInput>;

/** Input of `audio.detach`. `attachmentId` is the `id` of the audio in the exam. */
export const detachAudioInput = z.object({ examId: idSchema, attachmentId: idSchema });
export type DetachAudioInput = z.infer<typeof detachAudioInput>;

/**
 * Input of `audio.attach`. With `startTime` the exam plays the clip at that time. Without it the teacher
 * starts the clip by hand.
 */
export const attachAudioInput = z.object({
  examId: idSchema,
  clipId: idSchema,
  startTime: optional(instantSchema),
});
export type AttachAudioInput = z.infer<typeof attachAudioInput>;
