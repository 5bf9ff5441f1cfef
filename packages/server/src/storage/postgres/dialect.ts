import { eq, getTableName, Param, type SQL, sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { listOf, quoted } from "../names.js";
import {
  type Binding,
  bindingsOf,
  type Dialect,
  type Insertion,
  insertedColumns,
  type StatementParts,
} from "../statement.js";
import { literal, toPostgres, typeOf } from "./values.js";

const compiler = new PgDialect();

/** Converts a field of a JSON row to a column. */
const fieldAs = {
  text: (field: SQL) => field,
  integer: (field: SQL) => sql`CAST(${field} AS bigint)`,
  time: (field: SQL) => sql`CAST(${field} AS timestamptz)`,
  flag: (field: SQL) => sql`CAST(${field} AS boolean)`,
  list: (field: SQL) => sql`CAST(${field} AS jsonb)`,
};

/** A parameter whose value is sent as JSON. */
const asJson = (name: string): SQL =>
  sql`${new Param(sql.placeholder(name), { mapToDriverValue: (rows: unknown) => JSON.stringify(rows) })}`;

/**
 * A condition about the numbers of given rows, which is always true. PostgreSQL then expects a single row, however many are given. So it
 * finds the rows of tables that belong to them by an index, even if a table is small or was never analysed when it plans. It also keeps one
 * plan for all values. Otherwise it expects ten of a list that it has not seen, or 100 of an array of JSON, and reads whole tables for
 * them; and it plans again at each execution, because a plan for the list that it sees costs less.
 */
export const fewRows = (number: string): string => `${number} BETWEEN 1 AND 2147483647`;

/** The condition that a value is in a list that is given as one parameter. */
export const isInList = (parameter: string, type: "text" | "bigint"): string =>
  `IN (SELECT value FROM unnest(CAST(${parameter} AS ${type}[])) WITH ORDINALITY AS list (value, number) WHERE ${fewRows("number")})`;

export const postgresDialect: Dialect = {
  rows(name, columns): SQL {
    const fields = Object.entries(columns).map(
      ([column, kind]) =>
        sql`${fieldAs[kind](sql`(value ->> ${sql.raw(`'${column}'`)})`)} AS ${sql.identifier(column)}`,
    );
    return sql`(SELECT ordinality - 1 AS "position", ${sql.join(fields, sql`, `)} FROM jsonb_array_elements(CAST(${asJson(name)} AS jsonb)) WITH ORDINALITY AS element (value, ordinality) WHERE ${sql.raw(fewRows("ordinality"))}) AS ${sql.identifier(name)}`;
  },
  elements: (list, name) =>
    sql`LATERAL (SELECT value FROM jsonb_array_elements_text(${list}) WITH ORDINALITY AS element (value, ordinality) WHERE ${sql.raw(fewRows("ordinality"))}) AS ${sql.identifier(name)}`,
  withoutKey: (column, key) => sql`${column} - ${sql.raw(`'${key}'`)}`,
  isAnyOf(column, parameter, kind = "text") {
    const [before, after] = isInList("$", kind === "text" ? "text" : "bigint").split("$");
    return sql`${column} ${sql.raw(before ?? "")}${sql.placeholder(parameter)}${sql.raw(after ?? "")}`;
  },
  inExam: (column) => eq(column, sql.placeholder("examId")),
  keysContainExam: true,
  insertionOrder: (id) => id,
  unlocked: (rows) => sql`(${rows.getSQL()} FOR UPDATE SKIP LOCKED)`,
  firstOfEach: (table, { as, on, orderBy, limit }) =>
    sql`LATERAL (SELECT * FROM ${table} AS ${sql.raw(as)} WHERE ${on} ORDER BY ${orderBy} LIMIT ${sql.placeholder(limit)}) AS ${sql.raw(as)} ON true`,
};

/**
 * Compiles a statement for PostgreSQL. Its constants are part of the text. If they were parameters, PostgreSQL would know them only in a plan
 * for one execution. A plan for all executions would expect a tenth of the rows below any limit, and cost more, so PostgreSQL would plan each
 * execution.
 */
export const compile = ({
  sql: built,
}: Pick<StatementParts, "sql">): { text: string; bindings: readonly Binding[] } => {
  const { sql: text, params } = compiler.sqlToQuery(built);
  const all = bindingsOf(params);
  const bindings = all.filter(({ name }) => name !== undefined);
  const withConstants = text.replaceAll(/\$(\d+)/g, (_, number: string) => {
    const binding = all[Number(number) - 1];
    return binding?.name === undefined
      ? literal(toPostgres(binding?.value))
      : `$${bindings.indexOf(binding) + 1}`;
  });
  // Drizzle's query builder for SQLite qualifies the columns of a conflict target, which PostgreSQL rejects.
  const unqualified = withConstants.replaceAll(/on conflict \(([^()]*)\)/g, (_, target: string) => {
    const names = target.split(", ").map((column) => column.split(".").at(-1));
    return `on conflict (${names.join(", ")})`;
  });
  return { text: unqualified, bindings };
};

/**
 * Compiles an insertion of any number of rows: each parameter is the list of the values of one column. The ids
 * that the database generates grow in the order of the rows.
 */
export const compileInsertion = ({ table, onConflict, ids }: Insertion): string => {
  const { columns, key } = insertedColumns(table, ids);
  const names = listOf(columns.map(([, column]) => column));
  const lists = columns.map(([, column], index) => `$${index + 1}::${typeOf(column)}[]`).join(", ");
  const rows = `SELECT ${names} FROM unnest(${lists}) WITH ORDINALITY AS given (${names}, "ordinality") ORDER BY "ordinality"`;
  const conflict = onConflict === "ignore" ? " ON CONFLICT DO NOTHING" : "";
  return `INSERT INTO ${quoted(getTableName(table))} (${names}) ${rows}${conflict}${key ? ` RETURNING ${quoted(key[1].name)}` : ""}`;
};
