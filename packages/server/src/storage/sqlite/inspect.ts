import { existsSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { MIGRATIONS, refuseHardLinks } from "./client.js";
import { compareMigrations } from "./migrate.js";
import { canShrink, type FileSpace, spaceOf } from "./space.js";

/** The state of a database file. */
export type DatabaseState =
  | { readonly state: "missing" }
  | { readonly state: "older" | "current" | "newer"; readonly space: FileSpace; readonly canShrink: boolean }
  | { readonly state: "unreadable"; readonly reason: string };

/** Examines a database without changing it, and without waiting for processes that write to it. */
export const inspectDatabase = (file: string): DatabaseState => {
  if (!existsSync(file)) return { state: "missing" };
  let sqlite: Sqlite.Database | undefined;
  try {
    refuseHardLinks(file);
    sqlite = new Sqlite(file, { readonly: true, fileMustExist: true });
    return {
      state: compareMigrations(sqlite, MIGRATIONS),
      space: spaceOf(sqlite),
      canShrink: canShrink(sqlite),
    };
  } catch (error) {
    return { state: "unreadable", reason: error instanceof Error ? error.message : String(error) };
  } finally {
    sqlite?.close();
  }
};
