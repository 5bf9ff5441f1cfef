import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { type BetterSQLite3Database, drizzle } from "drizzle-orm/better-sqlite3";
import { SetupError } from "../setup-error.js";
import { type Adder, createAdder } from "./adder.js";
import { createInserter, type Inserter } from "./inserter.js";
import { createMemory, isAboutStatements, type Remember } from "./memory.js";
import { migrate } from "./migrate.js";
import * as tables from "./tables.js";
import { createWriter, type Write } from "./writer.js";

/** The committed migrations, the same folder from `src/` and from `dist/`. */
export const MIGRATIONS = fileURLToPath(new URL("../../drizzle", import.meta.url));

export type Queries = BetterSQLite3Database<typeof tables>;

export interface Database {
  /** For reading, and for building the statements that a write runs. */
  readonly queries: Queries;
  /** Runs a function in a transaction; the promise resolves once its commit is on disk. */
  readonly write: Write;
  /** Makes the function that inserts rows into a table, for use inside of `write`. */
  readonly inserter: Inserter;
  /** Makes the function that keeps sums beside what is written, for use inside of `write`. */
  readonly adder: Adder;
  /** Reads the database as it is at one moment, whatever others write meanwhile. */
  readonly snapshot: <T>(read: () => T) => T;
  /** Makes a read that is remembered for as long as it is what the database would say. */
  readonly remember: Remember;
  /** Another number after every commit of another process. */
  readonly othersVersion: () => number | undefined;
  /** Whether it has exactly this version's migrations. Throws when the database does not answer. */
  migrationsAreCurrent(): boolean;
  close(): void;
}

export interface OpenOptions {
  /** The file; `:memory:` for none. */
  readonly file: string;
  readonly migrations?: string;
  /** Told of every statement that runs and is not about statements, for tests that look at query plans. */
  readonly onStatement?: (sql: string) => void;
}

/** How long opening waits for another process, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;
const RETRY_MS = 20;

/** Switches to the write-ahead log. Alone of all statements it does not wait when another process has the file. */
const switchToLog = (sqlite: Sqlite.Database): void => {
  for (let waited = 0; ; waited += RETRY_MS) {
    try {
      sqlite.pragma("journal_mode = WAL");
      return;
    } catch (error) {
      const busy = error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY");
      if (!busy || waited >= BUSY_TIMEOUT_MS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
};

const openFile = (file: string, onStatement: OpenOptions["onStatement"]): Sqlite.Database => {
  let sqlite: Sqlite.Database | undefined;
  try {
    if (file !== ":memory:") mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
    sqlite = new Sqlite(
      file,
      onStatement ? { verbose: (sql) => isAboutStatements(String(sql)) || onStatement(String(sql)) } : {},
    );
    sqlite.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    switchToLog(sqlite);
    sqlite.pragma("synchronous = FULL");
    return sqlite;
  } catch (error) {
    sqlite?.close();
    throw new SetupError(`The database ${file} cannot be opened: ${String(error)}`);
  }
};

/**
 * Opens the database, brings it to this version's tables, and sets it to lose nothing that was
 * acknowledged: write-ahead log, and a sync to disk at every commit.
 * @throws SetupError when the file cannot be opened, or was made by a newer version
 */
export const openDatabase = ({ file, migrations = MIGRATIONS, onStatement }: OpenOptions): Database => {
  const sqlite = openFile(file, onStatement);
  try {
    // Off while tables may be rebuilt; it cannot be switched inside a transaction.
    sqlite.pragma("foreign_keys = OFF");
    const migrationsAreCurrent = migrate(sqlite, migrations);
    const { remember, othersVersion, noteStatement } = createMemory(sqlite);
    const queries = drizzle(sqlite, { schema: tables, logger: { logQuery: noteStatement } });
    sqlite.pragma("foreign_keys = ON");
    // From now on it is the writer that waits, which does not stop the process meanwhile.
    sqlite.pragma("busy_timeout = 0");
    const write = createWriter(sqlite);
    return {
      queries,
      write,
      inserter: createInserter(sqlite, { noteStatement }),
      adder: createAdder(sqlite, { noteStatement }),
      snapshot: (read) => sqlite.transaction(read).deferred(),
      remember,
      othersVersion,
      migrationsAreCurrent,
      close: () => sqlite.close(),
    };
  } catch (error) {
    sqlite.close();
    throw error;
  }
};
