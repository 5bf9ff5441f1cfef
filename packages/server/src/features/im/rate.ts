import { LRUCache } from "lru-cache";
import { waitBefore, wholeAfter } from "../../limits/allowance.js";
import { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";

/** How many messages one login may send in one room at once. */
const BURST = 30;
/** How many messages per second one login may send in one room on average. */
const PER_SECOND = 10;
const EACH_MS = 1000 / PER_SECOND;
/** The number of senders in memory. A sender that is no longer in memory has its full allowance again. */
const MAX_SENDERS = 100_000;

export interface SendRate {
  /** Counts a message. @throws TOO_MANY_REQUESTS */
  take(roomId: string, login: string): void;
}

export const createSendRate = ({ monotonic }: { monotonic: () => number }): SendRate => {
  /** When the allowance of each sender is full again, in milliseconds. */
  const wholeAt = new LRUCache<string, number>(atMost(MAX_SENDERS));
  return {
    take(roomId, login) {
      const key = JSON.stringify([roomId, login]);
      const use = { wholeAt: wholeAt.get(key) ?? 0, costMs: EACH_MS, now: monotonic() };
      const waitMs = waitBefore(use, BURST * EACH_MS);
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1000);
        throw new InvigilError(
          "TOO_MANY_REQUESTS",
          `Too many messages from ${login} in the room ${roomId}: try again in ${seconds} seconds.`,
          { retryAfterSeconds: seconds },
        );
      }
      wholeAt.set(key, wholeAfter(use));
    },
  };
};
