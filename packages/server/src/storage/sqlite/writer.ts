import Sqlite from "better-sqlite3";
import { TransactionStalledError } from "../errors.js";
import type { Transaction, WriteOptions } from "../port.js";
import { StorageLostError } from "../storage-lost.js";
import type { Connection } from "./connection.js";
import type { FileGuard } from "./file-guard.js";

/** Runs work in a transaction. The promise settles after the commit, when the result is on disk. */
export type Write = <Result>(
  work: (tx: Transaction) => Result | Promise<Result>,
  options?: WriteOptions,
) => Promise<Result>;

interface Job {
  readonly repeatable: boolean;
  readonly bulk: boolean;
  run(tx: Transaction): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

/** How long calls wait for another process that writes, and how often to try again, in milliseconds. */
const BUSY_TIMEOUT_MS = 30_000;
const ASK_AGAIN_MS = 10;

/** The maximum number of jobs in a shared savepoint. */
const MAX_SHARED_JOBS = 50;
/**
 * A transaction that has taken this long, in milliseconds, takes no further jobs. The remaining jobs get the
 * next one.
 */
const MAX_TRANSACTION_MS = 15;

const isBusy = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY");

/** Groups jobs by savepoint: neighbouring repeatable jobs share one, every other job gets its own. */
const sharedSavepoints = (jobs: readonly Job[]): Job[][] => {
  const groups: Job[][] = [];
  for (const job of jobs) {
    const last = groups.at(-1);
    if (job.repeatable && last?.[0]?.repeatable && last.length < MAX_SHARED_JOBS) last.push(job);
    else groups.push([job]);
  }
  return groups;
};

/**
 * Returns the jobs of the next transaction: all waiting jobs except the second and further ones of bulk
 * changes.
 */
const nextGroup = (waiting: readonly Job[]): Job[] => {
  const bulk = waiting.find((job) => job.bulk);
  return waiting.filter((job) => !job.bulk || job === bulk);
};

export interface WriterOptions {
  readonly connection: Connection;
  readonly patienceMs?: number;
  /** Called in each transaction before its jobs. If it throws, the jobs reject with that error. */
  readonly onBegin?: () => void;
  /** Detects replaced database files. */
  readonly guard?: FileGuard | undefined;
  /** Called with the reason when commits are no longer acknowledged. */
  readonly onFault?: ((fault: string) => void) | undefined;
  /** Called after each commit, before the writes resolve. */
  readonly onCommit?: () => void;
  readonly onRollback?: () => void;
}

/**
 * Group commit. Writes that arrive during a commit share the next transaction, so a thousand waiting calls cost
 * one sync to disk. Each write has a savepoint of its own: if it fails, it is undone and rejected alone.
 * Repeatable writes share a savepoint until one of them fails. While another process writes, the writes wait
 * without blocking the event loop, unlike SQLite's own wait. Transactions stay short: long groups are split,
 * and each transaction takes one part of a bulk change.
 *
 * SQLite is synchronous, so a transaction takes only microtasks. Work that awaits anything else is unfinished
 * in the next turn of the event loop; it is then undone and rejected.
 */
export const createWriter = (
  sqlite: Sqlite.Database,
  { connection, patienceMs = BUSY_TIMEOUT_MS, onBegin, guard, onFault, onCommit, onRollback }: WriterOptions,
): Write => {
  let waiting: Job[] = [];
  /** The time since which another process has been writing. */
  let busySince: number | undefined;

  const begin = sqlite.prepare("BEGIN IMMEDIATE");
  const commit = sqlite.prepare("COMMIT");
  const rollback = sqlite.prepare("ROLLBACK");
  const savepoint = sqlite.prepare("SAVEPOINT job");
  const release = sqlite.prepare("RELEASE job");
  const rollbackToSavepoint = sqlite.prepare("ROLLBACK TO job");

  /** Some failures (a full disk) make SQLite roll back the whole transaction. */
  const undo = (error: unknown): void => {
    if (!sqlite.inTransaction) throw error;
    rollbackToSavepoint.run();
    release.run();
  };

  /** The transaction of one job. It cannot be used after the job. */
  const handleOf = (afterCommit: (() => void)[]): { tx: Transaction; end: () => void } => {
    let isOver = false;
    const use = (): Connection => {
      if (isOver) throw new TransactionStalledError();
      return connection;
    };
    const tx: Transaction = {
      get: async (statement, values) => use().get(statement, values),
      all: async (statement, values) => use().all(statement, values),
      run: async (statement, values) => use().run(statement, values),
      insert: async (insertion, rows) => use().insert(insertion, rows),
      lock: async () => void use(),
      lockName: async () => void use(),
      async attempt(part) {
        use();
        savepoint.run();
        const kept = afterCommit.length;
        try {
          const result = await part();
          use();
          release.run();
          return result;
        } catch (error) {
          if (!isOver) {
            undo(error);
            afterCommit.length = kept;
          }
          throw error;
        }
      },
      afterCommit(call) {
        use();
        afterCommit.push(call);
      },
    };
    return {
      tx,
      end: () => {
        isOver = true;
      },
    };
  };

  /** Runs jobs in one savepoint. If one of them fails or stalls, undoes all of them and throws. */
  const runTogether = async (jobs: readonly Job[], afterCommit: (() => void)[]): Promise<unknown[]> => {
    const kept = afterCommit.length;
    const { tx, end } = handleOf(afterCommit);
    let turn: NodeJS.Immediate | undefined;
    const stalled = new Promise<never>((_, reject) => {
      turn = setImmediate(() => reject(new TransactionStalledError()));
    });
    stalled.catch(() => undefined);
    savepoint.run();
    try {
      const values: unknown[] = [];
      for (const job of jobs) {
        const running = job.run(tx);
        values.push(running instanceof Promise ? await Promise.race([running, stalled]) : running);
      }
      release.run();
      return values;
    } catch (error) {
      end();
      undo(error);
      afterCommit.length = kept;
      throw error;
    } finally {
      end();
      clearImmediate(turn);
    }
  };

  const runAlone = async (job: Job, afterCommit: (() => void)[]): Promise<Outcome> => {
    try {
      const [value] = await runTogether([job], afterCommit);
      return { ok: true, value };
    } catch (error) {
      if (!sqlite.inTransaction) throw error;
      return { ok: false, error };
    }
  };

  /** Runs jobs in a shared savepoint. If one fails, runs each in a savepoint of its own. */
  const runShared = async (jobs: readonly Job[], afterCommit: (() => void)[]): Promise<Outcome[]> => {
    if (jobs.length > 1)
      try {
        const values = await runTogether(jobs, afterCommit);
        return values.map((value) => ({ ok: true, value }));
      } catch (error) {
        if (!sqlite.inTransaction) throw error;
      }
    const outcomes: Outcome[] = [];
    for (const job of jobs) outcomes.push(await runAlone(job, afterCommit));
    return outcomes;
  };

  let lastFault: string | undefined;
  /** @throws StorageLostError when the next start would not find the commit */
  const assertStored = (): void => {
    const fault = guard?.fault();
    if (fault !== undefined && fault !== lastFault) onFault?.(fault);
    lastFault = fault;
    if (fault !== undefined) throw new StorageLostError(fault);
  };

  /** Runs and commits the first jobs: at least one, and as many as the time allows. */
  const transact = async (jobs: readonly Job[], afterCommit: (() => void)[]): Promise<Outcome[]> => {
    if (lastFault !== undefined) assertStored();
    begin.run();
    try {
      onBegin?.();
      guard?.beginGeneration();
      const outcomes: Outcome[] = [];
      const since = performance.now();
      for (const group of sharedSavepoints(jobs)) {
        if (outcomes.length > 0 && performance.now() - since > MAX_TRANSACTION_MS) break;
        outcomes.push(...(await runShared(group, afterCommit)));
      }
      commit.run();
      onCommit?.();
      return outcomes;
    } catch (error) {
      if (sqlite.inTransaction) rollback.run();
      onRollback?.();
      throw error;
    }
  };

  const worthWaiting = (error: unknown): boolean => {
    if (!isBusy(error)) return false;
    busySince ??= performance.now();
    return performance.now() - busySince < patienceMs;
  };

  /**
   * Removes finished jobs from the waiting ones. The others get the next transaction, after other work of the
   * event loop.
   */
  const goOn = (done: readonly Job[]): void => {
    const gone = new Set(done);
    waiting = waiting.filter((job) => !gone.has(job));
    if (waiting.length > 0) setImmediate(flush);
  };

  const flushNow = async (): Promise<void> => {
    const jobs = nextGroup(waiting);
    const afterCommit: (() => void)[] = [];
    let outcomes: Outcome[];
    try {
      outcomes = await transact(jobs, afterCommit);
      assertStored();
    } catch (error) {
      if (worthWaiting(error)) {
        setTimeout(flush, ASK_AGAIN_MS);
        return;
      }
      busySince = undefined;
      goOn(jobs);
      for (const job of jobs) job.reject(error);
      return;
    }
    busySince = undefined;
    const done = jobs.slice(0, outcomes.length);
    goOn(done);
    for (const [index, job] of done.entries()) {
      const outcome = outcomes[index];
      if (outcome?.ok) job.resolve(outcome.value);
      else job.reject(outcome?.error);
    }
    for (const call of afterCommit) call();
  };
  const flush = (): void => void flushNow();

  return <Result>(
    work: (tx: Transaction) => Result | Promise<Result>,
    { repeatable = false, bulk = false }: WriteOptions = {},
  ) =>
    new Promise<Result>((resolve, reject) => {
      // One turn later, all calls whose requests have been read by then are in the group.
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ repeatable, bulk, run: work, resolve, reject });
    });
};
