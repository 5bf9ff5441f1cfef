import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { identityKey } from "../identity/usage-key.js";
import { InvigilError } from "../platform/errors.js";
import type { LimitOwners } from "./rates.js";

/** The number of queries of a caller that run at the same time, of mutations, which may wait for a vendor, and of each that wait. */
const QUERIES = 1;
const MUTATIONS = 4;
const MAX_WAITING = 100;
/**
 * The pause between the calls of a caller, as a multiple of the time that the one before took, and at most, in milliseconds. None after
 * short ones, which delay nobody.
 */
const PAUSE_FACTOR = 3;
const MAX_PAUSE_MS = 250;
const SHORT_MS = 5;

/** A caller, and whether their call is a mutation. */
export interface TurnOwner {
  readonly caller: NonNullable<LimitOwners["caller"]>;
  readonly writes: boolean;
}

/**
 * Runs the calls of each caller that have long answers one after the other, or a few at a time, with pauses between those that wait. Others
 * are served meanwhile, and a call that waited sees what the ones before it cost.
 */
export interface ReadingTurns {
  /**
   * @param beforeWork called when a call that waited gets its turn. If it throws, the work does not run
   * @throws TOO_MANY_REQUESTS if too many calls of the caller wait
   */
  run<Result>(
    of: TurnOwner,
    work: (hasWaited: boolean) => Promise<Result>,
    beforeWork: () => void,
  ): Promise<Result>;
}

export const createReadingTurns = (): ReadingTurns => {
  /** The callers who have such calls now, once for queries and once for mutations. */
  const callers = new Map<string, { readonly inTurn: LimitFunction; calls: number }>();
  return {
    run({ caller, writes }, work, beforeWork) {
      const atOnce = writes ? MUTATIONS : QUERIES;
      const key = `${atOnce} ${identityKey(caller)}`;
      const own = callers.get(key) ?? { inTurn: pLimit(atOnce), calls: 0 };
      const waits = own.calls >= atOnce;
      if (own.calls >= atOnce + MAX_WAITING)
        throw new InvigilError(
          "TOO_MANY_REQUESTS",
          `Too many calls of ${caller.userId} wait for long answers, at most ${MAX_WAITING}: try again in 1 second.`,
          { retryAfterSeconds: 1 },
        );
      callers.set(key, own);
      own.calls += 1;
      const answer = async () => {
        if (waits) {
          await nextTurn();
          beforeWork();
        }
        return work(waits);
      };
      return new Promise((resolve, reject) => {
        void own.inTurn(async () => {
          const since = performance.now();
          await answer().then(resolve, reject);
          own.calls -= 1;
          if (own.calls === 0) callers.delete(key);
          const tookMs = performance.now() - since;
          if (own.calls >= atOnce && tookMs > SHORT_MS)
            await pause(Math.min(tookMs * PAUSE_FACTOR, MAX_PAUSE_MS));
        });
      });
    },
  };
};
