import { randomInt } from "node:crypto";
import { closeSync, openSync, type Stats, statSync } from "node:fs";
import type { Database as Sqlite } from "better-sqlite3";
import { logNumberOfFile, logOf, saltsOfLog } from "./log-file.js";

/** The maximum number of logs that the file may be behind, because several processes may each have begun one. */
const NUMBERS_BEHIND = 8;
const LARGEST = 0x7fff_fffe;

export interface FileGuard {
  /**
   * Returns why the next start would not find the commits: the file or its log was deleted, replaced or emptied
   * while in use. Undefined while there is no problem.
   */
  readonly fault: () => string | undefined;
  /** Gives the log the next number if it is a new one. Call it inside a transaction. */
  readonly numberLog: () => void;
  /** Called when that transaction was rolled back. */
  readonly rolledBack: () => void;
  readonly close: () => void;
}

const there = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });
const isSame = (one: Stats, other: Stats | undefined): boolean =>
  other !== undefined && one.ino === other.ino && one.dev === other.dev;

/** The first log number is random, so that no two databases have the same one by chance. */
const nextLogNumber = (last: number): number =>
  last === 0 ? randomInt(1, LARGEST / 2) : (last % LARGEST) + 1;

/**
 * Detects that the file of an open database in write-ahead mode was replaced. Costs some microseconds per
 * commit.
 */
export const createFileGuard = (sqlite: Sqlite, file: string): FileGuard => {
  const opened = statSync(file);
  const descriptor = openSync(file, "r");
  const log = logOf(file);
  let openLog: { readonly stats: Stats; readonly descriptor: number } | undefined;
  let logNumber = Number(sqlite.pragma("user_version", { simple: true }));

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
  /** The log that has its number, as far as this process knows. */
  let begun = logNumber === 0 ? undefined : salts();
  let isFirstCommit = false;
  /** The state before the transaction that gives a log its number. */
  let before: { readonly logNumber: number; readonly begun: string | undefined } | undefined;

  const isOfThisDatabase = (): boolean => {
    const onDisk = logNumberOfFile(descriptor);
    if (onDisk === logNumber) return true;
    logNumber = Number(sqlite.pragma("user_version", { simple: true }));
    // A file from before logs had numbers has none until its first log was written into it.
    return onDisk === 0 || (logNumber - onDisk + LARGEST) % LARGEST <= NUMBERS_BEHIND;
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

    numberLog() {
      const now = salts();
      before = undefined;
      // The commit that gives a log its number may also start the log, whose salts are known only after it.
      if (isFirstCommit) begun = now;
      isFirstCommit = false;
      if (now !== undefined && now === begun) return;
      const last = Number(sqlite.pragma("user_version", { simple: true }));
      const isBegunElsewhere = last !== logNumber;
      before = { logNumber: last, begun };
      logNumber = isBegunElsewhere ? last : nextLogNumber(last);
      if (!isBegunElsewhere) sqlite.pragma(`user_version = ${logNumber}`);
      begun = now;
      isFirstCommit = true;
    },

    rolledBack() {
      if (!before) return;
      ({ logNumber, begun } = before);
      isFirstCommit = false;
      before = undefined;
    },

    // Close after the connection: closing a descriptor releases all locks that the process has on the file.
    close() {
      closeSync(descriptor);
      if (openLog) closeSync(openLog.descriptor);
    },
  };
};
