/** Error codes of the system and of SQLite, including the one for a log index that cannot grow. */
const FULL_CODES = new Set<unknown>(["ENOSPC", "EDQUOT", "SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"]);

/** Whether a write failed because the disk, or the server's share of it, is full. */
export const isStorageFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && FULL_CODES.has(error.code);
