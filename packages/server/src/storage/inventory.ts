import { getTableName, is } from "drizzle-orm";
import { getTableConfig, type SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import { DECLARATION, type DeclaredTable, type Owner } from "./declaration.js";
import * as tables from "./tables.js";

// This does not compile if a table is made with Drizzle's own function, and declares nothing.
const unsorted: readonly DeclaredTable[] = Object.values(tables).filter((one) => is(one, SQLiteTable));
// Bundlers order the exports of a module as they like.
const declared = unsorted.toSorted((one, other) => (getTableName(one) < getTableName(other) ? -1 : 1));

/** Returns a table with what it declares. */
export const declaredTable = (table: SQLiteTable): DeclaredTable | undefined =>
  declared.find((one) => one === table);

/** All tables. Each comes after those that it refers to. */
export const TABLES: readonly DeclaredTable[] = (() => {
  const sorted = new Set<DeclaredTable>();
  const add = (table: DeclaredTable): void => {
    for (const key of getTableConfig(table).foreignKeys) {
      const target = declaredTable(key.reference().foreignTable);
      if (target) add(target);
    }
    sorted.add(table);
  };
  for (const table of declared) add(table);
  return [...sorted];
})();

/** Returns the columns of the primary key of a table on SQLite. */
export const primaryKeyOf = (table: SQLiteTable): readonly SQLiteColumn[] => {
  const { columns, primaryKeys } = getTableConfig(table);
  return [...columns.filter(({ primary }) => primary), ...primaryKeys.flatMap((key) => key.columns)];
};

/** Returns the tables whose rows belong to an owner. Each comes after those that it refers to. */
export const tablesOf = <Of extends Owner>(owner: Of): readonly DeclaredTable<Of>[] =>
  TABLES.filter((table): table is DeclaredTable<Of> => table[DECLARATION].owner === owner);
