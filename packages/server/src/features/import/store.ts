import { setImmediate as nextTurn } from "node:timers/promises";
import type { ParticipantRole } from "@invigil/schema";
import { and, asc, count, eq, gt, inArray, type SQL, sql } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import { type NewPerson, personInserter } from "../../domain/inserts.js";
import { roomSizer } from "../../domain/room-size.js";
import type { Database } from "../../storage/sqlite/client.js";
import { makeStaging, stagedPeople } from "../../storage/staging.js";
import {
  visibleExams as exams,
  participants,
  personChanges,
  visibleRooms as rooms,
  unseated,
  visibleParticipants,
  visibleUnseated,
} from "../../storage/tables.js";
import type { RoomSize } from "../participant/service.js";
import type { Details, Place, StagedPerson } from "./judge.js";
import type { ExamRoom } from "./rooms.js";

/** How the people of a file are written into the exam. */
export interface Writing {
  insert(person: NewPerson): void;
  /** Without a room. */
  wait(person: { userId: string; role: ParticipantRole } & Details): void;
  /** In a room, or while they wait for one. */
  change(userId: string, roomId: string | null, is: Details): void;
}

/** An exam that people are imported into. */
export interface Into {
  readonly examId: string;
  readonly now: Date;
  /** Only judges: nothing is written. */
  readonly dryRun: boolean;
}

export interface ImportStore {
  /** In the order they were made. */
  rooms(examId: string): Promise<ExamRoom[]>;
  /** Keeps rows for `settle`. Returns those whose person an earlier row has, which are not kept. */
  stage(importId: string, people: readonly StagedPerson[]): Promise<{ row: number; earlier: number }[]>;
  /**
   * Goes through the rows that were kept: `each` with where in the exam its person is. What it wrote is seen at once when `end` says
   * to keep it, and undone otherwise. There are no rooms to `work` with when the exam is gone. `size` sees each room that people came
   * into.
   * @throws what `work` and `size` throw, and `RoomsEnded`
   */
  settle<Result>(
    importId: string,
    into: Into,
    work: (rooms: ExamRoom[] | undefined, writing: Writing) => Settling<Result>,
    size: RoomSize | undefined,
  ): Promise<Result>;
  /** Forgets the rows. */
  discard(importId: string): Promise<void>;
}

export interface Settling<Result> {
  readonly each: (person: StagedPerson, places: readonly Place[]) => void;
  readonly end: () => { keep: boolean; result: Result };
}

/** Rooms of the exam ended while people were being written into them: nothing was imported. */
export class RoomsEnded extends Error {
  constructor() {
    super("rooms of the exam ended meanwhile");
  }
}

/** People that are judged, and written, at once. */
const PAGE = 100;
/** The rows that a write is about, where a person comes into a room and where they wait for one or change. */
const SEAT_ROWS = 4;
const OTHER_ROWS = 2;
const DISCARDED_AT_ONCE = 2000;

/** Takes a change back that did its work. */
class TakenBack<Result> extends Error {
  constructor(readonly result: Result) {
    super("taken back");
  }
}

export const createImportStore = ({ db, bulk }: { db: Database; bulk: BulkChanges }): ImportStore => {
  const { queries } = db;
  makeStaging(queries);
  const insertPerson = personInserter(queries);
  const roomsOf = queries
    .select({ id: rooms.id, name: rooms.name, status: rooms.status })
    .from(rooms)
    .where(eq(rooms.examId, sql.placeholder("examId")))
    .orderBy(asc(rooms.id))
    .prepare();
  const examRooms = (examId: string): ExamRoom[] =>
    roomsOf.all({ examId }).map(({ status, ...room }) => ({ ...room, ended: status === "ended" }));

  const exam = queries
    .select({ id: exams.id })
    .from(exams)
    .where(eq(exams.id, sql.placeholder("examId")))
    .prepare();

  const keep = queries
    .insert(stagedPeople)
    .values({
      importId: sql.placeholder("importId"),
      row: sql.placeholder("row"),
      userId: sql.placeholder("userId"),
      role: sql.placeholder("role"),
      name: sql.placeholder("name"),
      extraMinutes: sql.placeholder("extraMinutes"),
      roomId: sql.placeholder("roomId"),
    })
    .onConflictDoNothing({ target: [stagedPeople.importId, stagedPeople.userId] })
    .prepare();
  const earlier = queries
    .select({ row: stagedPeople.row })
    .from(stagedPeople)
    .where(
      and(
        eq(stagedPeople.importId, sql.placeholder("importId")),
        eq(stagedPeople.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();

  const discardSome = queries
    .delete(stagedPeople)
    .where(
      and(
        eq(stagedPeople.importId, sql.placeholder("importId")),
        inArray(
          stagedPeople.row,
          queries
            .select({ row: stagedPeople.row })
            .from(stagedPeople)
            .where(eq(stagedPeople.importId, sql.placeholder("importId")))
            .limit(DISCARDED_AT_ONCE),
        ),
      ),
    )
    .prepare();

  // As JSON, because a person is in none, one or many rooms, and a page is one query.
  const placeOf = (roomId: SQL, person: SQL) => sql`json_object('roomId', ${roomId}, 'role', ${person}.role,
    'name', ${person}.name, 'extraMinutes', ${person}.extra_minutes)`;
  const seats = sql<string>`(SELECT json_group_array(${placeOf(sql`person.room_id`, sql`person`)})
    FROM ${visibleParticipants} AS person CROSS JOIN ${rooms}
    WHERE person.user_id = ${stagedPeople}.user_id AND ${rooms}.id = person.room_id
      AND ${rooms}.exam_id = ${sql.placeholder("examId")})`;
  const waiting = sql<
    string | null
  >`(SELECT ${placeOf(sql`NULL`, sql`waiting`)} FROM ${visibleUnseated} AS waiting
    WHERE waiting.exam_id = ${sql.placeholder("examId")} AND waiting.user_id = ${stagedPeople}.user_id)`;
  // Safe, as the query makes them.
  const placesOf = (row: { seats: string; waiting: string | null }): Place[] => [
    ...(row.seats === "[]" ? [] : (JSON.parse(row.seats) as Place[])),
    ...(row.waiting === null ? [] : [JSON.parse(row.waiting) as Place]),
  ];
  const page = queries
    .select({
      row: stagedPeople.row,
      userId: stagedPeople.userId,
      role: stagedPeople.role,
      name: stagedPeople.name,
      extraMinutes: stagedPeople.extraMinutes,
      roomId: stagedPeople.roomId,
      seats,
      waiting,
    })
    .from(stagedPeople)
    .where(
      and(
        eq(stagedPeople.importId, sql.placeholder("importId")),
        gt(stagedPeople.row, sql.placeholder("after")),
      ),
    )
    .orderBy(asc(stagedPeople.row))
    .limit(PAGE)
    .prepare();

  const insertWaiting = queries
    .insert(unseated)
    .values({
      examId: sql.placeholder("examId"),
      userId: sql.placeholder("userId"),
      role: sql.placeholder("role"),
      name: sql.placeholder("name"),
      extraMinutes: sql.placeholder("extraMinutes"),
      createdAt: sql.placeholder("now"),
      updatedAt: sql.placeholder("now"),
      addedBy: sql.placeholder("changeId"),
    })
    .prepare();
  const seatOf = queries
    .select({ seq: participants.seq })
    .from(participants)
    .where(
      and(
        eq(participants.roomId, sql.placeholder("roomId")),
        eq(participants.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();
  const waitingOf = queries
    .select({ seq: unseated.seq })
    .from(unseated)
    .where(
      and(eq(unseated.examId, sql.placeholder("examId")), eq(unseated.userId, sql.placeholder("userId"))),
    )
    .prepare();
  const insertChange = queries
    .insert(personChanges)
    .values({
      changeId: sql.placeholder("changeId"),
      place: sql.placeholder("place"),
      seq: sql.placeholder("seq"),
      name: sql.placeholder("name"),
      extraMinutes: sql.placeholder("extraMinutes"),
    })
    .prepare();
  const endedRooms = queries
    .select({ number: count() })
    .from(rooms)
    .where(and(eq(rooms.examId, sql.placeholder("examId")), eq(rooms.status, "ended")))
    .prepare();

  const sizeOf = roomSizer(queries);
  /** Writes people for a change, and counts the rows that it writes. */
  const writingFor = (changeId: number, { examId, now }: Into) => {
    let rows = 0;
    const added = new Map<string, number>();
    const writing: Writing = {
      insert(person) {
        added.set(person.roomId, (added.get(person.roomId) ?? 0) + 1);
        insertPerson(person, changeId);
        rows += SEAT_ROWS;
      },
      wait(person) {
        insertWaiting.run({ ...person, examId, now, changeId });
        rows += OTHER_ROWS;
      },
      change(userId, roomId, is) {
        const place = roomId === null ? "unseated" : "seated";
        const row = roomId === null ? waitingOf.get({ examId, userId }) : seatOf.get({ roomId, userId });
        if (row) insertChange.run({ changeId, place, seq: row.seq, ...is });
        rows += OTHER_ROWS;
      },
    };
    return { writing, added, written: () => rows };
  };
  const nothing: Writing = {
    insert: () => undefined,
    wait: () => undefined,
    change: () => undefined,
  };

  /** Takes the rows that were kept a page at a time; returns after each how many they were. */
  function* takeEach(importId: string, examId: string, { each }: Settling<unknown>): Generator<number, void> {
    for (let after = 0; ; ) {
      const rows = page.all({ importId, examId, after });
      // Safe: the query above has made it.
      for (const { seats: there, waiting: waits, ...person } of rows)
        each(person, placesOf({ seats: there, waiting: waits }));
      if (rows.length < PAGE) return;
      after = rows.at(-1)?.row ?? after;
      yield rows.length;
    }
  }

  return {
    rooms: async (examId) => examRooms(examId),
    // Not through `write`: the rows are the connection's own, so the database is not locked meanwhile.
    async stage(importId, people) {
      const twice: { row: number; earlier: number }[] = [];
      for (let at = 0; at < people.length; at += PAGE) {
        queries.transaction(() => {
          for (const person of people.slice(at, at + PAGE)) {
            if (keep.run({ importId, ...person }).changes > 0) continue;
            const found = earlier.get({ importId, userId: person.userId });
            twice.push({ row: person.row, earlier: found?.row ?? 0 });
          }
        });
        await nextTurn();
      }
      return twice;
    },
    async settle<Result>(
      importId: string,
      into: Into,
      work: (rooms: ExamRoom[] | undefined, writing: Writing) => Settling<Result>,
      size: RoomSize | undefined,
    ) {
      const { examId, now } = into;
      const begin = (writing: Writing) => work(exam.get({ examId }) && examRooms(examId), writing);
      const ended = () => endedRooms.get({ examId })?.number;
      if (into.dryRun) {
        const settling = begin(nothing);
        for (const _ of takeEach(importId, examId, settling)) await nextTurn();
        return settling.end().result;
      }
      return bulk
        .run({ kind: "import", examId, now }, function* prepare({ id }) {
          const { writing, added, written } = writingFor(id, into);
          const settling = begin(writing);
          const endedBefore = ended();
          let before = 0;
          for (const judged of takeEach(importId, examId, settling)) {
            yield judged + written() - before;
            before = written();
          }
          const { keep: kept, result } = settling.end();
          if (!kept) throw new TakenBack(result);
          if (size) for (const [room, count] of added) size.check(room, sizeOf(room, size.most + 1), count);
          if (ended() !== endedBefore) throw new RoomsEnded();
          return result;
        })
        .catch((error: unknown) => {
          // Safe: thrown only above, for this very import.
          if (error instanceof TakenBack) return error.result as Result;
          throw error;
        });
    },
    async discard(importId) {
      while (discardSome.run({ importId }).changes > 0) await nextTurn();
    },
  };
};
