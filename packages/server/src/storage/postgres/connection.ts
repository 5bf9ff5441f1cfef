import { getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { quoted } from "../names.js";
import {
  binderOf,
  type Insertion,
  insertedColumns,
  insertedValue,
  partsOf,
  rowReader,
  type Statement,
  type Values,
} from "../statement.js";
import { compile, compileInsertion, postgresDialect } from "./dialect.js";
import { asPortError } from "./errors.js";
import type { Query, Session } from "./sessions.js";
import { toPostgres } from "./values.js";

/** Runs statements in one session. */
export interface Connection {
  get<Row>(statement: Statement<Row>, values?: Values): Promise<Row | undefined>;
  all<Row>(statement: Statement<Row>, values?: Values): Promise<Row[]>;
  run(statement: Statement, values?: Values): Promise<number>;
  insert<Of extends SQLiteTable>(
    insertion: Insertion<Of>,
    rows: readonly Of["$inferInsert"][],
  ): Promise<number[]>;
  /** Returns ids for rows that will be inserted, in ascending order. */
  ids(table: SQLiteTable, count: number): Promise<number[]>;
}

/** The text of a statement, with the name by which it is prepared. */
export interface Named {
  readonly name: string;
  readonly text: string;
}

/** A statement that is ready for the server. */
export interface Compiled extends Named {
  readonly bind: (values: Values) => unknown[];
  readonly read: (values: readonly unknown[]) => Record<string, unknown>;
  /** The number of columns of its rows. */
  readonly columns: number;
}

interface CompiledInsertion extends Named {
  /** Returns a list of values for each column. */
  readonly bind: (rows: readonly Readonly<Record<string, unknown>>[]) => unknown[][];
  readonly isNumbered: boolean;
}

const NOTHING: Values = {};
/** The maximum number of rows that one statement inserts. */
const MAX_ROWS = 2_000;

const compiledStatements = new WeakMap<Statement, Compiled>();
const compiledInsertions = new WeakMap<Insertion, CompiledInsertion>();
/** Names of prepared statements, by their texts: statements with the same text share one. */
const names = new Map<string, string>();
const nameOf = (text: string): string => {
  const name = names.get(text) ?? `s${names.size}`;
  names.set(text, name);
  return name;
};

export const compileOnce = (statement: Statement): Compiled => {
  const known = compiledStatements.get(statement);
  if (known) return known;
  const parts = partsOf(statement, postgresDialect);
  const { text, bindings } = compile(parts);
  const compiled: Compiled = {
    name: nameOf(text),
    text,
    bind: binderOf(text, bindings, toPostgres),
    read: rowReader(parts),
    columns: parts.fields.length,
  };
  compiledStatements.set(statement, compiled);
  return compiled;
};

const compileInsertionOnce = (insertion: Insertion): CompiledInsertion => {
  const known = compiledInsertions.get(insertion);
  if (known) return known;
  const { columns, key } = insertedColumns(insertion.table, insertion.ids);
  const text = compileInsertion(insertion);
  const compiled: CompiledInsertion = {
    name: nameOf(text),
    text,
    bind: (rows) => columns.map((column) => rows.map((row) => insertedValue(row, column, toPostgres))),
    isNumbered: key !== undefined,
  };
  compiledInsertions.set(insertion, compiled);
  return compiled;
};

/** @param prepared whether statements are prepared by name */
export const queryOf = (
  { name, text }: Named,
  values: unknown[],
  { prepared }: { readonly prepared: boolean },
): Query => (prepared ? { name, text, values } : { text, values });

/** @param prepared whether statements are prepared by name */
export const createConnection = (
  session: Session,
  { prepared }: { readonly prepared: boolean },
): Connection => {
  const send = async (named: Named, values: unknown[]) => {
    try {
      return await session.query(queryOf(named, values, { prepared }));
    } catch (error) {
      throw asPortError(error);
    }
  };
  const all = async <Row>(statement: Statement<Row>, values: Values = NOTHING): Promise<Row[]> => {
    const compiled = compileOnce(statement);
    const { rows } = await send(compiled, compiled.bind(values));
    // Safe: the fields of the statement make a Row.
    return rows.map((row) => compiled.read(row) as Row);
  };
  return {
    all,
    get: async (statement, values) => (await all(statement, values))[0],
    async run(statement, values = NOTHING) {
      const compiled = compileOnce(statement);
      return (await send(compiled, compiled.bind(values))).count;
    },
    async insert(insertion, rows) {
      const compiled = compileInsertionOnce(insertion);
      const ids: number[] = [];
      for (let from = 0; from < rows.length; from += MAX_ROWS) {
        const inserted = await send(compiled, compiled.bind(rows.slice(from, from + MAX_ROWS)));
        if (compiled.isNumbered) for (const [id] of inserted.rows) ids.push(Number(id));
      }
      return ids;
    },
    async ids(table, count) {
      const text = nextIdsText(table);
      const { rows } = await send({ name: nameOf(text), text }, [count]);
      return rows.map(([id]) => Number(id));
    },
  };
};

/** Returns the text that takes ids from the sequence of a table. The sequence is locked until the commit, see `beginEpoch`. */
const nextIdsText = (table: SQLiteTable): string => {
  const { key } = insertedColumns(table);
  const name = getTableName(table);
  if (!key) throw new Error(`the rows of the table ${name} are not numbered`);
  return `SELECT nextval('${quoted(`${name}_${key[1].name}_seq`)}') FROM generate_series(1, $1)`;
};

/** Returns the text that locks rows of a table by their keys, in the order of the keys. */
export const lockText = (table: SQLiteTable): string => {
  const name = getTableName(table);
  const keys = Object.values(insertedColumns(table).columns).filter(([, { primary }]) => primary);
  const [key] = keys.map(([, column]) => column.name);
  if (key === undefined) throw new Error(`the table ${name} has no key of one column`);
  return `SELECT 1 FROM ${quoted(name)} WHERE ${quoted(key)} = ANY ($1::text[]) ORDER BY ${quoted(key)} FOR NO KEY UPDATE`;
};
