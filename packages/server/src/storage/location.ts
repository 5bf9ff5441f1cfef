import type { PostgresSettings } from "./postgres/settings.js";

/** Which database to open: PostgreSQL, or else a file of SQLite (`:memory:` for a temporary one). */
export interface DatabaseLocation {
  readonly databaseFile: string | undefined;
  readonly postgres: PostgresSettings | undefined;
}
