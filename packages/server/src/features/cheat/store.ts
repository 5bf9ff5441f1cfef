import { setImmediate as nextTurn } from "node:timers/promises";
import type { CheatRecordPage, StoredCheatConfig } from "@invigil/schema";
import { and, desc, eq, getTableColumns, lt, sql } from "drizzle-orm";
import { createErasedRows } from "../../domain/bulk/erased.js";
import { toCheatRecord } from "../../domain/cheat-records.js";
import type { EventLog } from "../../domain/event-log.js";
import type { EventWriter } from "../../domain/events.js";
import type { Database } from "../../storage/sqlite/client.js";
import { isWritten } from "../../storage/sqlite/orphans.js";
import { rowReader } from "../../storage/sqlite/rows.js";
import { cheatConfigs, cheatRecords, recordedPeople, visibleRooms as rooms } from "../../storage/tables.js";
import { createRecordWriter, type Held, type NewRecord, type Over, type Tally } from "./record-writer.js";

export type { Held, Most, NewRecord, Over, Tally } from "./record-writer.js";
export { exceeded } from "./record-writer.js";

export interface Page {
  readonly limit: number;
  /** Only records with a smaller id. */
  readonly before: number | undefined;
}

export interface CheatStore {
  /** False when there is no such exam any more. */
  setConfig(config: { examId: string; data: string; now: Date }): Promise<boolean>;
  getConfig(examId: string): Promise<StoredCheatConfig | undefined>;
  /**
   * All or none, of one room. Resolves when they are on disk; with false when there is no such room any more, and with what is
   * held where it would be more than there may be.
   */
  addRecords(records: readonly NewRecord[], tally: Tally): Promise<boolean | Over>;
  /** What is kept about a person in a room. */
  held(roomId: string, userId: string): Held;
  /** Newest first, of these rooms together. */
  listByRooms(roomIds: readonly string[], page: Page): Promise<CheatRecordPage>;
  /** Newest first, of all rooms of an exam. */
  listByExam(examId: string, page: Page): Promise<CheatRecordPage>;
}

/** Records that are read in one turn, of many rooms. */
const READ_AT_ONCE = 1000;

/** The first page starts above every id. */
const FIRST = Number.MAX_SAFE_INTEGER;

export const createCheatStore = ({
  db,
  events,
  eventLog,
}: {
  db: Database;
  events: EventWriter;
  eventLog: EventLog;
}): CheatStore => {
  const { queries, write, remember } = db;
  const writeRecords = createRecordWriter({ storage: db.storage, events: eventLog });
  const held = queries
    .select({ records: recordedPeople.records, bytes: recordedPeople.bytes })
    .from(recordedPeople)
    .where(
      and(
        eq(recordedPeople.roomId, sql.placeholder("roomId")),
        eq(recordedPeople.userId, sql.placeholder("userId")),
      ),
    )
    .prepare();
  const config = queries
    .select()
    .from(cheatConfigs)
    .where(eq(cheatConfigs.examId, sql.placeholder("examId")))
    .prepare();
  const roomsInProgress = queries
    .select({ id: rooms.id })
    .from(rooms)
    .where(and(eq(rooms.examId, sql.placeholder("examId")), eq(rooms.status, "in_progress")))
    .prepare();
  const configOf = remember((examId: string) => config.get({ examId }), { withinCalls: true });
  const columns = getTableColumns(cheatRecords);
  const readRow = rowReader(columns);
  const pageOf = (column: typeof cheatRecords.roomId | typeof cheatRecords.examId) =>
    queries
      .select(columns)
      .from(cheatRecords)
      .where(and(eq(column, sql.placeholder("owner")), lt(cheatRecords.id, sql.placeholder("before"))))
      .orderBy(desc(cheatRecords.id))
      .limit(sql.placeholder("limit"))
      .prepare();
  const byRoom = pageOf(cheatRecords.roomId);
  const byExam = pageOf(cheatRecords.examId);

  type Row = ReturnType<typeof readRow>;
  const erased = createErasedRows(db);
  const readPage = (from: typeof byRoom, owner: string, page: { before: number; limit: number }) =>
    erased.page(
      (before, limit) => from.values({ owner, before, limit }).map(readRow),
      { ...page, kind: "records" },
      ({ examId }) => examId,
    );
  /** One row more than the page was asked for tells whether anything is left. */
  const toPage = (rows: Row[], limit: number): CheatRecordPage => {
    const records = rows.slice(0, limit).map(toCheatRecord);
    const last = records.at(-1);
    return { records, ...(rows.length > limit && last && { nextCursor: last.id }) };
  };

  return {
    setConfig: ({ examId, data, now }) =>
      isWritten(
        write(() => {
          const was = config.get({ examId })?.data;
          queries
            .insert(cheatConfigs)
            .values({ examId, data, createdAt: now, updatedAt: now })
            .onConflictDoUpdate({ target: cheatConfigs.examId, set: { data, updatedAt: now } })
            .run();
          if (was === data) return;
          for (const { id } of roomsInProgress.all({ examId }))
            events.add(id, "cheat_config_changed", {}, now);
        }),
      ),
    getConfig: async (examId) => configOf(examId),
    held: (roomId, userId) => ({ userId, ...(held.get({ roomId, userId }) ?? { records: 0, bytes: 0 }) }),
    addRecords: (records, tally) => writeRecords({ records, tally }),
    async listByRooms(roomIds, { limit, before = FIRST }) {
      // Each room's page is one range of its index; the newest of them all make the page.
      const rows: Row[] = [];
      let read = 0;
      for (const owner of roomIds) {
        rows.push(...(await readPage(byRoom, owner, { before, limit: limit + 1 })));
        read += limit + 1;
        if (read < READ_AT_ONCE) continue;
        read = 0;
        await nextTurn();
      }
      if (roomIds.length > 1) rows.sort((a, b) => b.id - a.id);
      return toPage(rows.slice(0, limit + 1), limit);
    },
    listByExam: async (owner, { limit, before = FIRST }) =>
      toPage(await readPage(byExam, owner, { before, limit: limit + 1 }), limit),
  };
};
