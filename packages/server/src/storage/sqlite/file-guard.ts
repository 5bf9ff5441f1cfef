import { randomInt } from "node:crypto";
import { closeSync, openSync, type Stats, statSync } from "node:fs";
import type { Database as Sqlite } from "better-sqlite3";
import { generationOfFile, logOf, saltsOfLog } from "./log-file.js";

/** How many generations the file may be behind the log: several processes may each have started one. */
const GENERATIONS_BEHIND = 8;
const LARGEST = 0x7fff_fffe;

export interface FileGuard {
  /**
   * Returns why the next start would not find the commits: the file or its log was deleted, replaced or emptied
   * while in use. Undefined while there is no problem.
   */
  readonly fault: () => string | undefined;
  /** Starts the next generation if the log is a new one. Call it inside a transaction. */
  readonly beginGeneration: () => void;
  /** Called when that transaction was rolled back. */
  readonly rolledBack: () => void;
  readonly close: () => void;
}

const there = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false });
const isSame = (one: Stats, other: Stats | undefined): boolean =>
  other !== undefined && one.ino === other.ino && one.dev === other.dev;

/** The first generation is random, so that no two databases have the same one by chance. */
const nextGeneration = (last: number): number =>
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
  /** The log whose generation has started, as far as this process knows. */
  let begun = generation === 0 ? undefined : salts();
  let isFirstCommit = false;
  /** What was known before the transaction that starts a generation. */
  let before: { readonly generation: number; readonly begun: string | undefined } | undefined;

  const isOfThisDatabase = (): boolean => {
    const onDisk = generationOfFile(descriptor);
    if (onDisk === generation) return true;
    generation = Number(sqlite.pragma("user_version", { simple: true }));
    // A file from before generations has none until its first log was written into it.
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
      before = undefined;
      // The commit that starts a generation may also start its log, whose salts are known only after it.
      if (isFirstCommit) begun = now;
      isFirstCommit = false;
      if (now !== undefined && now === begun) return;
      const last = Number(sqlite.pragma("user_version", { simple: true }));
      const isBegunElsewhere = last !== generation;
      before = { generation: last, begun };
      generation = isBegunElsewhere ? last : nextGeneration(last);
      if (!isBegunElsewhere) sqlite.pragma(`user_version = ${generation}`);
      begun = now;
      isFirstCommit = true;
    },

    rolledBack() {
      if (!before) return;
      ({ generation, begun } = before);
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
