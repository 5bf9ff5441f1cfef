import { randomInt } from "node:crypto";
import { closeSync, fsyncSync, openSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { MIGRATIONS, refuseHardLinks } from "./client.js";
import { inspectLog } from "./log-file.js";
import { compareMigrations } from "./migrate.js";

/** The number of pages to copy between two calls of the progress function. */
const PAGES_A_STEP = 2000;

/** Called with the number of copied pages. Returns whether to continue. */
export type CopyProgress = (done: number, all: number) => boolean;

const sync = (file: string): void => {
  const descriptor = openSync(file, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
};

/**
 * Copies a consistent snapshot of a database to one file without a log, while servers may write to it. Returns
 * false when the progress function has stopped it.
 */
export const copyDatabase = async (file: string, to: string, progress: CopyProgress): Promise<boolean> => {
  refuseHardLinks(file);
  const source = new Sqlite(file, { readonly: true, fileMustExist: true });
  let goesOn = true;
  try {
    // The open read transaction fixes the snapshot: later commits neither appear in the copy nor restart it.
    source.exec("BEGIN");
    source.prepare("SELECT count(*) FROM sqlite_master").get();
    await source.backup(to, {
      progress({ totalPages, remainingPages }) {
        goesOn = progress(totalPages - remainingPages, totalPages);
        // The library has no way to stop: it asks only for the number of pages to copy next, and never ends
        // with 0.
        if (!goesOn) throw new Error("stopped");
        return PAGES_A_STEP;
      },
    });
  } catch (error) {
    if (goesOn) throw error;
    return false;
  } finally {
    source.close();
  }
  const copy = new Sqlite(to);
  try {
    copy.pragma("journal_mode = DELETE");
    // Gives the copy a log number of its own, so that no log of the original matches it.
    copy.pragma(`user_version = ${randomInt(1, 0x3fff_ffff)}`);
  } finally {
    copy.close();
  }
  sync(to);
  return true;
};

/** Whether a database file has the schema of this version. */
export const hasCurrentSchema = (file: string): boolean => {
  const sqlite = new Sqlite(file, { readonly: true, fileMustExist: true });
  try {
    return compareMigrations(sqlite, MIGRATIONS) === "current";
  } finally {
    sqlite.close();
  }
};

export interface DatabaseReport {
  /** Errors in the file, one per line. */
  readonly faults: readonly string[];
  /** The number of rows of the main tables. */
  readonly counts: Readonly<Record<string, number>>;
  /** The URL paths of the audio files that the database refers to and that a folder has to contain. */
  readonly audio: readonly string[];
  /** The number of audio files that are kept in a bucket. */
  readonly bucketFiles: number;
}

const UNREADABLE = { counts: {}, audio: [], bucketFiles: 0 };
const CLIP_URLS = "SELECT DISTINCT url FROM audio_clips WHERE url LIKE '/audio/%'";
/** Omits files in the database and in a bucket. */
const IN_FOLDER =
  "NOT EXISTS (SELECT 1 FROM stored_files WHERE place IN ('database', 'bucket') AND name = substr(url, 8))";
const INCOMPLETE_FILES = `SELECT name FROM stored_files WHERE place = 'database' AND name IS NOT NULL AND bytes <> (
  SELECT coalesce(sum(length(content)), 0) FROM stored_file_chunks WHERE file_id = stored_files.id)`;
const BUCKET_FILES = "SELECT count(*) FROM stored_files WHERE place = 'bucket' AND name IS NOT NULL";

const COUNTED = ["accounts", "exams", "rooms", "participants", "unseated", "cheat_records", "messages"];

/** Examines a whole database file that nothing else uses, without changing it. */
export const examineDatabase = (file: string): DatabaseReport => {
  let sqlite: Sqlite.Database | undefined;
  try {
    const opened = new Sqlite(file, { readonly: true, fileMustExist: true });
    sqlite = opened;
    const countOf = (table: string) => Number(opened.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
    // Safe: these are the columns that SQLite documents.
    const integrity = sqlite.pragma("integrity_check(20)") as { integrity_check: string }[];
    const damage = integrity.map(({ integrity_check: found }) => found).filter((found) => found !== "ok");
    if (damage.length > 0) return { faults: damage, ...UNREADABLE };
    // Safe: as above.
    const orphans = sqlite.pragma("foreign_key_check") as { table: string }[];
    const state = compareMigrations(sqlite, MIGRATIONS);
    const faults = [
      ...new Set(orphans.map(({ table }) => `rows of the table ${table} name rows that are not there`)),
      ...(state === "newer" ? ["it was made by a newer version of Invigil"] : []),
    ];
    const tables = new Set(
      sqlite.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all(),
    );
    if (!tables.has("exams"))
      return { faults: [...faults, "it holds none of Invigil's tables"], ...UNREADABLE };
    const counts = Object.fromEntries(
      COUNTED.filter((table) => tables.has(table)).map((table) => [table, countOf(table)]),
    );
    const textsOf = (query: string) => opened.prepare<[], string>(query).pluck().all();
    // Backups of earlier versions do not have the table.
    if (!tables.has("stored_files"))
      return { faults, counts, audio: textsOf(`${CLIP_URLS} ORDER BY url`), bucketFiles: 0 };
    const incomplete = textsOf(INCOMPLETE_FILES);
    return {
      faults: [...faults, ...incomplete.map((name) => `the audio file ${name} is not complete`)],
      counts,
      audio: textsOf(`${CLIP_URLS} AND ${IN_FOLDER} ORDER BY url`),
      bucketFiles: Number(opened.prepare(BUCKET_FILES).pluck().get()),
    };
  } catch (error) {
    return { faults: [error instanceof Error ? error.message : String(error)], ...UNREADABLE };
  } finally {
    sqlite?.close();
  }
};

/**
 * Whether another process has the database open. Like any last connection that closes, this writes the log into
 * the file.
 */
export const isInUse = (file: string): boolean => {
  // Opening the file would write a foreign log into it.
  if (inspectLog(file) === "foreign") return false;
  const sqlite = new Sqlite(file, { fileMustExist: true, timeout: 0 });
  try {
    sqlite.pragma("locking_mode = EXCLUSIVE");
    sqlite.exec("BEGIN IMMEDIATE; ROLLBACK");
    return false;
  } catch (error) {
    return error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY");
  } finally {
    sqlite.close();
  }
};
