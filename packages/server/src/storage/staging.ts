import { sql } from "drizzle-orm";
import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Queries } from "./sqlite/client.js";

/**
 * Rows of a roster that is being imported, before any of them is anybody's. The table is the connection's own: it
 * is no part of the database file, writing to it takes no lock there, and it is gone with the process.
 */
export const stagedPeople = sqliteTable(
  "staged_people",
  {
    importId: text("import_id").notNull(),
    /** The row in the file. */
    row: integer().notNull(),
    userId: text("user_id").notNull(),
    /** Null, like a name, where it is faulty. */
    role: text({ enum: ["teacher", "inspector", "examinee"] }),
    name: text(),
    /** Null: stays as it is. */
    extraMinutes: integer("extra_minutes"),
    /** Null: the row names none. */
    roomId: text("room_id"),
  },
  (table) => [primaryKey({ columns: [table.importId, table.row] })],
);

/** The same as SQL. It stands in no migration, as it stands in no file. */
export const STAGED_PEOPLE = [
  `CREATE TEMP TABLE IF NOT EXISTS staged_people (
    import_id TEXT NOT NULL, row INTEGER NOT NULL, user_id TEXT NOT NULL, role TEXT, name TEXT,
    extra_minutes INTEGER, room_id TEXT, PRIMARY KEY (import_id, row)) WITHOUT ROWID`,
  "CREATE UNIQUE INDEX IF NOT EXISTS staged_people_by_user ON staged_people (import_id, user_id)",
];

/** Makes the table in this connection, before statements about it are prepared. */
export const makeStaging = (queries: Queries): void => {
  for (const statement of STAGED_PEOPLE) queries.run(sql.raw(statement));
};
