import Sqlite from "better-sqlite3";
import { getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { ForeignKeyError, UniqueError } from "../errors.js";
import { listOf, quoted } from "../names.js";
import type { Reader } from "../port.js";
import {
  type Binding,
  binderOf,
  type Insertion,
  insertedColumns,
  insertedValue,
  partsOf,
  rowReader,
  type Statement,
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
  get<Row>(statement: Statement<Row>, values?: Values): Row | undefined;
  all<Row>(statement: Statement<Row>, values?: Values): Row[];
  run(statement: Statement, values?: Values): number;
  insert<Of extends SQLiteTable>(insertion: Insertion<Of>, rows: readonly Of["$inferInsert"][]): number[];
}

/** Returns a reader that uses a connection. */
export const readerOf = ({ get, all }: Connection): Reader => ({
  get: async (statement, values) => get(statement, values),
  all: async (statement, values) => all(statement, values),
});

interface Prepared {
  readonly statement: Sqlite.Statement<unknown[]>;
  readonly running: Running;
  readonly bind: (values: Values) => unknown[];
  readonly read: (values: readonly unknown[]) => Record<string, unknown>;
}

interface PreparedInsertion {
  readonly statement: Sqlite.Statement<unknown[]>;
  readonly running: Running;
  readonly bind: (row: Readonly<Record<string, unknown>>) => unknown[];
  readonly isNumbered: boolean;
}

/** The parts of a prepared statement that all connections share. */
interface Compiled extends Pick<Prepared, "running" | "read"> {
  readonly bindings: readonly Binding[];
}

/** Compiled statements. Several connections prepare the same statement, and compiling takes longer than preparing. */
const compiledStatements = new WeakMap<Statement, Compiled>();

const compileOnce = (statement: Statement): Compiled => {
  const known = compiledStatements.get(statement);
  if (known) return known;
  const parts = partsOf(statement, sqliteDialect);
  const { text, bindings } = compile(parts);
  const running = { text, parameters: bindings.length, writes: parts.writes };
  const compiled = { running, bindings, read: rowReader(parts) };
  compiledStatements.set(statement, compiled);
  return compiled;
};

const NOTHING: Values = {};

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
  const prepared = new WeakMap<Statement, Prepared>();
  const insertions = new WeakMap<Insertion, PreparedInsertion>();

  const prepare = (statement: Statement): Prepared => {
    const { running, bindings, read } = compileOnce(statement);
    const { text } = running;
    const made = sqlite.prepare<unknown[]>(text);
    if (made.reader) made.raw();
    const one: Prepared = {
      statement: made,
      running,
      bind: binderOf(text, bindings, toSqlite),
      read,
    };
    prepared.set(statement, one);
    return one;
  };
  const preparedOf = (statement: Statement): Prepared => prepared.get(statement) ?? prepare(statement);

  const prepareInsertion = (insertion: Insertion): PreparedInsertion => {
    const { table, onConflict } = insertion;
    const { columns, key } = insertedColumns(table);
    const name = getTableName(table);
    const names = listOf(columns.map(([, column]) => column));
    const places = columns.map(() => "?").join(", ");
    const text = `INSERT INTO ${quoted(name)} (${names}) VALUES (${places})${onConflict === "ignore" ? " ON CONFLICT DO NOTHING" : ""}`;
    const one: PreparedInsertion = {
      statement: sqlite.prepare<unknown[]>(text),
      running: { text, parameters: columns.length, writes: name },
      bind: (row) => columns.map((column) => insertedValue(row, column, toSqlite)),
      isNumbered: key !== undefined,
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

  return {
    get: <Row>(statement: Statement<Row>, values = NOTHING) => {
      const { statement: made, running, bind, read } = preparedOf(statement);
      const bound = bind(values);
      beforeEach(running);
      return translating(() => {
        // Safe: the statement is in raw mode, and its fields make a Row.
        const found = made.get(bound) as readonly unknown[] | undefined;
        return found && (read(found) as Row);
      });
    },
    all: <Row>(statement: Statement<Row>, values = NOTHING) => {
      const { statement: made, running, bind, read } = preparedOf(statement);
      const bound = bind(values);
      beforeEach(running);
      // Safe: as above.
      return translating(() => (made.all(bound) as (readonly unknown[])[]).map((row) => read(row) as Row));
    },
    run(statement, values = NOTHING) {
      const { statement: made, running, bind } = preparedOf(statement);
      const bound = bind(values);
      beforeEach(running);
      return translating(() => (made.reader ? made.all(bound).length : made.run(bound).changes));
    },
    insert(insertion, rows) {
      const { statement, running, bind, isNumbered } =
        insertions.get(insertion) ?? prepareInsertion(insertion);
      const ids: number[] = [];
      for (const row of rows) {
        const bound = bind(row);
        beforeEach(running);
        const { lastInsertRowid } = translating(() => statement.run(bound));
        if (isNumbered) ids.push(Number(lastInsertRowid));
      }
      return ids;
    },
  };
};
