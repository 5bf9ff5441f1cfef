import { z } from "zod";
import { cheatConfigSchema, cheatRecordSchema } from "./cheat.js";
import { idSchema, optional } from "./common.js";
import { messageSchema } from "./messages.js";
import { cameraSchema, participantRoleSchema, publishStatusSchema } from "./participant.js";
import { audioStatusSchema, roomSchema } from "./room.js";

/** Where in the log somebody stands: a whole number, as text. Ids grow within a room, and within an exam. */
export const eventIdSchema = z.string().regex(/^\d{1,15}$/, "must be the id of an event");

/** One person's connection: which camera's page it is. */
export const presenceSchema = z.object({
  userId: z.string(),
  role: participantRoleSchema,
  camera: cameraSchema,
  /** Since when it is connected; breaks shorter than the settle time do not count. */
  since: z.date(),
  /**
   * How many devices have the page open: connections, over which somebody listens as that person and camera. More than one
   * may be a link that several people use. A device that only makes calls is not seen.
   */
  devices: z.int(),
});
export type Presence = z.infer<typeof presenceSchema>;

/** What a listener sees of somebody in the room. */
export const memberSchema = z.object({
  userId: z.string(),
  role: participantRoleSchema,
  name: z.string(),
  extraMinutes: z.int(),
  publishStatus: z.object({ main: publishStatusSchema, pc: publishStatusSchema }),
});
export type Member = z.infer<typeof memberSchema>;

/**
 * A room as it is, read at once with the id to go on from. An examinee is told of itself and of the room's teachers
 * and inspectors, nobody else.
 */
export const roomSnapshotSchema = z.object({
  room: roomSchema,
  /** Of the room's exam, when there is one. */
  cheatConfig: cheatConfigSchema.optional(),
  /** In the order in which they were added. */
  members: z.array(memberSchema),
  presence: z.array(presenceSchema),
  /** Listen after this to miss nothing. */
  lastEventId: eventIdSchema,
});
export type RoomSnapshot = z.infer<typeof roomSnapshotSchema>;

/** The rooms of an exam that the caller reaches, read at once with the id to go on from. */
export const examSnapshotSchema = z.object({
  examId: z.string(),
  rooms: z.array(roomSchema),
  lastEventId: eventIdSchema,
});
export type ExamSnapshot = z.infer<typeof examSnapshotSchema>;

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.object({
    type: z.literal(type),
    id: eventIdSchema,
    roomId: z.string(),
    time: z.date(),
    ...shape,
  });
const person = { userId: z.string(), role: participantRoleSchema };
const personKnown = { ...person, name: z.string(), extraMinutes: z.int() };
const connection = { ...person, camera: cameraSchema };

/** What happens in rooms, each kind by its `type`. */
const happenings = [
  /** A room was made in the exam. */
  event("room_created", { room: roomSchema }),
  event("room_ended", {}),
  event("audio_status_changed", { audioStatus: audioStatusSchema }),
  /** Somebody was put into the room, or is known by another name or other extra minutes now. */
  event("participant_added", personKnown),
  event("participant_updated", personKnown),
  /** Somebody was taken out of the room, or moved to another. */
  event("participant_removed", person),
  /** Somebody's page is connected, or has not been for longer than the settle time. */
  event("participant_entered", connection),
  event("participant_left", connection),
  /** Another number of devices has a page open; whoever enters has one. */
  event("devices_changed", { ...connection, devices: z.int() }),
  event("publish_status_changed", { userId: z.string(), camera: cameraSchema, status: publishStatusSchema }),
  /** The config is the exam's newest, also where it was changed again since. */
  event("cheat_config_changed", { cheatConfig: cheatConfigSchema }),
  /** Records that were deleted since are missing. */
  event("cheat_records_added", { records: z.array(cheatRecordSchema) }),
  event("message", { message: messageSchema }),
] as const;

/** Events that came between are not told any more: there were too many, or it was too long ago. This is how things are now. */
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

export const roomEventSchema = z.discriminatedUnion("type", [...happenings, roomGap]);
/** What a listener of a room is told. */
export type RoomEvent = z.infer<typeof roomEventSchema>;
export const examEventSchema = z.discriminatedUnion("type", [...happenings, examGap]);
/** What a listener of an exam is told: its rooms' events in one order. */
export type ExamEvent = z.infer<typeof examEventSchema>;
/** What happened, as the log has it: neither listener's `gap`. */
export type LoggedEvent = Exclude<RoomEvent, { type: "gap" }>;
export type EventType = LoggedEvent["type"];

/** `lastEventId` absent: from now on. */
const resume = { lastEventId: optional(eventIdSchema) };
/**
 * `camera` is the page that listens: who is in the room and listens is present on it, and is told what is for that login.
 * Absent: the main one.
 */
export const onRoomEventInput = z.object({
  roomId: idSchema,
  camera: optional(cameraSchema).transform((camera) => camera ?? "main"),
  ...resume,
});
export type OnRoomEventInput = z.infer<typeof onRoomEventInput>;
export const onExamEventInput = z.object({ examId: idSchema, ...resume });
export type OnExamEventInput = z.infer<typeof onExamEventInput>;
