import { getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { once } from "../../platform/once.js";
import { quoted } from "../names.js";
import {
  type AnyStatement,
  binderOf,
  type Insertion,
  insertedColumns,
  insertedValue,
  partsOf,
  rowReader,
  type Values,
} from "../statement.js";
import type { Result } from "./batch.js";
import { compile, compileInsertion, isInList, postgresDialect } from "./dialect.js";
import { asPortError, NAME_IS_LOCKED } from "./errors.js";
import { type Named, named, queryOf } from "./named.js";
import type { Session } from "./session.js";
import { toPostgres } from "./values.js";

/** Runs statements in one session. */
export interface Connection {
  get<Row>(statement: AnyStatement<Row>, values?: Values): Promise<Row | undefined>;
  all<Row>(statement: AnyStatement<Row>, values?: Values): Promise<Row[]>;
  run(statement: AnyStatement, values?: Values): Promise<number>;
  insert<Of extends SQLiteTable>(
    insertion: Insertion<Of>,
    rows: readonly Of["$inferInsert"][],
  ): Promise<number[]>;
  /** Returns ids for rows that will be inserted, in ascending order. */
  ids(table: SQLiteTable, count: number): Promise<number[]>;
  /** Locks rows by their keys. @param waits whether to wait for other transactions, or to reject */
  lock(table: SQLiteTable, keys: readonly string[], waits: boolean): Promise<void>;
  /** Locks a name. @param waits whether to wait for other transactions, or to reject */
  lockName(name: string, waits: boolean): Promise<void>;
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

export const compileOnce = once((statement: AnyStatement): Compiled => {
  const parts = partsOf(statement, postgresDialect);
  const { text, bindings } = compile(parts);
  return {
    ...named(text),
    bind: binderOf(text, bindings, toPostgres),
    read: rowReader(parts),
    columns: parts.fields.length,
  };
});

const compileInsertionOnce = once((insertion: Insertion): CompiledInsertion => {
  const { columns, key } = insertedColumns(insertion.table, insertion.ids);
  const text = compileInsertion(insertion);
  return {
    ...named(text),
    bind: (rows) => columns.map((column) => rows.map((row) => insertedValue(row, column, toPostgres))),
    isNumbered: key !== undefined,
  };
});

/** @param prepared whether statements are prepared by name */
export const createConnection = (
  session: Session,
  { prepared }: { readonly prepared: boolean },
): Connection => {
  const send = async (statement: Named, values: unknown[]) => {
    try {
      return await session.query(queryOf(statement, values, { prepared }));
    } catch (error) {
      throw asPortError(error);
    }
  };
  const all = async <Row>(statement: AnyStatement<Row>, values: Values = NOTHING): Promise<Row[]> => {
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
      const parts = Array.from({ length: Math.ceil(rows.length / MAX_ROWS) }, (_, part) =>
        compiled.bind(rows.slice(part * MAX_ROWS, (part + 1) * MAX_ROWS)),
      );
      const inserted = await Promise.all(parts.map((part) => send(compiled, part)));
      return compiled.isNumbered ? inserted.flatMap(numbersOf) : [];
    },
    ids: async (table, count) => numbersOf(await send(nextIdsOf(table), [count])),
    async lock(table, keys, waits) {
      const isOne = keys.length === 1;
      const locks = locksOf(table);
      await send((waits ? locks.waiting : locks.trying)[isOne ? "one" : "some"], isOne ? [...keys] : [keys]);
    },
    async lockName(name, waits) {
      await send(named(waits ? LOCK_NAME : TRY_TO_LOCK_NAME), [name]);
    },
  };
};

const numbersOf = ({ rows }: Pick<Result, "rows">): number[] => rows.map(([value]) => Number(value));

const LOCK_NAME = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
/** Fails if the name is locked, so that the statements that were sent behind it do not run. */
const TRY_TO_LOCK_NAME = `SELECT CASE WHEN NOT pg_try_advisory_xact_lock(hashtextextended($1, 0)) THEN current_setting('${NAME_IS_LOCKED}') END`;

/** Returns the statement that takes ids from the sequence of a table. The sequence is locked until the commit, see `beginEpoch`. */
const nextIdsOf = once((table: SQLiteTable): Named => {
  const { key } = insertedColumns(table);
  const name = getTableName(table);
  if (!key) throw new Error(`the rows of the table ${name} are not numbered`);
  // PostgreSQL does not look into a subquery when it plans, so it expects the same of every number: see `fewRows`.
  return named(
    `SELECT nextval('${quoted(`${name}_${key[1].name}_seq`)}') FROM generate_series(1, (SELECT CAST($1 AS integer)))`,
  );
});

/** Returns the text that locks a row of a table by its key, or rows by a list of keys in the order of the keys. */
const lockText = (table: SQLiteTable, isOne: boolean): string => {
  const name = getTableName(table);
  const keys = Object.values(insertedColumns(table).columns).filter(([, { primary }]) => primary);
  const [key] = keys.map(([, column]) => column.name);
  if (key === undefined) throw new Error(`the table ${name} has no key of one column`);
  const condition = isOne
    ? `${quoted(key)} = $1`
    : `${quoted(key)} ${isInList("$1", "text")} ORDER BY ${quoted(key)}`;
  return `SELECT 1 FROM ${quoted(name)} WHERE ${condition} FOR NO KEY UPDATE`;
};

/** Returns the statements that lock rows of a table. */
const locksOf = once((table: SQLiteTable) => {
  const [one, some] = [lockText(table, true), lockText(table, false)];
  return {
    waiting: { one: named(one), some: named(some) },
    trying: { one: named(`${one} NOWAIT`), some: named(`${some} NOWAIT`) },
  };
});
