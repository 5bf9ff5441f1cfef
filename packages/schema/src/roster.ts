import { z } from "zod";
import { optional, pageSizeSchema, wholeNumber } from "./common.js";
import { extraMinutes, found, given, nextNumber, personName } from "./fields.js";
import { deletedRecords, participantRoleSchema, withRecordsInput } from "./participant.js";
import { roomStatusSchema } from "./room.js";

// The people of an exam, with or without a room.

export const unseatedPersonSchema = z
  .object({
    userId: found.userId,
    name: personName,
    role: participantRoleSchema.describe("The role that the person will have in their room."),
    extraMinutes,
  })
  .describe("A person of an exam who has no room yet.");
export type UnseatedPerson = z.infer<typeof unseatedPersonSchema>;

export const listUnseatedInput = z
  .object({
    examId: given.examId,
    pageSize: pageSizeSchema(100),
    cursor: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)).describe(
      "The `nextCursor` of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `participant.listUnseated`.");
export type ListUnseatedInput = z.infer<typeof listUnseatedInput>;

export const unseatedPageSchema = z
  .object({
    people: z.array(unseatedPersonSchema).describe("The people, in the order of the import."),
    nextCursor: nextNumber,
    totals: z
      .object({
        unseated: z.int().describe("The number of people of the exam without a room."),
        seated: z.int().describe("The number of examinees in the exam's rooms."),
      })
      .optional()
      .describe("How many people the exam has. On the first page only."),
  })
  .describe("Output of `participant.listUnseated`.");
export type UnseatedPage = z.infer<typeof unseatedPageSchema>;

export const examPersonRef = z
  .object({ examId: given.examId, userId: given.userId })
  .describe("Names a person of an exam.");

export const examPersonSchema = z
  .object({
    unseated: unseatedPersonSchema.optional().describe("The person, if they have no room yet."),
    rooms: z
      .array(
        z.object({
          roomId: found.roomId,
          name: z.string().describe("The name of the room."),
          status: roomStatusSchema,
          role: participantRoleSchema,
        }),
      )
      .describe("The rooms in which the person is."),
  })
  .describe("Output of `participant.locate`: the places of a person in an exam.");
export type ExamPerson = z.infer<typeof examPersonSchema>;

export const removeFromExamInput = examPersonRef
  .extend({ withRecords: withRecordsInput })
  .describe("Input of `participant.removeFromExam`.");
export type RemoveFromExamInput = z.infer<typeof removeFromExamInput>;
export const removedFromExamSchema = z
  .object({ rooms: z.int().describe("The number of rooms that the person left."), records: deletedRecords })
  .describe("Output of `participant.removeFromExam`.");
export type RemovedFromExam = z.infer<typeof removedFromExamSchema>;
