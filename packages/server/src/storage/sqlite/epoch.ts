import Sqlite from "better-sqlite3";
import { nextEpoch } from "../epochs.js";
import { MIGRATIONS, refuseHardLinks } from "./client.js";
import { migrate, readMigrations } from "./migrate.js";

/** Begins a new epoch of the event log, in the transaction of the caller. */
export const beginEpoch = (sqlite: Sqlite.Database, now: Date): void => {
  const last = sqlite.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'room_events'").pluck().get();
  const begin = nextEpoch(Number(last ?? 0));
  sqlite.prepare("DELETE FROM sqlite_sequence WHERE name = 'room_events'").run();
  sqlite.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('room_events', ?)").run(begin);
  sqlite.prepare('INSERT INTO event_epochs ("begin", started_at) VALUES (?, ?)').run(begin, now.getTime());
};

/**
 * Begins a new epoch of the event log in a file that is not in use, and applies missing migrations.
 * @throws SetupError when the database was made by a newer version, or its file has several names
 */
export const beginEpochOf = (file: string, now: Date): void => {
  refuseHardLinks(file);
  const sqlite = new Sqlite(file);
  try {
    sqlite.pragma("foreign_keys = OFF");
    migrate(sqlite, readMigrations(MIGRATIONS));
    sqlite.transaction(() => beginEpoch(sqlite, now)).immediate();
    sqlite.pragma("wal_checkpoint(TRUNCATE)");
  } finally {
    sqlite.close();
  }
};
