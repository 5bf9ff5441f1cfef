import Sqlite from "better-sqlite3";

/** What SQLite says when it cannot make a file of its own larger: the log's index is one. */
const FULL = new Set(["SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"]);
const NO_SPACE = new Set<unknown>(["ENOSPC", "EDQUOT"]);

/** Whether something was not written because the disk, or the share of it that the server may use, is full. */
export const isStorageFull = (error: unknown): boolean => {
  if (error instanceof Sqlite.SqliteError) return FULL.has(error.code);
  return error instanceof Error && "code" in error && NO_SPACE.has(error.code);
};
