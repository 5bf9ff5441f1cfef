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

export const createAudioInput = z.object({
  name: label(64),
  classify: optional(classifySchema).transform((value) => value ?? 0),
  url: httpUrl,
  ossUrl: optional(httpUrl),
});
export type CreateAudioInput = z.infer<typeof createAudioInput>;

/** With `startTime` the exam plays the clip then, by itself; without, the teacher starts it by hand. */
export const attachAudioInput = z.object({
  examId: idSchema,
  clipId: idSchema,
  startTime: optional(instantSchema),
});
export type AttachAudioInput = z.infer<typeof attachAudioInput>;
