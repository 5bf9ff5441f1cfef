import Sqlite from "better-sqlite3";
import { getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { once } from "../../platform/once.js";
import { ForeignKeyError, UniqueError } from "../errors.js";
import { listOf, quoted } from "../names.js";
import type { Reader } from "../port.js";
import {
  type AnyStatement,
  type Binding,
  binderOf,
  type Insertion,
  insertedColumns,
  partsOf,
  type RowBinder,
  rowBinderOf,
  rowReader,
  type Values,
} from "../statement.js";
import { compile, sqliteDialect, toSqlite } from "./dialect.js";

/** A statement that is about to run. */
export interface Running {
  readonly text: string;
  readonly parameters: number;
  /** The table that the statement declares to write. */
  readonly writes: string | undefined;
}

/** Runs statements on one connection. SQLite is synchronous, so no method waits. */
export interface Connection {
  get<Row>(statement: AnyStatement<Row>, values?: Values): Row | undefined;
  all<Row>(statement: AnyStatement<Row>, values?: Values): Row[];
  run(statement: AnyStatement, values?: Values): number;
  insert<Of extends SQLiteTable>(insertion: Insertion<Of>, rows: readonly Of["$inferInsert"][]): number[];
  /** Returns ids for rows that will be inserted, in ascending order. */
  ids(table: SQLiteTable, count: number): number[];
  /** Looks up the greatest ids again. Called after another connection may have inserted rows. */
  forgetIds(): void;
}

/** Returns a reader that uses a connection. */
export const readerOf = (connection: Connection): Reader => ({
  get: async (statement, values) => connection.get(statement, values),
  all: async (statement, values) => connection.all(statement, values),
});

interface Prepared {
  readonly statement: Sqlite.Statement<unknown[]>;
  readonly running: Running;
  /** Whether SQLite may number the rows that the statement inserts. */
  readonly inserts: boolean;
  readonly bind: (values: Values) => unknown[];
  readonly read: (values: readonly unknown[]) => Record<string, unknown>;
}

/** The numbers of rows that one statement inserts. A statement for many rows costs little more than one for a single row. */
const SIZES = [64, 8, 1] as const;

interface PreparedInsertion {
  /** The statement that inserts so many rows. Prepared when it is needed. */
  readonly statementFor: (rows: number) => Pick<Prepared, "statement" | "running">;
  readonly bind: RowBinder;
  /** The property with the id, if the rows are numbered. It is bound last. */
  readonly id: string | undefined;
}

/** The parts of a prepared statement that all connections share. */
interface Compiled extends Pick<Prepared, "running" | "read"> {
  readonly bindings: readonly Binding[];
}

/** Compiled statements. Several connections prepare the same statement, and compiling takes longer than preparing. */
const compileOnce = once((statement: AnyStatement): Compiled => {
  const parts = partsOf(statement, sqliteDialect);
  const { text, bindings } = compile(parts);
  const running = { text, parameters: bindings.length, writes: parts.writes };
  return { running, bindings, read: rowReader(parts) };
});

const NOTHING: Values = {};

/** The id that a row carries. */
const givenId = (row: Readonly<Record<string, unknown>>, property: string): unknown => {
  const id = row[property];
  if (typeof id !== "number") throw new Error(`a row carries no ${property}`);
  return id;
};

/** Converts an error of SQLite to one of the storage interface; returns other errors unchanged. */
const asPortError = (error: unknown): unknown => {
  if (!(error instanceof Sqlite.SqliteError)) return error;
  if (error.code === "SQLITE_CONSTRAINT_FOREIGNKEY")
    return new ForeignKeyError(error.message, { cause: error });
  if (error.code === "SQLITE_CONSTRAINT_UNIQUE" || error.code === "SQLITE_CONSTRAINT_PRIMARYKEY")
    return new UniqueError(error.message, { cause: error });
  return error;
};

/** @param beforeEach called with every statement before it runs */
export const createConnection = (
  sqlite: Sqlite.Database,
  beforeEach: (running: Running) => void = () => undefined,
): Connection => {
  const prepared = new WeakMap<AnyStatement, Prepared>();
  const insertions = new WeakMap<Insertion, PreparedInsertion>();

  const prepare = (statement: AnyStatement): Prepared => {
    const { running, bindings, read } = compileOnce(statement);
    const { text } = running;
    const made = sqlite.prepare<unknown[]>(text);
    if (made.reader) made.raw();
    const one: Prepared = {
      statement: made,
      running,
      inserts: /^insert/i.test(text),
      bind: binderOf(text, bindings, toSqlite),
      read,
    };
    prepared.set(statement, one);
    return one;
  };
  const preparedOf = (statement: AnyStatement): Prepared => prepared.get(statement) ?? prepare(statement);

  const prepareInsertion = (insertion: Insertion): PreparedInsertion => {
    const { table, onConflict } = insertion;
    const { columns, key } = insertedColumns(table);
    const name = getTableName(table);
    const all = key ? [...columns, key] : columns;
    const names = listOf(all.map(([, column]) => column));
    const places = `(${all.map(() => "?").join(", ")})`;
    const onTaken = onConflict === "ignore" ? " ON CONFLICT DO NOTHING" : "";
    const statements = new Map<number, Pick<Prepared, "statement" | "running">>();
    const one: PreparedInsertion = {
      statementFor(rows) {
        const known = statements.get(rows);
        if (known) return known;
        const values = Array.from({ length: rows }, () => places).join(", ");
        const text = `INSERT INTO ${quoted(name)} (${names}) VALUES ${values}${onTaken}`;
        const running = { text, parameters: rows * all.length, writes: name };
        const made = { statement: sqlite.prepare<unknown[]>(text), running };
        statements.set(rows, made);
        return made;
      },
      bind: rowBinderOf(columns, toSqlite),
      id: key?.[0],
    };
    insertions.set(insertion, one);
    return one;
  };

  const translating = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw asPortError(error);
    }
  };

  /**
   * The greatest id of each table, as far as it is known. Ids that were returned and not used leave a gap. So the numbers stay true after a
   * rollback, and after a deletion, since SQLite gives no id twice.
   */
  const greatestIds = new Map<string, number>();
  const readGreatestId = (name: string): number =>
    sqlite.prepare<[string], number>("SELECT seq FROM sqlite_sequence WHERE name = ?").pluck().get(name) ?? 0;
  const idsOf = (name: string, count: number): number[] => {
    const greatest = greatestIds.get(name) ?? readGreatestId(name);
    greatestIds.set(name, greatest + count);
    return Array.from({ length: count }, (_, index) => greatest + 1 + index);
  };

  return {
    get: <Row>(statement: AnyStatement<Row>, values = NOTHING) => {
      const { statement: made, running, bind, read } = preparedOf(statement);
      const bound = bind(values);
      beforeEach(running);
      return translating(() => {
        // Safe: the statement is in raw mode, and its fields make a Row.
        const found = made.get(bound) as readonly unknown[] | undefined;
        return found && (read(found) as Row);
      });
    },
    all: <Row>(statement: AnyStatement<Row>, values = NOTHING) => {
      const { statement: made, running, bind, read } = preparedOf(statement);
      const bound = bind(values);
      beforeEach(running);
      // Safe: as above.
      return translating(() => (made.all(bound) as (readonly unknown[])[]).map((row) => read(row) as Row));
    },
    run(statement, values = NOTHING) {
      const { statement: made, running, inserts, bind } = preparedOf(statement);
      const bound = bind(values);
      beforeEach(running);
      if (inserts && running.writes !== undefined) greatestIds.delete(running.writes);
      return translating(() => (made.reader ? made.all(bound).length : made.run(bound).changes));
    },
    insert(insertion, rows) {
      const { statementFor, bind, id } = insertions.get(insertion) ?? prepareInsertion(insertion);
      const isGiven = insertion.ids === "given";
      const ids = id === undefined || isGiven ? [] : idsOf(getTableName(insertion.table), rows.length);
      let next = 0;
      for (const size of SIZES)
        while (rows.length - next >= size) {
          const { statement, running } = statementFor(size);
          const bound: unknown[] = [];
          for (const end = next + size; next < end; next += 1) {
            // Safe: there is such a row.
            const row = rows[next] as (typeof rows)[number];
            bind(row, bound);
            if (id !== undefined) bound.push(isGiven ? givenId(row, id) : ids[next]);
          }
          beforeEach(running);
          translating(() => statement.run(bound));
        }
      return ids;
    },
    ids: (table, count) => idsOf(getTableName(table), count),
    forgetIds: () => greatestIds.clear(),
  };
};
