import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Insertion, Statement, Values } from "./statement.js";

// The port behind which an engine runs the stores' statements.

/** Runs statements that read. */
export interface Reader {
  /** The first row; undefined for none. */
  get<Row>(statement: Statement<Row>, values?: Values): Promise<Row | undefined>;
  /** Every row. */
  all<Row>(statement: Statement<Row>, values?: Values): Promise<Row[]>;
}

/** A write under way. It must wait for nothing but its own statements: one that does is rolled back with `TransactionStalledError`. */
export interface Transaction extends Reader {
  /** Runs a statement that writes. Returns how many rows it wrote. */
  run(statement: Statement, values?: Values): Promise<number>;
  /**
   * Inserts rows, in this order.
   * @returns the ids that they were given, where the table's key is a number that the database gives
   * @throws ForeignKeyError, UniqueError
   */
  insert<Of extends SQLiteTable>(
    insertion: Insertion<Of>,
    rows: readonly Of["$inferInsert"][],
  ): Promise<number[]>;
  /**
   * Waits until no other transaction holds the row with this key, and holds it until the commit. For conditions about a row that the
   * transaction does not itself write. Empty on SQLite, which has one writer.
   */
  lock(table: SQLiteTable, key: string): Promise<void>;
  /** Runs a part that may fail: what it wrote is undone when it throws, and the transaction goes on. */
  attempt<Result>(part: () => Promise<Result>): Promise<Result>;
  /** Calls a function once the transaction is committed; never, when it is rolled back. */
  afterCommit(call: () => void): void;
}

export interface WriteOptions {
  /** Whether the work does nothing but run statements, so that it may be undone and done again. */
  readonly repeatable?: boolean;
  /** Whether it is one of the writes of a bulk change. A transaction takes one of them. */
  readonly bulk?: boolean;
}

/** What a remembered read may be asked for. */
export type Asked = string | number | boolean | undefined;

export interface RememberOptions {
  /** The tables that the read depends on. Its answers are forgotten when a write to one of them commits. */
  readonly tables: readonly SQLiteTable[];
  /** Answers that are kept; those that were not asked for longest go first. Default: 10,000. */
  readonly max?: number;
  /**
   * Whether it is asked for within calls, each of which began with a read that is not: then whether another process has committed
   * is looked for once a turn of the event loop, and what it committed before the call began still counts.
   */
  readonly withinCalls?: boolean;
}

export interface Storage extends Reader {
  /**
   * Runs work in a transaction. Resolves with its result once the commit is on disk; rejects with what the work threw, and then nothing
   * of it is written.
   */
  write<Result>(work: (tx: Transaction) => Promise<Result>, options?: WriteOptions): Promise<Result>;
  /**
   * Makes the function that hands one call over to be written together with others: `writeAll` gets a group of calls and returns what
   * became of each, in the same order. It states its conditions in its statements, which read the calls as rows (`dialect.rows`). When it throws, the
   * group is halved and repeated, until the one call that fails is found.
   */
  grouped<Call, Outcome>(
    writeAll: (tx: Transaction, calls: readonly Call[]) => Promise<readonly Outcome[]>,
  ): (call: Call) => Promise<Outcome>;
  /** Reads the database as it is at one moment, whatever others write meanwhile. */
  snapshot<Result>(read: (reader: Reader) => Promise<Result>): Promise<Result>;
  /**
   * Makes a read that is done once and then remembered for as long as its answer is what the database would say. What it returns is
   * frozen and shared: nobody may change it.
   */
  remember<Args extends readonly Asked[], Answer>(
    options: RememberOptions,
    read: (reader: Reader, ...args: Args) => Promise<Answer>,
  ): (...args: Args) => Promise<Answer>;
  /** Another number after every commit of another process. */
  othersVersion(): Promise<number | undefined>;
}
