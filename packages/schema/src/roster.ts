import { z } from "zod";
import { idSchema, optional, pageSizeSchema, wholeNumber } from "./common.js";
import { participantRoleSchema, withRecordsInput } from "./participant.js";
import { roomStatusSchema } from "./room.js";

// The people of an exam, with or without a room.

/** A person of an exam who has no room yet. */
const unseatedPersonSchema = z.object({
  userId: z.string(),
  name: z.string(),
  role: participantRoleSchema,
  extraMinutes: z.int(),
});
export type UnseatedPerson = z.infer<typeof unseatedPersonSchema>;

/**
 * Input of `participant.listUnseated`. People are in the order of the import. `cursor` is the `nextCursor` of
 * the previous page.
 */
export const listUnseatedInput = z.object({
  examId: idSchema,
  pageSize: pageSizeSchema(100),
  cursor: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
});
export type ListUnseatedInput = z.infer<typeof listUnseatedInput>;

export const unseatedPageSchema = z.object({
  people: z.array(unseatedPersonSchema),
  nextCursor: z.int().optional(),
  /** Only on the first page: the number of people without a room, and of examinees in the exam's rooms. */
  totals: z.object({ unseated: z.int(), seated: z.int() }).optional(),
});
export type UnseatedPage = z.infer<typeof unseatedPageSchema>;

export const examPersonRef = z.object({ examId: idSchema, userId: idSchema });

/** Output of `participant.locate`: the places of a person in an exam. */
export const examPersonSchema = z.object({
  /** Present if the person has no room yet. */
  unseated: unseatedPersonSchema.optional(),
  rooms: z.array(
    z.object({
      roomId: z.string(),
      name: z.string(),
      status: roomStatusSchema,
      role: participantRoleSchema,
    }),
  ),
});
export type ExamPerson = z.infer<typeof examPersonSchema>;

/** Input of `participant.removeFromExam`. */
export const removeFromExamInput = examPersonRef.extend({ withRecords: withRecordsInput });
export type RemoveFromExamInput = z.infer<typeof removeFromExamInput>;
/**
 * Output of `participant.removeFromExam`: the number of rooms that the person left, and of cheat records that
 * were deleted.
 */
export const removedFromExamSchema = z.object({ rooms: z.int(), records: z.int() });
export type RemovedFromExam = z.infer<typeof removedFromExamSchema>;
