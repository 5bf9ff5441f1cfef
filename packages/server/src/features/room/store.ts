import type { AudioStatus, Room, RoomPage, RoomStatus } from "@invigil/schema";
import { and, asc, count, desc, eq, lt, ne } from "drizzle-orm";
import type { Author } from "../../domain/calls.js";
import { preparePausesEnd } from "../../domain/decisions.js";
import { type EventLog, newEvent } from "../../domain/events.js";
import type { ExamTransaction, RosterTransaction } from "../../domain/exam-transaction.js";
import type { NewExam, NewPerson, NewRoom, Unseated } from "../../domain/people.js";
import {
  arrivalEvents,
  endRoom,
  insertExam,
  insertRoom,
  isRoom,
  prepareFirstPeople,
  preparePerson,
  readRoomSize,
  readUnseated,
  withTakenNames,
} from "../../domain/people.js";
import type { RoomKey } from "../../domain/room-exams.js";
import { isRoomUsed } from "../../domain/traces.js";
import { prepareRoomDeletion, prepareUnseating, seatOfCreateTeacher } from "../../domain/unseating.js";
import type { TaskLog } from "../../domain/vendor-tasks.js";
import type { Writes } from "../../domain/writes.js";
import { pageOf } from "../../platform/paging.js";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries } from "../../storage/port.js";
import { param, query, rawParam, statement, statements } from "../../storage/statement.js";
import {
  exams,
  visibleParticipants as participants,
  roomColumns,
  roomExams,
  rooms,
  visibleExams,
  visibleRooms,
} from "../../storage/tables.js";
import { assertRoomSize } from "../participant/rules.js";

export interface RoomFilter {
  readonly examId: string | undefined;
  readonly status: RoomStatus | undefined;
  /** Only rooms in which this person is a teacher. */
  readonly teacher: string | undefined;
}

/** The cursor of the first page sorts after every id: ids consist of digits and lowercase letters. */
const FIRST = "~";

/**
 * After a room has ended, the teacher's app still sends messages to the room's group, three times in six
 * seconds.
 */
const GROUPS_OUTLIVE_ROOM_MS = 120_000;

const roomById = statement(
  query
    .select({ ...roomColumns, imServer: visibleRooms.imServer })
    .from(visibleRooms)
    .where(isRoom),
);
const examById = statement(
  query
    .select({ id: visibleExams.id })
    .from(visibleExams)
    .where(eq(visibleExams.id, param("examId"))),
);

const number = { number: count() };
const countRoomsOfExam = statement(
  query.select(number).from(
    query
      .select({ id: rooms.id })
      .from(rooms)
      .where(eq(rooms.examId, param("examId")))
      .limit(param("most"))
      .as("some"),
  ),
);
const countRoomsOfTeacher = statement(
  query.select(number).from(
    query
      .select({ id: participants.roomId })
      .from(participants)
      .where(and(eq(participants.userId, param("userId")), eq(participants.role, "teacher")))
      .limit(param("most"))
      .as("some"),
  ),
);
const countExamsOfCreator = statement(
  query.select(number).from(
    query
      .select({ id: exams.id })
      .from(exams)
      .where(eq(exams.createdBy, param("userId")))
      .limit(param("most"))
      .as("some"),
  ),
);

const roomsInProgress = statement(
  query
    .select({ id: visibleRooms.id })
    .from(visibleRooms)
    .where(and(eq(visibleRooms.examId, param("examId")), eq(visibleRooms.status, "in_progress")))
    .orderBy(asc(visibleRooms.id))
    .limit(param("most")),
);
const countRoomsByStatus = statement(
  query
    .select({ status: visibleRooms.status, ...number })
    .from(visibleRooms)
    .where(eq(visibleRooms.examId, param("examId")))
    .groupBy(visibleRooms.status),
);

const isInProgress = and(
  eq(rooms.examId, param("examId")),
  eq(rooms.id, param("roomId")),
  eq(rooms.status, "in_progress"),
);
const reopenRoom = statement(
  query
    .update(rooms)
    .set({ status: "in_progress", endedAt: null, updatedAt: rawParam<Date>("now") })
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.id, param("roomId")), eq(rooms.status, "ended"))),
);
const setAudioStatusOfRoom = statement(
  query
    .update(rooms)
    .set({ audioStatus: rawParam<AudioStatus>("audioStatus"), updatedAt: rawParam<Date>("now") })
    .where(isInProgress),
);

/** A page of all rooms. On PostgreSQL, the rooms themselves have no order across exams. */
const pageOfAllRooms = query
  .select(roomColumns)
  .from(roomExams)
  .innerJoin(visibleRooms, isRoomOf(visibleRooms, roomExams))
  .where(lt(roomExams.roomId, param("before")))
  .orderBy(desc(roomExams.roomId))
  .limit(param("limit"));

/**
 * A page of rooms. Follows the order of the index in use: by participant for a teacher's rooms, otherwise by
 * room.
 */
const pageOfRooms = statements((ofTeacher: boolean, ofExam: boolean, hasStatus: boolean) => {
  const filters = [
    ofExam ? eq(visibleRooms.examId, param("examId")) : undefined,
    hasStatus ? eq(visibleRooms.status, param("status")) : undefined,
  ];
  const page = query
    .select(roomColumns)
    .from(visibleRooms)
    .where(and(...filters, lt(visibleRooms.id, param("before"))))
    .orderBy(desc(visibleRooms.id))
    .limit(param("limit"));
  if (!ofTeacher && !ofExam && !hasStatus)
    return statement((dialect) => (dialect.keysContainExam ? pageOfAllRooms : page));
  if (!ofTeacher) return statement(page);
  return statement(
    query
      .select(roomColumns)
      .from(participants)
      .innerJoin(visibleRooms, isRoomOf(visibleRooms, participants))
      .where(
        and(
          eq(participants.userId, param("teacher")),
          eq(participants.role, "teacher"),
          lt(participants.roomId, param("before")),
          ...filters,
        ),
      )
      .orderBy(desc(participants.roomId))
      .limit(param("limit")),
  );
});

const updateRoom = statement(
  query
    .update(rooms)
    .set({
      name: rawParam<string>("name"),
      createTeacher: rawParam<string>("createTeacher"),
      updatedAt: rawParam<Date>("updatedAt"),
    })
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.id, param("id")))),
);
/** Starts to write the name and the `createTeacher` of a room. */
const writeChange = (tx: ExamTransaction, room: Room, events: EventLog): Promise<unknown> =>
  Promise.all([
    tx.run(updateRoom, { ...room }),
    events.add(tx, { examId: room.examId, roomId: room.id }, "room_changed", {}, room.updatedAt),
  ]);

const seatsOfPerson = statement(
  query
    .select({ roomId: participants.roomId, role: participants.role, name: participants.name })
    .from(participants)
    .where(and(eq(participants.examId, param("examId")), eq(participants.userId, param("userId")))),
);
/** Whom the room is handed to leaves it when the plan that made it is undone. */
const planOfRoom = statement(
  query
    .select({ plan: rooms.plan })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.id, param("roomId")))),
);
/** A person of a room besides its `createTeacher`. */
const otherPerson = statement(
  query
    .select({ userId: participants.userId })
    .from(participants)
    .innerJoin(visibleRooms, isRoomOf(visibleRooms, participants))
    .where(
      and(
        eq(participants.examId, param("examId")),
        eq(participants.roomId, param("roomId")),
        ne(participants.userId, visibleRooms.createTeacher),
      ),
    )
    .limit(1),
);

/** Ends a room. Returns a function that starts to write what follows from it. Undefined: the room had ended before. */
const prepareEnd = async (
  tx: ExamTransaction,
  room: RoomKey,
  {
    now,
    signalAt,
    tasks,
    events,
    author,
  }: {
    readonly now: Date;
    readonly signalAt: Date;
    readonly tasks: TaskLog;
    readonly events: EventLog;
    readonly author: Author;
  },
): Promise<(() => Promise<unknown>) | undefined> => {
  const [ended, announceEnd, endPauses] = await Promise.all([
    endRoom(tx, room, now),
    tasks.prepareEnd(tx, room),
    preparePausesEnd(tx, room, { events, author, now }),
  ]);
  if (!ended) return undefined;
  const deletedAt = new Date(now.getTime() + GROUPS_OUTLIVE_ROOM_MS);
  return () =>
    Promise.all([
      endPauses(),
      events.add(tx, room, "room_ended", {}, now),
      // Before the deletion: tasks of one group run in the order of their ids.
      announceEnd(ended, { dueAt: signalAt, now }),
      tasks.deleteGroups(tx, ended, { dueAt: deletedAt, now }),
    ]);
};

export type RoomStore = ReturnType<typeof createRoomStore>;

export const createRoomStore = ({
  storage,
  writes,
  tasks,
  events,
}: {
  storage: Queries;
  writes: Writes;
  tasks: TaskLog;
  events: EventLog;
}) => ({
  /** Counts the rooms of an exam, up to a number. */
  countOfExam: async (examId: string, most: number): Promise<number> =>
    (await storage.get(countRoomsOfExam, { examId, most }))?.number ?? 0,
  /** Counts the rooms in which a person is a teacher, up to a number. */
  countOfTeacher: async (userId: string, most: number): Promise<number> =>
    (await storage.get(countRoomsOfTeacher, { userId, most }))?.number ?? 0,
  /** Counts the exams that a person has made, up to a number. */
  countExamsOf: async (userId: string, most: number): Promise<number> =>
    (await storage.get(countExamsOfCreator, { userId, most }))?.number ?? 0,

  /**
   * Writes a room with its people, and its exam if the exam is new. Returns undefined, and writes nothing, when
   * the exam does not exist.
   */
  create: ({
    exam,
    room,
    people,
    undo,
    author,
  }: {
    exam: NewExam | undefined;
    room: NewRoom;
    people: readonly NewPerson[];
    /** The ids of the tasks that would delete the room's groups. */
    undo: readonly string[];
    author: Author;
  }): Promise<Room | undefined> => {
    const { id: roomId, examId, now } = room;
    const target = { examId, roomId };
    const write = async (tx: RosterTransaction, unseatedPeople: readonly Unseated[]) => {
      const writePeople = prepareFirstPeople(people, unseatedPeople);
      await tasks.keepGroups(tx, examId, undo);
      return tx.last(async () => {
        const [, written] = await Promise.all([
          exam && insertExam(tx, exam),
          insertRoom(tx, room),
          writePeople(tx),
          // The room's first snapshot includes its people, so they need no events.
          events.add(tx, { examId, roomId }, "room_created", {}, now),
        ]);
        return written;
      });
    };
    const created = exam
      ? writes.ofNewExam(target, author, (tx) => write(tx, []), { repeatable: true })
      : writes.ofRoster(
          target,
          author,
          (reader) => Promise.all([reader.get(examById, { examId }), readUnseated(reader, examId, people)]),
          async (tx, [hasExam, unseatedPeople]) => (hasExam ? write(tx, unseatedPeople) : undefined),
          { repeatable: true },
        );
    return withTakenNames(storage, people, created);
  },

  /** Returns undefined if there is no such room. */
  rename: ({ examId, roomId }: RoomKey, name: string, now: Date, author: Author): Promise<Room | undefined> =>
    writes.ofRoster(
      { examId, roomId },
      author,
      (reader) => reader.get(roomById, { examId, roomId }),
      async (tx, found) => {
        if (!found || found.name === name) return found;
        const room = { ...found, name, updatedAt: now };
        await tx.last(() => writeChange(tx, room, events));
        return room;
      },
    ),

  /**
   * Makes a teacher of the exam the `createTeacher` of a room, and adds them to it if they are not there.
   * @param of.toPerson makes the person to add
   * @param of.mostPeople limits the number of people in the room
   */
  setTeacher(
    { examId, roomId }: RoomKey,
    userId: string,
    {
      toPerson,
      mostPeople,
      now,
      author,
    }: {
      readonly toPerson: (name: string) => NewPerson;
      readonly mostPeople: number | undefined;
      readonly now: Date;
      readonly author: Author;
    },
  ): Promise<Room | "no_room" | "ended" | "no_teacher" | "other_role"> {
    return writes.ofRoster(
      { examId, roomId, people: [userId] },
      author,
      (reader) =>
        Promise.all([
          reader.get(roomById, { examId, roomId }),
          reader.all(seatsOfPerson, { examId, userId }),
          reader.get(planOfRoom, { examId, roomId }),
          readUnseated(reader, examId, [toPerson("")]),
          mostPeople === undefined ? 0 : readRoomSize(reader, { examId, roomId }, mostPeople + 1),
        ]),
      async (tx, [found, seats, madeBy, [waiting], before]) => {
        if (!found) return "no_room";
        if (found.status === "ended") return "ended";
        const here = seats.find((seat) => seat.roomId === roomId);
        if (here && here.role !== "teacher") return "other_role";
        const known =
          here ?? [...seats, ...(waiting ? [waiting] : [])].find(({ role }) => role === "teacher");
        if (!known) return "no_teacher";
        if (here && found.createTeacher === userId) return found;
        if (!here) assertRoomSize(roomId, { before, added: 1, most: mostPeople });
        const added = here ? undefined : await preparePerson(tx, { ...toPerson(known.name), ...madeBy });
        const room = { ...found, createTeacher: userId, updatedAt: now };
        await tx.last(() =>
          Promise.all([
            added?.write(),
            events.addAll(tx, added ? arrivalEvents({ examId, roomId }, added.arrival, now) : []),
            writeChange(tx, room, events),
          ]),
        );
        return room;
      },
    );
  },

  /**
   * Deletes a room with its groups, unless it was used or has people besides its `createTeacher`, who waits for another room if the author is
   * someone else.
   */
  delete: (
    { examId, roomId }: RoomKey,
    now: Date,
    author: Author,
  ): Promise<"deleted" | "no_room" | "used" | "people"> =>
    writes.ofRoster(
      { examId, roomId },
      author,
      (reader) =>
        Promise.all([
          reader.get(roomById, { examId, roomId }),
          reader.get(otherPerson, { examId, roomId }),
          isRoomUsed(reader, { examId, roomId }),
          reader.get(seatOfCreateTeacher, { examId, roomId }),
        ]),
      async (tx, [room, other, isUsed, teacher]) => {
        if (!room) return "no_room";
        if (isUsed) return "used";
        if (other) return "people";
        const deps = { tasks, events, now };
        const waits = teacher && teacher.userId !== author.userId;
        const unseat = waits ? await prepareUnseating(tx, examId, teacher, deps) : undefined;
        const deleteRoom = await prepareRoomDeletion(tx, room, deps);
        await tx.last(() => Promise.all([unseat?.(), deleteRoom()]));
        return "deleted";
      },
    ),

  /**
   * Ends a room: mutes it, sends the end signal to everyone in it (to vendors' groups from `tellAt` on), and
   * schedules the deletion of its groups. Ending it again changes nothing.
   */
  end: (
    { examId, roomId }: RoomKey,
    times: { readonly now: Date; readonly signalAt: Date },
    author: Author,
  ): Promise<void> =>
    writes.ofExam({ examId, roomId }, author, async (tx) => {
      const write = await prepareEnd(tx, { examId, roomId }, { ...times, tasks, events, author });
      if (write) await tx.last(write);
    }),

  /** Ends at most `most` rooms of an exam, as `end` does. Returns how many it has ended: 0 if none is in progress. */
  endSome: (
    examId: string,
    times: { readonly now: Date; readonly signalAt: Date },
    most: number,
    author: Author,
  ): Promise<number> =>
    writes.ofExam({ examId }, author, async (tx) => {
      const found = await tx.all(roomsInProgress, { examId, most });
      const ended = await Promise.all(
        found.map(({ id: roomId }) =>
          prepareEnd(tx, { examId, roomId }, { ...times, tasks, events, author }),
        ),
      );
      await tx.last(() => Promise.all(ended.flatMap((write) => write?.() ?? [])));
      return found.length;
    }),

  /** Counts the rooms of an exam by their status. */
  async countByStatus(examId: string): Promise<{ readonly inProgress: number; readonly ended: number }> {
    const counts = await storage.all(countRoomsByStatus, { examId });
    const of = (status: RoomStatus) => counts.find((one) => one.status === status)?.number ?? 0;
    return { inProgress: of("in_progress"), ended: of("ended") };
  },

  /**
   * Reopens a room that has ended, and cancels the tasks that would delete its groups. Reopening it again
   * changes nothing. Returns undefined if there is no such room.
   */
  reopen: (
    { examId, roomId }: RoomKey,
    { undo, now }: { readonly undo: readonly string[]; readonly now: Date },
    author: Author,
  ): Promise<Room | undefined> =>
    writes.ofRoster(
      { examId, roomId },
      author,
      (reader) => reader.get(roomById, { examId, roomId }),
      async (tx, found) => {
        if (!found) return undefined;
        await tasks.keepGroups(tx, examId, undo);
        const [, , reopened] = await tx.last(() =>
          Promise.all([
            tx.run(reopenRoom, { examId, roomId, now }),
            found.status === "ended" &&
              events.addAll(tx, [
                newEvent({ examId, roomId }, "room_reopened", {}, now),
                // Listeners of an ended room learned of no change of the config, and examinees did not receive it.
                newEvent({ examId, roomId }, "cheat_config_changed", {}, now),
              ]),
            tx.get(roomById, { examId, roomId }),
          ]),
        );
        return reopened;
      },
    ),

  /** Returns false when the room has ended. */
  setAudioStatus: (
    { examId, roomId }: RoomKey,
    audioStatus: AudioStatus,
    now: Date,
    author: Author,
  ): Promise<boolean> =>
    writes.ofExam({ examId, roomId }, author, async (tx) => {
      const room = await tx.get(roomById, { examId, roomId });
      if (room?.status !== "in_progress") return false;
      await tx.last(() =>
        Promise.all([
          tx.run(setAudioStatusOfRoom, { examId, roomId, audioStatus, now }),
          room.audioStatus !== audioStatus &&
            events.add(tx, { examId, roomId }, "audio_status_changed", { audioStatus }, now),
        ]),
      );
      return true;
    }),

  /** Newest first. `before` is the last id of the previous page. */
  async list(
    { examId, status, teacher }: RoomFilter,
    { limit, before = FIRST }: { limit: number; before: string | undefined },
  ): Promise<RoomPage> {
    const shape = pageOfRooms(teacher !== undefined, examId !== undefined, status !== undefined);
    const rows = await storage.all(shape, { examId, status, teacher, before, limit: limit + 1 });
    const { rows: page, ...next } = pageOf(rows, limit, ({ id }) => id);
    return { rooms: page, ...next };
  },
});
