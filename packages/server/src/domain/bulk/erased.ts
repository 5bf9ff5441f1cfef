import { setImmediate as nextTurn } from "node:timers/promises";
import { and, eq } from "drizzle-orm";
import type { Database } from "../../storage/sqlite/client.js";
import { bulkChanges } from "../../storage/tables.js";

/** A row about somebody, as far as it tells whether it is erased. */
interface About {
  readonly id: number;
  readonly roomId: string;
  readonly userId: string;
}

/** Rows that are looked at in one turn. */
const LOOKED_AT_ONCE = 500;

/** Reads of what was recorded, without what announced removals have not erased yet. */
export interface ErasedRows {
  /** Leaves out records that are erased. */
  records<Row extends About>(rows: readonly Row[], examOf: (row: Row) => string): readonly Row[];
  /**
   * Reads a page: `read` gives so many rows after (in the page's order) an id. As long as something is being erased it reads on, a part
   * in each turn, until the page is full.
   */
  page<Row extends About>(
    read: (before: number, limit: number) => Row[],
    page: { readonly before: number; readonly limit: number; readonly kind: "records" | "stream_events" },
    examOf: (row: Row) => string,
  ): Promise<Row[]>;
}

export const createErasedRows = ({
  queries,
  remember,
}: Pick<Database, "queries" | "remember">): ErasedRows => {
  const removals = queries
    .select({ examId: bulkChanges.examId, person: bulkChanges.person })
    .from(bulkChanges)
    .where(and(eq(bulkChanges.state, "announced"), eq(bulkChanges.kind, "remove_person")))
    .prepare();
  const erasing = remember(
    () =>
      removals
        .all()
        .flatMap(({ examId, person }) =>
          person && person.erases !== "nothing" ? [{ examId, ...person }] : [],
        ),
    { withinCalls: true },
  );

  const isErased = (row: About, kind: "records" | "stream_events", examOf: () => string): boolean =>
    erasing().some(
      ({ examId, userId, roomId, erases, lastRecordId }) =>
        row.userId === userId &&
        (kind === "stream_events" || row.id <= lastRecordId) &&
        (erases === "room" ? row.roomId === roomId : examOf() === examId),
    );

  return {
    records: (rows, examOf) =>
      erasing().length === 0 ? rows : rows.filter((row) => !isErased(row, "records", () => examOf(row))),

    async page(read, { before, limit, kind }, examOf) {
      if (erasing().length === 0) return read(before, limit);
      const kept: ReturnType<typeof read> = [];
      for (let from = before; ; ) {
        const rows = read(from, Math.max(limit, LOOKED_AT_ONCE));
        kept.push(...rows.filter((row) => !isErased(row, kind, () => examOf(row))));
        const last = rows.at(-1);
        if (kept.length >= limit || !last || rows.length < Math.max(limit, LOOKED_AT_ONCE))
          return kept.slice(0, limit);
        from = last.id;
        await nextTurn();
      }
    },
  };
};
