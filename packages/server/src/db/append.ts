import type Sqlite from "better-sqlite3";
import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Write } from "./writer.js";

/** Adds rows to a table: all of them or none. The promise resolves once they are on disk. */
export type AppendRows<Row> = (rows: readonly Row[]) => Promise<void>;
/** Makes the function that adds rows to a table, for the writes that there are most of. Columns with a default get it. */
export type Append = <Table extends SQLiteTable>(table: Table) => AppendRows<Table["$inferInsert"]>;

/** Rows that go into one statement, at most: one is prepared for each number of rows. */
const ROWS_A_STATEMENT = 8;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Appending without what a general write pays for: a few rows are one statement, which SQLite undoes by itself when it
 * fails, so that they need no savepoint; and values are handed to it without Drizzle's placeholders.
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
    const place = `(${columns.map(() => "?").join(", ")})`;
    const statements = new Map<number, { sql: string; run(values: unknown[]): void }>();

    const statementFor = (rows: number) => {
      const known = statements.get(rows);
      if (known) return known;
      const places = Array.from({ length: rows }, () => place).join(", ");
      const sql = `INSERT INTO ${quoted(getTableName(table))} (${names}) VALUES ${places}`;
      const statement = sqlite.prepare<unknown[]>(sql);
      const made = { sql, run: (values: unknown[]) => void statement.run(values) };
      statements.set(rows, made);
      return made;
    };

    const insert = (rows: readonly Readonly<Record<string, unknown>>[]): void => {
      const { sql, run } = statementFor(rows.length);
      const values: unknown[] = [];
      for (const row of rows)
        for (const [key, column] of columns) {
          const value = row[key] ?? null;
          values.push(value === null ? null : column.mapToDriverValue(value));
        }
      noteStatement(sql, values);
      run(values);
    };

    return (rows) => {
      if (rows.length === 0) return Promise.resolve();
      if (rows.length <= ROWS_A_STATEMENT) return write(() => insert(rows), { isStatement: true });
      return write(() => {
        for (const row of rows) insert([row]);
      });
    };
  };
