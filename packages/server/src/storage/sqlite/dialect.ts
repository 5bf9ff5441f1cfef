import { type SQL, sql } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { type Binding, bindingsOf, type Dialect, type StatementParts } from "../statement.js";

const compiler = new SQLiteSyncDialect();

export const sqliteDialect: Dialect = {
  name: "sqlite",
  rows(name, columns): SQL {
    const fields = Object.keys(columns).map(
      (column) => sql`${sql.raw(`json_extract(value, '$.${column}')`)} AS ${sql.identifier(column)}`,
    );
    return sql`(SELECT key AS "position", ${sql.join(fields, sql`, `)} FROM json_each(${sql.placeholder(name)})) AS ${sql.identifier(name)}`;
  },
  isAnyOf: (column, parameter) =>
    sql`${column} IN (SELECT value FROM json_each(${sql.placeholder(parameter)}))`,
  inExam: () => undefined,
};

/**
 * Compiles a statement for SQLite. SQLite prepares a statement again whenever a parameter that stands alone in LIMIT
 * gets a value. It does not look into an expression.
 */
export const compile = ({
  sql: built,
}: Pick<StatementParts, "sql">): { text: string; bindings: readonly Binding[] } => {
  const { sql: text, params } = compiler.sqlToQuery(built);
  return { text: text.replaceAll(" limit ?", " limit ? + 0"), bindings: bindingsOf(params) };
};

/** Converts a value to one that SQLite can store: it has no times, booleans or lists. */
export const toSqlite = (value: unknown): unknown => {
  if (typeof value === "string" || typeof value === "number") return value;
  if (value === undefined || value === null) return null;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Date) return value.getTime();
  if (Array.isArray(value)) return JSON.stringify(value, inRows);
  return value;
};

/** Converts times and booleans in rows that are passed as JSON. */
function inRows(this: unknown, key: string, value: unknown): unknown {
  // `value` is the result of toJSON: a Date is already a text.
  const own = (this as Readonly<Record<string, unknown>>)[key];
  if (own instanceof Date) return own.getTime();
  return typeof value === "boolean" ? Number(value) : value;
}
