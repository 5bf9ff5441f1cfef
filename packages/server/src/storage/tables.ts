import type { EventType, ImServer, VideoProfile } from "@invigil/schema";
import { getTableColumns, sql } from "drizzle-orm";
import { index, primaryKey, sqliteTable, sqliteView, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, integer, json, text, time } from "./columns.js";

/** A signal and whom it is for (everybody in the group when nobody is named), or who leaves the group. */
export interface VendorTaskPayload {
  readonly signal?: { readonly type: number; readonly data: string };
  readonly userIds?: readonly string[];
}

// Ids are UUIDv7 without hyphens, so that they order by time of making; times are milliseconds since 1970.
const timestamps = { createdAt: time("created_at").notNull(), updatedAt: time("updated_at").notNull() };

/** The bulk change that added a row. Readers do not see the row before that change is announced. */
const addedBy = () => integer("added_by");
/** The bulk change that removes a row. Readers do not see the row once that change is announced. */
const removedBy = () => integer("removed_by");

/** People who log in with a password. */
export const accounts = sqliteTable("accounts", {
  userId: text("user_id").primaryKey(),
  role: text({ enum: ["admin", "teacher", "inspector"] }).notNull(),
  name: text().notNull(),
  /** An argon2id hash with its parameters, as the library writes it. */
  passwordHash: text("password_hash").notNull(),
  disabled: flag().notNull(),
  ...timestamps,
});

/** Logins. A token that names one is good while it is here. */
export const sessions = sqliteTable(
  "sessions",
  {
    id: text().primaryKey(),
    userId: text("user_id")
      .notNull()
      .references(() => accounts.userId),
    createdAt: time("created_at").notNull(),
    /** No token of the session is good after this. */
    expiresAt: time("expires_at").notNull(),
  },
  (table) => [index("sessions_by_user").on(table.userId), index("sessions_by_expiry").on(table.expiresAt)],
);

/** Tokens that are no longer good, by their `jti`. */
export const revokedTokens = sqliteTable(
  "revoked_tokens",
  {
    tokenId: text("token_id").primaryKey(),
    /** When the token expires and the row can go; unknown where it was revoked by its id alone. */
    expiresAt: time("expires_at"),
    createdAt: time("created_at").notNull(),
  },
  (table) => [index("revoked_tokens_by_expiry").on(table.expiresAt)],
);

export const exams = sqliteTable(
  "exams",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    startTime: time("start_time").notNull(),
    endTime: time("end_time").notNull(),
    videoProfile: json<VideoProfile>("video_profile"),
    /** The caller that made it: may add rooms to it before being in one. */
    createdBy: text("created_by").notNull(),
    ...timestamps,
    removedBy: removedBy(),
  },
  (table) => [index("exams_by_creator").on(table.createdBy, table.id)],
);

export const rooms = sqliteTable(
  "rooms",
  {
    id: text().primaryKey(),
    examId: text("exam_id")
      .notNull()
      .references(() => exams.id),
    name: text().notNull(),
    status: text({ enum: ["in_progress", "ended"] }).notNull(),
    audioStatus: text("audio_status", { enum: ["silent", "speaking"] }).notNull(),
    imServer: json<readonly ImServer[]>("im_server").notNull(),
    createTeacher: text("create_teacher").notNull(),
    endedAt: time("ended_at"),
    ...timestamps,
    addedBy: addedBy(),
    removedBy: removedBy(),
  },
  (table) => [
    index("rooms_by_exam").on(table.examId, table.id),
    index("rooms_by_status").on(table.status, table.id),
    index("rooms_by_exam_status").on(table.examId, table.status, table.id),
  ],
);

/** A person in a room. */
export const participants = sqliteTable(
  "participants",
  {
    /** The order in which people were added: lists follow it. */
    seq: integer().primaryKey({ autoIncrement: true }),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: text("user_id").notNull(),
    role: text({ enum: ["teacher", "inspector", "examinee"] }).notNull(),
    name: text().notNull(),
    /** Time beyond the exam's end. */
    extraMinutes: integer("extra_minutes").notNull().default(0),
    mainPublishStatus: text("main_publish_status", { enum: ["idle", "publishing", "stopped"] }).notNull(),
    pcPublishStatus: text("pc_publish_status", { enum: ["idle", "publishing", "stopped"] }).notNull(),
    ...timestamps,
    addedBy: addedBy(),
    removedBy: removedBy(),
  },
  (table) => [
    uniqueIndex("participants_by_room_user").on(table.roomId, table.userId),
    index("participants_by_room_role").on(table.roomId, table.role, table.seq),
    index("participants_by_user").on(table.userId, table.role, table.roomId),
  ],
);

/**
 * How often the links of somebody's seat in a room were revoked; no row: never. Stays when the person is taken out of the
 * room: put back, they do not get the old links back. Under no name stands what people start with who come in from now on:
 * a seat with revoked links was erased together with its name.
 */
export const seatGenerations = sqliteTable(
  "seat_generations",
  {
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: text("user_id").notNull(),
    generation: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.roomId, table.userId] })],
);

/** People of an exam who have no room yet: a plan seats them. */
export const unseated = sqliteTable(
  "unseated",
  {
    /** The order in which people were imported: a plan follows it. */
    seq: integer().primaryKey({ autoIncrement: true }),
    examId: text("exam_id")
      .notNull()
      .references(() => exams.id),
    userId: text("user_id").notNull(),
    role: text({ enum: ["teacher", "inspector", "examinee"] }).notNull(),
    name: text().notNull(),
    extraMinutes: integer("extra_minutes").notNull().default(0),
    ...timestamps,
    addedBy: addedBy(),
    removedBy: removedBy(),
  },
  (table) => [
    uniqueIndex("unseated_by_exam_user").on(table.examId, table.userId),
    index("unseated_by_exam").on(table.examId, table.seq),
  ],
);

/** Whose camera a stream is: stream names are looked up here, never split. */
export const streamNames = sqliteTable(
  "stream_names",
  {
    name: text().primaryKey(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: text("user_id").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    addedBy: addedBy(),
  },
  (table) => [uniqueIndex("stream_names_by_owner").on(table.roomId, table.userId, table.camera)],
);

/** What the stream service reported: each event once, in the order it came. */
export const streamEvents = sqliteTable(
  "stream_events",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: text("user_id").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    action: text({ enum: ["publish", "publish_done"] }).notNull(),
    /** When it happened, by the stream service's clock, to the second. */
    eventTime: time("event_time").notNull(),
    /** Where the stream was pushed from, and the service's node that took it. */
    ip: text().notNull(),
    node: text().notNull(),
    /** Of the picture, in pixels, where it was reported. */
    width: integer(),
    height: integer(),
    createdAt: time("created_at").notNull(),
  },
  // One event comes several times: it is the same when all that tells events apart is.
  (table) => [
    uniqueIndex("stream_events_by_event").on(
      table.roomId,
      table.userId,
      table.camera,
      table.eventTime,
      table.action,
      table.node,
      table.ip,
    ),
    // With the row's id, which SQLite adds to every index: one page is one range.
    index("stream_events_by_room").on(table.roomId),
  ],
);

/** What is still to be done at a message service: it is there until it was done. A room's group has the room's id. */
export const vendorTasks = sqliteTable(
  "vendor_tasks",
  {
    id: text().primaryKey(),
    service: text({ enum: ["aliyun_new", "aliyun_old", "rong_cloud"] }).notNull(),
    kind: text({ enum: ["delete_group", "send", "leave"] }).notNull(),
    groupId: text("group_id").notNull(),
    /** What is sent, or who leaves. */
    payload: json<VendorTaskPayload>().notNull(),
    /** Not tried before, and given up after (null: never). */
    dueAt: time("due_at").notNull(),
    expiresAt: time("expires_at"),
    /** How often it was begun, and how often the service refused it. */
    attempts: integer().notNull().default(0),
    refusals: integer().notNull().default(0),
    createdAt: time("created_at").notNull(),
  },
  (table) => [
    index("vendor_tasks_by_due").on(table.service, table.dueAt, table.id),
    // What is to be done in one group is done in the order of the ids.
    index("vendor_tasks_by_group").on(table.service, table.groupId, table.id),
  ],
);

/** What an event in the log says beyond its room, kind and time: small; what stands elsewhere is referred to. */
export type EventData = Readonly<Record<string, string | number>>;

/**
 * What happened in rooms: written in the transaction of what it reports. Kept for a while. It outlives its room, so that who
 * listens is told of its end.
 */
export const roomEvents = sqliteTable(
  "room_events",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    roomId: text("room_id").notNull(),
    type: text().$type<EventType>().notNull(),
    data: json<EventData>().notNull(),
    createdAt: time("created_at").notNull(),
  },
  // With the row's id, which SQLite adds to every index.
  (table) => [index("room_events_by_room").on(table.roomId)],
);

/** What was said in a room by way of the built-in message service. */
export const messages = sqliteTable(
  "messages",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    type: integer().notNull(),
    /** A JSON text, as it was sent. */
    data: text().notNull(),
    /** The sender's user id and page; `server` for the server's own. */
    senderId: text("sender_id").notNull(),
    senderRole: text("sender_role", {
      enum: ["admin", "teacher", "inspector", "examinee", "server"],
    }).notNull(),
    senderCamera: text("sender_camera", { enum: ["main", "pc"] }).notNull(),
    /** The logins that it is for; the staff's as a whole when empty, everybody's when null. */
    recipients: json<readonly string[]>(),
    /** Tells a repetition by the sender from another message. */
    key: text(),
    createdAt: time("created_at").notNull(),
  },
  (table) => [
    index("messages_by_room").on(table.roomId),
    uniqueIndex("messages_by_key")
      .on(table.roomId, table.senderId, table.senderCamera, table.key)
      .where(sql`key IS NOT NULL`),
  ],
);

/** Who reads what was said: readers that stand for many (`domain/messages.ts`), or the logins that it is for and its sender's. */
export const messageReaders = sqliteTable(
  "message_readers",
  {
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    login: text().notNull(),
    messageId: integer("message_id").notNull(),
    /** The message's. */
    type: integer().notNull(),
  },
  // One login's page of a room is one range, also where only one type is asked for: it is in the index.
  (table) => [primaryKey({ columns: [table.roomId, table.login, table.messageId] })],
);

/** Who may say nothing to a whole room: a login, or (as an empty one) everybody but those who run it. */
export const mutes = sqliteTable(
  "mutes",
  {
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    login: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.roomId, table.login] })],
);

/**
 * People who were removed together with what was recorded about them, while other traces of them are still there: see
 * `features/erasure`. A row goes with the last trace.
 */
export const erasures = sqliteTable("erasures", {
  id: integer().primaryKey({ autoIncrement: true }),
  examId: text("exam_id").notNull(),
  /** The one room that it is about; null: all of the exam. */
  roomId: text("room_id"),
  userId: text("user_id").notNull(),
  /** The newest event and message when the person was removed: later events tell of that, and the person may come back. */
  upToEvent: integer("up_to_event").notNull(),
  upToMessage: integer("up_to_message").notNull(),
  /** What is to go next: all that was there before, or the message that told the person of the removal. */
  stage: text({ enum: ["traces", "farewell"] }).notNull(),
  createdAt: time("created_at").notNull(),
});

/**
 * Logins to the built-in message service, from the moment that they are issued until they expire. A row says what its login
 * stands for: the token that it was issued to, with all that this token is bound to.
 */
export const messageLogins = sqliteTable(
  "message_logins",
  {
    /** What the login's nonce carries. */
    id: text().primaryKey(),
    /** Whose login it is, and for which of their pages. */
    userId: text("user_id").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    /** The caller that it was issued to: the person themselves, or an administrator. */
    holderId: text("holder_id").notNull(),
    holderRole: text("holder_role", { enum: ["admin", "teacher", "inspector", "examinee"] }).notNull(),
    /** It works in this room, or in this exam, alone. Neither has to exist any more. */
    roomId: text("room_id"),
    examId: text("exam_id"),
    /** The session and the token that it ends with. */
    sessionId: text("session_id"),
    tokenId: text("token_id"),
    /** Of the links of the holder's seat: the login ends when these are revoked. */
    generation: integer(),
    createdAt: time("created_at").notNull(),
    expiresAt: time("expires_at").notNull(),
  },
  (table) => [
    index("message_logins_by_person").on(table.userId, table.camera, table.holderId),
    index("message_logins_by_expiry").on(table.expiresAt),
  ],
);

/** Whose pages are connected, or were a moment ago. */
export const presence = sqliteTable(
  "presence",
  {
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: text("user_id").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    role: text({ enum: ["teacher", "inspector", "examinee"] }).notNull(),
    since: time("since").notNull(),
    /** How many devices have the page open. */
    devices: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.roomId, table.userId, table.camera] })],
);

/** The library of audio clips. */
export const audioClips = sqliteTable(
  "audio_clips",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    classify: integer().notNull(),
    /** Absolute, or a path below the server's own public URL. */
    url: text().notNull(),
    ossUrl: text("oss_url"),
    /** Whether exams without manual audio of their own offer it. */
    isDefault: flag("is_default").notNull().default(false),
    /** The user id of who added it, and may change it beside administrators; null where that was not noted. */
    createdBy: text("created_by"),
    /** The name as it is searched: see `features/audio`. */
    foldedName: text("folded_name").notNull().default(""),
    /** The size of a file that was uploaded; 0 where the URL is another's. */
    bytes: integer().notNull().default(0),
    ...timestamps,
  },
  (table) => [
    index("audio_clips_by_class").on(table.classify, table.id),
    index("audio_clips_by_default").on(table.isDefault, table.id),
    index("audio_clips_by_url").on(table.url),
    // What a person's files take, and what all do, is summed from an index alone: that of the files, not of foreign URLs.
    index("audio_clips_by_creator").on(table.createdBy, table.bytes),
    index("audio_clips_by_bytes").on(table.bytes),
  ],
);

/** Which exam plays which clip: at a time, or by hand when there is none. */
export const examAudio = sqliteTable(
  "exam_audio",
  {
    id: text().primaryKey(),
    examId: text("exam_id")
      .notNull()
      .references(() => exams.id),
    clipId: text("clip_id")
      .notNull()
      .references(() => audioClips.id),
    startTime: time("start_time"),
    createdAt: time("created_at").notNull(),
  },
  (table) => [
    index("exam_audio_by_exam").on(table.examId, table.startTime, table.id),
    index("exam_audio_by_clip").on(table.clipId),
  ],
);

export const cheatConfigs = sqliteTable("cheat_configs", {
  examId: text("exam_id")
    .primaryKey()
    .references(() => exams.id),
  data: text().notNull(),
  ...timestamps,
});

/** What the detectors saw. Records are evidence: never changed. */
export const cheatRecords = sqliteTable(
  "cheat_records",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    examId: text("exam_id").notNull(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: text("user_id").notNull(),
    detectType: text("detect_type").notNull(),
    isMainMonitor: flag("is_main_monitor").notNull(),
    detectTime: time("detect_time").notNull(),
    extraInfo: text("extra_info").notNull(),
    /** Whether `extraInfo` came as a JSON object, not as a text. */
    extraInfoIsObject: flag("extra_info_is_object").notNull(),
    createdAt: time("created_at").notNull(),
  },
  // Each ends with the row's id, which SQLite adds to every index: one page is one range, and new rows stand at its end.
  (table) => [
    index("cheat_records_by_room").on(table.roomId),
    index("cheat_records_by_exam").on(table.examId),
  ],
);

/** Who was recorded in which room. Stands where an index of the records by person would: docs/decisions/0027. */
export const recordedPeople = sqliteTable(
  "recorded_people",
  {
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: text("user_id").notNull(),
    /** How many records are kept about the person in the room, and how many bytes they have: what quotas are about. */
    records: integer().notNull().default(0),
    bytes: integer().notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.roomId, table.userId] })],
);

/** A person whom a bulk change removes from an exam. */
export interface RemovedPerson {
  readonly userId: string;
  /** From this room only. */
  readonly roomId?: string | undefined;
  /** What was recorded about them goes with them: what this room holds, or all rooms of the exam. */
  readonly erases: "nothing" | "room" | "exam";
  /** The newest record that goes. */
  readonly lastRecordId: number;
}

/** Where a bulk change goes on. */
export interface BulkProgress {
  readonly phase: number;
  /** The key of the last row that the phase has done with. */
  readonly after: string | number;
}

/**
 * Changes of many rows that are under way, at most one in each exam: docs/decisions/0032. Each is made in small writes that nobody
 * sees, announced by one, and finished in small writes. A row is here from the first of them to the last.
 */
export const bulkChanges = sqliteTable(
  "bulk_changes",
  {
    /** Random, so that a later change never takes the id of one that rows still name. */
    id: integer().primaryKey(),
    kind: text({ enum: ["import", "plan", "delete_exam", "remove_person"] }).notNull(),
    examId: text("exam_id").notNull(),
    /** Whom it removes. */
    person: json<RemovedPerson>(),
    /** `preparing`: undone unless it is announced. `announced`: finished. */
    state: text({ enum: ["preparing", "announced"] }).notNull(),
    /** The last participant and the last of those without a room before it: those that it adds have a greater `seq`. */
    seatedBefore: integer("seated_before").notNull(),
    unseatedBefore: integer("unseated_before").notNull(),
    progress: json<BulkProgress>().notNull(),
    /** The worker that carries it on, and until when no other one may. */
    worker: text().notNull(),
    claimedUntil: time("claimed_until").notNull(),
    createdAt: time("created_at").notNull(),
  },
  (table) => [
    uniqueIndex("bulk_changes_by_exam").on(table.examId),
    index("bulk_changes_by_state").on(table.state, table.id),
    index("bulk_changes_by_claim").on(table.claimedUntil, table.id),
  ],
);

/** Other names and extra minutes, which a bulk change gives to people who are there already. */
export const personChanges = sqliteTable(
  "person_changes",
  {
    changeId: integer("change_id").notNull(),
    /** The table of the person's row, and the row's `seq`. */
    place: text({ enum: ["seated", "unseated"] }).notNull(),
    seq: integer().notNull(),
    name: text().notNull(),
    extraMinutes: integer("extra_minutes").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.place, table.seq] }),
    index("person_changes_by_change").on(table.changeId, table.place, table.seq),
  ],
);

// What is read of exams, rooms and people: what no bulk change hides. Writes go to the tables.

const inState = (state: "preparing" | "announced"): string =>
  `(SELECT "id" FROM "bulk_changes" WHERE "state" = '${state}')`;
/** Rows of a table that were added before now, or by an announced change, and not removed by one. */
const isVisible = (table: string): string =>
  `("${table}"."added_by" IS NULL OR "${table}"."added_by" NOT IN ${inState("preparing")})
    AND ("${table}"."removed_by" IS NULL OR "${table}"."removed_by" NOT IN ${inState("announced")})`;
/** A column as an announced change has it, until the row itself does. */
const changed = (place: "seated" | "unseated", table: string, column: "name" | "extra_minutes"): string =>
  `coalesce((SELECT "change"."${column}" FROM "person_changes" AS "change"
    WHERE "change"."place" = '${place}' AND "change"."seq" = "${table}"."seq"
    AND "change"."change_id" NOT IN ${inState("preparing")}), "${table}"."${column}") AS "${column}"`;

const { removedBy: _examRemoved, ...examColumns } = getTableColumns(exams);
export const visibleExams = sqliteView("visible_exams").as((select) =>
  select
    .select(examColumns)
    .from(exams)
    .where(sql.raw(`"exams"."removed_by" IS NULL OR "exams"."removed_by" NOT IN ${inState("announced")}`)),
);

const { addedBy: _roomAdded, removedBy: _roomRemoved, ...ownRoomColumns } = getTableColumns(rooms);
export const visibleRooms = sqliteView("visible_rooms").as((select) =>
  select
    .select(ownRoomColumns)
    .from(rooms)
    .where(sql.raw(isVisible("rooms"))),
);
/** What is read of a room: the message group carries the room's own id. */
export const roomColumns = {
  id: visibleRooms.id,
  examId: visibleRooms.examId,
  name: visibleRooms.name,
  status: visibleRooms.status,
  audioStatus: visibleRooms.audioStatus,
  createTeacher: visibleRooms.createTeacher,
  endedAt: visibleRooms.endedAt,
  createdAt: visibleRooms.createdAt,
  updatedAt: visibleRooms.updatedAt,
  imGroupId: visibleRooms.id,
};

// With their columns spelled out: of one that is computed, Drizzle would not say in a join which view it is of.
const role = () => text({ enum: ["teacher", "inspector", "examinee"] }).notNull();
const publishStatus = (name: string) => text(name, { enum: ["idle", "publishing", "stopped"] }).notNull();

export const visibleParticipants = sqliteView("visible_participants", {
  seq: integer().notNull(),
  roomId: text("room_id").notNull(),
  userId: text("user_id").notNull(),
  role: role(),
  name: text().notNull(),
  extraMinutes: integer("extra_minutes").notNull(),
  mainPublishStatus: publishStatus("main_publish_status"),
  pcPublishStatus: publishStatus("pc_publish_status"),
  ...timestamps,
}).as(
  sql.raw(`SELECT "seq", "room_id", "user_id", "role", ${changed("seated", "participants", "name")},
    ${changed("seated", "participants", "extra_minutes")}, "main_publish_status", "pc_publish_status",
    "created_at", "updated_at" FROM "participants" WHERE ${isVisible("participants")}`),
);

export const visibleUnseated = sqliteView("visible_unseated", {
  seq: integer().notNull(),
  examId: text("exam_id").notNull(),
  userId: text("user_id").notNull(),
  role: role(),
  name: text().notNull(),
  extraMinutes: integer("extra_minutes").notNull(),
  ...timestamps,
}).as(
  sql.raw(`SELECT "seq", "exam_id", "user_id", "role", ${changed("unseated", "unseated", "name")},
    ${changed("unseated", "unseated", "extra_minutes")}, "created_at", "updated_at"
    FROM "unseated" WHERE ${isVisible("unseated")}`),
);
