import { type Column, getTableColumns, getTableName, type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { type Binding, bindingsOf, type Dialect, type Insertion, type StatementParts } from "../statement.js";

const compiler = new PgDialect();

/** Converts a field of a JSON row to a column. */
const fieldAs = {
  text: (field: SQL) => field,
  integer: (field: SQL) => sql`CAST(${field} AS bigint)`,
  time: (field: SQL) => sql`to_timestamp(CAST(${field} AS double precision) / 1000)`,
  flag: (field: SQL) => sql`CAST(${field} AS boolean)`,
};

export const postgresDialect: Dialect = {
  name: "postgres",
  rows(name, columns): SQL {
    const fields = Object.entries(columns).map(
      ([column, kind]) =>
        sql`${fieldAs[kind](sql`(value ->> ${sql.raw(`'${column}'`)})`)} AS ${sql.identifier(column)}`,
    );
    return sql`(SELECT ordinality - 1 AS "position", ${sql.join(fields, sql`, `)} FROM jsonb_array_elements(CAST(${sql.placeholder(name)} AS jsonb)) WITH ORDINALITY AS element (value, ordinality)) AS ${sql.identifier(name)}`;
  },
  isAnyOf: (column, parameter, kind = "text") =>
    sql`${column} = ANY (CAST(${sql.placeholder(parameter)} AS ${sql.raw(kind === "text" ? "text" : "bigint")}[]))`,
};

/** Compiles a statement for PostgreSQL. */
export const compile = ({
  sql: built,
}: Pick<StatementParts, "sql">): { text: string; bindings: readonly Binding[] } => {
  const { sql: text, params } = compiler.sqlToQuery(built);
  // Drizzle's query builder for SQLite qualifies the columns of a conflict target, which PostgreSQL rejects.
  const unqualified = text.replaceAll(/on conflict \(([^()]*)\)/g, (_, target: string) => {
    const names = target.split(", ").map((column) => column.split(".").at(-1));
    return `on conflict (${names.join(", ")})`;
  });
  return { text: unqualified, bindings: bindingsOf(params) };
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Whether the database generates the column's values: a numeric primary key of one column. */
export const isNumberedKey = ({ primary, dataType }: Pick<Column, "primary" | "dataType">): boolean =>
  primary && dataType === "number";

/** Compiles the insertion of one row. */
export const compileInsertion = ({ table, onConflict }: Insertion): string => {
  const all = Object.values(getTableColumns(table));
  const columns = all.filter((column) => !isNumberedKey(column));
  const key = all.find(isNumberedKey);
  const names = columns.map(({ name }) => quoted(name)).join(", ");
  const places = columns.map((_, index) => `$${index + 1}`).join(", ");
  return `INSERT INTO ${quoted(getTableName(table))} (${names}) VALUES (${places})${onConflict === "ignore" ? " ON CONFLICT DO NOTHING" : ""}${key ? ` RETURNING ${quoted(key.name)}` : ""}`;
};
