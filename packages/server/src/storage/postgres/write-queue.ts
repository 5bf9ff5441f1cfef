import type { StorageMeters } from "../../platform/meters.js";
import { TransactionLostError } from "../errors.js";
import type { WriteOptions } from "../port.js";
import { createTurns, type Turn } from "../turns.js";
import { isConflict } from "./errors.js";
import { tookTooLong } from "./wait-limit.js";

/** A write that waits for a connection, or that has one. */
interface Job {
  /** @param until when the transaction must have begun, by `performance.now()` */
  readonly transact: (until: number) => Promise<() => void>;
  readonly reject: (error: unknown) => void;
  /**
   * Its caller and exam, if it has both. Such writes run one after the other: they would wait for the lock of the exam anyway, and
   * so they keep their order.
   */
  readonly key: string | undefined;
  /** When it is given up, by `performance.now()`. */
  readonly until: number;
  tries: number;
  timer?: NodeJS.Timeout | undefined;
}

export interface WriteQueueOptions {
  /** How many writes run at a time. */
  readonly connections: number;
  /** How long a write waits for a connection and for locks, in milliseconds. */
  readonly timeoutMs: number;
  readonly meters?: StorageMeters | undefined;
}

/** How many times a transaction is tried that fails because of others, not counting those that wait for a lock. */
const MAX_TRIES = 5;
/** The least time that a transaction gets to begin, as a part of the time limit. */
const MIN_WAIT = 0.1;
/** When a write tries again to get a lock, in milliseconds: a time between this and twice this. */
const LOCK_RETRY_MS = 20;

/**
 * Runs transactions on a number of connections, in the order of `turns.ts`. A transaction that was lost, or that did not get a lock in
 * time, leaves its connection to others and is repeated.
 */
export const createWriteQueue = ({ connections, timeoutMs, meters }: WriteQueueOptions) => {
  const turns = createTurns<Job>();
  meters?.waiting.add(() => turns.size);
  let free = connections;
  /** The keys of the jobs that have been taken. */
  const keys = new Set<string>();
  const mayRun = ({ key }: Job): boolean => key === undefined || !keys.has(key);
  const freeKey = ({ key }: Job): void => {
    if (key !== undefined) keys.delete(key);
  };

  const mayRepeat = ({ tries, until }: Job, error: unknown): boolean => {
    if (error instanceof TransactionLostError && error.isAboutLock) return performance.now() < until;
    return tries < MAX_TRIES && (error instanceof TransactionLostError || isConflict(error));
  };

  /** Gives a write up that has waited for too long. */
  const limitWait = (turn: Turn<Job>): void => {
    const { job } = turn;
    const giveUp = (): void => {
      turns.remove(turn);
      job.reject(tookTooLong());
    };
    // The timer keeps no process running.
    job.timer = setTimeout(giveUp, Math.max(job.until - performance.now(), timeoutMs * MIN_WAIT)).unref();
  };

  const end = (turn: Turn<Job>, usedMs: number): void => {
    freeKey(turn.job);
    turns.end(turn, usedMs);
  };
  const run = async (turn: Turn<Job>): Promise<void> => {
    const { job } = turn;
    clearTimeout(job.timer);
    job.tries += 1;
    const since = performance.now();
    if (job.tries === 1) meters?.writeWaits.observe(since - (job.until - timeoutMs));
    const usedMs = (): number => performance.now() - since;
    try {
      const resolve = await job.transact(Math.max(job.until, since + timeoutMs * MIN_WAIT));
      meters?.transactions.observe(usedMs());
      end(turn, usedMs());
      resolve();
    } catch (error) {
      if (mayRepeat(job, error)) repeat(turn, usedMs(), error);
      else {
        end(turn, usedMs());
        job.reject(error);
      }
    } finally {
      free += 1;
      runNext();
    }
  };

  const repeat = (turn: Turn<Job>, usedMs: number, error: unknown): void => {
    if (meters) meters.retries.value += 1;
    const again = (): void => {
      freeKey(turn.job);
      turns.putBack(turn, usedMs);
      limitWait(turn);
      runNext();
    };
    const isAboutLock = error instanceof TransactionLostError && error.isAboutLock;
    setTimeout(again, isAboutLock ? LOCK_RETRY_MS * (1 + Math.random()) : 0);
  };

  function runNext(): void {
    while (free > 0) {
      const turn = turns.next(mayRun);
      if (!turn) return;
      free -= 1;
      if (turn.job.key !== undefined) keys.add(turn.job.key);
      void run(turn);
    }
  }

  /** @param transact runs and commits a transaction that must have begun by a time. It may be called again after a rollback */
  return <Result>(
    transact: (until: number) => Promise<Result>,
    { since = performance.now(), share, continues }: Pick<WriteOptions, "since" | "share" | "continues">,
  ): Promise<Result> =>
    new Promise<Result>((resolve, reject) => {
      const { caller, examId } = share ?? {};
      const job: Job = {
        key: caller === undefined || examId === undefined ? undefined : JSON.stringify([caller, examId]),
        transact: async (until) => {
          const result = await transact(until);
          return () => resolve(result);
        },
        reject,
        until: since + timeoutMs,
        tries: 0,
      };
      const turn = turns.add(job, { share, continues });
      if (free > 0) runNext();
      if (job.tries === 0) limitWait(turn);
    });
};
