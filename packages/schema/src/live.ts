import { z } from "zod";
import { cheatConfigSchema, cheatRecordSchema } from "./cheat.js";
import { optional, withDefault } from "./common.js";
import { extraMinutes, found, given, personName } from "./fields.js";
import { messageSchema } from "./messages.js";
import { cameraSchema, participantRoleSchema, publishStatuses, publishStatusSchema } from "./participant.js";
import { audioStatusSchema, roomSchema } from "./room.js";

export const eventIdSchema = z
  .string()
  .regex(/^\d{1,15}$/, "must be the id of an event")
  .describe("The id of an event: a whole number as text. Ids increase within a room and within an exam.");

const devices = z
  .int()
  .describe(
    "The number of devices that have the page open, counted as connections that subscribe as this person and camera. More than one may " +
      "mean that several people use the same link. A device without a subscription is not counted.",
  );

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
    devices,
  })
  .describe("A person's connected page. A person has one page for each camera.");
export type Presence = z.infer<typeof presenceSchema>;

export const memberSchema = z
  .object({
    userId: found.userId,
    role: participantRoleSchema,
    name: personName,
    extraMinutes,
    publishStatus: publishStatuses,
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

const eventTime = z.date().describe("When it happened, by the server's clock.");

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, meaning: string, shape: Shape) =>
  z
    .object({
      type: z.literal(type).describe("The type of the event."),
      id: eventIdSchema,
      roomId: z
        .string()
        .describe(
          'The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives.',
        ),
      time: eventTime,
      ...shape,
    })
    .describe(meaning);
const person = { userId: found.userId, role: participantRoleSchema };
const personDetails = { ...person, name: personName, extraMinutes };
const connection = { ...person, camera: cameraSchema };

/** The events of rooms, distinguished by `type`. */
const loggedEvents = [
  event("room_created", "A room was created in the exam.", { room: roomSchema }),
  event("room_ended", "The room has ended.", {}),
  event("room_reopened", "An administrator reopened a room that had ended.", {}),
  event("audio_status_changed", "The teacher began or stopped to speak to the whole room.", {
    audioStatus: audioStatusSchema,
  }),
  event("participant_added", "A person was added to the room.", personDetails),
  event("participant_updated", "The name or the extra minutes of a person changed.", personDetails),
  event("participant_removed", "A person was removed from the room, or moved to another one.", person),
  event("participant_entered", "A person's page connected.", connection),
  event(
    "participant_left",
    "A person's page has been disconnected for longer than the settle time.",
    connection,
  ),
  event(
    "devices_changed",
    "The number of devices that have a page open changed. It starts at one when the page connects.",
    { ...connection, devices },
  ),
  event("publish_status_changed", "A camera began or stopped to send its stream.", {
    userId: found.userId,
    camera: cameraSchema,
    status: publishStatusSchema,
  }),
  event("cheat_config_changed", "The cheat config of the exam changed.", {
    cheatConfig: cheatConfigSchema.describe(
      "The newest config of the exam, even if it changed again after this event.",
    ),
  }),
  event("cheat_records_added", "Cheat records were added.", {
    records: z
      .array(cheatRecordSchema)
      .describe("The records, without those that were deleted after this event."),
  }),
  event("message", "A message was sent that the subscriber may read.", { message: messageSchema }),
] as const;

const gap = {
  type: z.literal("gap").describe("The type of the event."),
  id: eventIdSchema,
  time: eventTime,
};
const GAP = "Replaces events that are no longer available, because there were too many or they are too old.";
const SNAPSHOT = "The current state.";

export const roomGapSchema = z
  .object({ ...gap, roomId: found.roomId, snapshot: roomSnapshotSchema.describe(SNAPSHOT) })
  .describe(GAP);
export const examGapSchema = z
  .object({ ...gap, examId: found.examId, snapshot: examSnapshotSchema.describe(SNAPSHOT) })
  .describe(GAP);

export const roomEventSchema = z
  .discriminatedUnion("type", [...loggedEvents, roomGapSchema])
  .describe("An event that subscribers of a room receive.");
/** An event that subscribers of a room receive. */
export type RoomEvent = z.infer<typeof roomEventSchema>;
export const examEventSchema = z
  .discriminatedUnion("type", [...loggedEvents, examGapSchema])
  .describe("An event that subscribers of an exam receive. The events of all rooms are in one order.");
/** An event that subscribers of an exam receive. The events of all rooms are in one order. */
export type ExamEvent = z.infer<typeof examEventSchema>;
/** An event of the log, which excludes `gap`. */
export type LoggedEvent = Exclude<RoomEvent, { type: "gap" }>;
export type EventType = LoggedEvent["type"];

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
