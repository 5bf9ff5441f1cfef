import { identityKey } from "../identity/usage-key.js";
import { InvigilError } from "../platform/errors.js";
import type { LimitOwners } from "./rates.js";

/** The number of queries of a caller that run at the same time, of mutations, which may wait for a vendor, and of each that wait. */
const QUERIES = 1;
const MUTATIONS = 4;
const MAX_WAITING = 100;
/**
 * The pause between the calls of a caller, as a multiple of the time that the one before took, and at most, in milliseconds. None after
 * short ones: others are served after a few of these.
 */
const PAUSE_FACTOR = 3;
const MAX_PAUSE_MS = 250;
const SHORT_MS = 5;
const SHORT_CALLS = 2;

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

/** The calls of a caller. */
interface Calls {
  running: number;
  /** Begin the calls that wait. */
  readonly waiting: (() => void)[];
  /** The number of calls that ended since others were last served. */
  inARow: number;
}

export const createReadingTurns = (): ReadingTurns => {
  /** The callers who have such calls now, once for queries and once for mutations. */
  const callers = new Map<string, Calls>();

  /** Begins the next call in the place of one that took so long. */
  const beginNext = (key: string, own: Calls, tookMs: number): void => {
    const begin = own.waiting.shift();
    if (!begin) {
      own.running -= 1;
      if (own.running === 0) callers.delete(key);
      return;
    }
    own.inARow += 1;
    const isShort = tookMs <= SHORT_MS;
    if (isShort && own.inARow < SHORT_CALLS) begin();
    else {
      own.inARow = 0;
      if (isShort) setImmediate(begin);
      else setTimeout(begin, Math.min(tookMs * PAUSE_FACTOR, MAX_PAUSE_MS));
    }
  };
  const runNow = async <Result>(key: string, own: Calls, work: () => Promise<Result>): Promise<Result> => {
    const since = performance.now();
    try {
      return await work();
    } finally {
      beginNext(key, own, performance.now() - since);
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
      const own = callers.get(key) ?? { running: 0, waiting: [], inARow: 0 };
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
