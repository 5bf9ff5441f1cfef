import { LRUCache } from "lru-cache";
import { networkOf } from "../../limits/network.js";
import { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";

// Failed logins are counted in three ways. The counts are kept in memory: a restart forgets them.
//
// - For an account from an address: the fast limit. It stops somebody who guesses, and nobody else.
// - From an address, whatever the accounts.
// - For an account, from wherever: the slow limit, against guessing from many addresses. It does not apply to an address from
//   which the account was logged in to before, so that strangers do not shut its owner out.

const MINUTE_MS = 60_000;
/** The first wait once a limit is reached. Each further one is twice as long, up to the longest. */
const FIRST_WAIT_MS = MINUTE_MS;
const LONGEST_WAIT_MS = 15 * MINUTE_MS;

interface Limit {
  readonly failures: number;
  /** The time in which they count, in milliseconds. It slides: the limit holds for any such time. */
  readonly windowMs: number;
}
const PER_ACCOUNT_AND_ADDRESS: Limit = { failures: 5, windowMs: MINUTE_MS };
const PER_ACCOUNT: Limit = { failures: 50, windowMs: 15 * MINUTE_MS };
/** Logins that wait for running ones, for one account or from one address. */
const MAX_WAITING = 256;
/** Keys of each kind that are remembered. To push one out takes as many failed logins. */
const REMEMBERED = 100_000;

/** A running login. It counts as a failure until its result is known, so that many at once get no more tries than one by one. */
export interface Attempt {
  succeeded(): void;
  failed(): void;
  /** The server could not tell: the login counts neither way. */
  abandoned(): void;
}

export interface LoginThrottle {
  /**
   * Begins a login, after those that are running when they could use up a limit.
   * @throws TOO_MANY_REQUESTS
   */
  begin(who: { readonly account: string; readonly address: string }): Promise<Attempt>;
}

/** The failed and the running logins under one key. So many failures within the window block the key for a time. */
class Failures {
  /** When the latest failures were, in milliseconds of the monotonic clock. */
  #times: number[] = [];
  #running = 0;
  /** How often in a row the limit was reached. */
  #blocks = 0;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #onEnd: (() => void)[] = [];

  constructor(readonly limit: Limit) {}

  /** How long the key is blocked, in milliseconds. */
  blockedFor(now: number): number {
    this.#forgetOld(now);
    return Math.max(0, this.#blockedUntil - now);
  }

  /** Whether the limit is reached if all that are running fail. */
  get mayFill(): boolean {
    return this.#times.length + this.#running >= this.limit.failures;
  }

  /** Settles when one of those that are running has ended. Undefined when too many wait for that. */
  nextEnd(): Promise<void> | undefined {
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

  /** Ends a running login that failed. */
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

  /** Ends a running login that succeeded, and forgets the failures. */
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

/** The failures by their keys, for as many keys as are remembered. */
const failuresByKey = (limit: Limit) => {
  const known = new LRUCache<string, Failures>(atMost(REMEMBERED));
  return (key: string): Failures => {
    const failures = known.get(key) ?? new Failures(limit);
    known.set(key, failures);
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
  /** Milliseconds of a clock that is never set: a wait must not last as long as the system's clock was wrong. */
  monotonic: () => number;
  /** Failures from one address in a minute. */
  failuresPerAddress: number;
}): LoginThrottle => {
  const byPair = failuresByKey(PER_ACCOUNT_AND_ADDRESS);
  const byAddress = failuresByKey({ failures: failuresPerAddress, windowMs: MINUTE_MS });
  const byAccount = failuresByKey(PER_ACCOUNT);
  /** The pairs of an account and an address from which it was logged in to. */
  const knownPairs = new LRUCache<string, true>(atMost(REMEMBERED));

  return {
    async begin({ account, address }) {
      const network = networkOf(address);
      const pair = JSON.stringify([account, network]);
      const ofPair = byPair(pair);
      const ofAddress = byAddress(network);
      const ofAccount = byAccount(account);
      const all = [ofPair, ofAddress, ofAccount];
      for (;;) {
        // Each time anew: another login from here may have succeeded meanwhile.
        const applying = knownPairs.has(pair) ? [ofPair, ofAddress] : all;
        const now = monotonic();
        const waitMs = Math.max(...applying.map((failures) => failures.blockedFor(now)));
        if (waitMs > 0) throw refusal(Math.ceil(waitMs / 1000), "Too many failed logins");
        const full = applying.find(({ mayFill }) => mayFill);
        if (!full) break;
        // A whole school may log in at once, and rightly. The results of those that are running decide.
        const nextEnd = full.nextEnd();
        if (!nextEnd) throw refusal(1, "Too many logins at once");
        await nextEnd;
      }
      for (const failures of all) failures.begin();
      return {
        succeeded() {
          knownPairs.set(pair, true);
          ofPair.clear();
          // Others may be guessing this account's password, or this address others' passwords: those failures still count.
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
