import { z } from "zod";
import {
  idSchema,
  instantSchema,
  jsonObjectSchema,
  optional,
  pageSizeSchema,
  verbatimText,
  wholeNumber,
} from "./common.js";
import type { JsonObject } from "./json.js";

/** The detection types of the vendor's detectors. Other texts of 1 to 64 characters are accepted too. */
export const knownDetectTypes = [
  "scenePersonExit",
  "manyPeople",
  "actionPoseStandup",
  "actionPoseHandup",
  "actionHeadUpDown",
  "headShaking",
  "watch",
  "earPhone",
  "cellPhone",
  "actionPersonSpeech",
] as const;

/**
 * Output of `cheat.getConfig`. `data` is a text that the client defines. The server stores and returns it
 * byte for byte.
 */
export const cheatConfigSchema = z.object({
  examId: z.string(),
  data: z.string(),
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type StoredCheatConfig = z.infer<typeof cheatConfigSchema>;

/** Input of `cheat.setConfig`. */
export const setCheatConfigInput = z.object({ examId: idSchema, data: verbatimText(1, 65_536) });
export type SetCheatConfigInput = z.infer<typeof setCheatConfigInput>;

/** The maximum number of records in one `cheat.addRecords` call. */
export const MAX_RECORDS_PER_CALL = 500;
/** The maximum size of all records in one `cheat.addRecords` call, in bytes of UTF-8. */
export const MAX_RECORD_BYTES_PER_CALL = 256 * 1024;

const detectionsSchema = z.object({
  scenePersonExit: z.boolean().optional(),
  manyPeople: z.boolean().optional(),
  actionPoseStandup: z.boolean().optional(),
  actionPoseHandup: z.boolean().optional(),
  actionHeadUpDown: z.boolean().optional(),
  headShaking: z.boolean().optional(),
  objectDetect: z.boolean().optional(),
  actionPersonSpeech: z.boolean().optional(),
});
const cheatConfigDataSchema = z.object({
  pc: detectionsSchema.optional(),
  mobile: detectionsSchema.optional(),
});

/** The usual content of a cheat config: which detections run on each camera. */
export type CheatConfig = z.infer<typeof cheatConfigDataSchema>;

/**
 * Parses the text of a cheat config. The server never parses it, because clients define its format.
 * @returns the config, or undefined if the text is not JSON of this shape
 */
export const parseCheatConfig = (data: string): CheatConfig | undefined => {
  try {
    return cheatConfigDataSchema.safeParse(JSON.parse(data)).data;
  } catch {
    return undefined;
  }
};

/** Additional data of the detector. It is nearly always an object, which is therefore tried first. */
const extraInfoSchema = z.union([jsonObjectSchema, verbatimText(0, MAX_RECORD_BYTES_PER_CALL)], {
  error: "must be a text or a JSON object",
});

const newCheatRecordSchema = z.object({
  isMainMonitor: z.boolean("must be true or false"),
  /**
   * Whom the record is about. For examinees, themselves. Staff may record about any id, also of somebody who is not in the room: a record is
   * kept as evidence rather than refused.
   */
  userId: idSchema,
  /** When the detector saw it, by its own clock: any time from 1970 on. `createdAt` of the record is the server's time. */
  detectTime: instantSchema,
  detectType: verbatimText(1, 64),
  /** Default: `{}`. */
  extraInfo: extraInfoSchema.nullish().transform((value): string | JsonObject => value ?? {}),
});
export type NewCheatRecord = z.infer<typeof newCheatRecordSchema>;

export const addCheatRecordsInput = z.object({
  roomId: idSchema,
  /** Optional. If present, it must be the id of the room's exam. */
  examId: optional(idSchema),
  records: z
    .array(newCheatRecordSchema)
    .min(1, "must not be empty")
    .max(MAX_RECORDS_PER_CALL, `must be at most ${MAX_RECORDS_PER_CALL} records`),
});
export type AddCheatRecordsInput = z.infer<typeof addCheatRecordsInput>;

export const cheatRecordSchema = z.object({
  /** Increases with every record. */
  id: z.int(),
  examId: z.string(),
  roomId: z.string(),
  userId: z.string(),
  detectType: z.string(),
  /** Whether the phone (the main camera) made the detection, as opposed to the PC. */
  isMainMonitor: z.boolean(),
  detectTime: z.date(),
  extraInfo: extraInfoSchema,
  createdAt: z.date(),
  updatedAt: z.date(),
});
export type CheatRecord = z.infer<typeof cheatRecordSchema>;

/**
 * Input of `cheat.listRecords`. Newest records first. At least one of `roomId` and `examId` is required.
 * `cursor` is the last record id of the previous page.
 */
export const listCheatRecordsInput = z
  .object({
    roomId: optional(idSchema),
    examId: optional(idSchema),
    pageSize: pageSizeSchema(20),
    cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
  })
  .refine((input) => input.roomId !== undefined || input.examId !== undefined, {
    path: ["roomId"],
    error: "or examId is required",
  });
export type ListCheatRecordsInput = z.infer<typeof listCheatRecordsInput>;

export const cheatRecordPageSchema = z.object({
  records: z.array(cheatRecordSchema),
  /** Absent on the last page. */
  nextCursor: z.int().optional(),
});
export type CheatRecordPage = z.infer<typeof cheatRecordPageSchema>;
