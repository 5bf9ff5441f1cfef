import Sqlite from "better-sqlite3";
import { TransactionStalledError } from "../errors.js";
import type { Transaction, WriteOptions } from "../port.js";
import { StorageLostError } from "../storage-lost.js";
import type { Connection } from "./connection.js";
import type { FileGuard } from "./file-guard.js";

/** Runs work in a transaction. The promise settles after the commit: what it resolved with is on disk. */
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

/** How long calls wait for another process that writes, and how often it is asked, in milliseconds. */
const PATIENCE_MS = 30_000;
const ASK_AGAIN_MS = 10;

/** Jobs that share a savepoint, at most. */
const SHARED = 50;
/** A transaction that has taken this long, in milliseconds, takes no further job: the others are the next one's. */
const ENOUGH_MS = 15;

const isBusy = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY");

/** Jobs as they run: those that may be repeated together with their neighbours, all others alone. */
const sharedSavepoints = (jobs: readonly Job[]): Job[][] => {
  const groups: Job[][] = [];
  for (const job of jobs) {
    const last = groups.at(-1);
    if (job.repeatable && last?.[0]?.repeatable && last.length < SHARED) last.push(job);
    else groups.push([job]);
  }
  return groups;
};

/** What one transaction takes of the jobs that wait: all but the second and further ones of bulk changes. */
const nextGroup = (waiting: readonly Job[]): Job[] => {
  const bulk = waiting.find((job) => job.bulk);
  return waiting.filter((job) => !job.bulk || job === bulk);
};

export interface WriterOptions {
  readonly connection: Connection;
  readonly patienceMs?: number;
  /** Watches over the file. */
  readonly guard?: FileGuard | undefined;
  /** Called when commits stop being acknowledged, with the reason. */
  readonly onFault?: ((fault: string) => void) | undefined;
  /** Called right after each commit, before the writes resolve. */
  readonly onCommit?: () => void;
  readonly onRollback?: () => void;
}

/**
 * Group commit. Writes that arrive while one is being committed go into the next transaction together, so a thousand waiting calls cost
 * one sync to disk. Each runs in a savepoint of its own: one that fails is undone and rejected alone. Those that may be repeated share a
 * savepoint until one of them fails. While another process writes they wait, and the event loop goes on: SQLite's own way to wait would stop
 * it. A transaction is short: what takes longer together becomes more than one, and each takes one piece of a bulk change.
 *
 * SQLite answers at once, so a transaction takes microtasks only. Work that waits for anything else is still not done when the
 * event loop turns; it is then undone and rejected.
 */
export const createWriter = (
  sqlite: Sqlite.Database,
  { connection, patienceMs = PATIENCE_MS, guard, onFault, onCommit, onRollback }: WriterOptions,
): Write => {
  let waiting: Job[] = [];
  /** Since when another process writes. */
  let busySince: number | undefined;

  const begin = sqlite.prepare("BEGIN IMMEDIATE");
  const commit = sqlite.prepare("COMMIT");
  const rollback = sqlite.prepare("ROLLBACK");
  const savepoint = sqlite.prepare("SAVEPOINT job");
  const release = sqlite.prepare("RELEASE job");
  const rollbackToSavepoint = sqlite.prepare("ROLLBACK TO job");

  /** Some failures (a full disk) make SQLite undo the whole transaction. */
  const undo = (error: unknown): void => {
    if (!sqlite.inTransaction) throw error;
    rollbackToSavepoint.run();
    release.run();
  };

  /** A transaction as one job sees it. It refuses every use once the job is over. */
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

  /** Runs jobs in one savepoint. Throws, with nothing of them done, when one of them fails or stalls. */
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

  /** One savepoint for all of them. When one fails, each gets its own. */
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
  /** @throws StorageLostError when what is committed would not be found by the next start */
  const assertStored = (): void => {
    const fault = guard?.fault();
    if (fault !== undefined && fault !== lastFault) onFault?.(fault);
    lastFault = fault;
    if (fault !== undefined) throw new StorageLostError(fault);
  };

  /** Runs and commits the first of the jobs: as many as the time allows, and one at least. */
  const transact = async (jobs: readonly Job[], afterCommit: (() => void)[]): Promise<Outcome[]> => {
    if (lastFault !== undefined) assertStored();
    begin.run();
    try {
      guard?.beginGeneration();
      const outcomes: Outcome[] = [];
      const since = performance.now();
      for (const group of sharedSavepoints(jobs)) {
        if (outcomes.length > 0 && performance.now() - since > ENOUGH_MS) break;
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

  /** Takes jobs from those that wait; the rest has the next transaction, after what else there is to do. */
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
      // One loop turn later: all calls whose requests have been read by then are in the group.
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ repeatable, bulk, run: work, resolve, reject });
    });
};
