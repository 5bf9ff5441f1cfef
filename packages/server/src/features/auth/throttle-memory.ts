import { LRUCache } from "lru-cache";
import { networkOf } from "../../limits/network.js";
import { atMost } from "../../platform/lru.js";
import {
  type Attempt,
  blockMs,
  type Limit,
  LONGEST_BLOCK_MS,
  type LoginThrottle,
  MAX_WAITING,
  PER_ACCOUNT,
  PER_ACCOUNT_AND_ADDRESS,
  perAddress,
  tooManyFailures,
  tooManyWaiting,
} from "./throttle.js";

// The counters are in the memory of this process: a restart resets them.

/** Cached keys of each kind. Evicting one takes as many failed logins. */
const REMEMBERED = 100_000;

/**
 * The failed and the running logins of one key. Too many failures within the window block the key for a time.
 */
class Failures {
  /** The times of the latest failures, in milliseconds of the monotonic clock. */
  #times: number[] = [];
  #running = 0;
  /** How many times in a row the limit was reached. */
  #blocks = 0;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #onEnd: (() => void)[] = [];

  constructor(readonly limit: Limit) {}

  /** The remaining time of the block, in milliseconds. */
  blockedFor(now: number): number {
    this.#forgetOld(now);
    return Math.max(0, this.#blockedUntil - now);
  }

  /** Whether the limit would be reached if all running logins failed. */
  get couldReachLimit(): boolean {
    return this.#times.length + this.#running >= this.limit.failures;
  }

  /** Resolves when a running login has ended. Undefined when too many callers wait already. */
  nextLoginEnd(): Promise<void> | undefined {
    if (this.#onEnd.length >= MAX_WAITING) return undefined;
    return new Promise((resolve) => this.#onEnd.push(resolve));
  }

  begin(): void {
    this.#running += 1;
  }

  end(): void {
    this.#running -= 1;
    const waiting = this.#onEnd;
    this.#onEnd = [];
    for (const resolve of waiting) resolve();
  }

  fail(now: number): void {
    this.#forgetOld(now);
    this.#times.push(now);
    if (this.#times.length >= this.limit.failures) {
      this.#blockedUntil = now + blockMs(this.#blocks);
      this.#times = [];
      this.#blocks += 1;
    }
    this.end();
  }

  /** Ends a running login that succeeded, and resets the failures. */
  clear(): void {
    this.#times = [];
    this.#blocks = 0;
    this.#blockedUntil = Number.NEGATIVE_INFINITY;
    this.end();
  }

  #forgetOld(now: number): void {
    this.#times = this.#times.filter((time) => time > now - this.limit.windowMs);
    if (this.#blockedUntil + LONGEST_BLOCK_MS <= now) this.#blocks = 0;
  }
}

/** Returns the failures of a key from a bounded cache. */
const failuresByKey = (limit: Limit) => {
  const cache = new LRUCache<string, Failures>(atMost(REMEMBERED));
  return (key: string): Failures => {
    const failures = cache.get(key) ?? new Failures(limit);
    cache.set(key, failures);
    return failures;
  };
};

export const createMemoryThrottle = ({
  monotonic,
  failuresPerAddress,
}: {
  /** Milliseconds of a monotonic clock: corrections of the system's clock must not extend a block. */
  monotonic: () => number;
  /** The maximum number of failures from one address in a minute. */
  failuresPerAddress: number;
}): LoginThrottle => {
  const byPair = failuresByKey(PER_ACCOUNT_AND_ADDRESS);
  const byAddress = failuresByKey(perAddress(failuresPerAddress));
  const byAccount = failuresByKey(PER_ACCOUNT);
  /** Pairs of an account and an address with a successful login. */
  const trustedPairs = new LRUCache<string, true>(atMost(REMEMBERED));

  return {
    async begin({ account, address }, find) {
      const network = networkOf(address);
      const pair = JSON.stringify([account, network]);
      const ofPair = byPair(pair);
      const ofAddress = byAddress(network);
      const ofAccount = byAccount(account);
      const all = [ofPair, ofAddress, ofAccount];
      for (;;) {
        // Evaluated in each round: another login from this address may have succeeded in the meantime.
        const applying = trustedPairs.has(pair) ? [ofPair, ofAddress] : all;
        const now = monotonic();
        const waitMs = Math.max(...applying.map((failures) => failures.blockedFor(now)));
        if (waitMs > 0) throw tooManyFailures(waitMs);
        const full = applying.find(({ couldReachLimit }) => couldReachLimit);
        if (!full) break;
        // A whole school may log in at once with correct passwords. Wait for the results of the running logins.
        const loginEnd = full.nextLoginEnd();
        if (!loginEnd) throw tooManyWaiting();
        await loginEnd;
      }
      for (const failures of all) failures.begin();
      const succeed = (): void => {
        trustedPairs.set(pair, true);
        ofPair.clear();
        // Someone else may be guessing this account's password, or other passwords from this address: those
        // failures still count.
        ofAccount.end();
        ofAddress.end();
      };
      const fail = (): void => {
        const now = monotonic();
        for (const failures of all) failures.fail(now);
      };
      const attempt: Attempt = {
        async decide(transact) {
          let count = fail;
          const result = await transact(async () => async (hasSucceeded) => {
            count = hasSucceeded ? succeed : fail;
          });
          count();
          return result;
        },
        failed: async () => fail(),
        async abandoned() {
          for (const failures of all) failures.end();
        },
      };
      try {
        return { attempt, found: await find() };
      } catch (error) {
        await attempt.abandoned();
        throw error;
      }
    },
  };
};
