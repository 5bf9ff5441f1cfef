import { z } from "zod";
import { pageSizeSchema } from "./common.js";
import { label, optional, wholeNumber } from "./common-parts.js";
import {
  deletedRecords,
  detectionCount,
  extraMinutes,
  found,
  given,
  nextNumber,
  nextText,
  personName,
  withRecordsInput,
} from "./fields.js";
import { handSchema } from "./hand.js";
import { eventIdSchema, presenceSchema } from "./live.js";
import { cameraSchema, participantRoleSchema, participantSchema } from "./participant.js";
import { personFacts } from "./person-facts.js";
import { roomSchema, roomStatusSchema } from "./room.js";

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

/** The most people of one page. */
export const MAX_PEOPLE_PER_PAGE = 1000;

export const examPeopleInput = z
  .object({
    examId: given.examId,
    roomId: optional(given.roomId).describe(
      "Only the people of this room. Absent: all, also those without a room.",
    ),
    search: optional(label(64)).describe(
      "Only people whose name or id contains this text, or whose name is spelled so: `wf`, `wangfang` and `wfang` find 王芳 and Wang Fang. Accents do not " +
        "matter. Absent: everybody. Then a page may have fewer people than `pageSize`, or none, although a page follows.",
    ),
    pageSize: optional(wholeNumber(0, MAX_PEOPLE_PER_PAGE))
      .transform((size) => size || MAX_PEOPLE_PER_PAGE)
      .meta({
        description: "The number of people per page. 0 means the default.",
        default: MAX_PEOPLE_PER_PAGE,
      }),
    cursor: optional(z.string().regex(/^[ru]\d{1,15}$/, "must be the `nextCursor` of a page")).describe(
      "The `nextCursor` of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `exam.people`.");
export type ExamPeopleInput = z.infer<typeof examPeopleInput>;

const pagePresence = presenceSchema.omit({ userId: true, role: true }).describe("A connected page.");

export const rosterEntrySchema = z
  .object({
    userId: found.userId,
    name: personName,
    role: participantRoleSchema,
    extraMinutes,
    ...personFacts,
    roomId: z.string().optional().describe("The id of the room. Absent: the person has no room yet."),
    publishStatus: participantSchema.shape.publishStatus,
    publishStatusSince: z
      .object({
        main: z
          .date()
          .optional()
          .describe("Since when the main camera has its status. Absent: it is not known."),
        pc: z.date().optional().describe("Since when the PC camera has its status. Absent: it is not known."),
      })
      .describe("Since when the cameras have these statuses, by the server's clock."),
    pages: z.array(pagePresence).describe("The person's connected pages."),
    left: z
      .array(
        z
          .object({
            camera: cameraSchema,
            since: z.date().describe("Since when the page has been disconnected, by the server's clock."),
          })
          .describe("A page that was connected, and is not."),
      )
      .describe("The person's pages that were connected in this room and are not any more."),
    ...detectionCount,
    hand: handSchema.optional().describe("The open hand of the person. Absent: they have none."),
  })
  .describe(
    "A person of an exam, in one of its rooms or without a room. A person in several rooms has an entry for each.",
  );
export type RosterEntry = z.infer<typeof rosterEntrySchema>;

const counted = (whom: string) => z.int().describe(`The number of examinees ${whom}.`);
export const rosterCountsSchema = z
  .object({
    people: z
      .int()
      .describe("The number of entries: people of all roles, each once for each of their rooms."),
    unseated: counted("who have no room yet"),
    ended: counted("whose room has ended"),
    expected: counted("who have not been there yet"),
    disconnected: counted("who were there, and whose pages are all disconnected"),
    stopped: counted("who are there, and a camera of whom no longer sends its stream"),
    publishing: counted("who are there, and whose cameras send their streams, or one of them does"),
    notPublishing: counted("who are there, and whose cameras have not begun to send their streams"),
    detected: counted("about whom there are cheat records, in addition to their other counts"),
  })
  .describe(
    "How many people of an exam are in which state. Each examinee has one of the states, from `unseated` to `notPublishing`.",
  );
export type RosterCounts = z.infer<typeof rosterCountsSchema>;

export const rosterPageSchema = z
  .object({
    people: z
      .array(rosterEntrySchema)
      .describe(
        "The people in the order in which they were added: first those in rooms, then those without.",
      ),
    lastEventId: eventIdSchema.describe(
      "The last event that this page includes. Read all pages, then subscribe with the `lastEventId` of the first one.",
    ),
    nextCursor: nextText,
    rooms: z
      .array(roomSchema)
      .optional()
      .describe("The rooms that the caller can see. On the first page only."),
    counts: rosterCountsSchema
      .optional()
      .describe(
        "Counts of all people whom the caller can see, including those whom the filter hides. On the first page only.",
      ),
  })
  .describe("Output of `exam.people`.");
export type RosterPage = z.infer<typeof rosterPageSchema>;
