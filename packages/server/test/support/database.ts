import { type Config, testConfig } from "../../src/config/config.js";
import type { Database } from "../../src/storage/database.js";
import { type OpenOptions, openDatabase } from "../../src/storage/open.js";
import { openTestDatabase as open } from "../../src/storage/test-database.js";
import { watchWrites } from "./pending-writes.js";

/** A database of a test. `await using` closes it. */
export interface TestDatabase extends Database, AsyncDisposable {
  /** Resolves when no write is pending. */
  written(): Promise<void>;
}

const toTestDatabase = (db: Database): TestDatabase => ({
  ...db,
  ...watchWrites(db.storage),
  [Symbol.asyncDispose]: () => db.close(),
});

/** The configuration of a test. A test that names a database file runs on SQLite, whatever the others run on. */
export const configOfTest = (changes: Partial<Config> = {}): Config => ({
  ...testConfig(),
  ...(changes.databaseFile !== undefined && { postgres: undefined }),
  ...changes,
});

/** Opens the database of a configuration. A schema of PostgreSQL is kept for the next test. */
export const openDatabaseOf = async (config: Config, options?: OpenOptions): Promise<TestDatabase> =>
  toTestDatabase(await open(config, options, { keepsSchemas: true }));

/** Opens the database of a configuration as it is, as another server of the installation does. */
export const openSharedDatabase = async (config: Config, options?: OpenOptions): Promise<TestDatabase> =>
  toTestDatabase(await openDatabase(config, options));

/** Opens a database for a test; by default an empty one that is deleted when it is closed. */
export const openTestDatabase = ({
  file,
  ...options
}: OpenOptions & { readonly file?: string } = {}): Promise<TestDatabase> =>
  openDatabaseOf(configOfTest(file === undefined ? {} : { databaseFile: file }), options);
