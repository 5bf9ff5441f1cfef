import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import { waitBefore, wholeAfter } from "../../limits/allowance.js";
import { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";

/** The maximum number of wrong codes per minute: of one network, and of all networks together. */
const PER_NETWORK = 60;
const PER_SERVER = 600;
/**
 * How many codes are looked up at the same time. A code counts as wrong until it is found, so a right code is refused if its network has
 * only this many wrong codes left.
 */
const AT_ONCE = 8;
const WINDOW_MS = 60_000;
/** The number of cached networks. An evicted one may try as many codes as a new one. */
const MAX_NETWORKS = 100_000;
const EVERYBODY = "";

const createAllowance = (perMinute: number, monotonic: () => number) => {
  const costMs = WINDOW_MS / perMinute;
  const owners = new LRUCache<string, number>(atMost(MAX_NETWORKS));
  const useOf = (key: string) => ({ wholeAt: owners.get(key) ?? 0, costMs, now: monotonic() });
  return {
    /** Throws if the owner has used up their wrong codes. */
    assertLeft(key: string): void {
      const waitMs = waitBefore(useOf(key), WINDOW_MS);
      if (waitMs <= 0) return;
      const seconds = Math.ceil(waitMs / 1000);
      throw new InvigilError(
        "TOO_MANY_REQUESTS",
        `Too many wrong join codes, at most ${perMinute} per minute: try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`,
        { retryAfterSeconds: seconds, limit: "wrong join codes" },
      );
    },
    take(key: string): void {
      owners.set(key, wholeAfter(useOf(key)));
    },
    giveBack(key: string): void {
      owners.set(key, (owners.get(key) ?? 0) - costMs);
    },
  };
};

export type WrongCodes = ReturnType<typeof createWrongCodes>;

/** Limits guesses of join codes. Each process counts for itself. */
export const createWrongCodes = ({ monotonic }: { monotonic: () => number }) => {
  const perNetwork = createAllowance(PER_NETWORK, monotonic);
  const perServer = createAllowance(PER_SERVER, monotonic);
  const inTurn = pLimit(AT_ONCE);
  const assertLeft = (network: string): void => {
    perNetwork.assertLeft(network);
    perServer.assertLeft(EVERYBODY);
  };
  return {
    /**
     * Looks a code up, and counts it if it is not found. Codes that are found do not count, so a whole school can join from one network.
     * @throws TOO_MANY_REQUESTS before the look-up, if the network or all networks together have used up their wrong codes
     */
    async lookUp<Found>(network: string, find: () => Promise<Found | undefined>): Promise<Found | undefined> {
      // A network that has used up its wrong codes is refused before it waits for a turn.
      assertLeft(network);
      return inTurn(async () => {
        assertLeft(network);
        perNetwork.take(network);
        perServer.take(EVERYBODY);
        let counts = false;
        try {
          const found = await find();
          counts = found === undefined;
          return found;
        } finally {
          if (!counts) {
            perNetwork.giveBack(network);
            perServer.giveBack(EVERYBODY);
          }
        }
      });
    },
  };
};
