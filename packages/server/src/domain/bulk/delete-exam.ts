import { and, asc, count, eq, gt, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Database } from "../../storage/sqlite/client.js";
import {
  cheatRecords,
  exams,
  rooms,
  visibleExams,
  visibleParticipants,
  visibleRooms,
  visibleUnseated,
} from "../../storage/tables.js";
import type { BulkChanges } from "./changes.js";

/** What an exam holds: its rooms, its people in and outside of them, and what was recorded in it. */
export interface Holding {
  readonly rooms: number;
  readonly people: number;
  readonly records: number;
}

/** Rows that are counted at once. */
const COUNTED_AT_ONCE = 2000;

/** A row is counted in this part of the time in which one is changed. */
const COUNTS_A_ROW = 4;

/** Somebody else has deleted the exam. */
class Gone extends Error {
  constructor() {
    super("the exam is gone");
  }
}

/**
 * Makes the function that deletes an exam with everything that belongs to it, also its rooms' groups: at once for everybody who looks,
 * however large it is. `judge` sees before what it holds, and refuses by throwing. Undefined when there is no such exam.
 */
export const createExamDeleter = ({ db, bulk }: { db: Database; bulk: BulkChanges }) => {
  const { queries } = db;
  const exam = queries
    .select({ name: visibleExams.name })
    .from(visibleExams)
    .where(eq(visibleExams.id, sql.placeholder("examId")))
    .prepare();
  /** Counts rows of one owner by ranges of a growing key. */
  const counter = (
    from: typeof visibleUnseated | typeof cheatRecords,
    owner: SQLiteColumn,
    key: SQLiteColumn,
  ) => {
    const some = queries
      .select({ key })
      // Safe: either has the two columns, which are all that is read.
      .from(from as typeof cheatRecords)
      .where(and(eq(owner, sql.placeholder("owner")), gt(key, sql.placeholder("after"))))
      .orderBy(asc(key))
      .limit(COUNTED_AT_ONCE)
      .prepare();
    return (ownerId: string, after: number) => {
      const rows = some.values({ owner: ownerId, after });
      return {
        number: rows.length,
        last: Number(rows.at(-1)?.[0] ?? after),
        isAll: rows.length < COUNTED_AT_ONCE,
      };
    };
  };
  const ofRoom = queries
    .select({ number: count() })
    .from(visibleParticipants)
    .where(eq(visibleParticipants.roomId, sql.placeholder("roomId")))
    .prepare();
  const waiting = counter(visibleUnseated, visibleUnseated.examId, visibleUnseated.seq);
  const records = counter(cheatRecords, cheatRecords.examId, cheatRecords.id);
  const someRooms = queries
    .select({ id: visibleRooms.id })
    .from(visibleRooms)
    .where(
      and(eq(visibleRooms.examId, sql.placeholder("examId")), gt(visibleRooms.id, sql.placeholder("after"))),
    )
    .orderBy(asc(visibleRooms.id))
    .limit(COUNTED_AT_ONCE)
    .prepare();
  const markExam = queries
    .update(exams)
    .set({ removedBy: sql`${sql.placeholder("id")}` })
    .where(eq(exams.id, sql.placeholder("examId")))
    .prepare();
  const markRoom = queries
    .update(rooms)
    .set({ removedBy: sql`${sql.placeholder("id")}` })
    .where(eq(rooms.id, sql.placeholder("roomId")))
    .prepare();

  function* countRows(
    counted: typeof waiting,
    ownerId: string,
  ): Generator<number, { number: number; last: number }> {
    let number = 0;
    for (let after = 0; ; ) {
      const some = counted(ownerId, after);
      number += some.number;
      after = some.last;
      yield Math.ceil(some.number / COUNTS_A_ROW);
      if (some.isAll) return { number, last: after };
    }
  }
  function* roomsOf(examId: string): Generator<string, void> {
    for (let after = ""; ; ) {
      const found = someRooms.all({ examId, after });
      for (const { id } of found) yield id;
      if (found.length < COUNTED_AT_ONCE) return;
      after = found.at(-1)?.id ?? after;
    }
  }
  /** What an exam holds, counted a part at a time. */
  function* holdingOf(examId: string): Generator<number, Holding & { lastRecord: number }> {
    let seated = 0;
    let number = 0;
    for (const roomId of roomsOf(examId)) {
      const { number: people = 0 } = ofRoom.get({ roomId }) ?? {};
      number += 1;
      seated += people;
      yield 1 + Math.ceil(people / COUNTS_A_ROW);
    }
    const unseated = yield* countRows(waiting, examId);
    const { number: recorded, last } = yield* countRows(records, examId);
    return { rooms: number, people: seated + unseated.number, records: recorded, lastRecord: last };
  }

  return async (
    { examId, now }: { examId: string; now: Date },
    judge: (holding: Holding & { readonly name: string }) => void,
  ): Promise<Holding | undefined> =>
    bulk
      .run({ kind: "delete_exam", examId, now }, function* prepare({ id }) {
        const { name } = exam.get({ examId }) ?? {};
        if (name === undefined) throw new Gone();
        const counted = yield* holdingOf(examId);
        judge({ ...counted, name });
        for (const roomId of roomsOf(examId)) {
          markRoom.run({ id, roomId });
          yield 1;
        }
        // Rooms and people are what they were; records have gone on coming.
        const since = records(examId, counted.lastRecord);
        judge({ ...counted, name, records: counted.records + since.number });
        markExam.run({ id, examId });
        return { rooms: counted.rooms, people: counted.people, records: counted.records + since.number };
      })
      .catch((error: unknown) => {
        if (error instanceof Gone) return undefined;
        throw error;
      });
};
