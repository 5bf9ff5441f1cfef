import { z } from "zod";
import { cheatConfigSchema, cheatRecordSchema } from "./cheat.js";
import { idSchema, optional } from "./common.js";
import { messageSchema } from "./messages.js";
import { cameraSchema, participantRoleSchema, publishStatusSchema } from "./participant.js";
import { audioStatusSchema, roomSchema } from "./room.js";

/** The id of an event in the log: a whole number as text. Ids increase within a room and within an exam. */
export const eventIdSchema = z.string().regex(/^\d{1,15}$/, "must be the id of an event");

/** A person's connected page. A person has one page for each camera. */
export const presenceSchema = z.object({
  userId: z.string(),
  role: participantRoleSchema,
  camera: cameraSchema,
  /**
   * The time since which the page has been connected. Interruptions shorter than the settle time do not
   * count.
   */
  since: z.date(),
  /**
   * The number of devices that have the page open, counted as connections that subscribe as this person and
   * camera. More than one may mean that several people use the same link. A device without a subscription is
   * not counted.
   */
  devices: z.int(),
});
export type Presence = z.infer<typeof presenceSchema>;

/** A person of a room, as subscribers see them. */
export const memberSchema = z.object({
  userId: z.string(),
  role: participantRoleSchema,
  name: z.string(),
  extraMinutes: z.int(),
  publishStatus: z.object({ main: publishStatusSchema, pc: publishStatusSchema }),
});
export type Member = z.infer<typeof memberSchema>;

/**
 * The state of a room, read atomically with the id of its last event. Examinees see only themselves and the
 * room's teachers and inspectors.
 */
export const roomSnapshotSchema = z.object({
  room: roomSchema,
  /** The cheat config of the room's exam, if there is one. */
  cheatConfig: cheatConfigSchema.optional(),
  /** In the order in which they were added. */
  members: z.array(memberSchema),
  presence: z.array(presenceSchema),
  /** Subscribe from this id to receive every later event. */
  lastEventId: eventIdSchema,
});
export type RoomSnapshot = z.infer<typeof roomSnapshotSchema>;

/** The rooms of an exam that the caller can see, read atomically with the id of the last event. */
export const examSnapshotSchema = z.object({
  examId: z.string(),
  rooms: z.array(roomSchema),
  lastEventId: eventIdSchema,
});
export type ExamSnapshot = z.infer<typeof examSnapshotSchema>;

/** `roomId` is empty for an event about a whole exam that a subscriber of the exam receives. */
const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({
    type: z.literal(type),
    id: eventIdSchema,
    roomId: z.string(),
    time: z.date(),
    ...shape,
  });
const person = { userId: z.string(), role: participantRoleSchema };
const personDetails = { ...person, name: z.string(), extraMinutes: z.int() };
const connection = { ...person, camera: cameraSchema };

/** The events of rooms, distinguished by `type`. */
const loggedEvents = [
  /** A room was created in the exam. */
  event("room_created", { room: roomSchema }),
  event("room_ended", {}),
  /** An administrator reopened a room that had ended. */
  event("room_reopened", {}),
  event("audio_status_changed", { audioStatus: audioStatusSchema }),
  /** A person was added to the room, or their name or extra minutes changed. */
  event("participant_added", personDetails),
  event("participant_updated", personDetails),
  /** A person was removed from the room, or moved to another one. */
  event("participant_removed", person),
  /** A person's page connected, or has been disconnected for longer than the settle time. */
  event("participant_entered", connection),
  event("participant_left", connection),
  /** The number of devices that have a page open changed. It starts at one when the page connects. */
  event("devices_changed", { ...connection, devices: z.int() }),
  event("publish_status_changed", { userId: z.string(), camera: cameraSchema, status: publishStatusSchema }),
  /** The newest config of the exam, even if it changed again after this event. */
  event("cheat_config_changed", { cheatConfig: cheatConfigSchema }),
  /** Records that were deleted after this event are omitted. */
  event("cheat_records_added", { records: z.array(cheatRecordSchema) }),
  event("message", { message: messageSchema }),
] as const;

/**
 * Replaces events that are no longer available, because there were too many or they are too old. `snapshot`
 * is the current state.
 */
const roomGap = z.object({
  type: z.literal("gap"),
  id: eventIdSchema,
  roomId: z.string(),
  time: z.date(),
  snapshot: roomSnapshotSchema,
});
const examGap = z.object({
  type: z.literal("gap"),
  id: eventIdSchema,
  examId: z.string(),
  time: z.date(),
  snapshot: examSnapshotSchema,
});

export const roomEventSchema = z.discriminatedUnion("type", [...loggedEvents, roomGap]);
/** An event that subscribers of a room receive. */
export type RoomEvent = z.infer<typeof roomEventSchema>;
export const examEventSchema = z.discriminatedUnion("type", [...loggedEvents, examGap]);
/** An event that subscribers of an exam receive. The events of all rooms are in one order. */
export type ExamEvent = z.infer<typeof examEventSchema>;
/** An event of the log, which excludes `gap`. */
export type LoggedEvent = Exclude<RoomEvent, { type: "gap" }>;
export type EventType = LoggedEvent["type"];

/** The last event that the subscriber received. Absent: only new events. */
const resume = { lastEventId: optional(eventIdSchema) };
/**
 * Input of `room.onEvent`. `camera` is the page that subscribes. A person of the room is present on that page
 * while subscribed, and receives the messages for its login. Default: the main page.
 */
export const onRoomEventInput = z.object({
  roomId: idSchema,
  camera: optional(cameraSchema).transform((camera) => camera ?? "main"),
  ...resume,
});
export type OnRoomEventInput = z.infer<typeof onRoomEventInput>;
export const onExamEventInput = z.object({ examId: idSchema, ...resume });
export type OnExamEventInput = z.infer<typeof onExamEventInput>;
