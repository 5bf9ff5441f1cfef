import { randomBytes, randomInt } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import Sqlite from "better-sqlite3";
import { SetupError } from "../../platform/setup-error.js";
import { listOf, quoted } from "../names.js";
import { isInUse } from "../sqlite/backup-file.js";
import { checkBeforeRecovery, MIGRATIONS } from "../sqlite/client.js";
import { toSqlite } from "../sqlite/dialect.js";
import { beginEpoch } from "../sqlite/epoch.js";
import { logOf } from "../sqlite/log-file.js";
import { compareMigrations, migrate, readMigrations } from "../sqlite/migrate.js";
import { letNewFileShrink } from "../sqlite/space.js";
import type { CopySource, CopyTarget, TableReader } from "./ends.js";
import { type CopiedTable, decodeRow, keyOf, LEFT_OUT, pageQuery, WRITTEN_AT_START } from "./tables.js";

/** The cache of the new database, in KiB. What exceeds it is written to the file before the commit. */
const CACHE_KIB = 64 * 1024;

/** Runs work on a database. @throws SetupError that names what was done, instead of an error of SQLite */
const doing = <Result>(what: string, work: () => Result): Result => {
  try {
    return work();
  } catch (error) {
    if (error instanceof Sqlite.SqliteError) throw new SetupError(`${what}: ${error.message}`);
    throw error;
  }
};

/** Creates a function that prepares each text once. */
const preparer = (sqlite: Sqlite.Database) => {
  const prepared = new Map<string, Sqlite.Statement<unknown[]>>();
  return (text: string): Sqlite.Statement<unknown[]> => {
    const known = prepared.get(text) ?? sqlite.prepare<unknown[]>(text);
    prepared.set(text, known);
    return known;
  };
};

const readerOf = (sqlite: Sqlite.Database): TableReader => {
  const prepare = preparer(sqlite);
  const numberOf = (text: string, ...values: unknown[]): number =>
    Number(
      prepare(text)
        .pluck()
        .get(...values) ?? 0,
    );
  const reading = <Result>({ name }: CopiedTable, work: () => Result): Result =>
    doing(`The table ${name} of the database ${sqlite.name} cannot be read`, work);
  return {
    countRows: async (table) => reading(table, () => numberOf(`SELECT count(*) FROM ${quoted(table.name)}`)),
    readPage: async (table, after, limit) =>
      reading(table, () => {
        const page = prepare(pageQuery(table, table.key, after === undefined, () => "?")).raw();
        // Safe: rows are lists in this mode.
        const rows = page.all(
          ...(after ? keyOf(table, table.key, after, toSqlite) : []),
          limit,
        ) as (readonly unknown[])[];
        return rows.map((row) => decodeRow(table, row));
      }),
    lastGenerated: async (table) =>
      reading(table, () => {
        const { name, generated } = table;
        if (!generated) return 0;
        const greatest = numberOf(`SELECT max(${quoted(generated.name)}) FROM ${quoted(name)}`);
        return Math.max(greatest, numberOf("SELECT seq FROM sqlite_sequence WHERE name = ?", name));
      }),
  };
};

/** Whether another process has the file open. */
const hasUsers = (file: string): boolean =>
  doing(`The database ${file} cannot be opened`, () => isInUse(file));

const openToRead = (file: string): Sqlite.Database =>
  doing(`The database ${file} cannot be opened`, () => {
    // A connection that may not write would leave files of the write-ahead log behind.
    const sqlite = new Sqlite(file, { fileMustExist: true });
    try {
      sqlite.pragma("query_only = ON");
      sqlite.prepare("SELECT count(*) FROM sqlite_master").get();
    } catch (error) {
      sqlite.close();
      throw error;
    }
    return sqlite;
  });

/**
 * Reads a database of SQLite as it is now, while others may write to it.
 * @throws SetupError when the file cannot be read, or its tables are not exactly those of this version
 */
export const fromSqlite = async <Result>(
  file: string,
  work: (source: CopySource) => Promise<Result>,
): Promise<Result> => {
  if (!existsSync(file)) throw new SetupError(`The database ${file} does not exist`);
  checkBeforeRecovery(file);
  const isUsed = hasUsers(file);
  const sqlite = openToRead(file);
  try {
    const state = compareMigrations(sqlite, MIGRATIONS);
    if (state === "newer")
      throw new SetupError(
        `The database ${file} was made by a newer version of Invigil: copy it with that version`,
      );
    if (state === "older")
      throw new SetupError(
        `The database ${file} was made by an older version of Invigil, or has none of its tables: start this version on it once, then copy it`,
      );
    sqlite.exec("BEGIN");
    // The first read fixes what the transaction sees.
    sqlite.prepare("SELECT count(*) FROM sqlite_master").get();
    return await work({ ...readerOf(sqlite), isInUse: isUsed });
  } finally {
    sqlite.close();
  }
};

/** Returns the names of the tables of a file that have rows. Tables of other programs count too. */
const filledTables = (file: string): string[] => {
  const sqlite = openToRead(file);
  try {
    const ignored = new Set(["__drizzle_migrations", WRITTEN_AT_START, ...LEFT_OUT]);
    const names = sqlite
      .prepare<[], string>(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
      )
      .pluck()
      .all();
    return names.filter(
      (name) =>
        !ignored.has(name) && sqlite.prepare(`SELECT 1 FROM ${quoted(name)} LIMIT 1`).get() !== undefined,
    );
  } finally {
    sqlite.close();
  }
};

/** @throws SetupError unless a file is missing, or has no rows and is not in use */
const refuseOccupied = (file: string): void => {
  if (!existsSync(file)) {
    if (existsSync(logOf(file)))
      throw new SetupError(
        `The write-ahead log ${logOf(file)} of another database is there: move it away first`,
      );
    return;
  }
  checkBeforeRecovery(file);
  const [filled] = filledTables(file);
  if (filled !== undefined)
    throw new SetupError(
      `The database ${file} is not empty: its table ${filled} has rows. Copy to a new file, or move this one away first.`,
    );
  if (hasUsers(file))
    throw new SetupError(`The database ${file} is in use: stop every server and command that uses it first`);
};

const createTables = (file: string): Sqlite.Database => {
  closeSync(openSync(file, "wx", 0o600));
  const sqlite = new Sqlite(file);
  letNewFileShrink(sqlite);
  // A copy that fails is deleted, so the file needs neither a journal on disk nor syncs before the end.
  for (const setting of [
    "journal_mode = MEMORY",
    "synchronous = OFF",
    `cache_size = -${CACHE_KIB}`,
    "foreign_keys = OFF",
  ])
    sqlite.pragma(setting);
  migrate(sqlite, readMigrations(MIGRATIONS));
  return sqlite;
};

const targetOf = (sqlite: Sqlite.Database): CopyTarget => {
  const prepare = preparer(sqlite);
  return {
    ...readerOf(sqlite),
    async write({ name, columns }, rows) {
      const places = columns.map(() => "?").join(", ");
      const insert = prepare(`INSERT INTO ${quoted(name)} (${listOf(columns)}) VALUES (${places})`);
      doing(`The table ${name} cannot be copied`, () => {
        for (const row of rows)
          insert.run(
            columns.map((column, index) => {
              const value = row[index];
              return value === null ? null : toSqlite(column.mapToDriverValue(value));
            }),
          );
      });
    },
    async continueAfter({ name }, last) {
      prepare("DELETE FROM sqlite_sequence WHERE name = ?").run(name);
      prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)").run(name, last);
    },
    async complete() {
      // Safe: these are the columns that SQLite documents.
      const orphans = prepare("PRAGMA foreign_key_check").all() as { table: string; parent: string }[];
      const [first] = orphans;
      if (first)
        throw new SetupError(
          `The table ${first.table} cannot be copied: ${orphans.length} rows refer to rows of tables like ${first.parent} that do not exist`,
        );
    },
    async beginEpoch() {
      beginEpoch(sqlite, new Date());
    },
  };
};

const sync = (path: string): void => {
  const descriptor = openSync(path, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
};

/** Puts a finished database in the place of an empty one. */
const putInPlace = (finished: string, file: string): void => {
  sync(finished);
  refuseOccupied(file);
  for (const path of [logOf(file), `${file}-shm`]) rmSync(path, { force: true });
  renameSync(finished, file);
  sync(dirname(file));
};

/**
 * Makes a database of SQLite. It is written to a file beside its place, and moved there when the work is done.
 * @throws SetupError when there is a database that has rows or is in use
 */
export const intoSqlite = async <Result>(
  file: string,
  work: (target: CopyTarget) => Promise<Result>,
): Promise<Result> => {
  refuseOccupied(file);
  const partial = `${file}.partial-${randomBytes(6).toString("hex")}`;
  const madeFolder = mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  let sqlite: Sqlite.Database | undefined;
  try {
    sqlite = createTables(partial);
    sqlite.exec("BEGIN");
    const result = await work(targetOf(sqlite));
    sqlite.exec("COMMIT");
    // Gives the file a log number of its own, so that no log of another file matches it.
    sqlite.pragma(`user_version = ${randomInt(1, 0x3fff_ffff)}`);
    sqlite.close();
    putInPlace(partial, file);
    return result;
  } catch (error) {
    sqlite?.close();
    rmSync(partial, { force: true });
    if (madeFolder !== undefined) rmSync(madeFolder, { recursive: true });
    throw error;
  }
};
