import { LRUCache } from "lru-cache";
import { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";

/** What one login may send in one room: this many at once, and this many a second. */
const AT_ONCE = 30;
const PER_SECOND = 10;
/** Senders that are remembered. Who is not has sent nothing for a while, or less than all of these. */
const REMEMBERED = 100_000;

export interface SendRate {
  /** Counts a message. @throws TOO_MANY_REQUESTS */
  take(roomId: string, login: string): void;
}

export const createSendRate = ({ monotonic }: { monotonic: () => number }): SendRate => {
  /** When each sender's allowance will be (or was) whole again, in milliseconds. By size: see the login throttle. */
  const wholeAt = new LRUCache<string, number>(atMost(REMEMBERED));
  const EACH_MS = 1000 / PER_SECOND;
  return {
    take(roomId, login) {
      const now = monotonic();
      const key = JSON.stringify([roomId, login]);
      const next = Math.max(wholeAt.get(key) ?? 0, now) + EACH_MS;
      const waitMs = next - now - AT_ONCE * EACH_MS;
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1000);
        throw new InvigilError(
          "TOO_MANY_REQUESTS",
          `Too many messages from ${login} in the room ${roomId}: try again in ${seconds} seconds.`,
          { retryAfterSeconds: seconds },
        );
      }
      wholeAt.set(key, next);
    },
  };
};
