import type { StorageMeters } from "../platform/meters.js";
import type { Database } from "./database.js";
import type { OnDeclared } from "./declared-tables.js";
import type { DatabaseLocation } from "./location.js";
import { openSqlite } from "./sqlite/client.js";

export interface OpenOptions {
  /** Called with every statement of the application, for tests that look at query plans. */
  readonly onStatement?: ((sql: string) => void) | undefined;
  readonly onDeclared?: OnDeclared | undefined;
  /** Called when writes are no longer acknowledged because the database files were replaced. */
  readonly onFault?: ((fault: string) => void) | undefined;
  /** Called when writes begin to be refused because another process has changed the schema. */
  readonly onSchemaChanged?: (() => void) | undefined;
  /** Called when a server of PostgreSQL is not the one that was used before. */
  readonly onNewEpoch?: (() => void) | undefined;
  /** Absent if the metrics are off. */
  readonly meters?: StorageMeters | undefined;
}

/**
 * Opens a database, and applies missing migrations.
 * @throws SetupError when it cannot be opened, or was made by a newer version
 */
export const openDatabase = async (
  { databaseFile, postgres }: DatabaseLocation,
  options: OpenOptions = {},
): Promise<Database> => {
  if (!postgres) return openSqlite({ file: databaseFile ?? ":memory:", ...options });
  // Imported when it is needed: most installations use SQLite.
  const { openPostgres } = await import("./postgres/client.js");
  return openPostgres({ ...postgres, ...options });
};
