import { InvigilError } from "../../platform/errors.js";

export interface FairQueueLimits {
  /** Tasks that run at the same time: one of each caller. */
  readonly atOnce: number;
  /** Tasks of one caller that may wait. */
  readonly waitingEach: number;
  /** Tasks of all callers that may wait. */
  readonly waiting: number;
}

export interface FairQueue {
  /**
   * Runs a task when it is its caller's turn. Callers take turns, whatever each of them has waiting, and none has two tasks running.
   * @throws TOO_MANY_REQUESTS when too many wait
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
  /** What waits, by caller: in the order in which callers get their turns. */
  const waiting = new Map<string, (() => void)[]>();
  const running = new Set<string>();
  let count = 0;

  const startNext = (): void => {
    if (running.size >= atOnce) return;
    for (const [caller, tasks] of waiting) {
      if (running.has(caller)) continue;
      const [task, ...later] = tasks;
      // To the back, behind everybody else.
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
          // A task may also throw before its promise is there.
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
