import { z } from "zod";
import { attemptSchema, examEntrySchema } from "./attempt.js";
import { cheatConfigSchema, cheatRecordSchema } from "./cheat.js";
import { readinessSchema } from "./checks.js";
import { pageSizeSchema } from "./common.js";
import { boundedList, optional, wholeNumber } from "./common-parts.js";
import { type Audience, declareEvent, type Flat, NOTHING, type Values } from "./events-parts.js";
import {
  detectionCount,
  devicesSchema,
  extraMinutes,
  found,
  given,
  nextNumber,
  personName,
} from "./fields.js";
import { handSchema } from "./hand.js";
import { identitySchema } from "./identity.js";
import { eventIdSchema, examSnapshotSchema, roomSnapshotSchema } from "./live.js";
import { messageSchema } from "./messages.js";
import { cameraSchema, participantRoleSchema, publishStatusSchema } from "./participant.js";
import { audioStatusSchema, roomSchema } from "./room.js";

export { type Audience, audiences, type ExamPeople } from "./events-parts.js";

// The events of rooms and exams. Each says everything about itself: docs/decisions/0049-events-say-what-they-are.md. What the server writes
// and delivers, who receives it, the client's types and state, and the reference follow from it.

/** The state of a room and the entry of the room in the state of its exam. */
const ROOM = { room: ["room"], exam: ["rooms"], people: ["rooms"] } as const;
const MEMBERS = { room: ["members"], exam: [], people: ["people"] } as const;
const PRESENCE = { room: ["presence"], exam: [], people: ["people"] } as const;

const person = { userId: found.userId, role: participantRoleSchema };
const personDetails = { ...person, name: personName, extraMinutes };
const leftAt = (page: string): z.ZodOptional<z.ZodDate> =>
  z
    .date()
    .optional()
    .describe(
      `When their ${page} was disconnected in the room from which they were moved. Absent: it was not connected there, or they were not moved.`,
    );
const connection = { ...person, camera: cameraSchema };

const LI = { userId: "e1", role: "examinee" } as const;
const exampleTime = new Date("2026-01-02T03:04:05Z");
const exampleRoom = {
  id: "r1",
  name: "Algebra, group 1",
  examId: "x1",
  status: "in_progress",
  audioStatus: "silent",
  imGroupId: "r1",
  createTeacher: "t1",
  createdAt: exampleTime,
  updatedAt: exampleTime,
} as const;

export const events = {
  room_created: declareEvent({
    meaning: "A room was created in the exam. Only subscriptions to the exam receive it.",
    about: "room",
    seenBy: "staff",
    // The first people of a room have no events.
    changes: { room: [], exam: ["rooms"], people: ["rooms", "people"] },
    countsFor: "examAndRoom",
    lookedUp: { room: roomSchema },
    example: { room: exampleRoom },
  }),
  room_changed: declareEvent({
    meaning: "The room has another name or another `createTeacher`.",
    about: "room",
    seenBy: "everybody",
    changes: ROOM,
    countsFor: "examAndRoom",
    lookedUp: { room: roomSchema },
    example: { room: exampleRoom },
  }),
  room_deleted: declareEvent({
    meaning: "The room was deleted. Only subscriptions to the exam receive it.",
    about: "room",
    seenBy: "staff",
    changes: { room: [], exam: ["rooms"], people: ["rooms", "people"] },
    countsFor: "examAndRoom",
    example: {},
  }),
  room_ended: declareEvent({
    meaning: "The room has ended, and with it all open hands.",
    about: "room",
    seenBy: "everybody",
    changes: { room: ["room", "hands"], exam: ["rooms"], people: ["rooms", "people"] },
    countsFor: "examAndRoom",
    example: {},
  }),
  room_reopened: declareEvent({
    meaning: "An administrator reopened a room that had ended.",
    about: "room",
    seenBy: "everybody",
    changes: ROOM,
    countsFor: "nobody",
    example: {},
  }),
  audio_status_changed: declareEvent({
    meaning: "The teacher began or stopped to speak to the whole room.",
    about: "room",
    seenBy: "everybody",
    changes: ROOM,
    countsFor: "examAndRoom",
    payload: { audioStatus: audioStatusSchema },
    example: { audioStatus: "speaking" },
  }),
  participant_added: declareEvent({
    meaning: "A person was added to the room.",
    about: "room",
    seenBy: "concerned",
    changes: MEMBERS,
    countsFor: "examAndRoom",
    payload: {
      ...personDetails,
      mainLeftAt: leftAt("main page"),
      pcLeftAt: leftAt("page of the PC"),
    },
    example: { ...LI, name: "Li Wei", extraMinutes: 0 },
  }),
  participant_updated: declareEvent({
    meaning: "The name or the extra minutes of a person changed.",
    about: "room",
    seenBy: "concerned",
    changes: MEMBERS,
    countsFor: "examAndRoom",
    payload: personDetails,
    example: { ...LI, name: "Li Wei", extraMinutes: 15 },
  }),
  participant_removed: declareEvent({
    meaning: "A person was removed from the room, or moved to another one. Their hand is no longer open.",
    about: "room",
    seenBy: "concerned",
    changes: { room: ["members", "presence", "hands"], exam: [], people: ["people"] },
    countsFor: "examAndRoom",
    payload: person,
    example: LI,
  }),
  participant_entered: declareEvent({
    meaning: "A person's page connected.",
    about: "room",
    seenBy: "concerned",
    changes: PRESENCE,
    // Presence can wait, so it is charged before it is written.
    countsFor: "nobody",
    payload: connection,
    example: { ...LI, camera: "main" },
  }),
  participant_left: declareEvent({
    meaning: "A person's page has been disconnected for longer than the settle time.",
    about: "room",
    seenBy: "concerned",
    changes: PRESENCE,
    countsFor: "nobody",
    payload: connection,
    example: { ...LI, camera: "main" },
  }),
  devices_changed: declareEvent({
    meaning: "The number of devices that have a page open changed. It starts at one when the page connects.",
    about: "room",
    seenBy: "concerned",
    changes: PRESENCE,
    countsFor: "nobody",
    payload: { ...connection, devices: devicesSchema },
    example: { ...LI, camera: "main", devices: 2 },
  }),
  publish_status_changed: declareEvent({
    meaning: "A camera began or stopped to send its stream.",
    about: "room",
    seenBy: "concerned",
    changes: MEMBERS,
    // Reports of the stream service cannot be refused. Those of a large exam must not take from it what its rooms need.
    countsFor: "room",
    payload: { userId: found.userId, camera: cameraSchema, status: publishStatusSchema },
    internal: { role: participantRoleSchema },
    example: { userId: "e1", camera: "main", status: "publishing" },
  }),
  attempt_changed: declareEvent({
    meaning:
      "Staff decided about the attempt of a person, or the person has finished. Their raised hand is resolved if it is over.",
    about: "room",
    seenBy: "concerned",
    changes: { room: ["members", "hands"], exam: [], people: ["people"] },
    countsFor: "examAndRoom",
    payload: { ...person, ...attemptSchema.shape },
    example: {
      ...LI,
      status: "paused",
      since: exampleTime,
      givesBack: true,
      pausedMs: 0,
      extendedMinutes: 15,
    },
  }),
  identity_checked: declareEvent({
    meaning: "Staff said whether a person is who they should be.",
    about: "room",
    seenBy: "staff",
    changes: MEMBERS,
    countsFor: "examAndRoom",
    payload: { ...person, ...identitySchema.shape },
    example: { ...LI, status: "confirmed", since: exampleTime },
  }),
  readiness_changed: declareEvent({
    meaning:
      "A check of a person before the exam has another result, staff waved them through, or a new consent text waits for their consent.",
    about: "room",
    seenBy: "concerned",
    changes: MEMBERS,
    // Each person may report one in three seconds. A new consent text has a bounded number, and counts itself.
    countsFor: "nobody",
    payload: { ...person, ...readinessSchema.shape },
    example: {
      ...LI,
      checks: { consent: { result: "passed" }, camera: { result: "failed", detail: "busy" } },
      wavedThrough: false,
      since: exampleTime,
    },
  }),
  detectors_changed: declareEvent({
    meaning: "Staff switched the detectors of a person's page off, or on again.",
    about: "room",
    seenBy: "concerned",
    changes: MEMBERS,
    countsFor: "examAndRoom",
    payload: {
      ...person,
      off: z.boolean().describe("Whether the detectors are off for the person."),
    },
    example: { ...LI, off: true },
  }),
  talk_changed: declareEvent({
    meaning: "A member of staff began or stopped to talk to a person.",
    about: "room",
    seenBy: "concerned",
    changes: { room: ["talks"], exam: [], people: [] },
    // Reports of the media server cannot be refused.
    countsFor: "room",
    payload: {
      ...person,
      by: z.string().describe("The user id of the member of staff."),
      isTalking: z.boolean().describe("Whether they talk now."),
    },
    example: { ...LI, by: "t1", isTalking: true },
  }),
  talk_heard: declareEvent({
    meaning: "A person's page began to play what a member of staff says to them, or stopped.",
    about: "room",
    seenBy: "concerned",
    changes: { room: ["talks"], exam: [], people: [] },
    countsFor: "room",
    payload: {
      ...person,
      by: z.string().describe("The user id of the member of staff."),
      since: z.date().describe("Which talk it is: its `since`."),
      isHeard: z.boolean().describe("Whether the page plays it now."),
    },
    example: { ...LI, by: "t1", since: new Date("2026-01-02T03:04:00.000Z"), isHeard: true },
  }),
  entries_added: declareEvent({
    meaning: "Staff decided or noted something about people of the room or about the room.",
    about: "room",
    seenBy: "staff",
    changes: NOTHING,
    // The decisions count.
    countsFor: "nobody",
    lookedUp: {
      entries: z
        .array(examEntrySchema)
        .describe("The entries, without those that were deleted after this event."),
    },
    // The ids of the first and the last entry. All ids of the room in between belong to the event, too.
    internal: { from: z.int(), to: z.int() },
    example: {
      entries: [
        {
          id: 3,
          roomId: "r1",
          userId: "e1",
          by: { userId: "t1", role: "teacher" },
          kind: "pause",
          giveBack: true,
          reason: "technical",
          note: "The power is out in the building.",
          message: "Please wait.",
          time: exampleTime,
        },
      ],
    },
  }),
  exam_changed: declareEvent({
    meaning: "The name, the times or a setting of the exam changed.",
    about: "exam",
    seenBy: "everybody",
    changes: NOTHING,
    countsFor: "examAndRoom",
    payload: {
      name: z.string().describe("The name of the exam."),
      startTime: z.date().describe("When the exam begins."),
      endTime: z.date().describe("When the exam ends, without the minutes of single people."),
    },
    example: { name: "Algebra", startTime: exampleTime, endTime: new Date("2026-01-02T05:04:05Z") },
  }),
  hand_changed: declareEvent({
    meaning: "A person raised their hand, or it was answered.",
    about: "room",
    seenBy: "concerned",
    changes: { room: ["hands"], exam: [], people: ["people"] },
    countsFor: "examAndRoom",
    payload: person,
    lookedUp: {
      hand: handSchema.describe(
        "The hand as it is now, even if it changed again after this event. For an examinee, it says neither who has taken it nor what staff noted.",
      ),
    },
    internal: { handId: z.int() },
    example: {
      ...LI,
      hand: {
        id: 3,
        roomId: "r1",
        userId: "e1",
        kind: "break",
        text: "Back in five minutes",
        status: "taken",
        createdAt: exampleTime,
        takenBy: "t1",
      },
    },
  }),
  roster_changed: declareEvent({
    meaning:
      "Many people of the exam changed at once, or people without a room did: an import, a plan, a removal, an erasure or a new consent text. Read the people again with `exam.people`.",
    about: "exam",
    seenBy: "staff",
    changes: { room: [], exam: [], people: ["people"] },
    countsFor: "nobody",
    example: {},
  }),
  cheat_config_changed: declareEvent({
    meaning: "The cheat config of the exam changed.",
    about: "exam",
    seenBy: "whileInProgress",
    changes: { room: ["cheatConfig"], exam: [], people: [] },
    countsFor: "examAndRoom",
    lookedUp: {
      cheatConfig: cheatConfigSchema.describe(
        "The newest config of the exam, even if it changed again after this event.",
      ),
    },
    example: {
      cheatConfig: {
        examId: "x1",
        data: '{"pc":{"manyPeople":true}}',
        createdAt: exampleTime,
        updatedAt: exampleTime,
      },
    },
  }),
  cheat_records_added: declareEvent({
    meaning: "Cheat records were added.",
    about: "room",
    seenBy: "staff",
    changes: NOTHING,
    // Records and messages have limits and quotas of their own.
    countsFor: "nobody",
    lookedUp: {
      records: z
        .array(cheatRecordSchema)
        .describe("The records, without those that were deleted after this event."),
    },
    // The ids of the first and the last record. All ids in between belong to the event too.
    internal: { from: z.int(), to: z.int() },
    example: {
      records: [
        {
          id: 7,
          examId: "x1",
          roomId: "r1",
          userId: "e1",
          detectType: "manyPeople",
          isMainMonitor: true,
          detectTime: exampleTime,
          extraInfo: { people: 2 },
          createdAt: exampleTime,
          updatedAt: exampleTime,
        },
      ],
    },
  }),
  message: declareEvent({
    meaning: "A message was sent that the subscriber may read.",
    about: "room",
    seenBy: "readers",
    changes: NOTHING,
    countsFor: "nobody",
    lookedUp: { message: messageSchema },
    internal: { messageId: z.int() },
    example: {
      message: {
        id: 12,
        roomId: "r1",
        type: 20_002,
        data: { sid: "call-7" },
        sender: { userId: "t1", role: "teacher", camera: "main" },
        to: ["e1"],
        time: exampleTime,
      },
    },
  }),
} as const;

type Events = typeof events;
/** The type of an event of the log, which excludes `gap`. */
export type EventType = keyof Events;

type FieldsOf<Type extends EventType, Kind extends "payload" | "lookedUp" | "internal"> = Values<
  NonNullable<Events[Type][Kind]>
>;
/** What is looked up when an event is delivered. */
export type LookedUpFields<Type extends EventType> = Flat<FieldsOf<Type, "lookedUp">>;
type Records = {
  [Type in EventType]: unknown extends FieldsOf<Type, "payload"> & FieldsOf<Type, "internal">
    ? Readonly<Record<string, never>>
    : Flat<FieldsOf<Type, "payload"> & FieldsOf<Type, "internal">>;
};
/** What the log holds of each event, besides its place and time. An interface, whose members the compiler knows for a generic type, too. */
export interface EventRecords extends Records {}
/** The types of the events that are about a room, or about an exam. */
export type EventTypeAbout<About extends "room" | "exam"> = {
  [Type in EventType]: Events[Type]["about"] extends About ? Type : never;
}[EventType];
/** The types of the events that these subscribers receive. */
export type EventTypeSeenBy<SeenBy extends Audience> = {
  [Type in EventType]: Events[Type]["seenBy"] extends SeenBy ? Type : never;
}[EventType];
/** The parts of the state of a room or an exam that an event changes. */
export type ChangedParts<
  Type extends EventType,
  Of extends "room" | "exam" | "people",
> = Events[Type]["changes"][Of][number];

const headOf = <Type extends string, Place>(type: Type, place: Place) => ({
  type: z.literal(type).describe("The type of the event."),
  id: eventIdSchema,
  ...place,
  time: z.date().describe("When it happened, by the server's clock."),
});
const eventRoom = z
  .string()
  .describe(
    'The id of the room. `""` for an event about a whole exam that a subscriber of the exam receives.',
  );
const schemaOf = ([type, { meaning, payload, lookedUp }]: [string, Events[EventType]]) => {
  // The union of the fields of all events is too much for the compiler.
  const fields: z.ZodRawShape = { ...headOf(type, { roomId: eventRoom }), ...payload, ...lookedUp };
  return z.object(fields).describe(meaning);
};
const schemas = new Map(
  Object.entries<Events[EventType]>(events).map(([type, event]) => [event, schemaOf([type, event])]),
);
const loggedEvents = [...schemas.values()];

/** The types of the events that subscribers to the people of an exam receive. */
export type EventTypeOfPeople = {
  [Type in EventType]: [ChangedParts<Type, "people">] extends [never] ? never : Type;
}[EventType];

/** An event of the log, as subscribers receive it. */
export type LoggedEvent = {
  [Type in EventType]: Flat<
    { type: Type; id: string; roomId: string; time: Date } & FieldsOf<Type, "payload"> &
      FieldsOf<Type, "lookedUp">
  >;
}[EventType];

const GAP = "Replaces events that are no longer available, because there were too many or they are too old.";
const SNAPSHOT = "The current state.";

export const roomGapSchema = z
  .object({ ...headOf("gap", { roomId: found.roomId }), snapshot: roomSnapshotSchema.describe(SNAPSHOT) })
  .describe(GAP);
export const examGapSchema = z
  .object({ ...headOf("gap", { examId: found.examId }), snapshot: examSnapshotSchema.describe(SNAPSHOT) })
  .describe(GAP);

export const peopleGapSchema = z
  .object(headOf("gap", { examId: found.examId }))
  .describe(`${GAP} Read the people again with \`exam.people\`.`);
export const detectionsCountedSchema = z
  .object({
    ...headOf("detections_counted", { examId: found.examId }),
    people: z
      .array(
        z
          .object({ roomId: found.roomId, userId: found.userId, ...detectionCount })
          .describe("How many cheat records there are about a person in a room."),
      )
      .describe("The people whose number of records may have changed."),
  })
  .describe(
    "How many cheat records there are about people, at most once a second. It is no event of the log: its id is that of the last event before it.",
  );

/** An event that subscribers of a room receive. */
export type RoomEvent = LoggedEvent | z.infer<typeof roomGapSchema>;
/** An event that subscribers of an exam receive. The events of all rooms are in one order. */
export type ExamEvent = LoggedEvent | z.infer<typeof examGapSchema>;

/** An event that subscribers to the people of an exam receive: those that change people or rooms, in one order. */
export type PeopleEvent =
  | Extract<LoggedEvent, { type: EventTypeOfPeople }>
  | z.infer<typeof detectionsCountedSchema>
  | z.infer<typeof peopleGapSchema>;

const union = (members: readonly z.ZodType[]) =>
  // Safe: a union needs one member or more, and has several. Each is an object with a type.
  z.discriminatedUnion("type", members as unknown as [typeof peopleGapSchema]);
const eventsAnd = (gap: typeof roomGapSchema | typeof examGapSchema) => union([...loggedEvents, gap]);
// Safe: the types are those of the same declarations.
export const roomEventSchema = eventsAnd(roomGapSchema).describe(
  "An event that subscribers of a room receive.",
) as z.ZodType as z.ZodType<RoomEvent>;
export const examEventSchema = eventsAnd(examGapSchema).describe(
  "An event that subscribers of an exam receive. The events of all rooms are in one order.",
) as z.ZodType as z.ZodType<ExamEvent>;
export const peopleEventSchema = union([
  ...[...schemas].flatMap(([{ changes }, schema]) => (changes.people.length > 0 ? [schema] : [])),
  detectionsCountedSchema,
  peopleGapSchema,
]).describe(
  "An event that subscribers to the people of an exam receive: those that change people or rooms, in one order.",
) as z.ZodType as z.ZodType<PeopleEvent>;

/** The types of the events about a room that say everything themselves. `room.listEvents` returns them. */
export type ListedEventType = {
  [Type in EventTypeAbout<"room">]: [keyof LookedUpFields<Type>] extends [never] ? Type : never;
}[EventTypeAbout<"room">];
export type ListedEvent = Extract<LoggedEvent, { type: ListedEventType }>;

const listed = Object.entries<Events[EventType]>(events).filter(
  ([, { about, lookedUp }]) => about === "room" && lookedUp === undefined,
);
// Safe: these are the names of such events.
export const listedEventTypes = listed.map(([type]) => type) as ListedEventType[];

// Safe: the types are those of the same declarations.
export const listedEventSchema = union(listed.flatMap(([, event]) => schemas.get(event) ?? [])).describe(
  "An event about a room that says everything itself: of messages and records, there are lists.",
) as z.ZodType as z.ZodType<ListedEvent>;

export const listRoomEventsInput = z
  .object({
    roomId: given.roomId,
    userId: optional(given.userId).describe(
      "Only events about this person and about the room as a whole. Absent: about everybody.",
    ),
    types: optional(boundedList(z.enum(listedEventTypes), listed.length)).describe(
      "Only events of these types. Absent: of all of them.",
    ),
    pageSize: pageSizeSchema(20),
    cursor: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)).describe(
      "The `nextCursor` of the previous page. Absent: the first page.",
    ),
  })
  .describe("Input of `room.listEvents`.");
export type ListRoomEventsInput = z.infer<typeof listRoomEventsInput>;

export const roomEventPageSchema = z
  .object({
    events: z
      .array(listedEventSchema)
      .describe(
        "The newest events first. A page may have fewer than its size, or none, and others follow: a call looks at a limited part of the log.",
      ),
    nextCursor: nextNumber,
    completeSince: z
      .date()
      .optional()
      .describe(
        "From when on this page and those before it have all events that were asked for. On the last page: earlier ones are not kept. Absent: nothing is missing.",
      ),
  })
  .describe("Output of `room.listEvents`.");
export type RoomEventPage = z.infer<typeof roomEventPageSchema>;
