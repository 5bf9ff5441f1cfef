import { identityKey } from "../identity/usage-key.js";
import { InvigilError } from "../platform/errors.js";
import type { LimitOwners } from "./rates.js";

/** The number of queries of a caller that run at the same time, of mutations, which may wait for a vendor, and of each that wait. */
const QUERIES = 1;
const MUTATIONS = 4;
const MAX_WAITING = 100;
/** The pause after a long call of a caller, as a multiple of the time that it took, and at most, in milliseconds. */
const PAUSE_FACTOR = 3;
const MAX_PAUSE_MS = 250;
/** Up to how many milliseconds a call is short, and how many short ones of a caller may end in one turn of the event loop. */
const SHORT_MS = 5;
const SHORT_CALLS = 2;

/** A caller, and whether their call is a mutation. */
export interface TurnOwner {
  readonly caller: NonNullable<LimitOwners["caller"]>;
  readonly writes: boolean;
}

/**
 * Runs the calls of each caller that have long answers one after the other, or a few at a time, with a pause after each. Others are served in
 * the pauses, and a call that waited sees what the ones before it cost. A call keeps its place for its pause also when no other one waits: on
 * SQLite, calls that arrive together are read from their connections one by one, and each would be over before the next one is seen.
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

/** The calls of a caller. */
interface Calls {
  /** The number of calls that run or pause. */
  running: number;
  /** Begin the calls that wait. */
  readonly waiting: (() => void)[];
  /** The number of calls that ended in this turn of the event loop. */
  ended: number;
}

export const createReadingTurns = (): ReadingTurns => {
  /** The callers who have such calls now, once for queries and once for mutations. */
  const callers = new Map<string, Calls>();

  const forgetIdle = (key: string, { running, ended }: Calls): void => {
    if (running === 0 && ended === 0) callers.delete(key);
  };
  /** Begins the next call in the place of one. */
  const beginNext = (key: string, own: Calls): void => {
    const begin = own.waiting.shift();
    if (begin) {
      begin();
      return;
    }
    own.running -= 1;
    forgetIdle(key, own);
  };
  /** Takes note of a call that ended, and begins the next one after the pause. */
  const pause = (key: string, own: Calls, tookMs: number): void => {
    if (own.ended === 0)
      setImmediate(() => {
        own.ended = 0;
        forgetIdle(key, own);
      });
    own.ended += 1;
    const next = (): void => beginNext(key, own);
    if (tookMs > SHORT_MS) setTimeout(next, Math.min(tookMs * PAUSE_FACTOR, MAX_PAUSE_MS));
    else if (own.ended < SHORT_CALLS) next();
    else setImmediate(next);
  };
  const runNow = async <Result>(key: string, own: Calls, work: () => Promise<Result>): Promise<Result> => {
    const since = performance.now();
    try {
      return await work();
    } finally {
      pause(key, own, performance.now() - since);
    }
  };

  return {
    run<Result>(
      { caller, writes }: TurnOwner,
      work: (hasWaited: boolean) => Promise<Result>,
      beforeWork: () => void,
    ) {
      const atOnce = writes ? MUTATIONS : QUERIES;
      const key = `${atOnce} ${identityKey(caller)}`;
      const own = callers.get(key) ?? { running: 0, waiting: [], ended: 0 };
      if (own.running < atOnce) {
        own.running += 1;
        callers.set(key, own);
        return runNow(key, own, () => work(false));
      }
      if (own.waiting.length >= MAX_WAITING)
        throw new InvigilError(
          "TOO_MANY_REQUESTS",
          `Too many calls of ${caller.userId} wait for long answers, at most ${MAX_WAITING}: try again in 1 second.`,
          { retryAfterSeconds: 1 },
        );
      const inTurn = async (): Promise<Result> => {
        beforeWork();
        return work(true);
      };
      return new Promise<Result>((resolve) => {
        own.waiting.push(() => resolve(runNow(key, own, inTurn)));
      });
    },
  };
};
