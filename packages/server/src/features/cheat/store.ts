import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type CheatRecordPage,
  FIRST_INSTANT,
  LAST_INSTANT,
  type ListCheatRecordsInput,
} from "@invigil/schema";
import { and, count, desc, eq, exists, getTableColumns, gte, lt, or, type SQL, sql } from "drizzle-orm";
import { createErasureFilter } from "../../domain/bulk/erasure-filter.js";
import type { Author } from "../../domain/calls.js";
import { toCheatRecord } from "../../domain/cheat-records.js";
import { type EventLog, wholeExam } from "../../domain/events.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { Writes } from "../../domain/writes.js";
import { ABOVE_ALL_IDS } from "../../platform/paging.js";
import { isOfSeat } from "../../storage/conditions.js";
import { unlessDeleted } from "../../storage/errors.js";
import type { Queries } from "../../storage/port.js";
import { type Dialect, param, query, statement, statements } from "../../storage/statement.js";
import {
  cheatConfigs,
  cheatRecords,
  recordedPeople,
  visibleRooms as rooms,
  visibleParticipants,
} from "../../storage/tables.js";
import { createRecordWriter, type RecordUsage } from "./records-store.js";

export interface Page {
  readonly limit: number;
  /** Only records with a smaller id. */
  readonly before: number | undefined;
}

/** The rooms whose records to read: all rooms of an exam, or some. */
export interface RecordScope {
  readonly examId: string;
  readonly rooms: "all" | readonly string[];
}

/** Which records to read. An absent condition is fulfilled by all. */
export type RecordFilter = Pick<
  ListCheatRecordsInput,
  "detectTypes" | "userIds" | "isMainMonitor" | "receivedFrom" | "receivedTo"
>;

export interface FoundRecords extends CheatRecordPage {
  /** The number of records that were read. */
  readonly examined: number;
}

/** The number of records to read in one turn of the event loop, and with one statement. */
const RECORDS_A_TURN = 1000;
const RECORDS_A_STATEMENT = 101;
/** The size of a page's details, in characters, after which it ends. One statement may read more. */
const MOST_DETAILS = 4 * 1024 * 1024;
/** How many records a filter reads: first, at most in one turn of the event loop, and at most in one call. */
const EXAMINED_FIRST = 1000;
const EXAMINED_A_TURN = 5000;
const MOST_EXAMINED = 20_000;
/** The maximum number of rooms whose recorded people are looked up, for a filter with many people. */
const MOST_NARROWED = 300;
/** The maximum number of look-ups for a filter with few people, who are looked up in more rooms: one for each person and room. */
const MOST_LOOKED_UP = 10_000;

const usageOfPerson = statement(
  query
    .select({ records: recordedPeople.records, bytes: recordedPeople.bytes })
    .from(recordedPeople)
    .where(isOfSeat(recordedPeople)),
);
const configOfExam = statement(
  query
    .select()
    .from(cheatConfigs)
    .where(eq(cheatConfigs.examId, param("examId"))),
);
const setConfig = statement(
  query
    .insert(cheatConfigs)
    .values({
      examId: param("examId"),
      data: param("data"),
      createdAt: param("now"),
      updatedAt: param("now"),
    })
    .onConflictDoUpdate({
      target: cheatConfigs.examId,
      set: { data: sql`excluded.data`, updatedAt: sql`excluded.updated_at` },
    }),
);
/** The owners whose records a statement reads. Each has an index. */
type RecordOwner = "room" | "exam";
const areBefore = (owner: RecordOwner, dialect: Dialect): SQL | undefined =>
  and(
    owner === "exam"
      ? eq(cheatRecords.examId, param("examId"))
      : and(eq(cheatRecords.roomId, param("roomId")), dialect.inExam(cheatRecords.examId)),
    lt(cheatRecords.id, param("before")),
  );
const recordsOf = (owner: RecordOwner, areWanted: (dialect: Dialect) => SQL | undefined = () => undefined) =>
  statement((dialect) =>
    query
      .select(getTableColumns(cheatRecords))
      .from(cheatRecords)
      .where(and(areBefore(owner, dialect), areWanted(dialect)))
      .orderBy(desc(cheatRecords.id))
      .limit(param("limit")),
  );
const records = { room: recordsOf("room"), exam: recordsOf("exam") };
/** Reads those records of a window that fulfil conditions. Times are always among these. */
const matchesOf = statements(
  (
    owner: RecordOwner,
    byRoom: boolean,
    bySeat: boolean,
    byType: boolean,
    byPerson: boolean,
    byCamera: boolean,
  ) =>
    recordsOf(owner, (dialect) =>
      and(
        gte(cheatRecords.id, param("oldest")),
        gte(cheatRecords.createdAt, param("receivedFrom")),
        lt(cheatRecords.createdAt, param("receivedTo")),
        byRoom
          ? or(
              dialect.isAnyOf(cheatRecords.roomId, "roomIds"),
              bySeat ? dialect.isAnyOf(cheatRecords.userId, "seatedIds") : undefined,
            )
          : undefined,
        byType ? dialect.isAnyOf(cheatRecords.detectType, "detectTypes") : undefined,
        byPerson ? dialect.isAnyOf(cheatRecords.userId, "userIds") : undefined,
        byCamera ? eq(cheatRecords.isMainMonitor, param("isMainMonitor")) : undefined,
      ),
    ),
);
/** The oldest record of a window, and how many records the window has. */
const windowOf = (owner: RecordOwner) =>
  statement((dialect) => {
    const some = query
      .select({ id: cheatRecords.id })
      .from(cheatRecords)
      .where(areBefore(owner, dialect))
      .orderBy(desc(cheatRecords.id))
      .limit(param("size"))
      .as("some");
    return query
      .select({ oldest: sql<number>`coalesce(min(${some.id}), 0)`.mapWith(Number), size: count() })
      .from(some);
  });
const windows = { room: windowOf("room"), exam: windowOf("exam") };
/** Returns for each room of an exam whether one of some people was recorded there. */
const recordedRooms = statement((dialect) => {
  const some = query
    .select({ id: rooms.id })
    .from(rooms)
    .where(eq(rooms.examId, param("examId")))
    .limit(param("limit"))
    .as("some");
  const recorded = query
    .select({ one: sql`1` })
    .from(recordedPeople)
    .where(
      and(
        eq(recordedPeople.examId, param("examId")),
        eq(recordedPeople.roomId, some.id),
        dialect.isAnyOf(recordedPeople.userId, "userIds"),
      ),
    );
  return query
    .select({ id: some.id, isRecorded: sql<boolean>`${exists(recorded)}`.mapWith(Boolean) })
    .from(some);
});

/** Finds those of some people who sit in one of some rooms as examinees. */
const seatedAmong = statement((dialect) =>
  query
    .selectDistinct({ userId: visibleParticipants.userId })
    .from(visibleParticipants)
    .where(
      and(
        eq(visibleParticipants.examId, param("examId")),
        dialect.isAnyOf(visibleParticipants.roomId, "roomIds"),
        dialect.isAnyOf(visibleParticipants.userId, "userIds"),
        eq(visibleParticipants.role, "examinee"),
      ),
    ),
);

type Row = typeof cheatRecords.$inferSelect;
/** Reads at most `limit` records with smaller ids than `before`, newest first. */
type ReadBefore = (before: number, limit: number) => Promise<Row[]>;

/**
 * Reads records with some statements, each of which reads few: until there are `limit`, until their details are large, or until there are
 * no more.
 * @returns the records, and whether more follow
 */
const readInPieces = async (read: ReadBefore, before: number, limit: number) => {
  const found: Row[] = [];
  let details = 0;
  for (let from = before; ; await nextTurn()) {
    // One more tells whether more follow.
    const size = Math.min(limit - found.length + 1, RECORDS_A_STATEMENT);
    const piece = await read(from, size);
    const last = found.length + piece.length > limit;
    found.push(...(last ? piece.slice(0, -1) : piece));
    for (const { extraInfo } of piece) details += extraInfo.length;
    if (last) return { found, more: true };
    if (piece.length < size) return { found, more: false };
    if (details > MOST_DETAILS) return { found, more: true };
    from = piece.at(-1)?.id ?? from;
  }
};
const toPage = (found: readonly Row[], nextCursor: number | undefined): CheatRecordPage => ({
  records: found.map(toCheatRecord),
  ...(nextCursor !== undefined && { nextCursor }),
});

export type CheatStore = ReturnType<typeof createCheatStore>;

export const createCheatStore = ({
  storage,
  writes,
  events,
}: {
  storage: Queries;
  writes: Writes;
  events: EventLog;
}) => {
  const readConfig = storage.cached(
    { tables: [cheatConfigs], freshPerTurn: true },
    (reader, examId: string) => reader.get(configOfExam, { examId }),
  );
  const erasures = createErasureFilter(storage);
  const kind = "records";
  /** Reads the newest records of an exam, or of several rooms: each has a range of an index, and the newest of all form the page. */
  const readNewest =
    ({ examId, rooms: some }: RecordScope): ReadBefore =>
    async (before, limit) => {
      const page = { before, limit, kind } as const;
      if (some === "all") {
        const ofExam: ReadBefore = (from, most) =>
          storage.all(records.exam, { examId, before: from, limit: most });
        return erasures.pages(examId, [ofExam], page);
      }
      const found: Row[] = [];
      const roomsATurn = Math.ceil(RECORDS_A_TURN / limit);
      for (let first = 0; first < some.length; first += roomsATurn) {
        if (first > 0) await nextTurn();
        const ranges = some.slice(first, first + roomsATurn).map(
          (roomId): ReadBefore =>
            (from, most) =>
              storage.all(records.room, { examId, roomId, before: from, limit: most }),
        );
        found.push(...(await erasures.pages(examId, ranges, page)));
      }
      if (some.length > 1) found.sort((one, other) => other.id - one.id);
      return found.slice(0, limit);
    };
  /**
   * Narrows a scope to the rooms in which a person of a filter was recorded, because records have no index by person. Of those who sit in a
   * room of the scope (`seatedIds`), the records of all rooms count.
   */
  const narrow = async (
    scope: RecordScope,
    { userIds }: RecordFilter,
  ): Promise<RecordScope & { readonly seatedIds: readonly string[] }> => {
    if (!userIds) return { ...scope, seatedIds: [] };
    const { examId, rooms: some } = scope;
    const most = Math.max(MOST_NARROWED, Math.floor(MOST_LOOKED_UP / userIds.length));
    const [found, seated] = await storage.together(() =>
      Promise.all([
        storage.all(recordedRooms, { examId, userIds, limit: most + 1 }),
        some === "all" ? [] : storage.all(seatedAmong, { examId, userIds, roomIds: some }),
      ]),
    );
    if (found.length > most) return { ...scope, seatedIds: [] };
    const ids = found.flatMap(({ id, isRecorded }) => (isRecorded ? [id] : []));
    const isOpen = some === "all" || seated.length > 0;
    return {
      examId,
      rooms: isOpen ? ids : ids.filter((id) => some.includes(id)),
      seatedIds: seated.map(({ userId }) => userId),
    };
  };

  return {
    /** Returns false when the exam does not exist any more. */
    setConfig: (
      { examId, data, now }: { examId: string; data: string; now: Date },
      author: Author,
    ): Promise<boolean> =>
      unlessDeleted(
        writes.ofExam({ examId }, author, async (tx) => {
          const current = await tx.get(configOfExam, { examId });
          if (current?.data === data) return;
          await tx.last(() =>
            Promise.all([
              tx.run(setConfig, { examId, data, now }),
              events.add(tx, wholeExam(examId), "cheat_config_changed", {}, now),
            ]),
          );
        }),
      ),
    getConfig: readConfig,
    /** Returns the number and size of the records about a person in a room. */
    usageOf: async ({ examId, roomId }: RoomKey, userId: string): Promise<RecordUsage> => ({
      userId,
      ...((await storage.get(usageOfPerson, { examId, roomId, userId })) ?? { records: 0, bytes: 0 }),
    }),
    /**
     * Writes records of one room, all or none. Resolves when they are on disk: to `false` when the room does not
     * exist any more, and to the limit that they would exceed.
     */
    addRecords: createRecordWriter({ storage, events }),
    /** Returns a page of records, newest first. It is shorter than the limit if its records are large. */
    async list(scope: RecordScope, { limit, before = ABOVE_ALL_IDS }: Page): Promise<CheatRecordPage> {
      const { found, more } = await readInPieces(readNewest(scope), before, limit);
      return toPage(found, more ? found.at(-1)?.id : undefined);
    },
    /**
     * Returns a page of the records that fulfil all conditions, newest first. Of a person who sits in a room of the scope, those of all rooms
     * count. It reads a limited number of records, so the page may have
     * few of them, or none.
     */
    async find(
      scope: RecordScope,
      filter: RecordFilter,
      { limit, before = ABOVE_ALL_IDS }: Page,
    ): Promise<FoundRecords> {
      const { examId, rooms: some, seatedIds } = await narrow(scope, filter);
      const roomIds = some === "all" ? undefined : some;
      if (roomIds?.length === 0) return { records: [], examined: 0 };
      // For several rooms, it reads all records of the exam, because windows of single rooms would end at different records.
      const owner = roomIds?.length === 1 ? "room" : "exam";
      const bySeat = seatedIds.length > 0;
      const byRoom = bySeat || (owner === "exam" && roomIds !== undefined);
      const {
        detectTypes,
        userIds,
        isMainMonitor,
        receivedFrom = FIRST_INSTANT,
        receivedTo = LAST_INSTANT,
      } = filter;
      const values = {
        examId,
        roomId: roomIds?.[0],
        roomIds: bySeat && scope.rooms !== "all" ? scope.rooms : roomIds,
        seatedIds,
        detectTypes,
        userIds,
        isMainMonitor,
        receivedFrom,
        receivedTo,
      };
      const matches = matchesOf(owner, byRoom, bySeat, !!detectTypes, !!userIds, isMainMonitor !== undefined);
      const found: Row[] = [];
      let from = before;
      for (let examined = 0, size = EXAMINED_FIRST; ; size = EXAMINED_A_TURN) {
        const window = await storage.get(windows[owner], { ...values, before: from, size });
        if (!window) return { ...toPage(found, undefined), examined };
        const { oldest, size: looked } = window;
        examined += looked;
        const readMatches: ReadBefore = (start, most) =>
          erasures.pages(
            examId,
            [(first, limited) => storage.all(matches, { ...values, before: first, oldest, limit: limited })],
            { before: start, limit: most, kind },
          );
        const page = await readInPieces(readMatches, from, limit - found.length);
        found.push(...page.found);
        if (page.more) return { ...toPage(found, found.at(-1)?.id), examined };
        if (looked < size) return { ...toPage(found, undefined), examined };
        if (found.length === limit || examined >= MOST_EXAMINED)
          return { ...toPage(found, oldest), examined };
        from = oldest;
        await nextTurn();
      }
    },
  };
};
