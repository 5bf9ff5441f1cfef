import { dirname } from "node:path";
import type { PostgresSettings } from "./postgres/settings.js";

/** Which database to open: PostgreSQL, or else a file of SQLite (`:memory:` for a temporary one). */
export interface DatabaseLocation {
  readonly databaseFile: string | undefined;
  readonly postgres: PostgresSettings | undefined;
}

/** Returns the file that keeps the database. Undefined if the database is in memory or on another server. */
export const storedFileOf = ({ databaseFile }: Pick<DatabaseLocation, "databaseFile">): string | undefined =>
  databaseFile === ":memory:" ? undefined : databaseFile;

/** Returns the folders in which an installation stores data, each once. */
export const foldersOf = (
  location: Pick<DatabaseLocation, "databaseFile"> & { readonly dataDir: string },
): string[] => {
  const file = storedFileOf(location);
  return [...new Set([location.dataDir, ...(file === undefined ? [] : [dirname(file)])])];
};
