import type { Database as Sqlite } from "better-sqlite3";

/** Rows that a start looks at: a quarter of a second's worth, or so. */
const MOST_ROWS = 300_000;

interface Size {
  readonly table: string;
  readonly rows: number;
}

/** How many rows each table has at most, found without counting them. */
const sizes = (sqlite: Sqlite): Size[] =>
  sqlite
    .prepare<[], string>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%' ORDER BY name",
    )
    .pluck()
    .all()
    .map((table) => ({
      table,
      rows: Number(sqlite.prepare(`SELECT max(rowid) FROM "${table}"`).pluck().get() ?? 0),
    }));

export interface QuickCheck {
  /** What is wrong; undefined when nothing was found. */
  readonly fault: string | undefined;
  /** Tables that are too large to be looked at in the time of a start. */
  readonly skipped: readonly string[];
}

/**
 * SQLite's quick check of as many tables as fit into the time of a start, the smallest first. Bounded in rows, and so in time: the
 * whole check of a large database takes minutes, and is what `invigil backup verify` and `invigil doctor` are for.
 */
export const quickCheck = (sqlite: Sqlite, mostRows = MOST_ROWS): QuickCheck => {
  try {
    const skipped: string[] = [];
    let left = mostRows;
    for (const { table, rows } of sizes(sqlite).toSorted((a, b) => a.rows - b.rows)) {
      left -= rows;
      if (left < 0) skipped.push(table);
      else {
        const found = String(sqlite.pragma(`quick_check("${table}")`, { simple: true }));
        if (found !== "ok") return { fault: found, skipped: [] };
      }
    }
    return { fault: undefined, skipped };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error), skipped: [] };
  }
};
