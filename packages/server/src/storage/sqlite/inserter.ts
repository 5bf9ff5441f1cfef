import type Sqlite from "better-sqlite3";
import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";

/** Writes a row, inside a write, and returns its row id. Columns with a default get it. */
export type InsertRow<Row> = (row: Row) => number;

export interface InserterOptions {
  /** Leaves what is there already as it is. What is returned then says nothing. */
  readonly unlessThere?: boolean;
}

/** Makes the function that inserts rows into a table, for the writes that there are most of. */
export type Inserter = <Table extends SQLiteTable>(
  table: Table,
  options?: InserterOptions,
) => InsertRow<Table["$inferInsert"]>;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Inserting without what a general statement pays for: values are handed to SQLite without Drizzle's placeholders. */
export const createInserter =
  (
    sqlite: Sqlite.Database,
    { noteStatement }: { noteStatement: (sql: string, parameters: readonly unknown[]) => void },
  ): Inserter =>
  (table, { unlessThere = false } = {}) => {
    const columns = Object.entries(getTableColumns(table)).filter(([, { hasDefault }]) => !hasDefault);
    const names = columns.map(([, { name }]) => quoted(name)).join(", ");
    const places = columns.map(() => "?").join(", ");
    const orNot = unlessThere ? " ON CONFLICT DO NOTHING" : "";
    const sql = `INSERT INTO ${quoted(getTableName(table))} (${names}) VALUES (${places})${orNot}`;
    const statement = sqlite.prepare<unknown[]>(sql);

    return (given) => {
      // Safe: the table's own row, by the names of its columns.
      const row = given as Readonly<Record<string, unknown>>;
      const values = columns.map(([key, column]) => {
        const value = row[key] ?? null;
        return value === null ? null : column.mapToDriverValue(value);
      });
      noteStatement(sql, values);
      return Number(statement.run(values).lastInsertRowid);
    };
  };
