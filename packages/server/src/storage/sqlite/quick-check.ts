import type { Database as Sqlite } from "better-sqlite3";

/** The number of rows to check at a start, which takes about a quarter of a second. */
const MAX_ROWS = 300_000;

/** How many usual rows a row of these tables is worth. A chunk of a file is large. */
const WEIGHTS: Readonly<Record<string, number>> = { stored_file_chunks: 1000 };

interface Size {
  readonly table: string;
  readonly rows: number;
}

/** Returns an upper bound of each table's number of usual rows. Counts tables without row ids, up to a number. */
const sizes = (sqlite: Sqlite, countUpTo: number): Size[] =>
  sqlite
    .prepare<[], { table: string; hasRowIds: 0 | 1 }>(
      `SELECT name AS "table", sql NOT LIKE '%WITHOUT ROWID%' AS "hasRowIds" FROM sqlite_master WHERE type = 'table' ORDER BY name`,
    )
    .all()
    .map(({ table, hasRowIds }) => {
      const size = hasRowIds
        ? `SELECT max(rowid) FROM "${table}"`
        : `SELECT count(*) FROM (SELECT 1 FROM "${table}" LIMIT ${countUpTo})`;
      return { table, rows: Number(sqlite.prepare(size).pluck().get() ?? 0) * (WEIGHTS[table] ?? 1) };
    });

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
export const quickCheck = (sqlite: Sqlite): QuickCheck => {
  try {
    const skipped: string[] = [];
    let left = MAX_ROWS;
    for (const { table, rows } of sizes(sqlite, MAX_ROWS + 1).toSorted((a, b) => a.rows - b.rows)) {
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
