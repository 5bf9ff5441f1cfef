import { InvigilError } from "../platform/errors.js";

export interface TurnLimits {
  /** What takes turns, in the plural, for the messages of errors. */
  readonly what: string;
  /** How many of one caller run at the same time, and how many wait. */
  readonly eachAtOnce: number;
  readonly waitingEach: number;
  /** The same of all callers together. Default: no limit. */
  readonly atOnce?: number;
  readonly waiting?: number;
  /** Whether each is followed by a pause. Default: no. */
  readonly hasPauses?: boolean;
  readonly retryAfterSeconds: number;
}

/** The pause after a long call of a caller, as a multiple of the time that it took, and at most, in milliseconds. */
const PAUSE_FACTOR = 3;
const MAX_PAUSE_MS = 250;
/** Up to how many milliseconds a call is short, and how many short ones of a caller may end in one turn of the event loop. */
const SHORT_MS = 5;
const SHORT_CALLS = 2;

/** The calls of a caller. */
interface Calls {
  /** The number of calls that run or pause. */
  running: number;
  /** Begin the calls that wait. */
  readonly waiting: (() => void)[];
  /** The number of calls that ended in this turn of the event loop. */
  ended: number;
}

/**
 * Runs the calls of each caller one after the other, or a few at a time. Callers take turns, however many calls each of them has waiting.
 *
 * With pauses, others are served in the pauses, and a call that waited sees what the ones before it cost. A call keeps its place for its pause
 * also when no other one waits: on SQLite, calls that arrive together are read from their connections one by one, and each would be over
 * before the next one is seen.
 */
export const createCallerTurns = ({
  what,
  eachAtOnce,
  waitingEach,
  atOnce = Number.POSITIVE_INFINITY,
  waiting: mostWaiting = Number.POSITIVE_INFINITY,
  hasPauses = false,
  retryAfterSeconds,
}: TurnLimits) => {
  /** The callers who have calls now. */
  const callers = new Map<string, Calls>();
  /** The callers who may begin a call as soon as there is a place, in the order of their turns. */
  const next = new Set<Calls>();
  let running = 0;
  let waiting = 0;

  const tooMany = (count: number, whose: string): InvigilError =>
    new InvigilError(
      "TOO_MANY_REQUESTS",
      `${count} ${what} ${whose} are waiting: try again in ${retryAfterSeconds} ${retryAfterSeconds === 1 ? "second" : "seconds"}.`,
      { retryAfterSeconds, limit: what },
    );
  const forgetIdle = (key: string, { running, waiting, ended }: Calls): void => {
    if (running === 0 && waiting.length === 0 && ended === 0) callers.delete(key);
  };
  const queue = (own: Calls): void => {
    if (own.waiting.length > 0 && own.running < eachAtOnce) next.add(own);
  };
  const beginNext = (): void => {
    for (const own of next) {
      if (running >= atOnce) return;
      next.delete(own);
      running += 1;
      own.running += 1;
      waiting -= 1;
      own.waiting.shift()?.();
      queue(own);
    }
  };
  /** Gives the place of a call to the next one. */
  const end = (key: string, own: Calls): void => {
    running -= 1;
    own.running -= 1;
    queue(own);
    beginNext();
    forgetIdle(key, own);
  };
  /** Takes note of a call that ended, and gives its place away after the pause. */
  const pause = (key: string, own: Calls, tookMs: number): void => {
    if (own.ended === 0)
      setImmediate(() => {
        own.ended = 0;
        forgetIdle(key, own);
      });
    own.ended += 1;
    const endPause = (): void => end(key, own);
    if (tookMs > SHORT_MS) setTimeout(endPause, Math.min(tookMs * PAUSE_FACTOR, MAX_PAUSE_MS));
    else if (own.ended < SHORT_CALLS) endPause();
    else setImmediate(endPause);
  };
  const runNow = async <Result>(key: string, own: Calls, work: () => Promise<Result>): Promise<Result> => {
    const since = performance.now();
    try {
      return await work();
    } finally {
      if (hasPauses) pause(key, own, performance.now() - since);
      else end(key, own);
    }
  };

  return {
    /** @throws TOO_MANY_REQUESTS if too many calls wait */
    run<Result>(caller: string, work: (hasWaited: boolean) => Promise<Result>): Promise<Result> {
      const own = callers.get(caller) ?? { running: 0, waiting: [], ended: 0 };
      if (own.running < eachAtOnce && running < atOnce) {
        callers.set(caller, own);
        running += 1;
        own.running += 1;
        return runNow(caller, own, () => work(false));
      }
      if (own.waiting.length >= waitingEach) return Promise.reject(tooMany(own.waiting.length, "of yours"));
      if (waiting >= mostWaiting) return Promise.reject(tooMany(waiting, "of others"));
      callers.set(caller, own);
      return new Promise<Result>((resolve) => {
        own.waiting.push(() => resolve(runNow(caller, own, () => work(true))));
        waiting += 1;
        queue(own);
      });
    },
  };
};
