import { DatabaseUnavailableError } from "../errors.js";

/** Something that waits for the database. */
export interface Waiter {
  readonly reject: (error: unknown) => void;
}

/** Rejects what has waited for too long. */
export interface WaitLimit<Waiting extends Waiter> {
  /** The limit, in milliseconds. */
  readonly ms: number;
  readonly add: (waiter: Waiting) => void;
  /** Ends the wait. */
  readonly end: (waiter: Waiting) => void;
  /** Whether it still waits. */
  readonly has: (waiter: Waiting) => boolean;
}

export const tookTooLong = (): DatabaseUnavailableError =>
  new DatabaseUnavailableError("the database did not respond in time");

/** How often waits are checked, in parts of the limit. */
const CHECKS = 20;

export const createWaitLimit = <Waiting extends Waiter>(limitMs: number): WaitLimit<Waiting> => {
  /** When each wait began, in this order. */
  const since = new Map<Waiting, number>();
  let timer: NodeJS.Timeout | undefined;

  const check = (): void => {
    timer = undefined;
    const latest = performance.now() - limitMs;
    for (const [waiter, start] of since) {
      if (start > latest) break;
      since.delete(waiter);
      waiter.reject(tookTooLong());
    }
    checkLater();
  };
  function checkLater(): void {
    if (timer || since.size === 0) return;
    // The timer keeps no process running.
    timer = setTimeout(check, limitMs / CHECKS).unref();
  }

  return {
    ms: limitMs,
    add(waiter) {
      since.set(waiter, performance.now());
      checkLater();
    },
    end: (waiter) => void since.delete(waiter),
    has: (waiter) => since.has(waiter),
  };
};
