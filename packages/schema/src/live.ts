import { z } from "zod";
import { cheatConfigSchema } from "./cheat.js";
import { pageSizeSchema } from "./common.js";
import { optional, wholeNumber, withDefault } from "./common-parts.js";
import { devicesSchema, extraMinutes, found, given, nextNumber, personName } from "./fields.js";
import { handSchema } from "./hand.js";
import { cameraSchema, participantRoleSchema, participantSchema } from "./participant.js";
import { personFacts } from "./person-facts.js";
import { roomSchema } from "./room.js";
import { talkSchema } from "./stream.js";

export const eventIdSchema = z
  .string()
  .regex(/^\d{1,15}$/, "must be the id of an event")
  .describe("The id of an event: a whole number as text. Ids increase within a room and within an exam.");

export const presenceSchema = z
  .object({
    userId: found.userId,
    role: participantRoleSchema,
    camera: cameraSchema,
    since: z
      .date()
      .describe(
        "The time since which the page has been connected. Interruptions shorter than the settle time do not count.",
      ),
    devices: devicesSchema,
  })
  .describe("A person's connected page. A person has one page for each camera.");
export type Presence = z.infer<typeof presenceSchema>;

export const listVisitsInput = z
  .object({
    roomId: given.roomId,
    userId: given.userId.describe(
      "The person. If they sit the exam in the room, their visits to all rooms of the exam are returned.",
    ),
    pageSize: pageSizeSchema(20),
    cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)).describe(
      "`nextCursor` of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `room.visits`.");
export type ListVisitsInput = z.infer<typeof listVisitsInput>;

export const visitSchema = z
  .object({
    roomId: found.roomId,
    camera: cameraSchema,
    since: z.date().describe("When the page was connected."),
    leftAt: z.date().describe("When the page was disconnected."),
  })
  .describe(
    "The time for which a page was connected without a break. Breaks up to the settle time do not count.",
  );
export type Visit = z.infer<typeof visitSchema>;

export const visitPageSchema = z
  .object({
    visits: z
      .array(visitSchema)
      .describe(
        "The visits that are over, the last one that ended first. Of a person's in a room, at least the newest 500 are kept.",
      ),
    nextCursor: nextNumber,
  })
  .describe("Output of `room.visits`.");
export type VisitPage = z.infer<typeof visitPageSchema>;

export const memberSchema = z
  .object({
    userId: found.userId,
    role: participantRoleSchema,
    name: personName,
    extraMinutes,
    ...personFacts,
    publishStatus: participantSchema.shape.publishStatus,
  })
  .describe("A person of a room, as subscribers see them.");
export type Member = z.infer<typeof memberSchema>;

const lastEventId = eventIdSchema.describe("Subscribe from this id to receive every later event.");

export const roomSnapshotSchema = z
  .object({
    room: roomSchema,
    cheatConfig: cheatConfigSchema
      .optional()
      .describe("The cheat config of the room's exam. Absent if it has none."),
    members: z
      .array(memberSchema)
      .describe(
        "The people of the room, in the order in which they were added. Examinees see only themselves, teachers and inspectors.",
      ),
    presence: z.array(presenceSchema).describe("The connected pages of these people."),
    hands: z.array(handSchema).describe("The open hands of these people, the oldest first."),
    talks: z
      .array(talkSchema)
      .optional()
      .describe("The talks with these people that go on. Absent: there are none."),
    lastEventId,
  })
  .describe("The state of a room, read atomically with the id of its last event.");
export type RoomSnapshot = z.infer<typeof roomSnapshotSchema>;

export const examSnapshotSchema = z
  .object({
    examId: found.examId,
    rooms: z.array(roomSchema).describe("The rooms of the exam that the caller can see."),
    lastEventId,
  })
  .describe("The rooms of an exam, read atomically with the id of the last event.");
export type ExamSnapshot = z.infer<typeof examSnapshotSchema>;

const resume = {
  lastEventId: optional(eventIdSchema).describe(
    "The last event that the subscriber received. Absent: only new events.",
  ),
};
export const onRoomEventInput = z
  .object({
    roomId: given.roomId,
    camera: withDefault(cameraSchema, "main").describe(
      "The page that subscribes. A person of the room is present on that page while subscribed, and receives the messages for its login.",
    ),
    ...resume,
  })
  .describe("Input of `room.onEvent`.");
export type OnRoomEventInput = z.infer<typeof onRoomEventInput>;
export const onExamEventInput = z
  .object({ examId: given.examId, ...resume })
  .describe("Input of `exam.onEvent`.");
export type OnExamEventInput = z.infer<typeof onExamEventInput>;

export const onPeopleEventInput = z
  .object({ examId: given.examId, ...resume })
  .describe("Input of `exam.onPeople`.");
export type OnPeopleEventInput = z.infer<typeof onPeopleEventInput>;
