import { setImmediate as nextTurn } from "node:timers/promises";
import { and, eq } from "drizzle-orm";
import type { Storage } from "../../storage/port.js";
import { query, statement } from "../../storage/statement.js";
import { bulkChanges } from "../../storage/tables.js";

/** The columns of a row about a person that the filter needs. */
interface RowAboutPerson {
  readonly id: number;
  readonly roomId: string;
  readonly userId: string;
}

type Recorded = "records" | "stream_events";

/** The rows that one read returns during an erasure. */
const ROWS_PER_READ = 500;

/** Filters out cheat records and stream events that an announced removal has not erased yet. */
export interface ErasureFilter {
  /** Reads records, and returns those that are not being erased. */
  records<Row extends RowAboutPerson>(
    read: () => Promise<Row[]>,
    examOf: (row: Row) => string,
  ): Promise<Row[]>;
  /**
   * Reads a page of rows that are not being erased. During an erasure it may read several times, in several turns of the event loop, until
   * the page is full.
   * @param read returns at most `limit` rows that come, in the page's order, after the row with the id `before`
   */
  page<Row extends RowAboutPerson>(
    read: (before: number, limit: number) => Promise<Row[]>,
    page: { readonly before: number; readonly limit: number; readonly kind: Recorded },
    examOf: (row: Row) => string,
  ): Promise<Row[]>;
}

const announcedRemovals = statement(
  query
    .select({ examId: bulkChanges.examId, person: bulkChanges.person })
    .from(bulkChanges)
    .where(and(eq(bulkChanges.state, "announced"), eq(bulkChanges.kind, "remove_person"))),
);

export const createErasureFilter = (storage: Storage): ErasureFilter => {
  const readErasures = storage.remember({ tables: [bulkChanges], withinCalls: true }, async (reader) =>
    (await reader.all(announcedRemovals)).flatMap(({ examId, person }) =>
      person && person.erases !== "nothing" ? [{ examId, ...person }] : [],
    ),
  );
  type Erasures = Awaited<ReturnType<typeof readErasures>>;

  const withoutErased = <Row extends RowAboutPerson>(
    erasures: Erasures,
    rows: readonly Row[],
    kind: Recorded,
    examOf: (row: Row) => string,
  ): Row[] =>
    rows.filter(
      (row) =>
        !erasures.some(
          ({ examId, userId, roomId, erases, lastRecordId }) =>
            row.userId === userId &&
            (kind === "stream_events" || row.id <= lastRecordId) &&
            (erases === "room" ? row.roomId === roomId : examOf(row) === examId),
        ),
    );

  // Erasures are read before the rows. An erasure that is not among them has either finished or was not announced yet.
  return {
    async records(read, examOf) {
      const erasures = await readErasures();
      const rows = await read();
      return erasures.length === 0 ? rows : withoutErased(erasures, rows, "records", examOf);
    },

    async page(read, { before, limit, kind }, examOf) {
      if ((await readErasures()).length === 0) return read(before, limit);
      const size = Math.max(limit, ROWS_PER_READ);
      const kept: Awaited<ReturnType<typeof read>> = [];
      for (let from = before; ; ) {
        const erasures = await readErasures();
        const rows = await read(from, size);
        kept.push(...withoutErased(erasures, rows, kind, examOf));
        const last = rows.at(-1);
        if (kept.length >= limit || !last || rows.length < size) return kept.slice(0, limit);
        from = last.id;
        await nextTurn();
      }
    },
  };
};
