import { z } from "zod";
import { pageSizeSchema } from "./common.js";
import { idSchema, instantSchema, optional } from "./common-parts.js";
import { found, given, nextText } from "./fields.js";

/** How long the series of rooms are kept, in minutes. */
export const SERIES_MINUTES = 24 * 60;
/** The minutes of each room that `exam.roomSeries` returns. */
export const ROOM_SERIES_MINUTES = 60;

/** The number of each minute from the start on. */
const minutes = z.array(z.int().nullable());
const NULL = "`null`: nothing was counted in that minute.";
const counted = {
  present: minutes.describe(`How many examinees had a page connected at the end of each minute. ${NULL}`),
  publishing: minutes.describe(`How many examinees sent a stream at the end of each minute. ${NULL}`),
  detections: minutes.describe(`How many cheat records arrived in each minute. ${NULL}`),
};
const start = z.date().describe("When the first minute of the lists begins.");

export const examSeriesInput = z
  .object({
    examId: given.examId,
    roomId: optional(idSchema).describe(
      "Only this room. Absent: the sums of all rooms that the caller may see.",
    ),
    since: optional(instantSchema).describe(
      "When the first minute of the answer may begin. Absent: 24 hours ago, which is how long minutes are kept.",
    ),
  })
  .describe("Input of `exam.series`.");
export type ExamSeriesInput = z.infer<typeof examSeriesInput>;

export const examSeriesSchema = z
  .object({ start, ...counted })
  .describe(
    "Output of `exam.series`: an entry for each minute, from the first to the last in which something was counted. For callers with many rooms " +
      "of the exam, but not all, it may begin later than requested.",
  );
export type ExamSeries = z.infer<typeof examSeriesSchema>;

export const roomSeriesInput = z
  .object({
    examId: given.examId,
    pageSize: pageSizeSchema(100),
    cursor: optional(idSchema).describe("The last room id of the previous page. Absent: the first page."),
  })
  .describe("Input of `exam.roomSeries`.");
export type RoomSeriesInput = z.infer<typeof roomSeriesInput>;

export const roomSeriesPageSchema = z
  .object({
    start,
    rooms: z
      .array(z.object({ roomId: found.roomId, ...counted }).describe("The series of a room."))
      .describe(`Rooms in the order of their ids, each with the last ${ROOM_SERIES_MINUTES} minutes.`),
    nextCursor: nextText,
  })
  .describe("Output of `exam.roomSeries`.");
export type RoomSeriesPage = z.infer<typeof roomSeriesPageSchema>;
