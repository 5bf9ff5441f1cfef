import type Sqlite from "better-sqlite3";
import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Write } from "./writer.js";

/** Adds rows to a table: all of them or none. The promise resolves once they are on disk. */
export type AppendRows<Row> = (rows: readonly Row[]) => Promise<void>;
/** Makes the function that adds rows to a table, for the writes that there are most of. Columns with a default get it. */
export type Append = <Table extends SQLiteTable>(table: Table) => AppendRows<Table["$inferInsert"]>;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Appending without what a general write pays for: it may be repeated, so that many calls share a savepoint; and values are
 * handed to SQLite without Drizzle's placeholders.
 */
export const createAppend =
  (
    sqlite: Sqlite.Database,
    {
      write,
      noteStatement,
    }: {
      write: Write;
      noteStatement: (sql: string, parameters: readonly unknown[]) => void;
    },
  ): Append =>
  (table) => {
    const columns = Object.entries(getTableColumns(table)).filter(([, { hasDefault }]) => !hasDefault);
    const names = columns.map(([, { name }]) => quoted(name)).join(", ");
    const places = columns.map(() => "?").join(", ");
    const sql = `INSERT INTO ${quoted(getTableName(table))} (${names}) VALUES (${places})`;
    const statement = sqlite.prepare<unknown[]>(sql);

    const insert = (row: Readonly<Record<string, unknown>>): void => {
      const values = columns.map(([key, column]) => {
        const value = row[key] ?? null;
        return value === null ? null : column.mapToDriverValue(value);
      });
      noteStatement(sql, values);
      statement.run(values);
    };
    return (rows) => write(() => rows.forEach(insert), { repeatable: true });
  };
