import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { type BetterSQLite3Database, drizzle } from "drizzle-orm/better-sqlite3";
import { PACKAGE_ROOT } from "../../platform/package-root.js";
import { SetupError } from "../../platform/setup-error.js";
import type { OnDeclared } from "../declared-tables.js";
import type { Storage } from "../port.js";
import * as tables from "../tables.js";
import { createFileGuard, type FileGuard } from "./file-guard.js";
import { isAboutStatements } from "./footprints.js";
import { inspectLog, logOf } from "./log-file.js";
import { migrate } from "./migrate.js";
import { quickCheck } from "./quick-check.js";
import { createSqliteStorage } from "./storage.js";

/** The committed migrations. */
export const MIGRATIONS = fileURLToPath(new URL("drizzle", PACKAGE_ROOT));

export type Queries = BetterSQLite3Database<typeof tables>;

export interface Database {
  /** The port that stores use. */
  readonly storage: Storage;
  /** Drizzle on the connection that writes, for tests and tools that look at the tables. */
  readonly queries: Queries;
  /** Another number after every commit of another process. */
  readonly othersVersion: () => number | undefined;
  /** Why writes are not acknowledged: the files are not those that were opened. Undefined while all is well. */
  readonly fault: () => string | undefined;
  /** Tables that were too large for the check of the start. */
  readonly unchecked: readonly string[];
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
  readonly onDeclared?: OnDeclared | undefined;
  /** Told when writes stop being acknowledged because the files are not those that were opened. */
  readonly onFault?: ((fault: string) => void) | undefined;
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

/** Files of the database are for their owner alone: it holds names, detections and messages. The log takes the file's mode. */
const OWNER_ONLY = 0o600;

const makePrivate = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite would make it for everybody to read. One that is there is not opened: closing it again would end this process's locks on it.
  if (!existsSync(file)) closeSync(openSync(file, "a", OWNER_ONLY));
  for (const path of [file, logOf(file), `${file}-shm`])
    if (existsSync(path) && (statSync(path).mode & 0o077) !== 0) chmodSync(path, OWNER_ONLY);
};

const foreignLog = (file: string): SetupError =>
  new SetupError(
    `The write-ahead log ${logOf(file)} was not written for the database ${file}, and would corrupt it: the file was replaced, perhaps by a backup. To keep the file as it is, move ${logOf(file)} and ${file}-shm away; to put a backup back, use 'invigil backup restore'.`,
  );

const damaged = (file: string, fault: string): SetupError =>
  new SetupError(
    `The database ${file} is damaged (${fault}). Put a backup back with 'invigil backup restore'.`,
  );

/** @throws SetupError when the database is damaged */
const refuseDamage = (sqlite: Sqlite.Database): readonly string[] => {
  const { fault, skipped } = quickCheck(sqlite);
  if (fault === undefined) return skipped;
  throw damaged(sqlite.name, fault.replaceAll(/\s+/g, " ").slice(0, 200));
};

/**
 * Looks at the write-ahead log that a crash left behind, before it is copied into the file. Where it cannot be told whose it is, the file
 * is looked through for damage by a connection that only reads, which leaves both as they are.
 * @throws SetupError when the log was written for another file, or the database is damaged
 */
const checkBeforeRecovery = (file: string): void => {
  const log = inspectLog(file);
  if (log === "foreign") throw foreignLog(file);
  if (log !== "unknown") return;
  const sqlite = new Sqlite(file, { readonly: true });
  try {
    refuseDamage(sqlite);
  } finally {
    sqlite.close();
  }
};

const openFile = (file: string, onStatement: OpenOptions["onStatement"]): Sqlite.Database => {
  let sqlite: Sqlite.Database | undefined;
  try {
    makePrivate(file);
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
    if (error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_CORRUPT"))
      throw damaged(file, error.message);
    throw new SetupError(`The database ${file} cannot be opened: ${String(error)}`);
  }
};

/** A database that nobody keeps is a file in a folder of its own, since several connections share it; it goes when it is closed. */
const temporaryFile = (): { file: string; remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), "invigil-memory-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  return {
    file: join(folder, "invigil.db"),
    remove: () => {
      process.off("exit", remove);
      remove();
    },
  };
};

/**
 * Opens the database, brings it to this version's tables, and sets it to lose nothing that was
 * acknowledged: write-ahead log, and a sync to disk at every commit.
 * @throws SetupError when the file cannot be opened, or was made by a newer version
 */
export const openDatabase = ({
  file: wanted,
  migrations = MIGRATIONS,
  onStatement,
  onDeclared,
  onFault,
}: OpenOptions): Database => {
  const isFile = wanted !== ":memory:";
  const temporary = isFile ? undefined : temporaryFile();
  const file = temporary?.file ?? wanted;
  if (isFile) checkBeforeRecovery(file);
  const sqlite = openFile(file, onStatement);
  // Nothing of it outlives the process, so nothing is to be on disk.
  if (temporary) sqlite.pragma("synchronous = OFF");
  let guard: FileGuard | undefined;
  try {
    const unchecked = isFile ? refuseDamage(sqlite) : [];
    // Off while tables may be rebuilt; it cannot be switched inside a transaction.
    sqlite.pragma("foreign_keys = OFF");
    const migrationsAreCurrent = migrate(sqlite, migrations);
    const queries = drizzle(sqlite, {
      schema: tables,
      logger: { logQuery: (text) => void (text.startsWith("select ") || port.forgetAll()) },
    });
    sqlite.pragma("foreign_keys = ON");
    // From now on it is the writer that waits, which does not stop the process meanwhile.
    sqlite.pragma("busy_timeout = 0");
    guard = isFile ? createFileGuard(sqlite, file) : undefined;
    const port = createSqliteStorage({
      writer: sqlite,
      openReader: () => {
        const reader = openFile(file, onStatement);
        reader.pragma("query_only = ON");
        return reader;
      },
      guard,
      onFault,
      onStatement: ({ text, writes }) => {
        if (writes !== undefined) onDeclared?.(text, { writes });
      },
      onRemembered: onDeclared && (({ text }, reads) => onDeclared(text, { reads })),
    });
    return {
      queries,
      storage: port.storage,
      othersVersion: port.othersVersion,
      migrationsAreCurrent,
      fault: () => guard?.fault(),
      unchecked,
      close() {
        port.close();
        sqlite.close();
        guard?.close();
        temporary?.remove();
      },
    };
  } catch (error) {
    sqlite.close();
    guard?.close();
    temporary?.remove();
    throw error;
  }
};
