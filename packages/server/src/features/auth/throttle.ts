import { LRUCache } from "lru-cache";
import { networkOf } from "../../limits/network.js";
import { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";

// Three counters limit failed logins. They are in memory: a restart resets them.
//
// - Per account and address: the fast limit. It stops a guesser and nobody else.
// - Per address, over all accounts.
// - Per account, over all addresses: the slow limit, against guessing from many addresses. It does not apply to
//   an address with an earlier successful login to the account, so that strangers cannot lock the owner out.

const MINUTE_MS = 60_000;
/** The first block once a limit is reached. Each further block lasts twice as long, up to the longest. */
const FIRST_WAIT_MS = MINUTE_MS;
const LONGEST_WAIT_MS = 15 * MINUTE_MS;

interface Limit {
  readonly failures: number;
  /** The sliding window in which failures count, in milliseconds. */
  readonly windowMs: number;
}
const PER_ACCOUNT_AND_ADDRESS: Limit = { failures: 5, windowMs: MINUTE_MS };
const PER_ACCOUNT: Limit = { failures: 50, windowMs: 15 * MINUTE_MS };
/** The maximum number of logins that wait for running ones, per account or address. */
const MAX_WAITING = 256;
/** Cached keys of each kind. Evicting one takes as many failed logins. */
const REMEMBERED = 100_000;

/**
 * A running login. It counts as a failure until it has a result, so that parallel attempts get no more tries
 * than sequential ones.
 */
export interface Attempt {
  succeeded(): void;
  failed(): void;
  /** The server could not decide: the login counts neither as a success nor as a failure. */
  abandoned(): void;
}

export interface LoginThrottle {
  /**
   * Begins a login. Waits for running logins when their failures could exceed a limit.
   * @throws TOO_MANY_REQUESTS
   */
  begin(who: { readonly account: string; readonly address: string }): Promise<Attempt>;
}

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
      this.#blockedUntil = now + Math.min(FIRST_WAIT_MS * 2 ** this.#blocks, LONGEST_WAIT_MS);
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
    if (this.#blockedUntil + LONGEST_WAIT_MS <= now) this.#blocks = 0;
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

const refusal = (seconds: number, why: string): InvigilError =>
  new InvigilError("TOO_MANY_REQUESTS", `${why}: try again in ${seconds} seconds.`, {
    retryAfterSeconds: seconds,
  });

export const createLoginThrottle = ({
  monotonic,
  failuresPerAddress,
}: {
  /** Milliseconds of a monotonic clock: corrections of the system's clock must not extend a block. */
  monotonic: () => number;
  /** The maximum number of failures from one address in a minute. */
  failuresPerAddress: number;
}): LoginThrottle => {
  const byPair = failuresByKey(PER_ACCOUNT_AND_ADDRESS);
  const byAddress = failuresByKey({ failures: failuresPerAddress, windowMs: MINUTE_MS });
  const byAccount = failuresByKey(PER_ACCOUNT);
  /** Pairs of an account and an address with a successful login. */
  const trustedPairs = new LRUCache<string, true>(atMost(REMEMBERED));

  return {
    async begin({ account, address }) {
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
        if (waitMs > 0) throw refusal(Math.ceil(waitMs / 1000), "Too many failed logins");
        const full = applying.find(({ couldReachLimit }) => couldReachLimit);
        if (!full) break;
        // A whole school may log in at once with correct passwords. Wait for the results of the running logins.
        const loginEnd = full.nextLoginEnd();
        if (!loginEnd) throw refusal(1, "Too many logins at once");
        await loginEnd;
      }
      for (const failures of all) failures.begin();
      return {
        succeeded() {
          trustedPairs.set(pair, true);
          ofPair.clear();
          // Someone else may be guessing this account's password, or other passwords from this address: those
          // failures still count.
          ofAccount.end();
          ofAddress.end();
        },
        failed() {
          const now = monotonic();
          for (const failures of all) failures.fail(now);
        },
        abandoned() {
          for (const failures of all) failures.end();
        },
      };
    },
  };
};
