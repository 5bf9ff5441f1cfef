import { z } from "zod";
import { idSchema, instantSchema, label, optional, pageSizeSchema, wholeNumber } from "./common.js";

export const audioClipSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** The clip's class, a number of the school's own. */
  classify: z.int(),
  /** Absolute; plays in an `<audio>` tag from any origin. */
  url: z.string(),
  ossUrl: z.string().optional(),
  /** Whether exams without manual audio of their own offer it. */
  isDefault: z.boolean(),
});
export type AudioClip = z.infer<typeof audioClipSchema>;

const classifySchema = wholeNumber(0, 1_000_000);

/** `name` filters by containing it, whatever the case of Latin letters; `classify` by being equal. */
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

/** What is said about a clip, whether its file lies here or elsewhere. */
const describedAudio = {
  name: label(64),
  classify: optional(classifySchema).transform((value) => value ?? 0),
  isDefault: optional(z.boolean()).transform((value) => value ?? false),
};

export const createAudioInput = z.object({ ...describedAudio, url: httpUrl, ossUrl: optional(httpUrl) });
export type CreateAudioInput = z.infer<typeof createAudioInput>;

/** A file may be at most this large, in bytes: 20 MiB. */
export const MAX_AUDIO_BYTES = 20 * 1024 * 1024;

/** What comes beside an uploaded file; from a form, `isDefault` is a text. */
export const uploadAudioInput = z.object({
  ...describedAudio,
  isDefault: optional(
    z.preprocess((sent) => (sent === "true" ? true : sent === "false" ? false : sent), z.boolean()),
  ).transform((value) => value ?? false),
});
export type UploadAudioInput = z.infer<typeof uploadAudioInput>;

export const clipRef = z.object({ clipId: idSchema });

/** Fields that are absent stay as they are. */
export const updateAudioInput = z.object({
  clipId: idSchema,
  name: optional(label(64)),
  classify: optional(classifySchema),
  isDefault: optional(z.boolean()),
});
export type UpdateAudioInput = z.infer<typeof updateAudioInput>;

/** `attachmentId`: the `id` of the audio in the exam. */
export const detachAudioInput = z.object({ examId: idSchema, attachmentId: idSchema });
export type DetachAudioInput = z.infer<typeof detachAudioInput>;

/** With `startTime` the exam plays the clip then, by itself; without, the teacher starts it by hand. */
export const attachAudioInput = z.object({
  examId: idSchema,
  clipId: idSchema,
  startTime: optional(instantSchema),
});
export type AttachAudioInput = z.infer<typeof attachAudioInput>;
