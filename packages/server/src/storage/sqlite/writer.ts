import { setTimeout as sleep } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import type { StorageMeters } from "../../platform/meters.js";
import { failedAfterLast, LastStatementsError, TransactionStalledError } from "../errors.js";
import type { Transaction, WriteOptions } from "../port.js";
import { StorageLostError } from "../storage-lost.js";
import { createTurns, type Turn } from "../turns.js";
import type { Connection } from "./connection.js";
import type { FileGuard } from "./file-guard.js";

/** Runs work in a transaction. The promise settles after the commit, when the result is on disk. */
export type Write = <Result>(
  work: (tx: Transaction) => Result | Promise<Result>,
  options?: WriteOptions,
) => Promise<Result>;

interface Job {
  /** The jobs are numbered in the order in which they arrive. */
  readonly number: number;
  readonly repeatable: boolean;
  readonly bulk: boolean;
  /** When it began to wait, by `performance.now()`. */
  readonly since: number;
  run(tx: Transaction): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** How long it has run, in milliseconds. */
  usedMs: number;
}

type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

/** How long calls wait for another process that writes, and how often to try again, in milliseconds. */
const BUSY_TIMEOUT_MS = 30_000;
const ASK_AGAIN_MS = 10;

/** The maximum number of repeatable jobs that run together. */
const MAX_SHARED_JOBS = 50;
/**
 * A transaction that has taken this long, in milliseconds, takes no further jobs. The remaining jobs get the
 * next one.
 */
const MAX_TRANSACTION_MS = 15;

const isBusy = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY");

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
  readonly meters?: StorageMeters | undefined;
}

/**
 * Group commit. Writes that arrive during a commit share the next transaction, so a thousand waiting calls cost
 * one sync to disk. Each write after the first has a savepoint of its own: if it fails, it is undone and rejected alone.
 * Repeatable writes share a savepoint until one of them fails. While another process writes, the writes wait
 * without blocking the event loop, unlike SQLite's own wait. Transactions stay short: long groups are split,
 * and each transaction takes one part of a bulk change. The jobs run in the order of `turns.ts`.
 *
 * SQLite is synchronous, so a transaction takes only microtasks. Work that awaits anything else is unfinished
 * in the next turn of the event loop; it is then undone and rejected.
 */
export const createWriter = (
  sqlite: Sqlite.Database,
  {
    connection,
    patienceMs = BUSY_TIMEOUT_MS,
    onBegin,
    guard,
    onFault,
    onCommit,
    onRollback,
    meters,
  }: WriterOptions,
): Write => {
  const turns = createTurns<Job>();
  meters?.waiting.add(() => turns.size);
  let lastNumber = 0;
  let isScheduled = false;
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

  /** The transaction of jobs that run one after the other. It cannot be used after them. */
  const handleOf = (afterCommit: (() => void)[]) => {
    let isOver = false;
    /** How far the last statements of the job are. */
    let last: "begun" | "done" | undefined;
    const use = (): Connection => {
      if (isOver) throw new TransactionStalledError();
      if (last !== undefined) throw new LastStatementsError();
      return connection;
    };
    const tx: Transaction = {
      get: async (statement, values) => use().get(statement, values),
      all: async (statement, values) => use().all(statement, values),
      run: async (statement, values) => use().run(statement, values),
      insert: async (insertion, rows) => use().insert(insertion, rows),
      ids: async (table, count) => use().ids(table, count),
      async last(start) {
        use();
        const started = start();
        last = "begun";
        const result = await started;
        last = "done";
        return result;
      },
      lock: async () => void use(),
      lockName: async () => void use(),
      afterCommit(call) {
        if (isOver) throw new TransactionStalledError();
        afterCommit.push(call);
      },
    };
    return {
      tx,
      beginJob: () => {
        last = undefined;
      },
      failureOf: (error: unknown): unknown => (last === "done" ? failedAfterLast(error) : error),
      end: () => {
        isOver = true;
      },
    };
  };

  const worthWaiting = (error: unknown): boolean => {
    if (!isBusy(error)) return false;
    busySince ??= performance.now();
    return performance.now() - busySince < patienceMs;
  };

  /** Whether the transaction contains finished jobs. The first ones need no savepoint: without them, nothing is left of the transaction. */
  let hasFinishedJobs = false;
  const rollBack = (): void => {
    if (sqlite.inTransaction) rollback.run();
    guard?.rolledBack();
    onRollback?.();
  };
  const open = (): void => {
    hasFinishedJobs = false;
    begin.run();
    try {
      guard?.numberLog();
      onBegin?.();
    } catch (error) {
      rollBack();
      throw error;
    }
  };
  /** Opens the transaction again after its first jobs have failed. */
  const openAgain = async (): Promise<void> => {
    for (;;)
      try {
        open();
        return;
      } catch (error) {
        if (!worthWaiting(error)) throw error;
        await sleep(ASK_AGAIN_MS);
      }
  };

  /**
   * Runs jobs that are undone together. If one of them fails or stalls, undoes all of them, and returns its error.
   * @throws if the transaction, which has finished jobs, was rolled back
   */
  const runTogether = async (
    jobs: readonly Job[],
    afterCommit: (() => void)[],
  ): Promise<{ readonly values: unknown[] } | { readonly error: unknown }> => {
    if (!sqlite.inTransaction) await openAgain();
    const kept = afterCommit.length;
    const { tx, beginJob, failureOf, end } = handleOf(afterCommit);
    let turn: NodeJS.Immediate | undefined;
    const stalled = new Promise<never>((_, reject) => {
      turn = setImmediate(() => reject(new TransactionStalledError()));
    });
    stalled.catch(() => undefined);
    if (hasFinishedJobs) savepoint.run();
    try {
      const values: unknown[] = [];
      for (const job of jobs) {
        const since = performance.now();
        beginJob();
        try {
          const running = job.run(tx);
          values.push(running instanceof Promise ? await Promise.race([running, stalled]) : running);
        } catch (error) {
          throw failureOf(error);
        } finally {
          job.usedMs += performance.now() - since;
        }
      }
      if (hasFinishedJobs) release.run();
      hasFinishedJobs = true;
      return { values };
    } catch (error) {
      end();
      if (hasFinishedJobs) undo(error);
      else rollBack();
      afterCommit.length = kept;
      return { error };
    } finally {
      end();
      clearImmediate(turn);
    }
  };

  /** Runs jobs together. If one fails, runs each alone. */
  const runShared = async (jobs: readonly Job[], afterCommit: (() => void)[]): Promise<Outcome[]> => {
    const result = await runTogether(jobs, afterCommit);
    if ("values" in result) return result.values.map((value) => ({ ok: true, value }));
    if (jobs.length === 1) return [{ ok: false, error: result.error }];
    const outcomes: Outcome[] = [];
    for (const job of jobs) outcomes.push(...(await runShared([job], afterCommit)));
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

  /**
   * Takes jobs that run together: repeatable ones, or a single other one.
   * @param mayRun whether the transaction takes a job
   */
  const takeTogether = (mayRun: (job: Job) => boolean): Turn<Job>[] => {
    const first = turns.next(mayRun);
    if (!first) return [];
    const together = [first];
    const canShare = ({ repeatable, bulk }: Job): boolean => repeatable && !bulk;
    while (canShare(first.job) && together.length < MAX_SHARED_JOBS) {
      const next = turns.next((job) => canShare(job) && mayRun(job));
      if (!next) break;
      together.push(next);
    }
    return together;
  };

  /**
   * Runs and commits jobs: at least one, and as many as the time allows.
   * @param taken gets the jobs that have begun
   */
  const transact = async (taken: Turn<Job>[], afterCommit: (() => void)[]): Promise<Outcome[]> => {
    if (lastFault !== undefined) assertStored();
    open();
    const since = performance.now();
    try {
      const outcomes: Outcome[] = [];
      const newest = lastNumber;
      let hasBulk = false;
      do {
        const together = takeTogether(({ number, bulk }) => number <= newest && !(bulk && hasBulk));
        if (together.length === 0) break;
        taken.push(...together);
        if (meters) for (const { job } of together) meters.writeWaits.observe(performance.now() - job.since);
        const jobs = together.map(({ job }) => job);
        hasBulk ||= jobs.some(({ bulk }) => bulk);
        outcomes.push(...(await runShared(jobs, afterCommit)));
      } while (performance.now() - since <= MAX_TRANSACTION_MS);
      if (sqlite.inTransaction) commit.run();
      meters?.transactions.observe(performance.now() - since);
      onCommit?.();
      return outcomes;
    } catch (error) {
      rollBack();
      throw error;
    }
  };

  /** Begins the next transaction, after other work of the event loop. */
  const goOn = (): void => {
    isScheduled = turns.size > 0;
    if (isScheduled) setImmediate(flush);
  };

  const flushNow = async (): Promise<void> => {
    const taken: Turn<Job>[] = [];
    const afterCommit: (() => void)[] = [];
    let outcomes: Outcome[];
    const end = (): void => {
      busySince = undefined;
      for (const turn of taken) turns.end(turn, turn.job.usedMs);
    };
    try {
      outcomes = await transact(taken, afterCommit);
      assertStored();
    } catch (error) {
      // Another process writes, so no job has begun.
      if (taken.length === 0 && worthWaiting(error)) {
        setTimeout(flush, ASK_AGAIN_MS);
        return;
      }
      end();
      const failed = [...taken.map(({ job }) => job), ...turns.clear()];
      goOn();
      for (const job of failed) job.reject(error);
      return;
    }
    end();
    goOn();
    for (const [index, { job }] of taken.entries()) {
      const outcome = outcomes[index];
      if (outcome?.ok) job.resolve(outcome.value);
      else job.reject(outcome?.error);
    }
    for (const call of afterCommit) call();
  };
  const flush = (): void => void flushNow();

  return <Result>(
    work: (tx: Transaction) => Result | Promise<Result>,
    { repeatable = false, bulk = false, since = meters ? performance.now() : 0, ...of }: WriteOptions = {},
  ) =>
    new Promise<Result>((resolve, reject) => {
      lastNumber += 1;
      const job = { number: lastNumber, repeatable, bulk, since, run: work, resolve, reject, usedMs: 0 };
      turns.add(job, of);
      // One turn later, all calls whose requests have been read by then are in the group.
      if (!isScheduled) setImmediate(flush);
      isScheduled = true;
    });
};
