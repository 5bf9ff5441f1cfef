import { type Column, getTableName, is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { listOf, quoted } from "../names.js";
import * as declared from "../tables.js";

/** A row as its values, in the order of the table's columns: times are dates, and JSON is parsed. */
export type Row = readonly unknown[];

/** A table to copy. */
export interface CopiedTable {
  readonly declared: SQLiteTable;
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
const OF_RUNNING_SERVERS: readonly SQLiteTable[] = [
  declared.instances,
  declared.pageClaims,
  declared.presence,
  declared.serverNotices,
];
export const LEFT_OUT: readonly string[] = OF_RUNNING_SERVERS.map((table) => getTableName(table));
/** Not copied either: the copy begins an epoch of its own. */
const OF_DATABASE: readonly SQLiteTable[] = [declared.eventEpochs];

const describe = (table: SQLiteTable): CopiedTable => {
  const { name, columns, primaryKeys } = getTableConfig(table);
  return {
    declared: table,
    name,
    columns,
    key: [...columns.filter(({ primary }) => primary), ...primaryKeys.flatMap((key) => key.columns)],
    generated: columns.find((column) => "autoIncrement" in column && column.autoIncrement === true),
  };
};

/** Sorts tables so that each comes after those that it refers to. */
const byReference = (tables: readonly SQLiteTable[]): SQLiteTable[] => {
  const sorted = new Set<SQLiteTable>();
  const add = (table: SQLiteTable): void => {
    for (const key of getTableConfig(table).foreignKeys) add(key.reference().foreignTable);
    sorted.add(table);
  };
  for (const table of tables) add(table);
  return [...sorted];
};

const all: readonly unknown[] = Object.values(declared);

/** All tables that are copied. Each comes after those that it refers to. */
export const COPIED_TABLES: readonly CopiedTable[] = byReference(
  all.filter((one): one is SQLiteTable => is(one, SQLiteTable)),
)
  .filter((table) => !OF_RUNNING_SERVERS.includes(table) && !OF_DATABASE.includes(table))
  .map(describe);

/** Returns the values of a key of a row. */
export const keyOf = ({ columns }: CopiedTable, key: readonly Column[], row: Row): unknown[] =>
  key.map((column) => row[columns.indexOf(column)]);

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
