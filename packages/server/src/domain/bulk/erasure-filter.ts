import { setImmediate as nextTurn } from "node:timers/promises";
import { and, eq } from "drizzle-orm";
import type { Queries } from "../../storage/port.js";
import { param, query, statement } from "../../storage/statement.js";
import { bulkChanges } from "../../storage/tables.js";

/** The columns of a row about a person that the filter needs. */
interface RowAboutPerson {
  readonly id: number;
  readonly roomId: string;
  readonly userId: string;
}

type Recorded = "records" | "stream_events" | "page_visits";

/** The rows that one read returns during an erasure. */
const ROWS_PER_READ = 500;

const announcedRemoval = statement(
  query
    .select({ person: bulkChanges.person })
    .from(bulkChanges)
    .where(
      and(
        eq(bulkChanges.examId, param("examId")),
        eq(bulkChanges.state, "announced"),
        eq(bulkChanges.kind, "remove_person"),
      ),
    ),
);

/** Filters out cheat records, stream events and visits that an announced removal has not erased yet. */
export const createErasureFilter = (storage: Queries) => {
  // An exam has one bulk change at most.
  const readErasure = storage.cached(
    { tables: [bulkChanges], freshPerTurn: true },
    async (reader, examId: string) => {
      const { person } = (await reader.get(announcedRemoval, { examId })) ?? {};
      return person && person.erases !== "nothing" ? person : undefined;
    },
  );
  type Erasure = Awaited<ReturnType<typeof readErasure>>;

  const withoutErased = <Row extends RowAboutPerson>(
    erasure: Erasure,
    rows: readonly Row[],
    kind: Recorded,
  ): Row[] =>
    rows.filter(
      (row) =>
        !erasure ||
        row.userId !== erasure.userId ||
        (kind === "records" && row.id > erasure.lastRecordId) ||
        (erasure.erases === "room" && row.roomId !== erasure.roomId),
    );

  /** Reads the erasure before the rows. One that is not found has either finished or was not announced yet. */
  const readAfterErasure = <Row>(
    examId: string,
    start: () => readonly Promise<Row[]>[],
  ): Promise<[Erasure, ...Row[][]]> => storage.together(() => Promise.all([readErasure(examId), ...start()]));

  return {
    /** Reads records of an exam, and returns those that are not being erased. */
    async records<Row extends RowAboutPerson>(examId: string, read: () => Promise<Row[]>): Promise<Row[]> {
      const [erasure, rows = []] = await readAfterErasure(examId, () => [read()]);
      return erasure ? withoutErased(erasure, rows, "records") : rows;
    },

    /**
     * Reads a page of each of some ranges of an exam's rows, without those that are being erased. During an erasure it may read several times,
     * in several turns of the event loop, until the pages are full. Returns the rows of all pages.
     * @param ranges each starts its read at once, and returns at most `limit` rows that come, in the page's order, after the row with the id
     *   `before`
     */
    async pages<Row extends RowAboutPerson>(
      examId: string,
      ranges: readonly ((before: number, limit: number) => Promise<Row[]>)[],
      { before, limit, kind }: { readonly before: number; readonly limit: number; readonly kind: Recorded },
    ): Promise<Row[]> {
      const [found, ...pages] = await readAfterErasure(examId, () =>
        ranges.map((read) => read(before, limit)),
      );
      if (!found) return pages.flat();
      const size = Math.max(limit, ROWS_PER_READ);
      const kept: (typeof pages)[number] = [];
      for (const read of ranges) {
        const enough = kept.length + limit;
        for (let from = before; ; ) {
          const [erasure, rows = []] = await readAfterErasure(examId, () => [read(from, size)]);
          kept.push(...withoutErased(erasure, rows, kind));
          const last = rows.at(-1);
          if (kept.length >= enough || !last || rows.length < size) break;
          from = last.id;
          await nextTurn();
        }
        kept.length = Math.min(kept.length, enough);
      }
      return kept;
    },
  };
};
