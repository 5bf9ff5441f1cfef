import { LRUCache } from "lru-cache";
import { waitBefore, wholeAfter } from "../../limits/allowance.js";
import { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";

/** What one login may send in one room: this many messages at once, and this many a second. */
const AT_ONCE = 30;
const PER_SECOND = 10;
const EACH_MS = 1000 / PER_SECOND;
/** Senders that are remembered. A sender that is forgotten has its whole allowance again. */
const REMEMBERED = 100_000;

export interface SendRate {
  /** Counts a message. @throws TOO_MANY_REQUESTS */
  take(roomId: string, login: string): void;
}

export const createSendRate = ({ monotonic }: { monotonic: () => number }): SendRate => {
  /** When each sender's allowance will be (or was) whole again, in milliseconds. */
  const wholeAt = new LRUCache<string, number>(atMost(REMEMBERED));
  return {
    take(roomId, login) {
      const key = JSON.stringify([roomId, login]);
      const use = { wholeAt: wholeAt.get(key) ?? 0, costMs: EACH_MS, now: monotonic() };
      const waitMs = waitBefore(use, AT_ONCE * EACH_MS);
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
