import { z } from "zod";
import { pageSizeSchema } from "./common.js";
import {
  boundedList,
  instantSchema,
  jsonObjectSchema,
  optional,
  verbatimText,
  wholeNumber,
} from "./common-parts.js";
import { found, given, nextNumber, times } from "./fields.js";
import type { JsonObject } from "./json.js";

const CONFIG_TEXT =
  "The settings of the detectors: a text that clients define, usually JSON. The server stores and returns it byte for byte.";

export const cheatConfigSchema = z
  .object({
    examId: found.examId,
    data: z.string().describe(CONFIG_TEXT),
    ...times,
  })
  .describe("The cheat config of an exam.");
export type StoredCheatConfig = z.infer<typeof cheatConfigSchema>;

export const setCheatConfigInput = z
  .object({ examId: given.examId, data: verbatimText(1, 65_536).describe(CONFIG_TEXT) })
  .describe("Input of `cheat.setConfig`.");
export type SetCheatConfigInput = z.infer<typeof setCheatConfigInput>;

/** The maximum number of records in one `cheat.addRecords` call. */
export const MAX_RECORDS_PER_CALL = 500;
/** The maximum size of all records in one `cheat.addRecords` call, in bytes of UTF-8. */
export const MAX_RECORD_BYTES_PER_CALL = 256 * 1024;

/** Additional data of the detector. It is nearly always an object, which is therefore tried first. */
const extraInfoSchema = z.union([jsonObjectSchema, verbatimText(0, MAX_RECORD_BYTES_PER_CALL)], {
  error: "must be a text or a JSON object",
});

const DETECT_TYPE =
  "What was detected, such as `manyPeople`: a type of the vendor's detectors, or any other text.";
const MAIN_MONITOR = "Whether the phone (the main camera) made the detection, as opposed to the PC.";

export const newCheatRecordSchema = z
  .object({
    isMainMonitor: z.boolean("must be true or false").describe(MAIN_MONITOR),
    userId: given.userId.describe(
      "The person whom the record is about. Examinees record about themselves. Staff may record about any id, including people who are not in the " +
        "room: the server keeps the record as evidence and does not refuse it.",
    ),
    detectTime: instantSchema.describe(
      "When the detector saw it, by its own clock: any time from 1970 on. `createdAt` of the record is the server's time.",
    ),
    detectType: verbatimText(1, 64).describe(DETECT_TYPE),
    extraInfo: extraInfoSchema
      .nullish()
      .transform((value): string | JsonObject => value ?? {})
      .meta({
        description:
          "Additional data of the detector: a JSON object, or a text. It is returned as it was sent.",
        default: {},
      }),
  })
  .describe("A detection to record.");
export type NewCheatRecord = z.infer<typeof newCheatRecordSchema>;

export const addCheatRecordsInput = z
  .object({
    roomId: given.roomId,
    examId: optional(given.examId).describe("The id of the room's exam. Absent: it is not compared."),
    records: z
      .array(newCheatRecordSchema)
      .min(1, "must not be empty")
      .max(MAX_RECORDS_PER_CALL, `must be at most ${MAX_RECORDS_PER_CALL} records`)
      .describe(
        `The records, of ${MAX_RECORD_BYTES_PER_CALL / 1024} KiB together at most. Either all of them are stored or none.`,
      ),
  })
  .describe("Input of `cheat.addRecords`.");
export type AddCheatRecordsInput = z.infer<typeof addCheatRecordsInput>;

export const cheatRecordSchema = z
  .object({
    id: z.int().describe("The id of the record. It increases with every record."),
    ...found,
    detectType: z.string().describe(DETECT_TYPE),
    isMainMonitor: z.boolean().describe(MAIN_MONITOR),
    detectTime: z.date().describe("When the detector saw it, by its own clock."),
    extraInfo: extraInfoSchema.describe("Additional data of the detector: a JSON object, or a text."),
    ...times,
  })
  .describe("One report of a cheat detector about one person.");
export type CheatRecord = z.infer<typeof cheatRecordSchema>;

/** The most records of one page. */
export const MAX_RECORDS_PER_PAGE = 1000;
/** The most detection types, and the most people, of a filter. */
export const MAX_FILTERED = 100;

export const listCheatRecordsInput = z
  .object({
    roomId: optional(given.roomId).describe("Only records of this room. Absent: of every room of the exam."),
    examId: optional(given.examId).describe("Only records of this exam. Absent: of the room's exam."),
    detectTypes: optional(boundedList(verbatimText(1, 64), MAX_FILTERED)).describe(
      "Only records of one of these detection types. Absent: of any.",
    ),
    userIds: optional(boundedList(given.userId, MAX_FILTERED)).describe(
      "Only records about one of these people: about those who sit the exam in a room that the call is about, of all rooms of the exam. Absent: about anybody.",
    ),
    isMainMonitor: optional(z.boolean("must be true or false")).describe(
      "Only detections that the phone made, or with `false`, those that the PC made. Absent: both.",
    ),
    receivedFrom: optional(instantSchema).describe(
      "Only records that the server received at this time or later. Absent: at any time.",
    ),
    receivedTo: optional(instantSchema).describe(
      "Only records that the server received before this time: after `receivedFrom`. Absent: up to now.",
    ),
    pageSize: pageSizeSchema(20, MAX_RECORDS_PER_PAGE),
    cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)).describe(
      "The `nextCursor` of the previous page. Absent: the first page.",
    ),
  })
  .refine((input) => input.roomId !== undefined || input.examId !== undefined, {
    path: ["roomId"],
    error: "or examId is required",
  })
  .refine(({ receivedFrom, receivedTo }) => !receivedFrom || !receivedTo || receivedTo > receivedFrom, {
    path: ["receivedTo"],
    error: "must be after receivedFrom",
  })
  .describe("Input of `cheat.listRecords`. At least one of `roomId` and `examId` is required.");
export type ListCheatRecordsInput = z.infer<typeof listCheatRecordsInput>;

export const cheatRecordPageSchema = z
  .object({
    records: z
      .array(cheatRecordSchema)
      .describe(
        "The newest records first. With a filter, or if they are large, a page may have fewer than `pageSize`, or none, although a page follows.",
      ),
    nextCursor: nextNumber,
  })
  .describe("Output of `cheat.listRecords`.");
export type CheatRecordPage = z.infer<typeof cheatRecordPageSchema>;
