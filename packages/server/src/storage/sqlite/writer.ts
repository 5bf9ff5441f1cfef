import Sqlite from "better-sqlite3";
import { StorageLostError } from "../storage-lost.js";
import type { FileGuard } from "./file-guard.js";

export interface WriteOptions {
  /** Whether the work does nothing but run statements, so that it may be undone and done again. */
  readonly repeatable?: boolean;
  /** Whether it is one of the writes of a bulk change. A transaction takes one of them. */
  readonly bulk?: boolean;
}

/** Runs `work` in a transaction. The promise settles after the commit: what it resolved with is on disk. */
export type Write = <T>(work: () => T, options?: WriteOptions) => Promise<T>;

interface Job {
  readonly repeatable: boolean;
  readonly bulk: boolean;
  run(): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** How long calls wait for another process that writes, and how often it is asked, in milliseconds. */
const PATIENCE_MS = 30_000;
const ASK_AGAIN_MS = 10;

/** Jobs that share a savepoint, at most. */
const RUN = 50;
/** A transaction that has taken this long, in milliseconds, takes no further job: the others are the next one's. */
const ENOUGH_MS = 15;

const isBusy = (error: unknown): boolean =>
  error instanceof Sqlite.SqliteError && error.code.startsWith("SQLITE_BUSY");

/** Jobs as they run: those that may be repeated together with their neighbours, all others alone. */
const runsOf = (jobs: readonly Job[]): Job[][] => {
  const runs: Job[][] = [];
  for (const job of jobs) {
    const last = runs.at(-1);
    if (job.repeatable && last?.[0]?.repeatable && last.length < RUN) last.push(job);
    else runs.push([job]);
  }
  return runs;
};

/** What one transaction takes of the jobs that wait: all but the second and further ones of bulk changes. */
const groupOf = (waiting: readonly Job[]): Job[] => {
  const bulk = waiting.find((job) => job.bulk);
  return waiting.filter((job) => !job.bulk || job === bulk);
};

type Outcome = { ok: true; value: unknown } | { ok: false; error: unknown };

/**
 * Group commit. Writes that arrive while one is being committed go into the next transaction
 * together, so a thousand waiting calls cost one sync to disk. Each runs in a savepoint of its own: one that throws is
 * undone and rejected alone. Those that may be repeated share a savepoint, until one of them throws. While another
 * process writes they wait, and the loop goes on: SQLite's
 * own way to wait would stop it. A transaction is short: what takes longer together is more than one of them, and each takes one piece
 * of a bulk change.
 */
export const createWriter = (
  sqlite: Sqlite.Database,
  {
    patienceMs = PATIENCE_MS,
    guard,
    onFault = () => undefined,
  }: {
    patienceMs?: number;
    /** Watches over the file; a database in memory has none. */
    guard?: FileGuard | undefined;
    /** Told when commits stop being acknowledged, because of what. */
    onFault?: ((fault: string) => void) | undefined;
  } = {},
): Write => {
  let waiting: Job[] = [];
  /** Since when another process writes. */
  let busySince: number | undefined;

  // better-sqlite3 makes a transaction inside a transaction a savepoint.
  const isolated = sqlite.transaction((job: Job) => job.run());

  const attempt = (job: Job): Outcome => {
    try {
      return { ok: true, value: isolated(job) };
    } catch (error) {
      // Some failures (a full disk) make SQLite undo the whole transaction: then nobody's work is there.
      if (!sqlite.inTransaction) throw error;
      return { ok: false, error };
    }
  };

  const allOf = sqlite.transaction((jobs: readonly Job[]) =>
    jobs.map((job): Outcome => ({ ok: true, value: job.run() })),
  );

  /** One savepoint for all of them. When one fails, each gets its own. */
  const attemptAll = (jobs: readonly Job[]): Outcome[] => {
    if (jobs.length === 1) return jobs.map(attempt);
    try {
      return allOf(jobs);
    } catch (error) {
      if (!sqlite.inTransaction) throw error;
      return jobs.map(attempt);
    }
  };

  /** The outcomes of the first jobs: of as many as the time allows, and one at least. */
  const together = sqlite.transaction((jobs: readonly Job[]) => {
    guard?.beginGeneration();
    const outcomes: Outcome[] = [];
    const since = performance.now();
    for (const run of runsOf(jobs)) {
      if (outcomes.length > 0 && performance.now() - since > ENOUGH_MS) break;
      outcomes.push(...attemptAll(run));
    }
    return outcomes;
  });

  let lastFault: string | undefined;
  /** @throws StorageLostError when what is committed would not be found by the next start */
  const assertStored = (): void => {
    const fault = guard?.fault();
    if (fault !== undefined && fault !== lastFault) onFault(fault);
    lastFault = fault;
    if (fault !== undefined) throw new StorageLostError(fault);
  };

  const worthWaiting = (error: unknown): boolean => {
    if (!isBusy(error)) return false;
    busySince ??= performance.now();
    return performance.now() - busySince < patienceMs;
  };

  const flush = (): void => {
    const jobs = groupOf(waiting);
    let outcomes: Outcome[];
    try {
      if (lastFault !== undefined) assertStored();
      outcomes = together.immediate(jobs);
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
    done.forEach((job, index) => {
      const outcome = outcomes[index];
      if (outcome?.ok) job.resolve(outcome.value);
      else job.reject(outcome?.error);
    });
  };
  /** Takes jobs from those that wait; the rest has the next transaction, after what else there is to do. */
  const goOn = (done: readonly Job[]): void => {
    const gone = new Set(done);
    waiting = waiting.filter((job) => !gone.has(job));
    if (waiting.length > 0) setImmediate(flush);
  };

  return <T>(work: () => T, { repeatable = false, bulk = false }: WriteOptions = {}) =>
    new Promise<T>((resolve, reject) => {
      // One loop turn later: all calls whose requests have been read by then are in the group.
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ repeatable, bulk, run: work, resolve, reject });
    });
};
