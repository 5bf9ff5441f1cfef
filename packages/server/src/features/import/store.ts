import { setImmediate as nextTurn } from "node:timers/promises";
import type { ParticipantRole } from "@invigil/schema";
import { and, asc, count, eq, gt } from "drizzle-orm";
import type { BulkChanges } from "../../domain/bulk/changes.js";
import { markChanged } from "../../domain/bulk/marked-rows.js";
import type { createPersonRemover } from "../../domain/bulk/removal.js";
import type { Author } from "../../domain/calls.js";
import type { RosterTransaction } from "../../domain/exam-transaction.js";
import type { NewPerson } from "../../domain/people.js";
import { insertPerson, readRoomSize } from "../../domain/people.js";
import { readTrace, type Trace } from "../../domain/traces.js";
import { isRoomOf } from "../../storage/conditions.js";
import type { Queries, Reader } from "../../storage/port.js";
import { insertion, param, query, statement } from "../../storage/statement.js";
import {
  visibleExams as exams,
  personChanges,
  visibleRooms as rooms,
  unseated,
  visibleParticipants,
  visibleUnseated,
} from "../../storage/tables.js";
import { assertRoomSize } from "../participant/rules.js";
import type { ExamRoom } from "./rooms.js";
import type { Details, Place, RosterPerson } from "./row-action.js";

/** Collects what to write about people. */
export interface PersonWriter {
  insert(person: NewPerson): void;
  /** Adds a person without a room. */
  addUnseated(person: { userId: string; role: ParticipantRole } & Details): void;
  /** Changes a person in a room, or (null) among the people who wait for one. */
  change(userId: string, roomId: string | null, is: Details): void;
}

/** A person of the exam, in a room or without one. */
export interface ExamMember {
  readonly userId: string;
  readonly name: string;
  readonly role: ParticipantRole;
  readonly roomId?: string;
}

/** The exam to import into. */
export interface ImportTarget {
  readonly examId: string;
  readonly now: Date;
  /** Whether to write nothing. */
  readonly dryRun: boolean;
  readonly author: Author;
}

export interface ImportWork<Result> {
  readonly each: (person: RosterPerson, places: readonly Place[]) => void;
  readonly end: () => { keep: boolean; result: Result };
}

/** Rooms of the exam ended while people were being added to them: nothing was imported. */
export class RoomsEnded extends Error {
  constructor() {
    super("rooms of the exam ended during the import");
  }
}

/** The number of people of one step. */
const PAGE = 100;
/** The cost of a person, in rows: one who is added to a room, and one who stays unseated or changes. */
const SEAT_ROWS = 4;
const OTHER_ROWS = 2;
/** How many people of the exam to read in one turn of the event loop, and of how many the traces. */
const READ_A_TURN = 2000;
const TRACED_A_TURN = 20;

/** Thrown to undo the change because its result says so. */
class RolledBack<Result> extends Error {
  constructor(readonly result: Result) {
    super("nothing is imported");
  }
}

const roomsOfExam = statement(
  query
    .select({ id: rooms.id, name: rooms.name, status: rooms.status, createTeacher: rooms.createTeacher })
    .from(rooms)
    .where(eq(rooms.examId, param("examId")))
    .orderBy(asc(rooms.id)),
);
const examById = statement(
  query
    .select({ id: exams.id })
    .from(exams)
    .where(eq(exams.id, param("examId"))),
);
const endedRooms = statement(
  query
    .select({ number: count() })
    .from(rooms)
    .where(and(eq(rooms.examId, param("examId")), eq(rooms.status, "ended"))),
);
const seatsOfPeople = statement((dialect) =>
  query
    .select({
      seq: visibleParticipants.seq,
      userId: visibleParticipants.userId,
      roomId: visibleParticipants.roomId,
      role: visibleParticipants.role,
      name: visibleParticipants.name,
      extraMinutes: visibleParticipants.extraMinutes,
    })
    .from(visibleParticipants)
    // A cross join makes SQLite begin with the given people, who are fewer than those of the exam.
    .crossJoin(rooms)
    .where(
      and(
        dialect.isAnyOf(visibleParticipants.userId, "userIds"),
        eq(visibleParticipants.examId, param("examId")),
        isRoomOf(rooms, visibleParticipants),
      ),
    ),
);
const unseatedPeople = statement((dialect) =>
  query
    .select({
      seq: visibleUnseated.seq,
      userId: visibleUnseated.userId,
      role: visibleUnseated.role,
      name: visibleUnseated.name,
      extraMinutes: visibleUnseated.extraMinutes,
    })
    .from(visibleUnseated)
    .where(
      and(eq(visibleUnseated.examId, param("examId")), dialect.isAnyOf(visibleUnseated.userId, "userIds")),
    ),
);
const seatedAfter = statement(
  query
    .select({
      seq: visibleParticipants.seq,
      userId: visibleParticipants.userId,
      name: visibleParticipants.name,
      role: visibleParticipants.role,
      roomId: visibleParticipants.roomId,
    })
    .from(visibleParticipants)
    .where(and(eq(visibleParticipants.examId, param("examId")), gt(visibleParticipants.seq, param("after"))))
    .orderBy(asc(visibleParticipants.seq))
    .limit(READ_A_TURN),
);
const unseatedAfter = statement(
  query
    .select({
      seq: visibleUnseated.seq,
      userId: visibleUnseated.userId,
      name: visibleUnseated.name,
      role: visibleUnseated.role,
    })
    .from(visibleUnseated)
    .where(and(eq(visibleUnseated.examId, param("examId")), gt(visibleUnseated.seq, param("after"))))
    .orderBy(asc(visibleUnseated.seq))
    .limit(READ_A_TURN),
);
const insertUnseated = insertion(unseated);
const insertChanges = insertion(personChanges);

const readRooms = async (reader: Reader, examId: string): Promise<ExamRoom[]> =>
  (await reader.all(roomsOfExam, { examId })).map(({ status, ...room }) => ({
    ...room,
    ended: status === "ended",
  }));

/** A place with the `seq` of its row. */
type PlaceRow = Place & { readonly seq: number };

/**
 * Returns people's places in an exam, by user id: their rooms by role and creation, then their place among the
 * people who wait.
 */
const readPlaces = async (
  reader: Reader,
  examId: string,
  people: readonly RosterPerson[],
): Promise<ReadonlyMap<string, readonly PlaceRow[]>> => {
  const userIds = people.map(({ userId }) => userId);
  const seats = await reader.all(seatsOfPeople, { examId, userIds });
  const withoutRoom = await reader.all(unseatedPeople, { examId, userIds });
  const keyOf = ({ role, roomId }: (typeof seats)[number]): string => `${role} ${roomId}`;
  const places = new Map<string, PlaceRow[]>();
  for (const { userId, ...place } of [
    ...seats.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
    ...withoutRoom.map((row) => ({ ...row, roomId: null })),
  ])
    places.set(userId, [...(places.get(userId) ?? []), place]);
  return places;
};

const pagesOf = function* (people: readonly RosterPerson[]): Generator<readonly RosterPerson[], void, void> {
  for (let at = 0; at < people.length; at += PAGE) yield people.slice(at, at + PAGE);
};

const WRITES_NOTHING: PersonWriter = {
  insert: () => undefined,
  addUnseated: () => undefined,
  change: () => undefined,
};

/** Collects what to write about a page of people, and writes it as part of a bulk change. */
const createPageWriter = (changeId: number, { examId, now }: ImportTarget) => {
  let inserted: NewPerson[] = [];
  let unseatedRows: (typeof unseated.$inferInsert)[] = [];
  let changed: { userId: string; roomId: string | null; is: Details }[] = [];
  const writing: PersonWriter = {
    insert: (person) => void inserted.push(person),
    addUnseated: (person) =>
      void unseatedRows.push({ ...person, examId, createdAt: now, updatedAt: now, addedBy: changeId }),
    change: (userId, roomId, is) => void changed.push({ userId, roomId, is }),
  };
  /** The number of people added to each room. */
  const added = new Map<string, number>();
  return {
    writing,
    added,
    /** Writes what was collected. Returns its cost in rows. */
    async write(tx: RosterTransaction, places: ReadonlyMap<string, readonly PlaceRow[]>): Promise<number> {
      const rows = inserted.length * SEAT_ROWS + (unseatedRows.length + changed.length) * OTHER_ROWS;
      for (const person of inserted) {
        added.set(person.roomId, (added.get(person.roomId) ?? 0) + 1);
        await insertPerson(tx, person, changeId);
      }
      if (unseatedRows.length > 0) await tx.insert(insertUnseated, unseatedRows);
      const changes = changed.flatMap(({ userId, roomId, is }) => {
        const row = places.get(userId)?.find((place) => place.roomId === roomId);
        const place = roomId === null ? ("unseated" as const) : ("seated" as const);
        return row ? [{ examId, changeId, place, seq: row.seq, ...is }] : [];
      });
      if (changes.length > 0) await tx.insert(insertChanges, changes);
      await markChanged(tx, { examId, id: changeId }, changes);
      inserted = [];
      unseatedRows = [];
      changed = [];
      return rows;
    },
  };
};

const NOWHERE: readonly PlaceRow[] = [];
const toPlace = ({ roomId, role, name, extraMinutes }: PlaceRow): Place => ({
  roomId,
  role,
  name,
  extraMinutes,
});

export type ImportStore = ReturnType<typeof createImportStore>;

export const createImportStore = ({
  storage,
  bulk,
  removePerson,
}: {
  storage: Queries;
  bulk: BulkChanges;
  removePerson: ReturnType<typeof createPersonRemover>;
}) => {
  type Work<Result> = (rooms: ExamRoom[] | undefined, writing: PersonWriter) => ImportWork<Result>;

  const begin = async <Result>(
    reader: Reader,
    examId: string,
    work: Work<Result>,
    writing: PersonWriter,
  ): Promise<ImportWork<Result>> => {
    const exam = await reader.get(examById, { examId });
    return work(exam && (await readRooms(reader, examId)), writing);
  };

  /** Calls `each` for a page of people. Returns their places. */
  const applyPage = async (
    reader: Reader,
    examId: string,
    page: readonly RosterPerson[],
    { each }: Pick<ImportWork<unknown>, "each">,
  ): Promise<ReadonlyMap<string, readonly PlaceRow[]>> => {
    const places = await readPlaces(reader, examId, page);
    for (const person of page) each(person, (places.get(person.userId) ?? NOWHERE).map(toPlace));
    return places;
  };

  const dryRun = async <Result>(
    people: readonly RosterPerson[],
    { examId }: ImportTarget,
    work: Work<Result>,
  ): Promise<Result> => {
    const settling = await begin(storage, examId, work, WRITES_NOTHING);
    for (const page of pagesOf(people)) {
      await applyPage(storage, examId, page, settling);
      await nextTurn();
    }
    return settling.end().result;
  };

  async function* prepare<Result>(
    tx: RosterTransaction,
    id: number,
    people: readonly RosterPerson[],
    into: ImportTarget,
    work: Work<Result>,
    mostPeople: number | undefined,
  ): AsyncGenerator<number, Result, void> {
    const { examId } = into;
    const writer = createPageWriter(id, into);
    const settling = await begin(tx, examId, work, writer.writing);
    const endedBefore = (await tx.get(endedRooms, { examId }))?.number;
    for (const page of pagesOf(people)) {
      const places = await applyPage(tx, examId, page, settling);
      const written = await writer.write(tx, places);
      // A small import is one transaction, so the last page does not end a step.
      if (page.length === PAGE) yield page.length + written;
    }
    const { keep, result } = settling.end();
    if (!keep) throw new RolledBack(result);
    if (mostPeople !== undefined)
      for (const [room, added] of writer.added) {
        const size = await readRoomSize(tx, { examId, roomId: room }, mostPeople + 1);
        assertRoomSize(room, { before: size - added, added, most: mostPeople });
      }
    if ((await tx.get(endedRooms, { examId }))?.number !== endedBefore) throw new RoomsEnded();
    return result;
  }

  return {
    /** Sorted by creation. */
    rooms: (examId: string): Promise<ExamRoom[]> => readRooms(storage, examId),
    /** All people of the exam, some at a time: those in rooms, once for each room, then those without one. */
    async *people(examId: string): AsyncGenerator<ExamMember, void, void> {
      for (const after of [seatedAfter, unseatedAfter])
        for (let last: number | undefined = 0; last !== undefined; await nextTurn()) {
          const read: (ExamMember & { seq: number })[] = await storage.all(after, { examId, after: last });
          yield* read;
          last = read.length < READ_A_TURN ? undefined : read.at(-1)?.seq;
        }
    },
    /** What people have left in the exam, in their order. */
    async traces(examId: string, userIds: readonly string[]): Promise<(Trace | undefined)[]> {
      const found: (Trace | undefined)[] = [];
      for (let at = 0; at < userIds.length; at += TRACED_A_TURN) {
        const some = userIds.slice(at, at + TRACED_A_TURN);
        const read = () => Promise.all(some.map((userId) => readTrace(storage, { examId, userId })));
        found.push(...(await storage.together(read)));
        await nextTurn();
      }
      return found;
    },
    /** Removes a person from the exam. `check` throws to refuse. */
    remove: removePerson,
    /**
     * Calls `each` for every person with their places in the exam. If `end` returns `keep`, all that `each` has
     * written becomes visible at once; otherwise it is undone. `work` gets no rooms when the exam does not exist
     * any more. `mostPeople` limits each room that people are added to.
     * @throws what `work` throws, QUOTA_EXCEEDED, and `RoomsEnded`
     */
    async apply<Result>(
      people: readonly RosterPerson[],
      into: ImportTarget,
      work: (rooms: ExamRoom[] | undefined, writer: PersonWriter) => ImportWork<Result>,
      mostPeople: number | undefined,
    ): Promise<Result> {
      if (into.dryRun) return dryRun(people, into, work);
      const { examId, now, author } = into;
      try {
        return await bulk.run({ kind: "import", examId, now, author }, ({ id }, tx) =>
          prepare(tx, id, people, into, work, mostPeople),
        );
      } catch (error) {
        // Safe: only `prepare` throws it, with the result of this import.
        if (error instanceof RolledBack)
          return error.result as ReturnType<ReturnType<typeof work>["end"]>["result"];
        throw error;
      }
    },
  };
};
