import { setImmediate as nextTurn } from "node:timers/promises";
import type { CheatRecordPage, StoredCheatConfig } from "@invigil/schema";
import { and, desc, eq, getTableColumns, lt, type SQL, sql } from "drizzle-orm";
import { createErasureFilter } from "../../domain/bulk/erasure-filter.js";
import type { Author } from "../../domain/calls.js";
import { toCheatRecord } from "../../domain/cheat-records.js";
import { type EventLog, wholeExam } from "../../domain/events.js";
import type { RoomKey } from "../../domain/room-exams.js";
import type { Writes } from "../../domain/writes.js";
import { pageOf } from "../../platform/paging.js";
import { unlessDeleted } from "../../storage/errors.js";
import type { Queries } from "../../storage/port.js";
import { type Dialect, param, query, statement } from "../../storage/statement.js";
import { cheatConfigs, cheatRecords, recordedPeople } from "../../storage/tables.js";
import {
  createRecordWriter,
  type RecordBatch,
  type RecordOutcome,
  type RecordUsage,
} from "./records-store.js";

export interface Page {
  readonly limit: number;
  /** Only records with a smaller id. */
  readonly before: number | undefined;
}

export interface CheatStore {
  /** Returns false when the exam does not exist any more. */
  setConfig(config: { examId: string; data: string; now: Date }, author: Author): Promise<boolean>;
  getConfig(examId: string): Promise<StoredCheatConfig | undefined>;
  /**
   * Writes records of one room, all or none. Resolves when they are on disk: to `false` when the room does not
   * exist any more, and to the limit that they would exceed.
   */
  addRecords(batch: RecordBatch): Promise<RecordOutcome>;
  /** Returns the number and size of the records about a person in a room. */
  usageOf(room: RoomKey, userId: string): Promise<RecordUsage>;
  /** Returns the records of all these rooms of an exam in one list, newest first. */
  listByRooms(examId: string, roomIds: readonly string[], page: Page): Promise<CheatRecordPage>;
  /** Returns the records of all rooms of an exam, newest first. */
  listByExam(examId: string, page: Page): Promise<CheatRecordPage>;
}

/** The number of records to read in one turn of the event loop. */
const RECORDS_A_TURN = 1000;

/** The cursor of the first page is greater than every id. */
const ABOVE_ALL = Number.MAX_SAFE_INTEGER;

const usageOfPerson = statement(
  query
    .select({ records: recordedPeople.records, bytes: recordedPeople.bytes })
    .from(recordedPeople)
    .where(
      and(
        eq(recordedPeople.examId, param("examId")),
        eq(recordedPeople.roomId, param("roomId")),
        eq(recordedPeople.userId, param("userId")),
      ),
    ),
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
const recordsOf = (owner: (dialect: Dialect) => SQL | undefined) =>
  statement((dialect) =>
    query
      .select(getTableColumns(cheatRecords))
      .from(cheatRecords)
      .where(and(owner(dialect), lt(cheatRecords.id, param("before"))))
      .orderBy(desc(cheatRecords.id))
      .limit(param("limit")),
  );
const recordsOfRoom = recordsOf((dialect) =>
  and(eq(cheatRecords.roomId, param("roomId")), dialect.inExam(cheatRecords.examId)),
);
const recordsOfExam = recordsOf(() => eq(cheatRecords.examId, param("examId")));

type Row = typeof cheatRecords.$inferSelect;

const toPage = (rows: readonly Row[], limit: number): CheatRecordPage => {
  const { rows: page, ...next } = pageOf(rows, limit, ({ id }) => id);
  return { records: page.map(toCheatRecord), ...next };
};

export const createCheatStore = ({
  storage,
  writes,
  events,
}: {
  storage: Queries;
  writes: Writes;
  events: EventLog;
}): CheatStore => {
  const readConfig = storage.remember(
    { tables: [cheatConfigs], withinCalls: true },
    (reader, examId: string) => reader.get(configOfExam, { examId }),
  );
  const erasures = createErasureFilter(storage);
  const rangeOf =
    (records: typeof recordsOfRoom, owner: { readonly examId: string; readonly roomId?: string }) =>
    (before: number, limit: number): Promise<Row[]> =>
      storage.all(records, { ...owner, before, limit });

  return {
    setConfig: ({ examId, data, now }, author) =>
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
    usageOf: async ({ examId, roomId }, userId) => ({
      userId,
      ...((await storage.get(usageOfPerson, { examId, roomId, userId })) ?? { records: 0, bytes: 0 }),
    }),
    addRecords: createRecordWriter({ storage, events }),
    async listByRooms(examId, roomIds, { limit, before = ABOVE_ALL }) {
      // Each room's page is one range of its index. The newest rows of all rooms form the page.
      const rows: Row[] = [];
      const page = { before, limit: limit + 1, kind: "records" } as const;
      const roomsATurn = Math.ceil(RECORDS_A_TURN / page.limit);
      for (let from = 0; from < roomIds.length; from += roomsATurn) {
        if (from > 0) await nextTurn();
        const ranges = roomIds
          .slice(from, from + roomsATurn)
          .map((roomId) => rangeOf(recordsOfRoom, { examId, roomId }));
        rows.push(...(await erasures.pages(examId, ranges, page)));
      }
      if (roomIds.length > 1) rows.sort((a, b) => b.id - a.id);
      return toPage(rows, limit);
    },
    async listByExam(examId, { limit, before = ABOVE_ALL }) {
      const page = { before, limit: limit + 1, kind: "records" } as const;
      return toPage(await erasures.pages(examId, [rangeOf(recordsOfExam, { examId })], page), limit);
    },
  };
};
