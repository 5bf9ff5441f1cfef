import {
  type Checks,
  cameraNeeds,
  type DetectorName,
  type EntryKind,
  type EventType,
  handKinds,
  handStatuses,
  type ImServer,
  identityStatuses,
  type ReasonCode,
  type VideoProfile,
} from "@invigil/schema";
import { getTableColumns, sql } from "drizzle-orm";
import { foreignKey, index, primaryKey, sqliteView, uniqueIndex } from "drizzle-orm/sqlite-core";
import { bytes, flag, integer, json, mentions, personId, personLogin, text, time } from "./columns.js";
import { declareTable } from "./declaration.js";

// Ids are UUIDv7 without hyphens, so that they sort by creation. Times are milliseconds since 1970.
const timestamps = { createdAt: time("created_at").notNull(), updatedAt: time("updated_at").notNull() };

/** The bulk change that added a row. The row becomes visible when that change is announced. */
const addedBy = () => integer("added_by");
/** The bulk change that removes a row. The row becomes invisible when that change is announced. */
const removedBy = () => integer("removed_by");
/** The bulk change that gives a person a new name or extra minutes, until the row itself has them: see `personChanges`. */
const changedBy = () => integer("changed_by");

/**
 * The exam of a row. Keys and unique indexes contain it, so that a database can be spread by exam
 * (docs/decisions/0041-rows-carry-their-exam.md). It comes last in them, so that SQLite, which knows nothing about its values, begins with
 * what distinguishes rows. On PostgreSQL, primary keys begin with it (`storage/postgres/schema.ts`).
 */
const examOfRow = () => text("exam_id").notNull();

/** People who log in with a password. */
export const accounts = declareTable({ owner: "installation", lives: "withOwner" })("accounts", {
  userId: personId("user_id", "kept").primaryKey(),
  role: text({ enum: ["admin", "teacher", "inspector"] }).notNull(),
  name: text().notNull(),
  /** An argon2id hash with its parameters, as the library writes it. */
  passwordHash: text("password_hash").notNull(),
  disabled: flag().notNull(),
  ...timestamps,
});

/** Sessions. A token of a session is valid only while the session's row exists. */
export const sessions = declareTable({ owner: "installation", lives: "untilDone" })(
  "sessions",
  {
    id: text().primaryKey(),
    userId: personId("user_id", "kept")
      .notNull()
      .references(() => accounts.userId),
    createdAt: time("created_at").notNull(),
    /** The expiry of all tokens of the session. */
    expiresAt: time("expires_at").notNull(),
  },
  (table) => [index("sessions_by_user").on(table.userId), index("sessions_by_expiry").on(table.expiresAt)],
);

/** Revoked tokens, by their `jti`. */
export const revokedTokens = declareTable({ owner: "installation", lives: "untilDone" })(
  "revoked_tokens",
  {
    tokenId: text("token_id").primaryKey(),
    /**
     * When the token expires and the row can be deleted. Null for a token that was revoked by its id alone.
     */
    expiresAt: time("expires_at"),
    createdAt: time("created_at").notNull(),
  },
  (table) => [index("revoked_tokens_by_expiry").on(table.expiresAt)],
);

/**
 * Failed and running logins, if several servers share the database: see `coordination/login-throttle.ts`. A row counts for an account, an
 * address, or both. It names no person and is deleted 90 days after the last login at the latest, so erasing a person does not concern it.
 */
export const loginCounters = declareTable({ owner: "installation", lives: "untilDone" })(
  "login_counters",
  {
    /**
     * An HMAC of the account and the address. It reveals neither of them, nor a password that a person types into the field of the user
     * name.
     */
    key: text().primaryKey(),
    /** The failures in the window of the limit and the running logins, by time: JSON texts. */
    failures: text().notNull(),
    running: text().notNull(),
    /** How many times in a row the limit was reached, and the end of the last block (0: none). */
    blocks: integer().notNull(),
    blockedUntil: time("blocked_until").notNull(),
    /** Until when an earlier success exempts the address from the account's own limit (0: none). */
    trustedUntil: time("trusted_until").notNull(),
    /** When nothing in the row counts any more and it can be deleted. */
    expiresAt: time("expires_at").notNull(),
  },
  (table) => [index("login_counters_by_expiry").on(table.expiresAt)],
);

export const exams = declareTable({ owner: "installation", lives: "withOwner" })(
  "exams",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    startTime: time("start_time").notNull(),
    endTime: time("end_time").notNull(),
    videoProfile: json<VideoProfile>("video_profile"),
    /** The user id of the creator, who may add rooms to the exam before they are in one. */
    createdBy: personId("created_by", "kept").notNull(),
    ...timestamps,
    /** Who extends, terminates and reopens attempts: the teachers of the rooms, or the creator alone. */
    controller: text({ enum: ["rooms", "creator"] })
      .notNull()
      .default("rooms"),
    /** The most minutes in total that teachers of rooms may give to an attempt. Null: as many as anyone. */
    maxRoomMinutes: integer("max_room_minutes"),
    /** Whether each person needs one camera or both. */
    cameras: text({ enum: cameraNeeds }).notNull().default("one"),
    /** The address of the questions, which the candidate's page opens. */
    questionsUrl: text("questions_url"),
    /** The detectors of the candidate's page. Null: all. */
    detectors: json<readonly DetectorName[]>(),
    removedBy: removedBy(),
  },
  (table) => [
    index("exams_by_creator").on(table.createdBy, table.id),
    // Finds the exams that are being held, and those to come.
    index("exams_by_end").on(table.endTime),
  ],
);

export const rooms = declareTable({ owner: "exam", lives: "withOwner" })(
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
    createTeacher: personId("create_teacher", "kept").notNull(),
    endedAt: time("ended_at"),
    /** The number of the plan that made the room. */
    plan: integer(),
    ...timestamps,
    addedBy: addedBy(),
    removedBy: removedBy(),
  },
  (table) => [
    index("rooms_by_exam").on(table.examId, table.id, table.addedBy, table.removedBy),
    index("rooms_by_status").on(table.status, table.id),
    index("rooms_by_exam_status").on(table.examId, table.status, table.id),
  ],
);

/**
 * The exam of each room, which calls that name only a room need first. It is written along with the room. It decides no rights: those are
 * read from the rows of the exam.
 */
export const roomExams = declareTable({ owner: "room", lives: "withOwner", shared: true })("room_exams", {
  roomId: text("room_id").primaryKey(),
  examId: text("exam_id").notNull(),
});

/** A person in a room. */
export const participants = declareTable({ owner: "room", lives: "withOwner" })(
  "participants",
  {
    /** The order in which people were added, which lists follow. */
    seq: integer().primaryKey({ autoIncrement: true }),
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: personId("user_id", "removed").notNull(),
    role: text({ enum: ["teacher", "inspector", "examinee"] }).notNull(),
    name: text().notNull(),
    /** Minutes that the person has beyond the exam's end. */
    extraMinutes: integer("extra_minutes").notNull().default(0),
    mainPublishStatus: text("main_publish_status", { enum: ["idle", "publishing", "stopped"] }).notNull(),
    pcPublishStatus: text("pc_publish_status", { enum: ["idle", "publishing", "stopped"] }).notNull(),
    /** The number of the plan that seated the person. */
    plan: integer(),
    ...timestamps,
    addedBy: addedBy(),
    removedBy: removedBy(),
    changedBy: changedBy(),
  },
  (table) => [
    uniqueIndex("participants_by_room_user").on(table.roomId, table.userId, table.examId),
    index("participants_by_room_role").on(table.roomId, table.role, table.seq),
    index("participants_by_user").on(table.userId, table.role, table.roomId),
    // Its condition follows from a range of `seq`, so that only pages of an exam use it: other statements find people by room. It has all
    // that counts need, and nothing that changes while people sit the exam.
    index("participants_by_exam")
      .on(table.examId, table.seq, table.role, table.addedBy, table.removedBy)
      .where(sql`seq IS NOT NULL`),
  ],
);

/**
 * When a person's page left, and since when its camera has its publish status. A row goes with the person's row, also if a version of
 * Invigil deletes that which does not know this table. An earlier version also changes the status alone, so the row names the status whose
 * time it has.
 */
export const pageTimes = declareTable({ owner: "room", lives: "withOwner" })(
  "page_times",
  {
    examId: examOfRow(),
    roomId: text("room_id").notNull(),
    userId: personId("user_id", "removed").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    /** When the page was disconnected last. Null: it never was. */
    leftAt: time("left_at"),
    status: text({ enum: ["idle", "publishing", "stopped"] }),
    statusSince: time("status_since"),
  },
  (table) => [
    primaryKey({ columns: [table.roomId, table.userId, table.camera, table.examId] }),
    foreignKey({
      columns: [table.roomId, table.userId, table.examId],
      foreignColumns: [participants.roomId, participants.userId, participants.examId],
    }).onDelete("cascade"),
  ],
);

/**
 * The number of times that the links of a seat were revoked. No row: never. A row outlives the seat, so that a
 * person who is added again does not get their old links back. The row with an empty user id has the initial
 * generation of seats that are added from now on: it covers seats with revoked links whose names were erased.
 */
export const seatGenerations = declareTable({ owner: "room", lives: "withOwner" })(
  "seat_generations",
  {
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: personId("user_id", "specially").notNull(),
    generation: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.roomId, table.userId, table.examId] })],
);

/**
 * The join codes of seats: one for each of a person's pages. A row has only a digest of the code (`identity/join-codes.ts`). It goes with the
 * person's row, also if a version of Invigil deletes that which does not know this table.
 */
export const joinCodes = declareTable({ owner: "room", lives: "withOwner" })(
  "join_codes",
  {
    examId: examOfRow(),
    roomId: text("room_id").notNull(),
    userId: personId("user_id", "removed").notNull(),
    page: text({ enum: ["main", "pc"] }).notNull(),
    digest: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.roomId, table.userId, table.page, table.examId] }),
    uniqueIndex("join_codes_by_digest").on(table.digest, table.examId),
    foreignKey({
      columns: [table.roomId, table.userId, table.examId],
      foreignColumns: [participants.roomId, participants.userId, participants.examId],
    }).onDelete("cascade"),
  ],
);

/** People of an exam who have no room yet, until a plan seats them. */
export const unseated = declareTable({ owner: "exam", lives: "withOwner" })(
  "unseated",
  {
    /** The order in which people were imported, which a plan follows. */
    seq: integer().primaryKey({ autoIncrement: true }),
    examId: text("exam_id")
      .notNull()
      .references(() => exams.id),
    userId: personId("user_id", "removed").notNull(),
    role: text({ enum: ["teacher", "inspector", "examinee"] }).notNull(),
    name: text().notNull(),
    extraMinutes: integer("extra_minutes").notNull().default(0),
    ...timestamps,
    addedBy: addedBy(),
    removedBy: removedBy(),
    changedBy: changedBy(),
  },
  (table) => [
    uniqueIndex("unseated_by_exam_user").on(table.examId, table.userId),
    index("unseated_by_exam").on(table.examId, table.seq, table.role, table.addedBy, table.removedBy),
  ],
);

/** The plans of exams. Rows go with the exam, also if a version of Invigil deletes that which does not know this table. */
export const plans = declareTable({ owner: "exam", lives: "withOwner" })(
  "plans",
  {
    examId: text("exam_id")
      .notNull()
      .references(() => exams.id, { onDelete: "cascade" }),
    /** Counts from 1. */
    number: integer().notNull(),
    /** How many rooms it made, and how many people it seated. */
    newRooms: integer("new_rooms").notNull(),
    seated: integer().notNull(),
    createdBy: personId("created_by", "kept").notNull(),
    createdAt: time("created_at").notNull(),
    undoneAt: time("undone_at"),
  },
  (table) => [primaryKey({ columns: [table.examId, table.number] })],
);

/**
 * The attempts of people at exams. A row is made by the first decision about the person, so most people have none: their attempts are running.
 * It is written by decisions alone, so that rights can depend on it.
 */
export const attempts = declareTable({ owner: "exam", lives: "withOwner" })(
  "attempts",
  {
    // Without a foreign key, because an earlier version deletes exams, and does not know this table.
    examId: examOfRow(),
    userId: personId("user_id", "deleted").notNull(),
    status: text({ enum: ["running", "paused", "finished", "terminated"] }).notNull(),
    /** Since when it has this status. Null: since the beginning. */
    since: time("since"),
    /** Whether the time of the current pause is given back. */
    givesBack: flag("gives_back").notNull(),
    /** The time that was given back, in milliseconds, without that of the current pause. */
    pausedMs: integer("paused_ms").notNull(),
    /** The minutes that were given, or taken away, because of incidents. */
    extendedMinutes: integer("extended_minutes").notNull(),
    updatedAt: time("updated_at").notNull(),
  },
  // Begins with the exam, because its deletion finds the rows by it.
  (table) => [primaryKey({ columns: [table.examId, table.userId] })],
);

/** What staff decided and noted about people and rooms of an exam, and when people finished by themselves. */
export const examEntries = declareTable({ owner: "exam", lives: "withOwner", hot: "appended" })(
  "exam_entries",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    examId: examOfRow(),
    /** The room through which it was decided. Null: it is about the whole exam. */
    roomId: text("room_id"),
    /** The person whom it is about. Null: it is about the room or the exam. */
    userId: personId("user_id", "deleted"),
    byUserId: personId("by_user_id", "kept").notNull(),
    byRole: text("by_role", { enum: ["admin", "teacher", "inspector", "examinee"] }).notNull(),
    kind: text().$type<EntryKind>().notNull(),
    /** What further distinguishes entries of a kind, such as whether answers are submitted. */
    detail: text(),
    minutes: integer(),
    reason: text().$type<ReasonCode>(),
    /** For staff. The notes of others may name the person. */
    note: mentions(text(), "kept"),
    /** What the person is told. */
    message: mentions(text(), "kept"),
    /** The idempotency key of the call. */
    key: text(),
    createdAt: time("created_at").notNull(),
    /** When it happened, as the author of a note says. */
    aboutTime: time("about_time"),
  },
  (table) => [
    uniqueIndex("exam_entries_by_key").on(table.userId, table.key, table.examId),
    index("exam_entries_by_exam").on(table.examId, table.id),
    index("exam_entries_by_room").on(table.roomId, table.id, table.examId),
    index("exam_entries_by_user").on(table.userId, table.id, table.examId),
  ],
);

/** Findings of staff about people at exams, apart from their attempts, which rights depend on. A row is made when there is something to say. */
export const examPeople = declareTable({ owner: "exam", lives: "withOwner", hot: "changed" })(
  "exam_people",
  {
    examId: examOfRow(),
    userId: personId("user_id", "deleted").notNull(),
    /** The result of the last check of their identity, and its time. Null: it was not checked. */
    identity: text({ enum: identityStatuses }),
    identityAt: time("identity_at"),
    /** How many notes and checks the person has written themselves, for the quota. */
    written: integer().notNull().default(0),
    /** The checks that the person has made, and when they reported one last. Null: none. */
    readiness: json<Checks>(),
    readinessAt: time("readiness_at"),
    /** Who of the staff let them begin without the checks. Null: the person was not waved through. */
    wavedThroughBy: personId("waved_through_by", "kept"),
    /** Whether the detectors of the candidate's page are off for the person. */
    detectorsOff: flag("detectors_off").notNull().default(false),
  },
  (table) => [primaryKey({ columns: [table.examId, table.userId] })],
);

/**
 * What the people of an exam agree to: each version of the text, because consents name a version. Rows go with the exam, also if a version of
 * Invigil deletes that which does not know this table.
 */
export const examConsents = declareTable({ owner: "exam", lives: "withOwner" })(
  "exam_consents",
  {
    examId: text("exam_id")
      .notNull()
      .references(() => exams.id, { onDelete: "cascade" }),
    /** Counts from 1. */
    version: integer().notNull(),
    zh: text().notNull(),
    en: text().notNull(),
    createdBy: personId("created_by", "kept").notNull(),
    createdAt: time("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.examId, table.version] })],
);

/** The owners of streams, and their exams. Stream names are looked up here, never parsed. */
export const streamNames = declareTable({ owner: "room", lives: "withOwner", shared: true })(
  "stream_names",
  {
    name: text().primaryKey(),
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: personId("user_id", "deleted").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    addedBy: addedBy(),
  },
  (table) => [uniqueIndex("stream_names_by_owner").on(table.roomId, table.userId, table.camera)],
);

/** Reports of the stream service: each event once, in order of arrival. */
export const streamEvents = declareTable({ owner: "room", lives: "withOwner", hot: "appended" })(
  "stream_events",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: personId("user_id", "removed").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    action: text({ enum: ["publish", "publish_done"] }).notNull(),
    /** The time of the event by the stream service's clock, in whole seconds. */
    eventTime: time("event_time").notNull(),
    /** The address that the stream was pushed from, and the service's node that received it. */
    ip: text().notNull(),
    node: text().notNull(),
    /** The size of the picture in pixels, if reported. */
    width: integer(),
    height: integer(),
    createdAt: time("created_at").notNull(),
  },
  // The stream service repeats events. Two reports are the same event if all of these columns are equal.
  (table) => [
    uniqueIndex("stream_events_by_event").on(
      table.roomId,
      table.userId,
      table.camera,
      table.eventTime,
      table.action,
      table.node,
      table.ip,
      table.examId,
    ),
    // SQLite adds the row's id to every index, so a page is one range of this index.
    index("stream_events_by_room").on(table.roomId),
    index("stream_events_by_person").on(table.roomId, table.userId),
  ],
);

/**
 * The outbox: work that a change causes outside of the database, written in the transaction of the change (`domain/outbox/`). A row exists
 * until its task is done or given up. The table and two columns keep the names from when message services were its only users, because the
 * version before reads and writes it, too.
 */
export const outboxTasks = declareTable({ owner: "exam", lives: "untilDone" })(
  "vendor_tasks",
  {
    id: text().primaryKey(),
    /** Empty for a task that an earlier version wrote for a room that no longer exists. */
    examId: examOfRow(),
    /** Each queue has a worker of its own, so that what one waits for delays no other. */
    queue: text("service").notNull(),
    kind: text().notNull(),
    /** Tasks of an exam and a queue with the same key run one after the other, in the order of their ids. */
    key: text("group_id").notNull(),
    payload: mentions(json<object>().notNull(), "kept"),
    /** The earliest time to run it, or the end of the lease of the server that runs it, and the time to give it up (null: never). */
    dueAt: time("due_at").notNull(),
    expiresAt: time("expires_at"),
    /** How many times it was started, and how many times it was refused. */
    attempts: integer().notNull().default(0),
    refusals: integer().notNull().default(0),
    createdAt: time("created_at").notNull(),
    /** Why the last attempt failed, for operators. */
    lastError: text("last_error"),
  },
  (table) => [
    // With the exam and the kind, so that tasks of exams that are not next are passed by without a look at their rows.
    index("vendor_tasks_by_due").on(table.queue, table.dueAt, table.id, table.examId, table.kind),
    index("vendor_tasks_by_group").on(table.queue, table.key, table.id),
  ],
);

/** Tasks of the outbox that were given up. They wait for an operator, who retries or drops them, until they are too old. */
export const deadLetters = declareTable({ owner: "exam", lives: "untilDone", shared: true })(
  "dead_letters",
  {
    /** The id of the task. */
    id: text().primaryKey(),
    examId: examOfRow(),
    queue: text().notNull(),
    kind: text().notNull(),
    key: text().notNull(),
    payload: mentions(json<object>().notNull(), "specially"),
    reason: text({ enum: ["expired", "refused"] }).notNull(),
    lastError: text("last_error"),
    attempts: integer().notNull(),
    createdAt: time("created_at").notNull(),
    /** When the task was given up. */
    diedAt: time("died_at").notNull(),
  },
  (table) => [index("dead_letters_by_exam").on(table.examId), index("dead_letters_by_time").on(table.diedAt)],
);

/**
 * The data of an event, besides its room, type and time. Small: it refers to other rows instead of copying
 * them. It is read as JSON, in which times are texts.
 */
export type EventData = Readonly<Record<string, string | number | boolean | Date | Checks | undefined>>;

/**
 * The event log. An event is written in the transaction of the change that it reports, and expires after a
 * while. It may outlive its room, so that listeners learn of the room's deletion. The room of an event about a
 * whole exam is empty: see `domain/events.ts`.
 */
export const roomEvents = declareTable({ owner: "exam", lives: "untilDone", hot: "appended" })(
  "room_events",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    roomId: text("room_id").notNull(),
    type: text().$type<EventType>().notNull(),
    data: mentions(json<EventData>().notNull(), "specially"),
    createdAt: time("created_at").notNull(),
    /** The exam of the room. Empty for an event of a room that an earlier version deleted. */
    examId: text("exam_id").notNull().default(""),
  },
  // The row's id is part of every index.
  (table) => [
    index("room_events_by_room").on(table.roomId),
    index("room_events_by_exam").on(table.examId),
    index("room_events_of_whole_exams").on(table.examId).where(sql`room_id = ''`),
    index("room_events_of_room_ends").on(table.roomId).where(sql`type = 'room_ended'`),
  ],
);

/** The newest event of each exam that was deleted from the log because of its age. */
export const prunedEvents = declareTable({ owner: "exam", lives: "withOwner" })("pruned_events", {
  examId: text("exam_id").primaryKey(),
  lastId: integer("last_id").notNull(),
});

/** Where the epochs of the event log begin: see `storage/epochs.ts`. Without a row, the first epoch begins at 0. */
export const eventEpochs = declareTable({ owner: "installation", lives: "withDatabase" })("event_epochs", {
  /** The events of the epoch have greater ids. */
  begin: integer().primaryKey(),
  /** The identity of the database, if it has one: the server, and the timeline of its log. */
  origin: text(),
  /** The database's own id on that server, which a version that does not know this column leaves out. */
  databaseOid: integer("database_oid"),
  startedAt: time("started_at").notNull(),
});

/** The clock by which rows are old: see `domain/pruning-clock.ts`. One row, or none in a new database. */
export const pruningClock = declareTable({ owner: "installation", lives: "withOwner" })("pruning_clock", {
  name: text({ enum: ["pruning"] }).primaryKey(),
  time: time("time").notNull(),
  /** How long servers have run since the system's clock jumped, or since the last step after that. 0: it has not jumped. */
  waitedMs: integer("waited_ms").notNull(),
});

/** The servers of a database. The pages of a server whose lease has expired are taken over by another one. */
export const instances = declareTable({ owner: "installation", lives: "withServer" })(
  "instances",
  {
    id: text().primaryKey(),
    leaseUntil: time("lease_until").notNull(),
    /** Until when another server cleans up after this one. Once one has begun, the lease cannot be renewed. Null: none has. */
    claimedUntil: time("claimed_until"),
    /** When the server started, and its version of Invigil. Null: an earlier version, which did not say. */
    startedAt: time("started_at"),
    version: text(),
  },
  (table) => [index("instances_by_lease").on(table.leaseUntil)],
);

/** Duties that one server of an installation has at a time, and the server that has each: see `coordination/duties.ts`. */
export const duties = declareTable({ owner: "installation", lives: "withServer" })("duties", {
  name: text({ enum: ["series"] }).primaryKey(),
  instance: text().notNull(),
  /** When another server may take the duty over. */
  until: time("until").notNull(),
});

/** Notices between servers. A notice is deleted when its server reads it. */
export const serverNotices = declareTable({ owner: "installation", lives: "withServer" })(
  "server_notices",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    instance: text().notNull(),
    topic: text({ enum: ["displaced", "muted"] }).notNull(),
    data: mentions(text().notNull(), "kept"),
    createdAt: time("created_at").notNull(),
  },
  (table) => [index("server_notices_by_instance").on(table.instance)],
);

/** Which connection holds the login name of a page, if several servers share the database. */
export const pageClaims = declareTable({ owner: "installation", lives: "withServer" })(
  "page_claims",
  {
    /** The login name, with the room or exam to which the login is bound. */
    page: mentions(text().primaryKey(), "kept"),
    loginId: text("login_id").notNull(),
    instance: text().notNull(),
    connection: text().notNull(),
  },
  (table) => [index("page_claims_by_instance").on(table.instance)],
);

/** When each sender's allowance of messages is full again, if several servers share the database. */
export const sendRates = declareTable({ owner: "room", lives: "withOwner", hot: "changed" })(
  "send_rates",
  {
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    login: personLogin("login", "deleted").notNull(),
    wholeAt: time("whole_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.roomId, table.login, table.examId] })],
);

/** Messages of the built-in message service. */
export const messages = declareTable({ owner: "room", lives: "withOwner", hot: "appended" })(
  "messages",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    type: integer().notNull(),
    /** A JSON text, as it was sent. */
    data: mentions(text().notNull(), "specially"),
    /** The user id and page of the sender, or `server` for messages of the server. */
    senderId: personId("sender_id", "specially").notNull(),
    senderRole: text("sender_role", {
      enum: ["admin", "teacher", "inspector", "examinee", "server"],
    }).notNull(),
    senderCamera: text("sender_camera", { enum: ["main", "pc"] }).notNull(),
    /** The logins that get the message. Empty: the staff. Null: everyone in the room. */
    recipients: mentions(json<readonly string[]>(), "specially"),
    /** Identifies repetitions of a message by its sender. */
    key: text(),
    createdAt: time("created_at").notNull(),
  },
  (table) => [
    index("messages_by_room").on(table.roomId),
    uniqueIndex("messages_by_key")
      .on(table.roomId, table.senderId, table.senderCamera, table.key, table.examId)
      .where(sql`key IS NOT NULL`),
  ],
);

/**
 * Who may read a message: its recipients' and its sender's logins, or readers that stand for groups
 * (`domain/messages.ts`). On SQLite, the table is WITHOUT ROWID.
 */
export const messageReaders = declareTable({ owner: "room", lives: "withOwner", hot: "appended" })(
  "message_readers",
  {
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    login: personLogin("login", "specially").notNull(),
    messageId: integer("message_id").notNull(),
    /** The message's type. */
    type: integer().notNull(),
  },
  // A login's page of messages in a room is one range. With the type in the index, that is also true for
  // messages of one type.
  (table) => [primaryKey({ columns: [table.roomId, table.login, table.messageId, table.examId] })],
);

/**
 * Mutes of a whole room's messages: for one login or, with an empty login, for everyone but the staff who run
 * the room.
 */
export const mutes = declareTable({ owner: "room", lives: "withOwner" })(
  "mutes",
  {
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    login: personLogin("login", "deleted").notNull(),
  },
  (table) => [primaryKey({ columns: [table.roomId, table.login, table.examId] })],
);

/**
 * People who were removed together with their records and whose other data is not yet erased: see
 * `features/erasure`. A row is deleted along with the last of that data.
 */
export const erasures = declareTable({ owner: "exam", lives: "untilDone" })("erasures", {
  id: integer().primaryKey({ autoIncrement: true }),
  examId: text("exam_id").notNull(),
  /** The only room to erase from. Null: the whole exam. */
  roomId: text("room_id"),
  userId: personId("user_id", "kept").notNull(),
  /**
   * The newest event and message at the removal. Later events report the removal, or belong to the person after
   * they were added again.
   */
  upToEvent: integer("up_to_event").notNull(),
  upToMessage: integer("up_to_message").notNull(),
  /**
   * The next stage: `traces` is the data from before the removal, `farewell` the notice: the message that told
   * the person of it. The stored word is older than the one of the code.
   */
  stage: text({ enum: ["traces", "farewell"] }).notNull(),
  createdAt: time("created_at").notNull(),
});

/**
 * Unexpired logins to the built-in message service. A row stores the token that the login was issued to, with
 * all bindings of that token.
 */
export const messageLogins = declareTable({ owner: "installation", lives: "untilDone" })(
  "message_logins",
  {
    /** The nonce of the login. */
    id: text().primaryKey(),
    /** The person, and their page, that the login is for. */
    userId: personId("user_id", "specially").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    /** The caller who requested the login: the person, or an administrator. */
    holderId: personId("holder_id", "specially").notNull(),
    holderRole: text("holder_role", { enum: ["admin", "teacher", "inspector", "examinee"] }).notNull(),
    /** The room or exam that the login is limited to, which may be deleted by now. */
    roomId: text("room_id"),
    examId: text("exam_id"),
    /** The session and the token with which the login ends. */
    sessionId: text("session_id"),
    tokenId: text("token_id"),
    /** The generation of links of the holder's seat: the login ends when these links are revoked. */
    generation: integer(),
    createdAt: time("created_at").notNull(),
    expiresAt: time("expires_at").notNull(),
  },
  (table) => [
    index("message_logins_by_person").on(table.userId, table.camera, table.holderId),
    index("message_logins_by_expiry").on(table.expiresAt),
  ],
);

/** Pages that are connected, or were until a moment ago. */
export const presence = declareTable({ owner: "room", lives: "withServer", hot: "changed" })(
  "presence",
  {
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: personId("user_id", "deleted").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    role: text({ enum: ["teacher", "inspector", "examinee"] }).notNull(),
    since: time("since").notNull(),
    /** The number of devices on which the page is open. */
    devices: integer().notNull().default(1),
    /** The server to which the page is connected. A page may have rows of several servers. */
    instance: text().notNull().default(""),
  },
  (table) => [
    primaryKey({ columns: [table.roomId, table.userId, table.camera, table.instance, table.examId] }),
    index("presence_by_instance").on(table.instance),
  ],
);

/** The visits of pages that have left: from when to when each was connected. `presence` has those that go on. */
export const pageVisits = declareTable({ owner: "room", lives: "withOwner", hot: "appended" })(
  "page_visits",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    examId: examOfRow(),
    roomId: text("room_id").notNull(),
    userId: personId("user_id", "removed").notNull(),
    camera: text({ enum: ["main", "pc"] }).notNull(),
    since: time("since").notNull(),
    leftAt: time("left_at").notNull(),
  },
  // The row's id is part of every index.
  (table) => [index("page_visits_by_person").on(table.roomId, table.userId)],
);

/** Counts of a room or an exam in one minute. They name no person. */
const counts = {
  /** When the minute began. */
  minute: time("minute").notNull(),
  present: integer().notNull(),
  publishing: integer().notNull(),
  detections: integer().notNull(),
};

/** The series of rooms under way: a row for each minute, for a day (`features/series`). */
export const roomMinutes = declareTable({ owner: "room", lives: "withOwner", hot: "appended" })(
  "room_minutes",
  { examId: examOfRow(), roomId: text("room_id").notNull(), ...counts },
  (table) => [
    primaryKey({ columns: [table.roomId, table.minute, table.examId] }),
    index("room_minutes_by_minute").on(table.minute),
  ],
);

/** The sums of an exam's rooms in each minute, so that those who see the whole exam read one row a minute. */
export const examMinutes = declareTable({ owner: "exam", lives: "withOwner", hot: "appended" })(
  "exam_minutes",
  {
    examId: examOfRow(),
    ...counts,
    /** How many rooms were under way. */
    rooms: integer().notNull(),
    /** The newest cheat record of the exam that a minute has counted. The next minute counts those after it. */
    lastRecordId: integer("last_record_id").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.examId, table.minute] }),
    index("exam_minutes_by_minute").on(table.minute),
  ],
);

/** The library of audio clips. */
export const audioClips = declareTable({ owner: "installation", lives: "withOwner" })(
  "audio_clips",
  {
    id: text().primaryKey(),
    name: text().notNull(),
    classify: integer().notNull(),
    /** An absolute URL, or a path below the server's public URL. */
    url: text().notNull(),
    ossUrl: text("oss_url"),
    /** Whether exams without manual audio of their own offer the clip. */
    isDefault: flag("is_default").notNull().default(false),
    /** The user id of the creator, who may change the clip. Null: not recorded. */
    createdBy: personId("created_by", "kept"),
    /** The normalized name for searching: see `features/audio`. */
    foldedName: text("folded_name").notNull().default(""),
    /** The size of an uploaded file. 0 for a URL of another server. */
    bytes: integer().notNull().default(0),
    ...timestamps,
  },
  (table) => [
    index("audio_clips_by_class").on(table.classify, table.id),
    index("audio_clips_by_default").on(table.isDefault, table.id),
    index("audio_clips_by_url").on(table.url),
    // The sizes of one person's files, and of all files, are summed from this index alone. It leaves out URLs
    // of other servers.
    index("audio_clips_by_creator").on(table.createdBy, table.bytes),
    index("audio_clips_by_bytes").on(table.bytes),
  ],
);

/** The audio clips of exams: each plays at a time or, without one, manually. */
export const examAudio = declareTable({ owner: "exam", lives: "withOwner" })(
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

/** Uploaded files that lie in the database or in a bucket. Files in the data folder have no rows. */
export const storedFiles = declareTable({ owner: "installation", lives: "withOwner" })(
  "stored_files",
  {
    /** Never used again, so that removing one file does not affect a later file of the same content. */
    id: text().primaryKey(),
    place: text({ enum: ["database", "bucket"] }).notNull(),
    /** The name under which the file is served. Null: it is not kept yet, or no longer. */
    name: text(),
    bytes: integer().notNull(),
    /** Whether the content is being removed. The file cannot be kept any more. */
    leaving: flag().notNull().default(false),
    /** When the file was added or began to leave. */
    changedAt: time("changed_at").notNull(),
  },
  (table) => [
    uniqueIndex("stored_files_by_name").on(table.place, table.name),
    index("stored_files_without_name").on(table.place, table.changedAt).where(sql`name IS NULL`),
  ],
);

/** The content of files in the database. */
export const storedFileChunks = declareTable({ owner: "installation", lives: "withOwner" })(
  "stored_file_chunks",
  {
    fileId: text("file_id")
      .notNull()
      .references(() => storedFiles.id),
    /** Counts from 0. All chunks but the last have the same size: see `files/stored-files.ts`. */
    position: integer().notNull(),
    content: bytes().notNull(),
  },
  (table) => [primaryKey({ columns: [table.fileId, table.position] })],
);

export const cheatConfigs = declareTable({ owner: "exam", lives: "withOwner" })("cheat_configs", {
  examId: text("exam_id")
    .primaryKey()
    .references(() => exams.id),
  data: text().notNull(),
  ...timestamps,
});

/** Reports of the cheat detectors. Records are evidence and never change. */
export const cheatRecords = declareTable({ owner: "room", lives: "withOwner", hot: "appended" })(
  "cheat_records",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    examId: text("exam_id").notNull(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: personId("user_id", "removed").notNull(),
    detectType: text("detect_type").notNull(),
    isMainMonitor: flag("is_main_monitor").notNull(),
    detectTime: time("detect_time").notNull(),
    extraInfo: text("extra_info").notNull(),
    /** Whether `extraInfo` was a JSON object rather than a text. */
    extraInfoIsObject: flag("extra_info_is_object").notNull(),
    createdAt: time("created_at").notNull(),
  },
  // SQLite adds the row's id to every index, so a page is one range, and new rows are at its end.
  (table) => [
    index("cheat_records_by_room").on(table.roomId),
    index("cheat_records_by_exam").on(table.examId),
  ],
);

/**
 * Which people have records in which rooms. It replaces an index of the records by person: docs/decisions/0027. On SQLite, the table is
 * WITHOUT ROWID.
 */
export const recordedPeople = declareTable({ owner: "room", lives: "withOwner", hot: "changed" })(
  "recorded_people",
  {
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id),
    userId: personId("user_id", "removed").notNull(),
    /** The number and the size in bytes of the person's records in the room, for quotas. */
    records: integer().notNull().default(0),
    bytes: integer().notNull().default(0),
    /** When the newest of the records was received. Null: before this column existed. */
    lastAt: time("last_at"),
  },
  (table) => [primaryKey({ columns: [table.roomId, table.userId, table.examId] })],
);

/**
 * The hands that people have raised. A person has one open hand in a room at most; those that are resolved are its history. Rows go with the
 * room, also if a version of Invigil deletes that which does not know this table.
 */
export const hands = declareTable({ owner: "room", lives: "withOwner" })(
  "hands",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id, { onDelete: "cascade" }),
    userId: personId("user_id", "removed").notNull(),
    kind: text({ enum: handKinds }).notNull(),
    status: text({ enum: handStatuses }).notNull(),
    /** What the person wrote, and what staff noted. */
    text: text(),
    note: text(),
    /** Who of the staff took, granted or resolved it last. */
    takenBy: personId("taken_by", "kept"),
    createdAt: time("created_at").notNull(),
    grantedAt: time("granted_at"),
    /** Null: it is open. */
    resolvedAt: time("resolved_at"),
  },
  (table) => [
    uniqueIndex("hands_open").on(table.roomId, table.userId, table.examId).where(sql`resolved_at IS NULL`),
    index("hands_by_person").on(table.userId, table.roomId),
    index("hands_by_room").on(table.roomId),
    index("hands_by_exam").on(table.examId),
  ],
);

/** When members of the staff talked to single people. Rows go with the room, as hands do. */
export const talks = declareTable({ owner: "room", lives: "withOwner" })(
  "talks",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    examId: examOfRow(),
    roomId: text("room_id")
      .notNull()
      .references(() => rooms.id, { onDelete: "cascade" }),
    byUserId: personId("by_user_id", "kept").notNull(),
    toUserId: personId("to_user_id", "deleted").notNull(),
    startedAt: time("started_at").notNull(),
    /** When it first played on the person's page. Null: it did not. */
    heardAt: time("heard_at"),
    /** Whether it plays there now, as far as the page last reported. */
    isHeard: flag("is_heard").notNull().default(false),
    /** Null: it goes on. */
    endedAt: time("ended_at"),
  },
  (table) => [
    uniqueIndex("talks_open").on(table.roomId, table.toUserId, table.examId).where(sql`ended_at IS NULL`),
    index("talks_by_person").on(table.toUserId, table.roomId),
    index("talks_by_room").on(table.roomId),
    index("talks_by_exam").on(table.examId),
  ],
);

/** A person whom a bulk change removes from an exam. */
export interface RemovedPerson {
  readonly userId: string;
  /** Set to remove the person from this room only. */
  readonly roomId?: string | undefined;
  /**
   * Which records about the person are deleted, too: none, those of the room, or those of all rooms of the
   * exam.
   */
  readonly erases: "nothing" | "room" | "exam";
  /** The newest record to delete. */
  readonly lastRecordId: number;
}

/** The position at which a bulk change continues. */
export interface BulkProgress {
  readonly phase: number;
  /** The key of the last row that the phase has processed. */
  readonly after: string | number;
}

/** The value of a column that named a person after their erasure. */
export const ERASED_PERSON = "erased";
/** Whether an entry of the audit still names a person as its target. */
export const namesSomebody = sql.raw(`person_id <> '${ERASED_PERSON}'`);
/**
 * Who changed or read what, and who was refused: see `domain/audit.ts`. Rows are kept for some months, even if the exam or the people are
 * deleted. On PostgreSQL, the ids of several servers are in the order of their clocks.
 */
export const auditEntries = declareTable({ owner: "installation", lives: "untilDone" })(
  "audit_entries",
  {
    /** Begins with the time, so a range of times is a range of ids. */
    id: text().primaryKey(),
    createdAt: time("created_at").notNull(),
    /** Who made the call. It stays when the person is erased, because they answer for what they did. */
    actorId: personId("actor_id", "kept").notNull(),
    actorRole: text("actor_role", { enum: ["admin", "teacher", "inspector", "examinee"] }).notNull(),
    /** The actor's credential, and its id: that of a session, or the `jti` of a token. */
    credential: text({ enum: ["token", "link", "session", "account", "command"] }).notNull(),
    credentialId: text("credential_id"),
    /** Who ran a command: the user of the operating system, and the name that they gave. */
    operator: text(),
    procedure: text().notNull(),
    examId: text("exam_id"),
    roomId: text("room_id"),
    /** The person whom the call was about: `erased` when they were erased from the exam. */
    personId: personId("person_id", "specially"),
    /** The id of something else that the call was about. It names no person. */
    subject: text(),
    address: text().notNull(),
    entryPoint: text("entry_point", {
      enum: ["rest", "trpc", "drop-in", "upload", "join-code", "command", "in-process"],
    }).notNull(),
    requestId: text("request_id").notNull(),
    /** `ok`, `ended` for the end of a subscription, the code of the error, or why a token is no longer good. */
    outcome: text().notNull(),
    /** How many equal calls, or people, the row stands for. */
    times: integer().notNull().default(1),
  },
  (table) => [
    index("audit_entries_by_exam").on(table.examId, table.id).where(sql`exam_id IS NOT NULL`),
    index("audit_entries_by_actor").on(table.actorId, table.id),
    index("audit_entries_by_person").on(table.personId, table.id).where(sql`person_id IS NOT NULL`),
    index("audit_entries_by_procedure").on(table.procedure, table.id),
    index("audit_entries_of_people").on(table.examId, table.personId).where(namesSomebody),
  ],
);

/**
 * Bulk changes in progress, at most one per exam: docs/decisions/0032. A bulk change is prepared in small
 * invisible writes, announced by one write, and finished in small writes. Its row exists from the first to the
 * last of them.
 */
export const bulkChanges = declareTable({ owner: "exam", lives: "untilDone" })(
  "bulk_changes",
  {
    /** Random, so that no later change gets the id of one that rows still refer to. */
    id: integer().primaryKey(),
    kind: text({ enum: ["import", "plan", "delete_exam", "remove_person"] }).notNull(),
    examId: text("exam_id").notNull(),
    /** The person to remove. */
    person: mentions(json<RemovedPerson>(), "kept"),
    /** `preparing`: undone unless it is announced. `announced`: finished. */
    state: text({ enum: ["preparing", "announced"] }).notNull(),
    /**
     * The greatest `seq` of participants and of people without a room before the change. Rows that the change
     * adds have a greater `seq`.
     */
    seatedBefore: integer("seated_before").notNull(),
    unseatedBefore: integer("unseated_before").notNull(),
    progress: json<BulkProgress>().notNull(),
    /** The worker that runs the change, and how long it has the exclusive right to do so. */
    worker: text().notNull(),
    claimedUntil: time("claimed_until").notNull(),
    createdAt: time("created_at").notNull(),
    /**
     * When a deleted exam is erased. Until then it is soft-deleted and can be restored: the change is claimed until this time. Null: a change of
     * another kind, or an exam that is erased at once.
     */
    eraseAt: time("erase_at"),
  },
  (table) => [
    uniqueIndex("bulk_changes_by_exam").on(table.examId),
    index("bulk_changes_by_state").on(table.state, table.id),
    index("bulk_changes_by_claim").on(table.claimedUntil, table.id),
  ],
);

/** New names and extra minutes that a bulk change gives to people who are in the exam already. */
export const personChanges = declareTable({ owner: "exam", lives: "untilDone" })(
  "person_changes",
  {
    examId: examOfRow(),
    changeId: integer("change_id").notNull(),
    /** The table of the person's row, and the row's `seq`. */
    place: text({ enum: ["seated", "unseated"] }).notNull(),
    seq: integer().notNull(),
    name: text().notNull(),
    extraMinutes: integer("extra_minutes").notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.place, table.seq, table.examId] }),
    index("person_changes_by_change").on(table.changeId, table.place, table.seq),
  ],
);

// Stores read exams, rooms and people through these views, which leave out what bulk changes hide. They write
// to the tables. For a row that no bulk change marks, no view looks into another table.

/** Rows that were added by no bulk change or an announced one, and not removed by an announced one. An exam has one bulk change at most. */
const isVisible = (table: string): string =>
  `"${table}"."added_by" IS NULL AND "${table}"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes"
    WHERE "bulk_changes"."exam_id" = "${table}"."exam_id"
    AND ("bulk_changes"."id" = "${table}"."added_by" AND "bulk_changes"."state" = 'preparing'
      OR "bulk_changes"."id" = "${table}"."removed_by" AND "bulk_changes"."state" = 'announced'))`;
/** The value of a column according to an announced change, even before the row itself has it. */
const changed = (place: "seated" | "unseated", table: string, column: "name" | "extra_minutes"): string =>
  `CASE WHEN "${table}"."changed_by" IS NULL THEN "${table}"."${column}"
    ELSE coalesce((SELECT "change"."${column}" FROM "person_changes" AS "change"
      WHERE "change"."place" = '${place}' AND "change"."seq" = "${table}"."seq" AND "change"."exam_id" = "${table}"."exam_id"
      AND NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "change"."exam_id"
        AND "bulk_changes"."id" = "change"."change_id" AND "bulk_changes"."state" = 'preparing')), "${table}"."${column}")
    END AS "${column}"`;

const { removedBy: _examRemoved, ...examColumns } = getTableColumns(exams);
export const visibleExams = sqliteView("visible_exams").as((select) =>
  select
    .select(examColumns)
    .from(exams)
    .where(
      sql.raw(
        `"exams"."removed_by" IS NULL OR NOT EXISTS (SELECT 1 FROM "bulk_changes" WHERE "bulk_changes"."exam_id" = "exams"."id"
          AND "bulk_changes"."id" = "exams"."removed_by" AND "bulk_changes"."state" = 'announced')`,
      ),
    ),
);

const {
  addedBy: _roomAdded,
  removedBy: _roomRemoved,
  plan: _roomPlan,
  ...ownRoomColumns
} = getTableColumns(rooms);
export const visibleRooms = sqliteView("visible_rooms").as((select) =>
  select
    .select(ownRoomColumns)
    .from(rooms)
    .where(sql.raw(isVisible("rooms"))),
);
/** The columns of a room. The id of the message group is the room's id. */
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

// Lists its columns explicitly: in a join, Drizzle does not qualify computed columns of a view.
const role = () => text({ enum: ["teacher", "inspector", "examinee"] }).notNull();
const publishStatus = (name: string) => text(name, { enum: ["idle", "publishing", "stopped"] }).notNull();

export const visibleParticipants = sqliteView("visible_participants", {
  seq: integer().notNull(),
  examId: text("exam_id").notNull(),
  roomId: text("room_id").notNull(),
  userId: text("user_id").notNull(),
  role: role(),
  name: text().notNull(),
  extraMinutes: integer("extra_minutes").notNull(),
  mainPublishStatus: publishStatus("main_publish_status"),
  pcPublishStatus: publishStatus("pc_publish_status"),
  ...timestamps,
}).as(
  sql.raw(`SELECT "seq", "exam_id", "room_id", "user_id", "role", ${changed("seated", "participants", "name")},
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
