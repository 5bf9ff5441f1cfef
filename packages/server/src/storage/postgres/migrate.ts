import { type MigrationMeta, readMigrationFiles } from "drizzle-orm/migrator";
import { SetupError } from "../../platform/setup-error.js";
import { inTransaction, type Session } from "./sessions.js";
import { shownUrl } from "./settings.js";

/** A migration. An older version of Invigil does not work with the schema after an incompatible one. */
interface Migration extends Pick<MigrationMeta, "sql" | "folderMillis" | "hash"> {
  readonly isIncompatible: boolean;
}

/** The first line of a migration after which the previous version of Invigil no longer works. */
const INCOMPATIBLE = "-- incompatible with the previous version";
/** Identifies the lock that migrations take, among all locks of the database. */
const LOCK = 7_001_014;

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS invigil_migrations (
  created_at bigint PRIMARY KEY, hash text NOT NULL, incompatible boolean NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;

/** Reads the migrations of a folder, from the oldest to the newest. */
export const readMigrations = (migrationsFolder: string): readonly Migration[] =>
  readMigrationFiles({ migrationsFolder }).map(({ sql, folderMillis, hash }) => ({
    sql,
    folderMillis,
    hash,
    isIncompatible: sql[0]?.trimStart().startsWith(INCOMPATIBLE) ?? false,
  }));

interface Applied {
  readonly createdAt: number;
  readonly incompatible: boolean;
}

export const readApplied = async (session: Session): Promise<readonly Applied[]> => {
  const { rows } = await session.query({
    text: "SELECT created_at, incompatible FROM invigil_migrations ORDER BY created_at",
  });
  return rows.map(([createdAt, incompatible]) => ({
    createdAt: Number(createdAt),
    incompatible: incompatible === true,
  }));
};

/** Whether a version with these migrations works with the migrations that a newer version has added. */
export const isCompatible = (applied: readonly Applied[], migrations: readonly Migration[]): boolean => {
  const newest = migrations.at(-1)?.folderMillis ?? 0;
  return !applied.some(({ createdAt, incompatible }) => incompatible && createdAt > newest);
};

/**
 * Applies the missing migrations in the current transaction. Until it ends, processes that start wait.
 * @throws SetupError when the schema was made by a newer version and this one does not work with it
 */
export const applyMigrations = async (
  session: Session,
  migrations: readonly Migration[],
  url: string,
): Promise<void> => {
  await session.execute(`SELECT pg_advisory_xact_lock(${LOCK})`);
  await session.execute(CREATE_TABLE);
  const applied = await readApplied(session);
  if (!isCompatible(applied, migrations))
    throw new SetupError(
      `The database ${shownUrl(url)} was made by a newer version of Invigil. Start that version, or restore a backup.`,
    );
  const done = new Set(applied.map(({ createdAt }) => createdAt));
  for (const { sql, folderMillis, hash, isIncompatible } of migrations) {
    if (done.has(folderMillis)) continue;
    for (const statement of sql) await session.execute(statement);
    await session.query({
      text: "INSERT INTO invigil_migrations (created_at, hash, incompatible) VALUES ($1, $2, $3)",
      values: [folderMillis, hash, isIncompatible],
    });
  }
};

/**
 * Applies the missing migrations in one transaction. Processes that start at once wait for the first of them.
 * @throws SetupError when the schema was made by a newer version and this one does not work with it
 */
export const migrate = (session: Session, migrations: readonly Migration[], url: string): Promise<void> =>
  inTransaction(session, () => applyMigrations(session, migrations, url));

/** Whether the database has exactly these migrations. */
export const hasExactly = (applied: readonly Applied[], migrations: readonly Migration[]): boolean => {
  const known = new Set(migrations.map(({ folderMillis }) => folderMillis));
  return applied.length === known.size && applied.every(({ createdAt }) => known.has(createdAt));
};

/** Whether the database has all of these migrations. */
export const hasAll = (applied: readonly Applied[], migrations: readonly Migration[]): boolean => {
  const done = new Set(applied.map(({ createdAt }) => createdAt));
  return migrations.every(({ folderMillis }) => done.has(folderMillis));
};

/** Whether the schema of the database fits this version. */
export const fitsVersion = async (session: Session, migrations: readonly Migration[]): Promise<boolean> => {
  const applied = await readApplied(session);
  return isCompatible(applied, migrations) && hasAll(applied, migrations);
};
