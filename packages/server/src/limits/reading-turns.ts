import { setImmediate as nextTurn } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { type CountedCaller, identityKey } from "../identity/usage-key.js";
import { InvigilError } from "../platform/errors.js";

/** The number of long answers to one caller that are made at the same time, and that wait. */
const AT_ONCE = 2;
const MAX_WAITING = 100;

/**
 * Runs the queries of each caller that have long answers a few at a time. Others are served between them, and a call that waited sees what
 * the ones before it cost.
 */
export interface ReadingTurns {
  /**
   * @param beforeWork called when a call that waited gets its turn. If it throws, the work does not run
   * @throws TOO_MANY_REQUESTS if too many calls of the caller wait
   */
  run<Result>(caller: CountedCaller, work: () => Promise<Result>, beforeWork: () => void): Promise<Result>;
}

export const createReadingTurns = (): ReadingTurns => {
  /** The callers who have such calls now. */
  const callers = new Map<string, { readonly limit: LimitFunction; calls: number }>();
  return {
    async run(caller, work, beforeWork) {
      const key = identityKey(caller);
      const own = callers.get(key) ?? { limit: pLimit(AT_ONCE), calls: 0 };
      const waits = own.calls >= AT_ONCE;
      if (own.calls >= AT_ONCE + MAX_WAITING)
        throw new InvigilError(
          "TOO_MANY_REQUESTS",
          `Too many calls of ${caller.userId} wait for long answers, at most ${MAX_WAITING}: try again in 1 second.`,
          { retryAfterSeconds: 1 },
        );
      callers.set(key, own);
      own.calls += 1;
      try {
        return await own.limit(async () => {
          if (waits) {
            await nextTurn();
            beforeWork();
          }
          return work();
        });
      } finally {
        own.calls -= 1;
        if (own.calls === 0) callers.delete(key);
      }
    },
  };
};
