import type { Database as Sqlite } from "better-sqlite3";

/** The number of rows to check at a start, which takes about a quarter of a second. */
const MAX_ROWS = 300_000;

/** How many usual rows a row of these tables is worth. A chunk of a file is large. */
const WEIGHTS: Readonly<Record<string, number>> = { stored_file_chunks: 1000 };

interface Size {
  readonly table: string;
  readonly rows: number;
}

/** Returns an upper bound of each table's number of usual rows, without counting them. */
const sizes = (sqlite: Sqlite): Size[] =>
  sqlite
    .prepare<[], string>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%WITHOUT ROWID%' ORDER BY name",
    )
    .pluck()
    .all()
    .map((table) => ({
      table,
      rows:
        Number(sqlite.prepare(`SELECT max(rowid) FROM "${table}"`).pluck().get() ?? 0) *
        (WEIGHTS[table] ?? 1),
    }));

export interface QuickCheck {
  /** The error found, or undefined. */
  readonly fault: string | undefined;
  /** Tables that are too large to check at a start. */
  readonly skipped: readonly string[];
}

/**
 * Runs SQLite's quick check on as many tables as the time of a start allows, smallest first. The limit in rows
 * bounds the time: a check of a large database takes minutes, and is left to `invigil backup verify` and
 * `invigil doctor`.
 */
export const quickCheck = (sqlite: Sqlite, mostRows = MAX_ROWS): QuickCheck => {
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
