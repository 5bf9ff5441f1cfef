import { count, getTableName, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { SQLiteTable, SQLiteView } from "drizzle-orm/sqlite-core";
import type { Database } from "../../src/storage/database.js";
import { DECLARATION, type DeclaredTable } from "../../src/storage/declaration.js";
import { primaryKeyOf, TABLES } from "../../src/storage/inventory.js";
import { query } from "../../src/storage/statement.js";
import { exams } from "../../src/storage/tables.js";

// How tests read and write tables. Queries are built with `query` and contain their values. They run through the
// storage interface, so they work with every database, and cached reads notice the writes.

type Stored = Pick<Database, "kind" | "storage">;

interface Select<Row> extends SQLWrapper {
  readonly _: { readonly result: readonly Row[] };
}

// These statements are made here, and not with `statement`, which lists the statements of the application.

/** Returns the rows of a query. Without an ORDER BY, their order is undefined. */
export const readRows = <Row>({ storage }: Stored, select: Select<Row>): Promise<Row[]> =>
  storage.all<Row>({ build: () => select });

/** Runs a query that writes. Returns the number of rows written. */
export const change = ({ storage }: Stored, written: SQLWrapper): Promise<number> =>
  storage.write((tx) => tx.run({ build: () => written }));

/** The database generates ids that are numbers; the rows leave them out. */
export const insertRows = async <Of extends DeclaredTable>(
  { storage }: Stored,
  table: Of,
  rows: readonly Of["$inferInsert"][],
): Promise<void> => {
  await storage.write((tx) => tx.insert({ table, onConflict: "fail" }, rows));
};

/** Returns all rows of a table by primary key. For ids of the application that is the order of creation. */
export const rowsOf = <Of extends SQLiteTable>(
  { storage }: Stored,
  table: Of,
): Promise<Of["$inferSelect"][]> =>
  storage.all<Of["$inferSelect"]>({
    build: () =>
      query
        .select()
        .from(table)
        .orderBy(...primaryKeyOf(table)),
  });

export const countRows = async (
  db: Stored,
  table: SQLiteTable | SQLiteView,
  where?: SQL,
): Promise<number> => {
  const [row] = await readRows(db, query.select({ rows: count() }).from(table).where(where));
  return row?.rows ?? 0;
};

/** Returns the names of the tables that all exams share. The key of an exam is its id. */
export const sharedTables = (): string[] =>
  TABLES.filter((table) => {
    const { owner, shared } = table[DECLARATION];
    return table !== exams && (owner === "installation" || shared);
  }).map((table) => getTableName(table));

/** Returns all rows of all tables, by the table's name. */
export const contentsOf = async (db: Stored): Promise<Record<string, object[]>> => {
  return Object.fromEntries(
    await Promise.all(TABLES.map(async (table) => [getTableName(table), await rowsOf(db, table)] as const)),
  );
};

/** Runs SQL that has no query. Cached reads do not notice what it writes. */
const execute = async (db: Stored, text: string): Promise<void> => {
  await change(db, sql.raw(text));
};

export const dropTable = (db: Stored, table: SQLiteTable): Promise<void> =>
  execute(db, `DROP TABLE ${getTableName(table)}${db.kind === "postgres" ? " CASCADE" : ""}`);

/** Makes the statements that use a table fail, until the returned function is called. */
export const hideTable = async (db: Stored, table: SQLiteTable): Promise<() => Promise<void>> => {
  const name = getTableName(table);
  await execute(db, `ALTER TABLE ${name} RENAME TO hidden_${name}`);
  return () => execute(db, `ALTER TABLE hidden_${name} RENAME TO ${name}`);
};

/**
 * Makes one kind of write of a table fail, until the returned function is called.
 * @param undoes what the failure undoes. Databases that have no choice undo the transaction.
 */
export const failWrites = async (
  db: Stored,
  table: SQLiteTable,
  kind: "insert" | "update" | "delete",
  { undoes = "statement" }: { readonly undoes?: "statement" | "transaction" } = {},
): Promise<() => Promise<void>> => {
  const name = getTableName(table);
  const trigger = `no_${kind}_${name}`;
  if (db.kind === "postgres") {
    const body = "BEGIN RAISE EXCEPTION 'no'; END";
    await execute(db, `CREATE FUNCTION ${trigger}() RETURNS trigger LANGUAGE plpgsql AS $$${body}$$`);
    await execute(
      db,
      `CREATE TRIGGER ${trigger} BEFORE ${kind} ON ${name} FOR EACH ROW EXECUTE FUNCTION ${trigger}()`,
    );
    return () => execute(db, `DROP FUNCTION ${trigger} CASCADE`);
  }
  const raise = `RAISE(${undoes === "statement" ? "ABORT" : "ROLLBACK"}, 'no')`;
  await execute(db, `CREATE TRIGGER ${trigger} BEFORE ${kind} ON ${name} BEGIN SELECT ${raise}; END`);
  return () => execute(db, `DROP TRIGGER ${trigger}`);
};
