/** What the system says, and SQLite: also when it cannot make the index of its log larger. */
const FULL = new Set<unknown>(["ENOSPC", "EDQUOT", "SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"]);

/** Whether something was not written because the disk, or the share of it that the server may use, is full. */
export const isStorageFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && FULL.has(error.code);
