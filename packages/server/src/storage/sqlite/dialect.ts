import { type DriverValueEncoder, type SQL, sql } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { type Binding, bindingsOf, type Dialect, type StatementParts } from "../statement.js";

const compiler = new SQLiteSyncDialect();

/** Encodes rows as a JSON list of lists, which SQLite reads faster than objects. */
const rowsEncoder = (columns: readonly string[]): DriverValueEncoder<unknown, unknown> => ({
  mapToDriverValue: (rows) =>
    JSON.stringify(
      // Safe: the port's rows are a list of objects.
      (rows as readonly Readonly<Record<string, unknown>>[]).map((row) =>
        columns.map((column) => toSqlite(row[column])),
      ),
    ),
});

export const sqliteDialect: Dialect = {
  rows(name, columns): SQL {
    const names = Object.keys(columns);
    const fields = names.map(
      (column, index) => sql`${sql.raw(`json_extract(value, '$[${index}]')`)} AS ${sql.identifier(column)}`,
    );
    const rows = sql.param(sql.placeholder(name), rowsEncoder(names));
    return sql`(SELECT key AS "position", ${sql.join(fields, sql`, `)} FROM json_each(${rows})) AS ${sql.identifier(name)}`;
  },
  elements: (list, name) => sql`json_each(${list}) AS ${sql.identifier(name)}`,
  withoutKey: (column, key) => sql`json_remove(${column}, ${sql.raw(`'$.${key}'`)})`,
  isAnyOf: (column, parameter) =>
    sql`${column} IN (SELECT value FROM json_each(${sql.placeholder(parameter)}))`,
  inExam: () => undefined,
  keysContainExam: false,
  insertionOrder: () => sql`rowid`,
  unlocked: (rows) => sql`${rows}`,
  firstOfEach: (table, { as, on }) => sql`${table} AS ${sql.raw(as)} ON ${on}`,
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
  if (Array.isArray(value)) return JSON.stringify(value);
  return value;
};
