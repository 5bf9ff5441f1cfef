import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import pLimit, { type LimitFunction } from "p-limit";
import { type CountedCaller, identityKey } from "../identity/usage-key.js";
import { InvigilError } from "../platform/errors.js";

/** The number of calls of a caller that wait. */
const MAX_WAITING = 100;
/** The pause between the calls of a caller, as a multiple of the time that the one before took, and at most, in milliseconds. */
const PAUSE_FACTOR = 3;
const MAX_PAUSE_MS = 250;

/**
 * Runs the calls of each caller that have long answers one after the other, with pauses between those that wait. Others are served meanwhile,
 * and a call that waited sees what the ones before it cost. Queries are in one line. Each mutation has a line of its own, because it may wait
 * for a vendor.
 */
export interface ReadingTurns {
  /**
   * @param line the name of the line
   * @param beforeWork called when a call that waited gets its turn. If it throws, the work does not run
   * @throws TOO_MANY_REQUESTS if too many calls of the caller wait
   */
  run<Result>(
    { caller, line }: { readonly caller: CountedCaller; readonly line: string },
    work: () => Promise<Result>,
    beforeWork: () => void,
  ): Promise<Result>;
}

export const createReadingTurns = (): ReadingTurns => {
  /** The lines that have calls now. */
  const lines = new Map<string, { readonly inTurn: LimitFunction; calls: number }>();
  return {
    run({ caller, line }, work, beforeWork) {
      const key = `${line} ${identityKey(caller)}`;
      const own = lines.get(key) ?? { inTurn: pLimit(1), calls: 0 };
      const waits = own.calls > 0;
      if (own.calls > MAX_WAITING)
        throw new InvigilError(
          "TOO_MANY_REQUESTS",
          `Too many calls of ${caller.userId} wait for long answers, at most ${MAX_WAITING}: try again in 1 second.`,
          { retryAfterSeconds: 1 },
        );
      lines.set(key, own);
      own.calls += 1;
      return new Promise((resolve, reject) => {
        void own.inTurn(async () => {
          const since = performance.now();
          try {
            if (waits) {
              await nextTurn();
              beforeWork();
            }
            resolve(await work());
          } catch (error) {
            reject(error);
          }
          own.calls -= 1;
          if (own.calls === 0) lines.delete(key);
          else await pause(Math.min((performance.now() - since) * PAUSE_FACTOR, MAX_PAUSE_MS));
        });
      });
    },
  };
};
