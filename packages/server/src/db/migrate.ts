import type { Database as Sqlite } from "better-sqlite3";
import type { BetterSQLite3Database } from "drizzle-orm/better-sqlite3";
import { migrate as runMigrations } from "drizzle-orm/better-sqlite3/migrator";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { SetupError } from "../setup-error.js";

/** The newest migration that the database has, in the migrations' own time; 0 for none. */
const newestApplied = (sqlite: Sqlite): number => {
  const table = sqlite.prepare("SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'").get();
  if (!table) return 0;
  const newest = sqlite.prepare("SELECT max(created_at) FROM __drizzle_migrations").pluck().get();
  return Number(newest ?? 0);
};

const newestKnown = (migrationsFolder: string): number =>
  readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;

/** Whether the database has exactly the migrations of this version: another process may have brought it further. */
export const migrationsChecker = (sqlite: Sqlite, migrationsFolder: string): (() => boolean) => {
  const known = newestKnown(migrationsFolder);
  return () => newestApplied(sqlite) === known;
};

/**
 * Applies the migrations that are missing, all in one transaction.
 * @throws when the database has a migration that this version does not know
 */
export const migrate = (
  sqlite: Sqlite,
  queries: BetterSQLite3Database<Record<string, unknown>>,
  migrationsFolder: string,
): void => {
  if (newestApplied(sqlite) > newestKnown(migrationsFolder)) {
    throw new SetupError(
      `The database ${sqlite.name} was made by a newer version of Invigil. Start that version, or restore a backup.`,
    );
  }
  runMigrations(queries, { migrationsFolder });
};
