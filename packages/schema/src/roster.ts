import { z } from "zod";
import { idSchema, optional, pageSizeSchema, wholeNumber } from "./common.js";
import { participantRoleSchema, withRecordsInput } from "./participant.js";
import { roomStatusSchema } from "./room.js";

// The people of an exam, in its rooms and outside of them.

/** Somebody of an exam who has no room yet. */
const unseatedPersonSchema = z.object({
  userId: z.string(),
  name: z.string(),
  role: participantRoleSchema,
  extraMinutes: z.int(),
});
export type UnseatedPerson = z.infer<typeof unseatedPersonSchema>;

/** In the order of the import. `cursor` is the `nextCursor` of the page before. */
export const listUnseatedInput = z.object({
  examId: idSchema,
  pageSize: pageSizeSchema(100),
  cursor: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
});
export type ListUnseatedInput = z.infer<typeof listUnseatedInput>;

export const unseatedPageSchema = z.object({
  people: z.array(unseatedPersonSchema),
  nextCursor: z.int().optional(),
  /** On the first page: how many people have no room, and how many examinees sit in the exam's rooms. */
  totals: z.object({ unseated: z.int(), seated: z.int() }).optional(),
});
export type UnseatedPage = z.infer<typeof unseatedPageSchema>;

export const examPersonRef = z.object({ examId: idSchema, userId: idSchema });

/** Where somebody is in an exam. */
export const examPersonSchema = z.object({
  /** There when it has no room yet. */
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

export const removeFromExamInput = examPersonRef.extend({ withRecords: withRecordsInput });
export type RemoveFromExamInput = z.infer<typeof removeFromExamInput>;
/** From how many rooms it was taken, and how many cheat records were deleted. */
export const removedFromExamSchema = z.object({ rooms: z.int(), records: z.int() });
export type RemovedFromExam = z.infer<typeof removedFromExamSchema>;
