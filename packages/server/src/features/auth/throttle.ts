import { isIPv6 } from "node:net";
import { LRUCache } from "lru-cache";
import { InvigilError } from "../../platform/errors.js";
import { atMost } from "../../platform/lru.js";

// Failed logins are counted three ways, in memory: a restart forgives.
//
// - For an account from an address: the fast limit. It stops somebody who guesses, and nobody else.
// - From an address, whatever the accounts.
// - For an account, from wherever: the slow limit, against guessing from many addresses. It does not hold for an address from
//   which the account was logged in to before: its owner is not shut out by others.

const MINUTE_MS = 60_000;
/** The first wait once a limit is reached; it doubles each time, up to the longest. */
const FIRST_WAIT_MS = MINUTE_MS;
const LONGEST_WAIT_MS = 15 * MINUTE_MS;

interface Limit {
  readonly failures: number;
  /** The time in which they count, in milliseconds. */
  readonly windowMs: number;
}
const PER_ACCOUNT_AND_ADDRESS: Limit = { failures: 5, windowMs: MINUTE_MS };
const PER_ACCOUNT: Limit = { failures: 50, windowMs: 15 * MINUTE_MS };
/** Logins that wait for those that are running, for one account or from one address. */
const MAX_WAITING = 256;
/** Keys of each kind that are remembered. To push one out takes as many failed logins. */
const REMEMBERED = 100_000;

/** A login that is being tried. It counts as failed until it is known: those that run at once are counted, too. */
export interface Attempt {
  succeeded(): void;
  failed(): void;
  /** Neither: the server could not tell. */
  abandoned(): void;
}

export interface LoginThrottle {
  /**
   * Waits while those that are running could fill the window.
   * @throws TOO_MANY_REQUESTS
   */
  begin(who: { readonly account: string; readonly address: string }): Promise<Attempt>;
}

/** The tries under one key: as many failures in a window as are allowed, then a wait that doubles each time. */
class Tries {
  /** When the failures of the last window were, in milliseconds of the monotonic clock. */
  #failures: number[] = [];
  #running = 0;
  /** How many windows were filled, one after the other. */
  #fullWindows = 0;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #waiting: (() => void)[] = [];

  constructor(readonly limit: Limit) {}

  /** How long to wait before trying, in milliseconds. */
  blockedFor(now: number): number {
    this.#forgetOld(now);
    return Math.max(0, this.#blockedUntil - now);
  }

  /** Whether those that are running could fill the window. */
  get isCrowded(): boolean {
    return this.#failures.length + this.#running >= this.limit.failures;
  }

  /** Settles once one of those that are running has ended. Undefined when too many wait for that. */
  turn(): Promise<void> | undefined {
    if (this.#waiting.length >= MAX_WAITING) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  begin(): void {
    this.#running += 1;
  }

  fail(now: number): void {
    this.#forgetOld(now);
    this.#failures.push(now);
    if (this.#failures.length >= this.limit.failures) {
      this.#blockedUntil = now + Math.min(FIRST_WAIT_MS * 2 ** this.#fullWindows, LONGEST_WAIT_MS);
      this.#failures = [];
      this.#fullWindows += 1;
    }
    this.end();
  }

  forgive(): void {
    this.#failures = [];
    this.#fullWindows = 0;
    this.#blockedUntil = Number.NEGATIVE_INFINITY;
    this.end();
  }

  end(): void {
    this.#running -= 1;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  #forgetOld(now: number): void {
    this.#failures = this.#failures.filter((time) => time > now - this.limit.windowMs);
    if (this.#blockedUntil + LONGEST_WAIT_MS <= now) this.#fullWindows = 0;
  }
}

/** The tries by a key, for as many keys as are remembered. */
const triesByKey = (limit: Limit) => {
  // By size, not by number: for a number the cache takes the memory of all of them at once.
  const known = new LRUCache<string, Tries>(atMost(REMEMBERED));
  return (key: string): Tries => {
    const tries = known.get(key) ?? new Tries(limit);
    known.set(key, tries);
    return tries;
  };
};

const IPV4 = /^(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?::\d+)?$/;

/** The eight groups of an IPv6 address. */
const groupsOf = (address: string): string[] => {
  const last = /:(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)?.slice(1).map(Number);
  const hex = (high = 0, low = 0) => (high * 256 + low).toString(16);
  const plain = last
    ? `${address.slice(0, address.lastIndexOf(":") + 1)}${hex(last[0], last[1])}:${hex(last[2], last[3])}`
    : address;
  const [left = [], right = []] = plain.split("::", 2).map((half) => half.split(":").filter(Boolean));
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16).toString(16));
};

/**
 * What counts as one address: whoever has one of IPv6 has the other 2^64 of its network as well. Proxies may write the
 * client's port behind it.
 */
export const networkOf = (address: string): string => {
  const ipv4 = IPV4.exec(address)?.[1];
  if (ipv4 !== undefined) return ipv4;
  const ipv6 = /^\[(.*)\](?::\d+)?$/.exec(address)?.[1] ?? address;
  if (!isIPv6(ipv6)) return "unknown";
  const groups = groupsOf(ipv6.split("%", 1)[0] ?? "");
  if (groups.slice(0, 6).join() === "0,0,0,0,0,ffff")
    return groups
      .slice(6)
      .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255])
      .join(".");
  return `${groups.slice(0, 4).join(":")}::/64`;
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
  const pairs = triesByKey(PER_ACCOUNT_AND_ADDRESS);
  const addresses = triesByKey({ failures: failuresPerAddress, windowMs: MINUTE_MS });
  const accounts = triesByKey(PER_ACCOUNT);
  /** From where which accounts were logged in to. */
  const familiar = new LRUCache<string, true>(atMost(REMEMBERED));

  return {
    async begin({ account, address }) {
      const network = networkOf(address);
      const pair = JSON.stringify([account, network]);
      const ofPair = pairs(pair);
      const ofAddress = addresses(network);
      const ofAccount = accounts(account);
      const all = [ofPair, ofAddress, ofAccount];
      for (;;) {
        // Asked each time: another login from here may have succeeded meanwhile.
        const holding = familiar.has(pair) ? [ofPair, ofAddress] : all;
        const now = monotonic();
        const wait = Math.max(...holding.map((tries) => tries.blockedFor(now)));
        if (wait > 0) throw refusal(Math.ceil(wait / 1000), "Too many failed logins");
        const crowded = holding.find(({ isCrowded }) => isCrowded);
        if (!crowded) break;
        // A whole school may log in at once, rightly: those that are running tell.
        const turn = crowded.turn();
        if (!turn) throw refusal(1, "Too many logins at once");
        await turn;
      }
      for (const tries of all) tries.begin();
      return {
        succeeded() {
          familiar.set(pair, true);
          ofPair.forgive();
          // Its owner does not know who else is guessing: those go on counting.
          ofAccount.end();
          ofAddress.end();
        },
        failed() {
          const now = monotonic();
          for (const tries of all) tries.fail(now);
        },
        abandoned() {
          for (const tries of all) tries.end();
        },
      };
    },
  };
};
