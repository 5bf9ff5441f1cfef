import { InvigilError } from "../../platform/errors.js";

export interface FairQueueLimits {
  /** The maximum number of running tasks. A caller has one at most. */
  readonly atOnce: number;
  /** The maximum number of waiting tasks of one caller. */
  readonly waitingEach: number;
  /** The maximum number of waiting tasks of all callers. */
  readonly waiting: number;
}

export interface FairQueue {
  /**
   * Runs a task on its caller's turn. Callers take turns, however many tasks each of them has waiting, and no
   * caller has two running tasks.
   * @throws TOO_MANY_REQUESTS when too many tasks wait
   */
  run<Result>(caller: string, task: () => Promise<Result>): Promise<Result>;
}

const RETRY_AFTER_SECONDS = 10;
const tooMany = (whose: string, count: number): InvigilError =>
  new InvigilError(
    "TOO_MANY_REQUESTS",
    `${count} imports ${whose} are waiting: try again in ${RETRY_AFTER_SECONDS} seconds.`,
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );

export const createFairQueue = ({ atOnce, waitingEach, waiting: most }: FairQueueLimits): FairQueue => {
  /** Unseated tasks by caller, in the order of the callers' turns. */
  const waiting = new Map<string, (() => void)[]>();
  const running = new Set<string>();
  let count = 0;

  const startNext = (): void => {
    if (running.size >= atOnce) return;
    for (const [caller, tasks] of waiting) {
      if (running.has(caller)) continue;
      const [task, ...later] = tasks;
      // Moves the caller to the end of the order.
      waiting.delete(caller);
      if (later.length > 0) waiting.set(caller, later);
      if (!task) continue;
      count -= 1;
      running.add(caller);
      task();
      startNext();
      return;
    }
  };

  return {
    run: <Result>(caller: string, task: () => Promise<Result>) =>
      new Promise<Result>((resolve, reject) => {
        const own = waiting.get(caller) ?? [];
        if (own.length >= waitingEach) throw tooMany("of yours", own.length);
        if (count >= most) throw tooMany("of others", count);
        const start = (): void => {
          // A task may also throw synchronously.
          void Promise.resolve()
            .then(task)
            .then(resolve, reject)
            .finally(() => {
              running.delete(caller);
              startNext();
            });
        };
        waiting.set(caller, [...own, start]);
        count += 1;
        startNext();
      }),
  };
};
