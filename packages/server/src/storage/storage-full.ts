/** Error codes of the system, of SQLite (including the one for a log index that cannot grow) and of PostgreSQL. */
const FULL_CODES = new Set<unknown>(["ENOSPC", "EDQUOT", "SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "53100"]);

/** Whether a write failed because the disk, or the server's share of it, is full. */
export const isStorageFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && FULL_CODES.has(error.code);
