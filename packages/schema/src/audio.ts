import { z } from "zod";
import { pageSizeSchema } from "./common.js";
import { idSchema, instantSchema, label, optional, wholeNumber, withDefault } from "./common-parts.js";
import { classifyFound, given } from "./fields.js";

export const audioClipSchema = z
  .object({
    id: z.string().describe("The id of the clip."),
    name: z.string().describe("The name of the clip."),
    classify: classifyFound,
    url: z.string().describe("An absolute URL that an `<audio>` element of any origin can play."),
    ossUrl: z.string().optional().describe("A second URL of the file in object storage, if there is one."),
    isDefault: z
      .boolean()
      .describe("Whether the clip is offered by exams that have no manual audio of their own."),
  })
  .describe("A clip of the audio library.");
export type AudioClip = z.infer<typeof audioClipSchema>;

const classifySchema = wholeNumber(0, 1_000_000).describe(
  "The class of the clip: a number that the school chooses.",
);

export const listAudioInput = z
  .object({
    pageNum: optional(wholeNumber(0, 1_000_000))
      .transform((page) => page || 1)
      .meta({ description: "The number of the page. 0 means the first page, too.", default: 1 }),
    pageSize: pageSizeSchema(10),
    name: optional(label(64)).describe(
      "Only clips whose name contains this text, ignoring the case of Latin letters. Absent: all.",
    ),
    classify: optional(classifySchema).describe("Only clips of exactly this class. Absent: of every class."),
  })
  .describe("Input of `audio.list`.");
export type ListAudioInput = z.infer<typeof listAudioInput>;

export const audioPageSchema = z
  .object({
    pageNum: z.int().describe("The number of this page, from 1."),
    pageSize: z.int().describe("The number of clips per page."),
    total: z.int().describe("The number of clips on all pages."),
    list: z.array(audioClipSchema).describe("The clips of this page."),
  })
  .describe("Output of `audio.list`: one page of the audio library.");
export type AudioPage = z.infer<typeof audioPageSchema>;

const httpUrl = z
  .url({ protocol: /^https?$/, error: "must be an http or https URL" })
  .max(2048, "must be at most 2048 characters");

/** The fields that describe a clip, whether the server stores its file or only its URL. */
const audioMetadata = {
  name: label(64).describe("The name of the clip."),
  classify: withDefault(classifySchema, 0),
  isDefault: withDefault(z.boolean(), false).describe(
    "Whether the clip is offered by exams that have no manual audio of their own.",
  ),
};

export const createAudioInput = z
  .object({
    ...audioMetadata,
    url: httpUrl.describe("The http or https URL of the file."),
    ossUrl: optional(httpUrl).describe("A second URL of the file in object storage. Absent: none."),
  })
  .describe("Input of `audio.create`: a clip whose file another server hosts.");
export type CreateAudioInput = z.infer<typeof createAudioInput>;

/** The largest audio file that the server accepts, in bytes: 20 MiB. */
export const MAX_AUDIO_BYTES = 20 * 1024 * 1024;

export const uploadAudioInput = z
  .object({
    ...audioMetadata,
    isDefault: withDefault(
      z.preprocess((sent) => (sent === "true" ? true : sent === "false" ? false : sent), z.boolean()),
      false,
    ).describe(
      "Whether the clip is offered by exams that have no manual audio of their own: `true` or `false`.",
    ),
  })
  .describe("The form fields of an audio upload (`POST /audio`). A form sends `isDefault` as text.");
export type UploadAudioInput = z.infer<typeof uploadAudioInput>;

export const clipRef = z.object({ clipId: given.clipId }).describe("Input of `audio.delete`.");

export const updateAudioInput = z
  .object({
    clipId: given.clipId,
    name: optional(label(64)).describe("The new name of the clip."),
    classify: optional(classifySchema).describe("The new class of the clip."),
    isDefault: optional(z.boolean()).describe(
      "Whether the clip is offered by exams that have no manual audio of their own.",
    ),
  })
  .describe("Input of `audio.update`. Absent fields keep their value.");
export type UpdateAudioInput = z.infer<typeof updateAudioInput>;

export const detachAudioInput = z
  .object({
    examId: given.examId,
    attachmentId: idSchema.describe("The `id` of the audio in the exam, which is not the id of the clip."),
  })
  .describe("Input of `audio.detach`.");
export type DetachAudioInput = z.infer<typeof detachAudioInput>;

export const attachAudioInput = z
  .object({
    examId: given.examId,
    clipId: given.clipId,
    startTime: optional(instantSchema).describe(
      "When the exam plays the clip. Absent: the teacher starts the clip by hand.",
    ),
  })
  .describe("Input of `audio.attach`.");
export type AttachAudioInput = z.infer<typeof attachAudioInput>;
