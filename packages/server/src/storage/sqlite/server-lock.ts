import { closeSync, existsSync, mkdirSync, openSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import Sqlite from "better-sqlite3";
import { SetupError } from "../../platform/setup-error.js";

/** Returns one path for all paths that lead to a file, whether it exists or not. */
const realPathOf = (file: string): string =>
  existsSync(file) ? realpathSync(file) : join(realpathSync(dirname(file)), basename(file));

/**
 * Makes this process the only server of a database file. The lock is SQLite's exclusive lock of an empty file beside the
 * database: the operating system releases it when the process ends, however it ends, and it holds between containers. The
 * file itself stays, and means nothing.
 * @returns releases the lock
 * @throws SetupError when another server holds it, or the file cannot be made
 */
export const lockForServer = (databaseFile: string): (() => void) => {
  let sqlite: Sqlite.Database | undefined;
  try {
    mkdirSync(dirname(databaseFile), { recursive: true, mode: 0o700 });
    const file = `${realPathOf(databaseFile)}-server`;
    // SQLite would create it with read access for everyone.
    if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
    sqlite = new Sqlite(file, { timeout: 0 });
    sqlite.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    sqlite?.close();
    if (error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY"))
      throw new SetupError(
        `The database ${databaseFile} is served by another process: stop it first. Several servers need PostgreSQL (INVIGIL_DATABASE_URL).`,
      );
    throw new SetupError(
      `The database ${databaseFile} cannot be locked: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return () => sqlite.close();
};
