import { closeSync, existsSync, openSync, readSync } from "node:fs";
import type { Database as Sqlite } from "better-sqlite3";

/** The size of the header of a write-ahead log's index. Every commit changes it: it has a counter of commits, and checksums. */
const HEADER_BYTES = 48;

export interface DataVersion {
  /** Returns a number that changes with every commit of another connection. */
  readonly read: () => number | undefined;
  readonly close: () => void;
}

/**
 * Reads SQLite's number of the commits of other connections. SQLite locks and unlocks the log for that, and every call of a client asks
 * for the number. Therefore this reads the header of the log's index first, with one system call. If it is the same as before, nobody has
 * committed since.
 */
export const createDataVersion = (sqlite: Sqlite): DataVersion => {
  const dataVersion = sqlite.prepare<[], number>("PRAGMA data_version").pluck();
  const index = `${sqlite.name}-shm`;
  // A connection without a log has no such file, and asks SQLite each time.
  const descriptor = existsSync(index) ? openSync(index, "r") : undefined;
  let header = Buffer.alloc(HEADER_BYTES);
  let previous = Buffer.alloc(HEADER_BYTES);
  let version: number | undefined;

  return {
    read() {
      if (descriptor === undefined) return dataVersion.get();
      const size = readSync(descriptor, header, 0, HEADER_BYTES, 0);
      if (version !== undefined && size === HEADER_BYTES && header.equals(previous)) return version;
      // The header was read first, so a commit after it is noticed the next time.
      version = dataVersion.get();
      [header, previous] = [previous, header];
      return version;
    },
    // Close after the connection: closing a descriptor releases all locks that the process has on the file.
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
    },
  };
};
