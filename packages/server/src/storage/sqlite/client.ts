import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import type { StorageMeters } from "../../platform/meters.js";
import { PACKAGE_ROOT } from "../../platform/package-root.js";
import { SetupError } from "../../platform/setup-error.js";
import type { Database } from "../database.js";
import type { OnDeclared } from "../declared-tables.js";
import { createFileGuard, type FileGuard } from "./file-guard.js";
import { inspectLog, logOf } from "./log-file.js";
import { migrate, readMigrations } from "./migrate.js";
import { quickCheck } from "./quick-check.js";
import { letNewFileShrink, shrink, spaceOf } from "./space.js";
import { createSqliteStorage } from "./storage.js";

/** The folder of the migrations. */
export const MIGRATIONS = fileURLToPath(new URL("drizzle", PACKAGE_ROOT));

export interface OpenSqliteOptions {
  /** The database file; `:memory:` for a temporary one. */
  readonly file: string;
  readonly migrations?: string;
  /** Called with every statement of the application, for tests that look at query plans. */
  readonly onStatement?: ((sql: string) => void) | undefined;
  readonly onDeclared?: OnDeclared | undefined;
  /** Called when writes are no longer acknowledged because the database files were replaced. */
  readonly onFault?: ((fault: string) => void) | undefined;
  /** Called when writes begin to be refused because another process has changed the schema. */
  readonly onSchemaChanged?: (() => void) | undefined;
  readonly meters?: StorageMeters | undefined;
}

/** How long opening waits for another process, in milliseconds. */
const BUSY_TIMEOUT_MS = 5000;
const RETRY_MS = 20;

/**
 * Switches to the write-ahead log. Unlike other statements, this one does not wait while another process has
 * locked the file.
 */
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

/**
 * The database contains personal data, so only the owner of its files may read them. The log file takes over
 * the mode.
 */
const OWNER_ONLY = 0o600;

const makePrivate = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // SQLite would create the file with read access for everyone. An existing file is not opened, because closing
  // it would release this process's locks on it.
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
 * Refuses a file with several names. SQLite finds the write-ahead log and the locks of a database by its name, so what is written through one
 * name is not seen, and is overwritten, through another.
 * @throws SetupError
 */
export const refuseHardLinks = (file: string): void => {
  const names = existsSync(file) ? statSync(file).nlink : 1;
  if (names <= 1) return;
  throw new SetupError(
    `The file of the database ${file} has ${names} names (hard links), and would be corrupted if it was used through two of them. Stop every server that uses it, and give this name a file of its own: cp -p '${file}' '${file}.copy' && mv '${file}.copy' '${file}'. Snapshots made with hard links change along with the file: use 'invigil backup create'.`,
  );
};

/**
 * Checks a write-ahead log that a crash has left behind, before SQLite writes it into the database file. If its
 * origin is unknown, checks the file for damage with a read-only connection, which changes neither of them.
 * @throws SetupError when the log belongs to another file, the database is damaged, or its file has several names
 */
export const checkBeforeRecovery = (file: string): void => {
  refuseHardLinks(file);
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

/** Whether a statement asks what other processes did, instead of belonging to the application. */
const isAboutStatements = (text: string): boolean => text === "PRAGMA data_version";

const openFile = (file: string, onStatement: OpenSqliteOptions["onStatement"]): Sqlite.Database => {
  let sqlite: Sqlite.Database | undefined;
  try {
    makePrivate(file);
    sqlite = new Sqlite(
      file,
      onStatement ? { verbose: (sql) => isAboutStatements(String(sql)) || onStatement(String(sql)) } : {},
    );
    sqlite.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
    letNewFileShrink(sqlite);
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

/**
 * Creates a temporary file in a folder of its own, since several connections share it. It is deleted when it is
 * closed.
 */
const temporaryFile = (content: Buffer | undefined): { file: string; remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), "invigil-memory-"));
  if (content) writeFileSync(join(folder, "invigil.db"), content);
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

/** Migrations, and an empty database that has them. */
interface Template {
  readonly migrations: ReturnType<typeof readMigrations>;
  readonly content: Buffer;
}
/** Templates of temporary databases, by the folder of the migrations. Tests open hundreds of temporary databases. */
// oxlint-disable-next-line invigil/no-module-state -- A copy of a template shares nothing with it.
const templates = new Map<string, Template>();

/**
 * Opens the database, applies missing migrations, and makes commits durable: with a write-ahead log and a sync
 * to disk at every commit.
 * @throws SetupError when the file cannot be opened, or was made by a newer version
 */
export const openSqlite = ({
  file: wanted,
  migrations: folder = MIGRATIONS,
  onStatement,
  onDeclared,
  onFault,
  onSchemaChanged,
  meters,
}: OpenSqliteOptions): Database => {
  const isFile = wanted !== ":memory:";
  const template = isFile ? undefined : templates.get(folder);
  const temporary = isFile ? undefined : temporaryFile(template?.content);
  const file = temporary?.file ?? wanted;
  if (isFile) checkBeforeRecovery(file);
  const sqlite = openFile(file, onStatement);
  // A temporary database does not outlive the process, so it needs no sync to disk.
  if (temporary) sqlite.pragma("synchronous = OFF");
  let guard: FileGuard | undefined;
  try {
    const unchecked = isFile ? refuseDamage(sqlite) : [];
    // Foreign keys are off while migrations may rebuild tables. They cannot be switched inside a transaction.
    sqlite.pragma("foreign_keys = OFF");
    const migrations = template?.migrations ?? readMigrations(folder);
    const migrationsAreCurrent = migrate(sqlite, migrations);
    if (temporary && !template) templates.set(folder, { migrations, content: sqlite.serialize() });
    sqlite.pragma("foreign_keys = ON");
    // Each write has a savepoint. SQLite would keep the pages of its undo journal in a temporary file.
    sqlite.pragma("temp_store = MEMORY");
    // From now on the writer waits for other processes, without blocking the event loop.
    sqlite.pragma("busy_timeout = 0");
    guard = isFile ? createFileGuard(sqlite, file) : undefined;
    const bytesOfAll = sqlite
      .prepare<[], number>("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
      .pluck();
    const port = createSqliteStorage({
      writer: sqlite,
      openReader: () => {
        const reader = openFile(file, onStatement);
        reader.pragma("query_only = ON");
        return reader;
      },
      isCurrent: migrationsAreCurrent,
      onSchemaChanged,
      guard,
      onFault,
      meters,
      onStatement: ({ text, writes }) => {
        if (writes !== undefined) onDeclared?.(text, { writes });
      },
      onCachedRead: onDeclared && (({ text }, reads) => onDeclared(text, { reads })),
    });
    return {
      kind: "sqlite",
      ...(isFile && {
        file: {
          path: file,
          freeBytes: () => spaceOf(sqlite).freeBytes,
          shrink: () => shrink(sqlite, (work) => port.storage.write(work, { bulk: true })),
        },
      }),
      storage: port.storage,
      control: port.storage,
      requestArrived: port.requestArrived,
      clock: () => new Date(),
      migrationsAreCurrent: async () => migrationsAreCurrent(),
      fault: () => guard?.fault(),
      unchecked,
      size: async () => bytesOfAll.get() ?? 0,
      async close() {
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
