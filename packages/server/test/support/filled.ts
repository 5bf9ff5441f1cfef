import { getTableColumns, getTableName } from "drizzle-orm";
import { getTableConfig, type SQLiteColumn, type SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Database } from "../../src/storage/database.js";
import { DECLARATION, type DeclaredTable, type NamingColumn } from "../../src/storage/declaration.js";
import { TABLES } from "../../src/storage/inventory.js";

/** What the rows are about. */
export interface Subject {
  readonly examId: string;
  readonly roomId: string;
  readonly userId: string;
  /** Makes keys unique. */
  readonly n: number;
}

/** When everything ends that ends. */
const FAR = new Date("2036-01-01T00:00:00Z");

const personIn = (column: SQLiteColumn, { as }: NamingColumn, { userId }: Subject): unknown => {
  if (as === "id") return userId;
  if (as === "login") return `pc_${userId}`;
  return column.dataType === "custom" ? { userId } : JSON.stringify({ about: userId });
};

const valueFor = (table: DeclaredTable, column: SQLiteColumn, subject: Subject): unknown => {
  const { n } = subject;
  if (column.name === "exam_id") return subject.examId;
  if (column.name === "room_id") return subject.roomId;
  const named = table[DECLARATION].people.find((one) => one.column === column);
  if (named) return personIn(column, named, subject);
  // A column of this name that does not say that it names a person is found by its rows.
  if (/(?:user_id|created_by|login)$/.test(column.name)) return subject.userId;
  const { foreignKeys } = getTableConfig(table);
  const target = foreignKeys.map((key) => key.reference()).find(({ columns }) => columns.includes(column));
  if (target) return `${getTableName(target.foreignTable)}-${n}`;
  if (!column.notNull || column.hasDefault) return undefined;
  if (column.enumValues) return column.enumValues[0];
  if (column.dataType === "number") return n;
  if (column.dataType === "string") return `${getTableName(table)}-${n}`;
  const type = column.getSQLType();
  if (type === "text") return [];
  if (type === "blob") return new Uint8Array([n]);
  return column.mapFromDriverValue(0) instanceof Date ? FAR : false;
};

/** Adds a row of each subject to each table. It belongs to the exam and the room and names the person, where its table has columns for them. */
export const fillTables = async (
  { storage }: Pick<Database, "storage">,
  subjects: readonly Subject[],
  except: readonly SQLiteTable[] = [],
): Promise<void> => {
  for (const table of TABLES) {
    if (except.includes(table)) continue;
    const columns = Object.entries(getTableColumns(table));
    const rows = subjects.map((subject) =>
      Object.fromEntries(columns.map(([key, column]) => [key, valueFor(table, column, subject)])),
    );
    // A row may exist already, for instance that of a room's exam.
    await storage.write((tx) => tx.insert({ table, onConflict: "ignore" }, rows));
  }
};
