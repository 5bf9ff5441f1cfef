import { isDeepStrictEqual } from "node:util";
import type { RoomStatus } from "@invigil/schema";
import { and, asc, count, eq, gt, sql } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import { insertRoom, type NewPerson, type NewRoom, personInserter } from "../../domain/inserts.js";
import type { TaskWriter } from "../../domain/vendor-tasks.js";
import { createPace } from "../../platform/pace.js";
import type { Database } from "../../storage/sqlite/client.js";
import {
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleUnseated as unseated,
} from "../../storage/tables.js";
import type { Newcomer, Person } from "./seating.js";

/** A room of an exam, with its people by role and in the order in which they came. */
export interface ExamRoom {
  readonly id: string;
  readonly name: string;
  readonly status: RoomStatus;
  readonly people: readonly Person[];
}

/** An exam as a plan sees it. */
export interface ExamPeople {
  /** Every room, ended ones too, in the order in which they were made. */
  readonly rooms: readonly ExamRoom[];
  /** Who has no room yet, in the order of the import. */
  readonly waiting: readonly Newcomer[];
}

/** What a plan changes. */
export interface Changes {
  readonly now: Date;
  readonly rooms: readonly NewRoom[];
  /** Those who come into rooms, each made when it is their turn. */
  readonly people: Iterable<NewPerson>;
  /** The tasks that would delete the rooms' groups. */
  readonly undo: readonly string[];
}

export interface PlanStore {
  /** Reads a part in each turn. */
  read(examId: string): Promise<ExamPeople>;
  /**
   * Makes the rooms and puts the people into them, which is seen at once. False, and nothing is done, when the exam is not as it was
   * seen.
   */
  carryOut(examId: string, seen: ExamPeople, changes: Changes): Promise<boolean>;
}

/** People that are read at once. */
const PAGE = 500;
/** The rows that a write is about: for a person in a room, and for somebody who is compared with who was seen. */
const SEAT_ROWS = 4;
const COMPARED_A_ROW = 4;

/** The exam is not as it was seen: nothing was done. */
class Changed extends Error {
  constructor() {
    super("the exam has changed");
  }
}

export const createPlanStore = ({
  db,
  bulk,
  tasks,
}: {
  db: Database;
  bulk: BulkChanges;
  tasks: TaskWriter;
}): PlanStore => {
  const { queries } = db;
  const examId = sql.placeholder("examId");
  const roomsOf = queries
    .select({ id: rooms.id, name: rooms.name, status: rooms.status })
    .from(rooms)
    .where(and(eq(rooms.examId, examId), gt(rooms.id, sql.placeholder("after"))))
    .orderBy(asc(rooms.id))
    .limit(PAGE)
    .prepare();
  const { roomId, userId, name, role, seq } = participants;
  const peopleOf = queries
    .select({ userId, name, role })
    .from(participants)
    .where(eq(roomId, sql.placeholder("roomId")))
    .orderBy(asc(role), asc(seq))
    .prepare();
  const waitingFor = queries
    .select({
      seq: unseated.seq,
      person: {
        userId: unseated.userId,
        name: unseated.name,
        role: unseated.role,
        extraMinutes: unseated.extraMinutes,
      },
    })
    .from(unseated)
    .where(and(eq(unseated.examId, examId), gt(unseated.seq, sql.placeholder("after"))))
    .orderBy(asc(unseated.seq))
    .limit(PAGE)
    .prepare();
  const endedRooms = queries
    .select({ number: count() })
    .from(rooms)
    .where(and(eq(rooms.examId, examId), eq(rooms.status, "ended")))
    .prepare();
  const insertPerson = personInserter(queries);

  /** The rooms of an exam, each with its people. */
  function* roomsIn(exam: string): Generator<ExamRoom, void> {
    for (let after = ""; ; ) {
      const found = roomsOf.all({ examId: exam, after });
      for (const room of found) yield { ...room, people: peopleOf.all({ roomId: room.id }) };
      if (found.length < PAGE) return;
      after = found.at(-1)?.id ?? after;
    }
  }
  /** Those who wait for a room, some at a time. */
  function* waitingIn(exam: string): Generator<Newcomer[], void> {
    for (let after = 0; ; ) {
      const found = waitingFor.all({ examId: exam, after });
      yield found.map(({ person }) => person);
      if (found.length < PAGE) return;
      after = found.at(-1)?.seq ?? after;
    }
  }

  /** Finds whether an exam is what was seen, a part at a time: yields how much was compared. @throws Changed */
  function* compare(exam: string, seen: ExamPeople): Generator<number, void> {
    let rooms = 0;
    for (const room of roomsIn(exam)) {
      if (!isDeepStrictEqual(room, seen.rooms[rooms])) throw new Changed();
      rooms += 1;
      yield 1 + room.people.length;
    }
    let waiting = 0;
    for (const people of waitingIn(exam)) {
      if (!isDeepStrictEqual(people, seen.waiting.slice(waiting, waiting + people.length)))
        throw new Changed();
      waiting += people.length;
      yield people.length;
    }
    if (rooms !== seen.rooms.length || waiting !== seen.waiting.length) throw new Changed();
  }

  return {
    async read(exam) {
      const seen = { rooms: [] as ExamRoom[], waiting: [] as Newcomer[] };
      const pace = createPace(PAGE);
      for (const room of roomsIn(exam)) {
        seen.rooms.push(room);
        await pace(1 + room.people.length);
      }
      for (const people of waitingIn(exam)) {
        seen.waiting.push(...people);
        await pace(people.length);
      }
      return seen;
    },
    carryOut: (exam, seen, changes) =>
      bulk
        .run({ kind: "plan", examId: exam, now: changes.now }, function* prepare({ id }) {
          const ended = endedRooms.get({ examId: exam })?.number;
          for (const compared of compare(exam, seen)) yield Math.ceil(compared / COMPARED_A_ROW);
          for (const room of changes.rooms) {
            insertRoom(queries, room, id);
            yield 1;
          }
          for (const person of changes.people) {
            insertPerson(person, id);
            yield SEAT_ROWS;
          }
          for (const task of changes.undo) {
            tasks.keepGroups([task]);
            yield 1;
          }
          // Rooms may end meanwhile; nothing else of an exam's changes.
          if (endedRooms.get({ examId: exam })?.number !== ended) throw new Changed();
          return true;
        })
        .catch((error: unknown) => {
          if (error instanceof Changed) return false;
          throw error;
        }),
  };
};
