import type { Database as Sqlite } from "better-sqlite3";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { SetupError } from "../../platform/setup-error.js";

/** The newest migration that the database has, in the migrations' own time; 0 for none. */
const newestApplied = (sqlite: Sqlite): number => {
  const table = sqlite.prepare("SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'").get();
  if (!table) return 0;
  const newest = sqlite.prepare("SELECT max(created_at) FROM __drizzle_migrations").pluck().get();
  return Number(newest ?? 0);
};

/** How a database compares with this version's migrations. */
export const compareMigrations = (
  sqlite: Sqlite,
  migrationsFolder: string,
): "older" | "current" | "newer" => {
  const known = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  const applied = newestApplied(sqlite);
  if (applied === known) return "current";
  return applied < known ? "older" : "newer";
};

/**
 * Applies the migrations that are missing, all in one transaction.
 * Returns whether the database has exactly this version's, to be asked later: another process may bring it further.
 * @throws when the database has a migration that this version does not know
 */
export const migrate = (sqlite: Sqlite, migrationsFolder: string): (() => boolean) => {
  const migrations = readMigrationFiles({ migrationsFolder });
  const known = migrations.at(-1)?.folderMillis ?? 0;
  const apply = sqlite.transaction(() => {
    const applied = newestApplied(sqlite);
    if (applied > known) {
      throw new SetupError(
        `The database ${sqlite.name} was made by a newer version of Invigil. Start that version, or restore a backup.`,
      );
    }
    if (applied === known) return;
    sqlite.exec(
      "CREATE TABLE IF NOT EXISTS __drizzle_migrations (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)",
    );
    const note = sqlite.prepare("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)");
    for (const { folderMillis, hash, sql } of migrations) {
      if (folderMillis <= applied) continue;
      for (const statement of sql) sqlite.exec(statement);
      note.run(hash, folderMillis);
    }
  });
  // The lock before the look: of two processes that start at once, the second finds the work done.
  apply.immediate();
  return () => newestApplied(sqlite) === known;
};
