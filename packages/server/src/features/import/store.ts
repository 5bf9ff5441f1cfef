import type { ParticipantRole } from "@invigil/schema";
import { and, asc, eq, gt, type SQL, sql } from "drizzle-orm";
import type { Database } from "../../db/client.js";
import { type EventWriter, tellOfArrival } from "../../db/events.js";
import { type NewPerson, personInserter } from "../../db/inserts.js";
import { roomSizer } from "../../db/room-size.js";
import { makeStaging, stagedPeople } from "../../db/staging.js";
import { exams, participants, rooms, unseated } from "../../db/tables.js";
import type { RoomSize } from "../participant/service.js";
import type { Details, Place, StagedPerson } from "./judge.js";
import type { ExamRoom } from "./rooms.js";

/** How the people of a file are written into the exam. */
export interface Writing {
  insert(person: NewPerson): void;
  /** Without a room. */
  wait(person: { userId: string; role: ParticipantRole } & Details): void;
  /** In a room, or while it waits for one. */
  change(userId: string, roomId: string | null, is: Details): void;
}

export interface ImportStore {
  /** In the order they were made. */
  rooms(examId: string): Promise<ExamRoom[]>;
  /** Keeps rows for `settle`. Returns those whose person an earlier row has, which are not kept. */
  stage(importId: string, people: readonly StagedPerson[]): Promise<{ row: number; earlier: number }[]>;
  /**
   * Goes through the rows that were kept, in one transaction: `each` with where in the exam its person is. What it
   * wrote is undone unless `keep` says yes at the end. There are no rooms to `work` with when the exam is gone. `size` sees
   * each room that people came into.
   */
  settle<Result>(
    importId: string,
    into: { examId: string; now: Date },
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

/** Rows that are read at once. */
const PAGE = 1000;

/** Takes a transaction back that did its work. */
class TakenBack<Result> extends Error {
  constructor(readonly result: Result) {
    super("taken back");
  }
}

export const createImportStore = ({ db, events }: { db: Database; events: EventWriter }): ImportStore => {
  const { queries, write } = db;
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

  // As JSON, because a person is in none, one or many rooms, and a page is one query.
  const placeOf = (roomId: SQL, person: SQL) => sql`json_object('roomId', ${roomId}, 'role', ${person}.role,
    'name', ${person}.name, 'extraMinutes', ${person}.extra_minutes)`;
  const seats = sql<string>`(SELECT json_group_array(${placeOf(sql`person.room_id`, sql`person`)})
    FROM ${participants} AS person CROSS JOIN ${rooms}
    WHERE person.user_id = ${stagedPeople}.user_id AND ${rooms}.id = person.room_id
      AND ${rooms}.exam_id = ${sql.placeholder("examId")})`;
  const waiting = sql<string | null>`(SELECT ${placeOf(sql`NULL`, sql`waiting`)} FROM ${unseated} AS waiting
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
    })
    .prepare();

  const sizeOf = roomSizer(queries);
  const writingTo = (
    { examId, now: updatedAt }: { examId: string; now: Date },
    added: Map<string, number>,
  ): Writing => ({
    insert(person) {
      added.set(person.roomId, (added.get(person.roomId) ?? 0) + 1);
      tellOfArrival(events, person.roomId, insertPerson(person), person.now);
    },
    wait: (person) => void insertWaiting.run({ ...person, examId, now: updatedAt }),
    change(userId, roomId, is) {
      const change = { ...is, updatedAt };
      if (roomId === null) {
        const isWaiting = and(eq(unseated.examId, examId), eq(unseated.userId, userId));
        queries.update(unseated).set(change).where(isWaiting).run();
        return;
      }
      const isThere = and(eq(participants.roomId, roomId), eq(participants.userId, userId));
      const { role } = participants;
      const person = queries.update(participants).set(change).where(isThere).returning({ role }).get();
      if (person) events.add(roomId, "participant_updated", { userId, ...person, ...is }, updatedAt);
    },
  });

  function* staged(importId: string, examId: string) {
    for (let after = 0; ; ) {
      const rows = page.all({ importId, examId, after });
      yield* rows;
      if (rows.length < PAGE) return;
      after = rows.at(-1)?.row ?? after;
    }
  }

  return {
    rooms: async (examId) => examRooms(examId),
    // Not through `write`: the rows are the connection's own, so the database is not locked meanwhile.
    stage: async (importId, people) =>
      queries.transaction(() =>
        people.flatMap((person) => {
          if (keep.run({ importId, ...person }).changes > 0) return [];
          const found = earlier.get({ importId, userId: person.userId });
          return [{ row: person.row, earlier: found?.row ?? 0 }];
        }),
      ),
    settle: <Result>(
      importId: string,
      into: { examId: string; now: Date },
      work: (rooms: ExamRoom[] | undefined, writing: Writing) => Settling<Result>,
      size: RoomSize | undefined,
    ) =>
      write(() => {
        const { examId } = into;
        const added = new Map<string, number>();
        const { each, end } = work(exam.get({ examId }) && examRooms(examId), writingTo(into, added));
        // Safe: the query above has made it.
        for (const { seats: there, waiting: waits, ...person } of staged(importId, examId))
          each(person, placesOf({ seats: there, waiting: waits }));
        const { keep: kept, result } = end();
        if (!kept) throw new TakenBack(result);
        if (size) for (const [room, count] of added) size.check(room, sizeOf(room, size.most + 1), count);
        return result;
      }).catch((error: unknown) => {
        // Safe: thrown only above, for this very import.
        if (error instanceof TakenBack) return error.result as Result;
        throw error;
      }),
    discard: async (importId) =>
      void queries.delete(stagedPeople).where(eq(stagedPeople.importId, importId)).run(),
  };
};
