import { type BuildColumns, getTableColumns } from "drizzle-orm";
import {
  type SQLiteColumn,
  type SQLiteColumnBuilderBase,
  type SQLiteTable,
  type SQLiteTableExtraConfigValue,
  type SQLiteTableWithColumns,
  sqliteTable,
} from "drizzle-orm/sqlite-core";
import { type Erased, PERSON, type PersonColumn, type PersonMark } from "./columns.js";

// The declaration of a table about its rows, besides their columns. The deletion of exams, the erasure of people, copies, PostgreSQL's keys
// and the tests follow from it: docs/decisions/0045-tables-say-whose-they-are.md.

/** The owner of the rows. A room belongs to its exam, and an exam to the installation. */
export type Owner = "installation" | "exam" | "room";

export interface Declaration<Of extends Owner = Owner> {
  readonly owner: Of;
  /**
   * - `withOwner`: until their owner is deleted.
   * - `untilDone`: until their work is done, their time has come or they are old, even if their owner is deleted first.
   * - `withServer`: until the server that wrote them has ended, or their owner is deleted. Copies leave them out.
   * - `withDatabase`: as long as this database. Copies leave them out.
   */
  readonly lives: "withOwner" | "untilDone" | "withServer" | "withDatabase";
  /**
   * Whether calls write the table all the time: they append rows, or change those that are there. On PostgreSQL, such a table has no foreign
   * keys, which would lock the row of the room at each write. Its store locks the exam and checks that the room exists.
   */
  readonly hot?: "appended" | "changed";
  /** Whether rows are found before their exam is known. Then keys do not contain it: docs/decisions/0041-rows-carry-their-exam.md. */
  readonly shared?: true;
}

/** A column that names a person. */
export interface NamingColumn extends PersonMark {
  readonly column: SQLiteColumn;
}

export const DECLARATION = Symbol("what a table declares");
export interface Declared<Of extends Owner> {
  readonly [DECLARATION]: Declaration<Of> & { readonly people: readonly NamingColumn[] };
}
interface OwnerColumns<Column> {
  readonly installation: unknown;
  readonly exam: { readonly examId: Column };
  readonly room: { readonly examId: Column; readonly roomId: Column };
}
export type DeclaredTable<Of extends Owner = Owner> = SQLiteTable &
  Declared<Of> &
  OwnerColumns<SQLiteColumn>[Of];

/** Rows are found by person and by exam or room, or their erasure needs code of its own. */
type ErasedIn<Of extends Owner> = Of extends "installation" ? Exclude<Erased, "deleted"> : Erased;
/** Columns that name people, by their names. Marks of bulk changes are numbers. */
interface NamedLikePeople {
  readonly userId?: PersonColumn;
  readonly login?: PersonColumn;
  readonly [key: `${string}UserId`]: PersonColumn;
  readonly [key: `${string}By`]: PersonColumn | { readonly _: { readonly dataType: "number" } };
}
type ColumnsOf<Of extends Owner> = Readonly<
  Record<string, SQLiteColumnBuilderBase & Partial<PersonColumn<ErasedIn<Of>>>>
> &
  OwnerColumns<SQLiteColumnBuilderBase>[Of] &
  NamedLikePeople;

/**
 * Makes a function that makes a table, as `sqliteTable` does. Its columns name its owner, and declare which of them name a person:
 * `personId`, `personLogin`, `mentions`.
 */
export const declareTable =
  <Of extends Owner>(declaration: Declaration<Of>) =>
  <Name extends string, Columns extends ColumnsOf<Of>>(
    name: Name,
    columns: Columns,
    keys?: (columns: BuildColumns<Name, Columns, "sqlite">) => SQLiteTableExtraConfigValue[],
  ): SQLiteTableWithColumns<{
    name: Name;
    schema: undefined;
    columns: BuildColumns<Name, Columns, "sqlite">;
    dialect: "sqlite";
  }> &
    Declared<Of> => {
    const table = sqliteTable(name, columns, keys);
    const built: Readonly<Record<string, SQLiteColumn>> = getTableColumns(table);
    const people = Object.entries(built).flatMap(([key, column]): NamingColumn[] => {
      const mark = columns[key]?.[PERSON];
      return mark ? [{ ...mark, column }] : [];
    });
    return Object.assign(table, { [DECLARATION]: { ...declaration, people } });
  };
