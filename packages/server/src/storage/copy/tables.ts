import { type Column, getTableName } from "drizzle-orm";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import { DECLARATION, type DeclaredTable } from "../declaration.js";
import { primaryKeyOf, TABLES } from "../inventory.js";
import { listOf, quoted } from "../names.js";
import { pruningClock } from "../tables.js";

/** A row as its values, in the order of the table's columns: times are dates, and JSON is parsed. */
export type Row = readonly unknown[];

/** A table to copy. */
export interface CopiedTable {
  readonly declared: DeclaredTable;
  readonly name: string;
  readonly columns: readonly Column[];
  /** The columns of the primary key on SQLite, by which pages are read there. */
  readonly key: readonly Column[];
  /** The column whose values the database generates and never uses twice. */
  readonly generated: Column | undefined;
}

/**
 * The tables of running servers. They are left out: no page is connected to the new installation yet, and pages
 * that never come back would stay in it.
 */
export const LEFT_OUT: readonly string[] = TABLES.filter(
  (table) => table[DECLARATION].lives === "withServer",
).map((table) => getTableName(table));

/** The table to which every server writes when it starts. Rows in it do not show that a database is in use. */
export const WRITTEN_AT_START = getTableName(pruningClock);

const describe = (table: DeclaredTable): CopiedTable => {
  const { name, columns } = getTableConfig(table);
  return {
    declared: table,
    name,
    columns,
    key: primaryKeyOf(table),
    generated: columns.find((column) => "autoIncrement" in column && column.autoIncrement === true),
  };
};

/** All tables that are copied. Each comes after those that it refers to. A copy begins an epoch of its own. */
export const COPIED_TABLES: readonly CopiedTable[] = TABLES.filter(
  (table) => !["withServer", "withDatabase"].includes(table[DECLARATION].lives),
).map(describe);

/**
 * Returns the values of a key of a row, as the driver takes them.
 * @param encode converts what a column stores, such as a time, to a value of the driver
 */
export const keyOf = (
  { columns }: CopiedTable,
  key: readonly Column[],
  row: Row,
  encode: (stored: unknown) => unknown,
): unknown[] => key.map((column) => encode(column.mapToDriverValue(row[columns.indexOf(column)])));

/** Converts a row of the driver. */
export const decodeRow = ({ columns }: CopiedTable, values: readonly unknown[]): Row =>
  columns.map((column, index) => {
    const value = values[index];
    return value === null || value === undefined ? null : column.mapFromDriverValue(value);
  });

/**
 * The query of one page of a table, in the order of a key. Its parameters are the key after which the page
 * begins, if any, and the number of rows.
 */
export const pageQuery = (
  { name, columns }: CopiedTable,
  key: readonly Column[],
  isFirst: boolean,
  place: (number: number) => string,
): string => {
  const after = key.map((_, index) => place(index + 1)).join(", ");
  const where = isFirst ? "" : ` WHERE (${listOf(key)}) > (${after})`;
  const limit = place(isFirst ? 1 : key.length + 1);
  return `SELECT ${listOf(columns)} FROM ${quoted(name)}${where} ORDER BY ${listOf(key)} LIMIT ${limit}`;
};
