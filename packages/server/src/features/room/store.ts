import type { AudioStatus, RevokedSeat, Room, RoomPage, RoomStatus } from "@invigil/schema";
import { and, asc, count, desc, eq, gte, lt, sql } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import type { EventWriter } from "../../domain/events.js";
import {
  insertExam,
  insertRoom,
  type NewExam,
  type NewPerson,
  type NewRoom,
  personInserter,
} from "../../domain/inserts.js";
import { generationRaiser, generationsReader } from "../../domain/seat-generations.js";
import type { TaskWriter } from "../../domain/vendor-tasks.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  visibleExams as exams,
  visibleParticipants as participants,
  roomColumns,
  rooms,
  visibleRooms,
} from "../../storage/tables.js";

export interface RoomFilter {
  readonly examId: string | undefined;
  readonly status: RoomStatus | undefined;
  /** Only the rooms that this person is a teacher of. */
  readonly teacher: string | undefined;
}

export interface RoomStore {
  /** Writes a room with its people, and its exam when that is new. Undefined, and nothing is done, without the exam. */
  create(made: {
    exam: NewExam | undefined;
    room: NewRoom;
    people: readonly NewPerson[];
    /** The tasks that would delete the room's groups. */
    undo: readonly string[];
  }): Promise<Room | undefined>;
  /**
   * Ends a room and silences it, tells everybody in it (vendors' groups from `tellAt` on), and has its groups deleted later. Ending it
   * again changes nothing.
   */
  end(roomId: string, times: { readonly now: Date; readonly tellAt: Date }): Promise<void>;
  /** False when the room has ended. */
  setAudioStatus(roomId: string, audioStatus: AudioStatus, now: Date): Promise<boolean>;
  /** Newest first; `before` is the last id of the page before. */
  list(filter: RoomFilter, page: { limit: number; before: string | undefined }): Promise<RoomPage>;
  /** How many rooms an exam has, a teacher is in as one, and how many exams somebody has made, if there are not more than a number. */
  countOfExam(examId: string, most: number): number;
  countOfTeacher(userId: string, most: number): number;
  countExamsOf(userId: string, most: number): number;
  /** Rooms of an exam in the order they were made, from the one with this id on (empty: the first), at most so many. */
  ofExam(examId: string, page: { from: string; limit: number }): Promise<Room[]>;
  /** The generations of a room's seats whose links were revoked, by user id. */
  generations(roomId: string): Promise<ReadonlyMap<string, number>>;
  /**
   * Begins another generation of people's seats, or of all but one person's: all or none. Returns them by role, in the order in
   * which people were added, or the first of `userIds` who is not in the room.
   */
  revokeLinks(
    roomId: string,
    of: { readonly userIds: readonly string[] } | { readonly allBut: string },
  ): Promise<{ seats: RevokedSeat[] } | { unknown: string }>;
}

/** The first page starts above every id: an id is digits and small letters. */
const FIRST = "~";

/** The teacher's app tells the examinees by the room's group, three times in six seconds, once the room has ended. */
const GROUPS_OUTLIVE_ROOM_MS = 120_000;

export const createRoomStore = ({
  db,
  bulk,
  tasks,
  events,
}: {
  db: Database;
  bulk: BulkChanges;
  tasks: TaskWriter;
  events: EventWriter;
}): RoomStore => {
  const { queries, write } = db;
  const insertPerson = personInserter(queries);
  const byId = queries
    .select(roomColumns)
    .from(visibleRooms)
    .where(eq(visibleRooms.id, sql.placeholder("roomId")))
    .prepare();
  const examById = queries
    .select({ id: exams.id })
    .from(exams)
    .where(eq(exams.id, sql.placeholder("examId")))
    .prepare();
  const ofExam = queries
    .select(roomColumns)
    .from(visibleRooms)
    .where(
      and(eq(visibleRooms.examId, sql.placeholder("examId")), gte(visibleRooms.id, sql.placeholder("from"))),
    )
    .orderBy(asc(visibleRooms.id))
    .limit(sql.placeholder("limit"))
    .prepare();

  const people = queries
    .select({ userId: participants.userId })
    .from(participants)
    .where(eq(participants.roomId, sql.placeholder("roomId")))
    .orderBy(asc(participants.role), asc(participants.seq))
    .prepare();
  const generationsOf = generationsReader(queries);
  const raise = generationRaiser(queries);
  const limit = sql.placeholder("most");
  const someOfExam = queries
    .select({ id: rooms.id })
    .from(rooms)
    .where(eq(rooms.examId, sql.placeholder("examId")))
    .limit(limit)
    .as("some");
  const someOfTeacher = queries
    .select({ id: participants.roomId })
    .from(participants)
    .where(and(eq(participants.userId, sql.placeholder("userId")), eq(participants.role, "teacher")))
    .limit(limit)
    .as("some");
  const someExamsOf = queries
    .select({ id: exams.id })
    .from(exams)
    .where(eq(exams.createdBy, sql.placeholder("userId")))
    .limit(limit)
    .as("some");
  const number = { number: count() };
  const countOfExam = queries.select(number).from(someOfExam).prepare();
  const countOfTeacher = queries.select(number).from(someOfTeacher).prepare();
  const countExamsOf = queries.select(number).from(someExamsOf).prepare();

  return {
    countOfExam: (examId, most) => countOfExam.get({ examId, most })?.number ?? 0,
    countOfTeacher: (userId, most) => countOfTeacher.get({ userId, most })?.number ?? 0,
    countExamsOf: (userId, most) => countExamsOf.get({ userId, most })?.number ?? 0,

    ofExam: async (examId, page) => ofExam.all({ examId, ...page }),
    generations: async (roomId) => generationsOf(roomId),
    revokeLinks: (roomId, of) =>
      write(() => {
        const there = people.all({ roomId }).map(({ userId }) => userId);
        const asked = "userIds" in of ? new Set(of.userIds) : undefined;
        const known = new Set(there);
        const unknown = asked && [...asked].find((userId) => !known.has(userId));
        if (unknown !== undefined) return { unknown };
        const revoked = there.filter((userId) =>
          "allBut" in of ? userId !== of.allBut : asked?.has(userId),
        );
        return { seats: revoked.map((userId) => ({ userId, generation: raise(roomId, userId) })) };
      }),

    create: ({ exam, room, people, undo }) =>
      bulk.write(() => {
        if (exam) insertExam(queries, exam);
        else if (!examById.get({ examId: room.examId })) return undefined;
        else bulk.assertFree(room.examId);
        insertRoom(queries, room);
        for (const person of people) insertPerson(person);
        tasks.keepGroups(undo);
        // Its first people are in its snapshot: they are not told one by one.
        events.add(room.id, "room_created", {}, room.now);
        const created = byId.get({ roomId: room.id });
        if (!created) throw new Error(`the room ${room.id} was not written`);
        return created;
      }),

    end: (roomId, { now, tellAt }) =>
      write(() => {
        const ended = queries
          .update(rooms)
          .set({ status: "ended", audioStatus: "silent", endedAt: now, updatedAt: now })
          .where(and(eq(rooms.id, roomId), eq(rooms.status, "in_progress")))
          .returning({ id: rooms.id, imServer: rooms.imServer })
          .get();
        if (!ended) return;
        events.add(roomId, "room_ended", {}, now);
        // Before the groups are deleted: tasks of one group are done in their order.
        tasks.tellOfEnd(ended, { dueAt: tellAt, now });
        tasks.deleteGroups(ended, { dueAt: new Date(now.getTime() + GROUPS_OUTLIVE_ROOM_MS), now });
      }),

    setAudioStatus: (roomId, audioStatus, now) =>
      write(() => {
        const was = byId.get({ roomId })?.audioStatus;
        const { changes } = queries
          .update(rooms)
          .set({ audioStatus, updatedAt: now })
          .where(and(eq(rooms.id, roomId), eq(rooms.status, "in_progress")))
          .run();
        if (changes > 0 && was !== audioStatus)
          events.add(roomId, "audio_status_changed", { audioStatus }, now);
        return changes > 0;
      }),

    async list({ examId, status, teacher }, { limit, before = FIRST }) {
      const filters = [
        examId === undefined ? undefined : eq(visibleRooms.examId, examId),
        status === undefined ? undefined : eq(visibleRooms.status, status),
      ];
      // The order is that of the index which the rows come from: a teacher's by person, all others by room.
      const rows =
        teacher === undefined
          ? queries
              .select(roomColumns)
              .from(visibleRooms)
              .where(and(...filters, lt(visibleRooms.id, before)))
              .orderBy(desc(visibleRooms.id))
              .limit(limit + 1)
              .all()
          : queries
              .select(roomColumns)
              .from(participants)
              .innerJoin(visibleRooms, eq(visibleRooms.id, participants.roomId))
              .where(
                and(
                  eq(participants.userId, teacher),
                  eq(participants.role, "teacher"),
                  lt(participants.roomId, before),
                  ...filters,
                ),
              )
              .orderBy(desc(participants.roomId))
              .limit(limit + 1)
              .all();
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return { rooms: page, ...(rows.length > limit && last && { nextCursor: last.id }) };
    },
  };
};
