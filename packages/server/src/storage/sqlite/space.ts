import { statSync } from "node:fs";
import type { Database as Sqlite } from "better-sqlite3";

/** How a database uses its file. */
export interface FileSpace {
  /** The size of the pages that hold something, in bytes. */
  readonly usedBytes: number;
  /** The size of the pages in the file that hold nothing, in bytes. SQLite fills them before the file grows. */
  readonly freeBytes: number;
}

/** Reads how a database uses its file. Takes some microseconds. */
export const spaceOf = (sqlite: Sqlite): FileSpace => {
  const numberOf = (name: string): number => Number(sqlite.pragma(name, { simple: true }));
  const usedBytes = (numberOf("page_count") - numberOf("freelist_count")) * numberOf("page_size");
  const fileBytes = statSync(sqlite.name, { throwIfNoEntry: false })?.size ?? 0;
  // Pages that are still only in the log are in use, and not in the file yet.
  return { usedBytes, freeBytes: Math.max(0, fileBytes - usedBytes) };
};
