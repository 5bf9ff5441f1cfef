import { statSync } from "node:fs";
import type { Database as Sqlite } from "better-sqlite3";

/**
 * How many pages are returned in one transaction. With pages of 4 KiB, this takes 1 to 3 ms, and the commit writes them to the log.
 */
const PAGES_AT_ONCE = 256;
/** The share of the pages that stays for new rows: otherwise the file would shrink and grow all the time. */
const KEPT_FREE = 0.1;

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

/** Makes a new database able to shrink. An existing one, which has pages, is not changed. */
export const letNewFileShrink = (sqlite: Sqlite): void => {
  if (sqlite.pragma("page_count", { simple: true }) === 0) sqlite.pragma("auto_vacuum = INCREMENTAL");
};

/** Whether a database can shrink in small steps. */
export const canShrink = (sqlite: Sqlite): boolean => sqlite.pragma("auto_vacuum", { simple: true }) === 2;

const hasPagesToReturn = (sqlite: Sqlite): boolean =>
  Number(sqlite.pragma("freelist_count", { simple: true })) >
  KEPT_FREE * Number(sqlite.pragma("page_count", { simple: true }));

/**
 * Returns some pages that hold nothing to the file system, if there are many.
 * @param write runs work in a transaction
 * @returns whether there may be more to return
 */
export const shrink = async (
  sqlite: Sqlite,
  write: (work: () => Promise<void>) => Promise<void>,
): Promise<boolean> => {
  if (!canShrink(sqlite) || !hasPagesToReturn(sqlite)) return false;
  await write(async () => void sqlite.pragma(`incremental_vacuum(${PAGES_AT_ONCE})`));
  if (hasPagesToReturn(sqlite)) return true;
  // The file becomes shorter when the log is written into it.
  sqlite.pragma("wal_checkpoint(PASSIVE)");
  return false;
};
