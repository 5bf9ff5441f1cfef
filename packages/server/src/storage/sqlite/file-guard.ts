import { randomInt } from "node:crypto";
import { closeSync, openSync, type Stats, statSync } from "node:fs";
import type { Database as Sqlite } from "better-sqlite3";
import { generationOfFile, logOf, saltsOfLog } from "./log-file.js";

/** How many generations the file may be behind the log: several processes may each have begun one. */
const GENERATIONS_BEHIND = 8;
const LARGEST = 0x7fff_fffe;

export interface FileGuard {
  /**
   * Why what is committed would not be found by the next start: the file or its log was deleted, replaced or emptied while it is
   * in use. Undefined while all is well.
   */
  readonly fault: () => string | undefined;
  /** Inside a transaction: begins the log's generation where the log is a new one. */
  readonly beginGeneration: () => void;
  readonly close: () => void;
}

const there = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });
const isSame = (one: Stats, other: Stats | undefined): boolean =>
  other !== undefined && one.ino === other.ino && one.dev === other.dev;

/** The first is a random number, so that no two databases have the same by chance. */
const nextGeneration = (last: number): number =>
  last === 0 ? randomInt(1, LARGEST / 2) : (last % LARGEST) + 1;

/** Watches over the file of an open database in write-ahead mode. It costs each commit some microseconds. */
export const createFileGuard = (sqlite: Sqlite, file: string): FileGuard => {
  const opened = statSync(file);
  const descriptor = openSync(file, "r");
  const log = logOf(file);
  let openLog: { readonly stats: Stats; readonly descriptor: number } | undefined;
  let generation = Number(sqlite.pragma("user_version", { simple: true }));

  const logStats = (): { readonly stats: Stats; readonly descriptor: number } | undefined => {
    if (openLog) return openLog;
    const stats = there(log);
    if (stats) openLog = { stats, descriptor: openSync(log, "r") };
    return openLog;
  };

  const salts = (): string | undefined => {
    const kept = logStats();
    return kept && saltsOfLog(kept.descriptor);
  };
  /** The log whose generation has been begun, as far as this process knows. */
  let begun = generation === 0 ? undefined : salts();
  let isFirstCommit = false;

  const isOfThisDatabase = (): boolean => {
    const onDisk = generationOfFile(descriptor);
    if (onDisk === generation) return true;
    generation = Number(sqlite.pragma("user_version", { simple: true }));
    // A file of before generations holds none until the first log has been copied into it.
    return onDisk === 0 || (generation - onDisk + LARGEST) % LARGEST <= GENERATIONS_BEHIND;
  };

  return {
    fault() {
      const found = there(file);
      if (!found) return `the database file ${file} was deleted while it is in use`;
      if (!isSame(opened, found)) return `the database file ${file} was replaced while it is in use`;
      if (found.size === 0) return `the database file ${file} was emptied while it is in use`;
      const kept = logStats();
      if (kept && !isSame(kept.stats, there(log))) return `the file ${log} was deleted while it is in use`;
      return isOfThisDatabase() ? undefined : `the database file ${file} was overwritten while it is in use`;
    },

    beginGeneration() {
      const now = salts();
      // The commit that began a generation may have begun its log, too: then the log is known only now.
      if (isFirstCommit) begun = now;
      isFirstCommit = false;
      if (now !== undefined && now === begun) return;
      const last = Number(sqlite.pragma("user_version", { simple: true }));
      const isBegunElsewhere = last !== generation;
      generation = isBegunElsewhere ? last : nextGeneration(last);
      if (!isBegunElsewhere) sqlite.pragma(`user_version = ${generation}`);
      begun = now;
      isFirstCommit = true;
    },

    // After the connection: closing a descriptor ends all locks that the process holds on the file.
    close() {
      closeSync(descriptor);
      if (openLog) closeSync(openLog.descriptor);
    },
  };
};
