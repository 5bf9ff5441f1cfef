import type { Database as Sqlite } from "better-sqlite3";
import { type MigrationMeta, readMigrationFiles } from "drizzle-orm/migrator";
import { SetupError } from "../../platform/setup-error.js";

/** The time of the newest migration of the database, as its folder has it. 0 without migrations. */
const newestApplied = (sqlite: Sqlite): number => {
  const table = sqlite.prepare("SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'").get();
  if (!table) return 0;
  const newest = sqlite.prepare("SELECT max(created_at) FROM __drizzle_migrations").pluck().get();
  return Number(newest ?? 0);
};

/** Reads the migrations of a folder, from the oldest to the newest. */
export const readMigrations = (migrationsFolder: string): readonly MigrationMeta[] =>
  readMigrationFiles({ migrationsFolder });

/** Compares the migrations of a database with those of this version. */
export const compareMigrations = (
  sqlite: Sqlite,
  migrationsFolder: string,
): "older" | "current" | "newer" => {
  const newest = readMigrations(migrationsFolder).at(-1)?.folderMillis ?? 0;
  const applied = newestApplied(sqlite);
  if (applied === newest) return "current";
  return applied < newest ? "older" : "newer";
};

/**
 * Applies the missing migrations in one transaction.
 * @returns a function that tells whether the database has exactly the migrations of this version. Call it
 *   later: another process may add newer ones.
 * @throws when the database has a migration that this version does not know
 */
export const migrate = (sqlite: Sqlite, migrations: readonly MigrationMeta[]): (() => boolean) => {
  const newest = migrations.at(-1)?.folderMillis ?? 0;
  const apply = sqlite.transaction(() => {
    const applied = newestApplied(sqlite);
    if (applied > newest) {
      throw new SetupError(
        `The database ${sqlite.name} was made by a newer version of Invigil. Start that version, or restore a backup.`,
      );
    }
    if (applied === newest) return;
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
  // Locks before looking: if two processes start at once, the second one finds the migrations applied.
  apply.immediate();
  return () => newestApplied(sqlite) === newest;
};
