import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { MaybePromise } from "../platform/maybe-promise.js";
import type { Declared, Owner } from "./declaration.js";
import type { Insertion, Statement, Values } from "./statement.js";

// The interface through which stores run their statements on a database.

/** Runs statements that read. Callers must not change the values in rows: reads that ask the same may share them. */
export interface Reader {
  /** Returns the first row, or undefined. */
  get<Row>(statement: Statement<Row>, values?: Values): Promise<Row | undefined>;
  /** Returns all rows. */
  all<Row>(statement: Statement<Row>, values?: Values): Promise<Row[]>;
}

/**
 * A running transaction. Its work may await only its own statements; otherwise it is rolled back with
 * `TransactionStalledError`. Statements that are started before the work waits for one of them are sent together, and run in the order in
 * which they were started. If one fails, those after it do nothing.
 *
 * `Writes` is the owner of the rows that it may write. `domain/writes.ts` offers the transactions that write rows of exams and rooms.
 */
export interface Transaction<Writes extends Owner = Owner> extends Reader {
  get<Row>(statement: Statement<Row, Writes>, values?: Values): Promise<Row | undefined>;
  all<Row>(statement: Statement<Row, Writes>, values?: Values): Promise<Row[]>;
  /** Runs a statement that writes. Returns the number of rows written. */
  run(statement: Statement<unknown, Writes>, values?: Values): Promise<number>;
  /**
   * Inserts rows, in this order.
   * @returns the ids of the rows, if the database generates them
   * @throws ForeignKeyError, UniqueError
   */
  insert<Of extends SQLiteTable & Declared<Writes>>(
    insertion: Insertion<Of>,
    rows: readonly Of["$inferInsert"][],
  ): Promise<number[]>;
  /**
   * Returns ids for rows that the transaction will insert, in ascending order. The ids of the table are greater than all before them.
   * Without the lock of an exam, another transaction may commit rows with greater ids first.
   */
  ids(table: SQLiteTable, count: number): Promise<number[]>;
  /**
   * Runs the last statements of the transaction, which are sent together with the commit. `start` starts all of them before it waits for
   * one. The work may use their results, but must not throw because of them: they are committed. No statement may follow.
   */
  last<Result>(start: () => Promise<Result>): Promise<Result>;
  /**
   * Locks the rows with these keys until the commit. Waits for other transactions that have locked one of them.
   * Used for conditions about rows that the transaction does not write itself. Does nothing on SQLite, which has
   * one writer.
   */
  lock(table: SQLiteTable, keys: string | readonly string[]): Promise<void>;
  /**
   * Waits for other transactions that have locked this name, and locks it until the commit. Used for conditions about rows
   * that may not exist yet. Does nothing on SQLite.
   */
  lockName(name: string): Promise<void>;
  /** Calls a function after the commit; never, if the transaction is rolled back. */
  afterCommit(call: () => void): void;
}

/**
 * The caller and the exam whose share of the storage a write uses. Shares take turns, and a caller and an exam may have few writes under
 * way (see `turns.ts`). Work in the background has no caller.
 */
export interface Share {
  readonly caller?: string | undefined;
  readonly examId?: string | undefined;
}

export interface WriteOptions {
  /** Default: the share of work that is about no exam and has no caller. */
  readonly share?: Share | undefined;
  /** Whether the write continues work that has begun. Such a write is never refused. */
  readonly continues?: boolean | undefined;
  /** Whether the work only runs statements, so that it can be undone and repeated. */
  readonly repeatable?: boolean;
  /** When its caller began to wait, by `performance.now()`. PostgreSQL limits the wait. Default: now. */
  readonly since?: number;
  /** Whether the write belongs to a bulk change. A transaction includes one such write at most. */
  readonly bulk?: boolean;
}

/** How calls are grouped. */
export interface Grouping<Call> {
  /** On PostgreSQL, the calls of a group are of one exam. */
  readonly examOf: (call: Call) => string | Promise<string>;
  /** If more calls wait than fit into a group, it takes them from each caller in turn. */
  readonly callerOf: (call: Call) => string;
}

/** An argument of a cached read. */
export type CachedArgument = string | number | boolean | undefined;

export interface CacheOptions {
  /** The tables that the read depends on. A committed write to one of them removes the cached results. */
  readonly tables: readonly SQLiteTable[];
  /** The maximum number of cached results; the least recently used is evicted first. Default: 10,000. */
  readonly max?: number;
  /**
   * Whether commits of other processes are looked up once per turn of the event loop, and not with each read. For reads of calls that have
   * begun with a read without this option: everything that other processes committed before the call began is still seen.
   */
  readonly freshPerTurn?: boolean;
}

export interface Storage extends Reader {
  /**
   * Sends the reads that `start` starts before it waits for one of them together: one round trip instead of one for each read. They may be
   * cached reads, and reads of several stores. They run in the order in which they were started, each sees what was committed until
   * then, and each fails alone. Reads that `start` starts later are sent as usual. Returns what `start` returns.
   */
  readonly together: <Result>(start: () => Result) => Result;
  /**
   * Whether transactions become visible in the order in which their rows were given ids. If not, a row may
   * appear after a row with a greater id.
   */
  readonly commitsInOrder: boolean;
  /**
   * Runs work in a transaction. Resolves with its result once the commit is on disk. Rejects with the error of
   * the work, after a rollback. The work may run again, after a rollback.
   * @throws TooManyWritesError if the caller or the exam of its share has too many writes under way
   */
  write<Result>(work: (tx: Transaction) => Promise<Result>, options?: WriteOptions): Promise<Result>;
  /**
   * Creates a function that collects calls and writes them in groups: `writeAll` gets a group of calls and
   * returns the outcome of each, in the same order. It must state its conditions in its statements, which read
   * the calls as rows (`dialect.rows`). If it throws, the group is halved and repeated, until the failing call
   * is alone. The number of calls is not limited.
   */
  grouped<Call, Outcome>(
    writeAll: (tx: Transaction, calls: readonly Call[]) => Promise<readonly Outcome[]>,
    grouping: Grouping<Call>,
  ): (call: Call) => Promise<Outcome>;
  /**
   * Reads a consistent snapshot of the database, regardless of concurrent writes. `start` starts all reads before it waits for one of them:
   * they are sent together, with the begin and the end of the snapshot.
   */
  snapshot<Result>(start: (reader: Reader) => Promise<Result>): Promise<Result>;
  /**
   * Creates a read with a cache. A cached result is used for as long as the database would return the same, and is there without a promise.
   * Results are frozen and shared. PostgreSQL caches nothing.
   */
  cached<Args extends readonly CachedArgument[], Answer>(
    options: CacheOptions,
    read: (reader: Reader, ...args: Args) => Promise<Answer>,
  ): (...args: Args) => MaybePromise<Answer>;
  /** Returns a number that changes with every commit of another process. */
  othersVersion(): Promise<number | undefined>;
}

/** The storage as stores use it: they write with what `domain/writes.ts` offers. */
export interface Queries extends Omit<Storage, "write" | "grouped"> {
  grouped<Call, Outcome>(
    writeAll: (tx: Transaction<"installation">, calls: readonly Call[]) => Promise<readonly Outcome[]>,
    grouping: Grouping<Call>,
  ): (call: Call) => Promise<Outcome>;
}
