import { isDeepStrictEqual } from "node:util";
import type { RoomStatus } from "@invigil/schema";
import { and, asc, count, eq, gt } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import type { Author } from "../../domain/calls.js";
import type { RosterTransaction } from "../../domain/exam-transaction.js";
import type { NewPerson, NewRoom } from "../../domain/people.js";
import { insertPerson, insertRoom } from "../../domain/people.js";
import type { TaskLog } from "../../domain/vendor-tasks.js";
import { createPace } from "../../platform/pace.js";
import type { Queries, Reader } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import {
  visibleParticipants as participants,
  visibleRooms as rooms,
  visibleUnseated as unseated,
} from "../../storage/tables.js";
import type { Person, UnseatedPerson } from "./seating.js";

/** A room of an exam, with its people by role and in the order in which they were added. */
export interface ExamRoom {
  readonly id: string;
  readonly name: string;
  readonly status: RoomStatus;
  readonly people: readonly Person[];
}

/** The state of an exam that a plan is based on. */
export interface ExamPeople {
  /** All rooms, including ended ones, oldest first. */
  readonly rooms: readonly ExamRoom[];
  /** The people without a room, in the order of the import. */
  readonly unseated: readonly UnseatedPerson[];
}

/** The changes of a plan. */
export interface Changes {
  readonly now: Date;
  readonly rooms: readonly NewRoom[];
  /** Makes the people to add to rooms, one after the other. */
  readonly people: () => Iterable<NewPerson>;
  readonly author: Author;
  /** The ids of the tasks that would delete the rooms' groups. */
  readonly undo: readonly string[];
}

/** The number of rooms, or people without a room, that one statement reads. */
const PAGE = 500;
/** The cost of a person in a room, in rows. */
const SEAT_ROWS = 4;
/** Comparing a person costs a fraction of changing a row: this many comparisons count as one row. */
const COMPARED_A_ROW = 4;

const roomsAfter = statement(
  query
    .select({ id: rooms.id, name: rooms.name, status: rooms.status })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), gt(rooms.id, param("after"))))
    .orderBy(asc(rooms.id))
    .limit(PAGE),
);
const peopleOfRoom = statement(
  query
    .select({ userId: participants.userId, name: participants.name, role: participants.role })
    .from(participants)
    .where(and(eq(participants.examId, param("examId")), eq(participants.roomId, param("roomId"))))
    .orderBy(asc(participants.role), asc(participants.seq)),
);
const unseatedAfter = statement(
  query
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
    .where(and(eq(unseated.examId, param("examId")), gt(unseated.seq, param("after"))))
    .orderBy(asc(unseated.seq))
    .limit(PAGE),
);
const endedRooms = statement(
  query
    .select({ number: count() })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.status, "ended"))),
);

/** The exam has changed since it was read. */
class ExamChanged extends Error {
  constructor() {
    super("the exam has changed");
  }
}

/** Reads the rooms of an exam, each with its people. */
async function* roomsOf(reader: Reader, examId: string): AsyncGenerator<ExamRoom, void, void> {
  for (let after = ""; ; ) {
    const found = await reader.all(roomsAfter, { examId, after });
    for (const room of found)
      yield { ...room, people: await reader.all(peopleOfRoom, { examId, roomId: room.id }) };
    if (found.length < PAGE) return;
    after = found.at(-1)?.id ?? after;
  }
}
/** Reads the unseated people, page by page. */
async function* unseatedOf(reader: Reader, examId: string): AsyncGenerator<UnseatedPerson[], void, void> {
  for (let after = 0; ; ) {
    const found = await reader.all(unseatedAfter, { examId, after });
    yield found.map(({ person }) => person);
    if (found.length < PAGE) return;
    after = found.at(-1)?.seq ?? after;
  }
}

/**
 * Compares an exam with an earlier state, in parts: yields the number of people and rooms compared. @throws
 * ExamChanged
 */
async function* compare(
  reader: Reader,
  examId: string,
  seen: ExamPeople,
): AsyncGenerator<number, void, void> {
  let rooms = 0;
  for await (const room of roomsOf(reader, examId)) {
    if (!isDeepStrictEqual(room, seen.rooms[rooms])) throw new ExamChanged();
    rooms += 1;
    yield 1 + room.people.length;
  }
  let unseated = 0;
  for await (const people of unseatedOf(reader, examId)) {
    if (!isDeepStrictEqual(people, seen.unseated.slice(unseated, unseated + people.length)))
      throw new ExamChanged();
    unseated += people.length;
    yield people.length;
  }
  if (rooms !== seen.rooms.length || unseated !== seen.unseated.length) throw new ExamChanged();
}

export type PlanStore = ReturnType<typeof createPlanStore>;

export const createPlanStore = ({
  storage,
  bulk,
  tasks,
}: {
  storage: Queries;
  bulk: BulkChanges;
  tasks: TaskLog;
}) => {
  async function* prepare(
    tx: RosterTransaction,
    { id, examId }: { readonly id: number; readonly examId: string },
    seen: ExamPeople,
    changes: Changes,
  ): AsyncGenerator<number, void, void> {
    const endedBefore = (await tx.get(endedRooms, { examId }))?.number;
    for await (const compared of compare(tx, examId, seen)) yield Math.ceil(compared / COMPARED_A_ROW);
    for (const room of changes.rooms) {
      await insertRoom(tx, room, id);
      yield 1;
    }
    for (const person of changes.people()) {
      await insertPerson(tx, person, id);
      yield SEAT_ROWS;
    }
    for (const task of changes.undo) {
      await tasks.keepGroups(tx, examId, [task]);
      yield 1;
    }
    // Rooms may end while the change is prepared. Other changes of the exam's rooms and people are locked out.
    if ((await tx.get(endedRooms, { examId }))?.number !== endedBefore) throw new ExamChanged();
  }

  return {
    /** Reads an exam in parts, one in each turn of the event loop. */
    async read(examId: string): Promise<ExamPeople> {
      const seen = { rooms: [] as ExamRoom[], unseated: [] as UnseatedPerson[] };
      const pace = createPace(PAGE);
      for await (const room of roomsOf(storage, examId)) {
        seen.rooms.push(room);
        await pace(1 + room.people.length);
      }
      for await (const people of unseatedOf(storage, examId)) {
        seen.unseated.push(...people);
        await pace(people.length);
      }
      return seen;
    },
    /**
     * Creates the rooms and adds the people. All of it becomes visible at once. Returns false, and writes
     * nothing, when the exam has changed since it was read.
     */
    async apply(examId: string, seen: ExamPeople, changes: Changes): Promise<boolean> {
      try {
        await bulk.run({ kind: "plan", examId, now: changes.now, author: changes.author }, ({ id }, tx) =>
          prepare(tx, { id, examId }, seen, changes),
        );
        return true;
      } catch (error) {
        if (error instanceof ExamChanged) return false;
        throw error;
      }
    },
  };
};
