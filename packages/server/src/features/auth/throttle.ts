import { isIPv6 } from "node:net";
import { LRUCache } from "lru-cache";
import { InvigilError } from "../../errors.js";
import { atMost } from "../../lru.js";

// Failed logins slow down whoever makes them, and whomever they are about. Kept in memory: a restart forgives.

const WINDOW_MS = 60_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** Failures for one account in a window, from wherever they come. */
const PER_ACCOUNT = 5;
/** Logins that wait for those that are running, for one account or from one address. */
const MAX_WAITING = 256;
/** Accounts, and addresses, that are remembered. To push one out takes as many failed logins. */
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

/** The tries of one account, or from one address: as many failures a window as are allowed, then a wait that doubles each time. */
class Tries {
  /** When the failures of the last window were. */
  #failures: number[] = [];
  #running = 0;
  /** How many windows were filled, one after the other. */
  #fullWindows = 0;
  #blockedUntil = 0;
  #waiting: (() => void)[] = [];

  constructor(readonly limit: number) {}

  /** How long to wait before trying, in milliseconds. */
  blockedFor(now: number): number {
    this.#forgetOld(now);
    return Math.max(0, this.#blockedUntil - now);
  }

  /** Whether those that are running could fill the window. */
  get isCrowded(): boolean {
    return this.#failures.length + this.#running >= this.limit;
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
    if (this.#failures.length >= this.limit) {
      this.#blockedUntil = now + Math.min(WINDOW_MS * 2 ** this.#fullWindows, LONGEST_WAIT_MS);
      this.#failures = [];
      this.#fullWindows += 1;
    }
    this.end();
  }

  forgive(): void {
    this.#failures = [];
    this.#fullWindows = 0;
    this.#blockedUntil = 0;
    this.end();
  }

  end(): void {
    this.#running -= 1;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const look of waiting) look();
  }

  #forgetOld(now: number): void {
    this.#failures = this.#failures.filter((time) => time > now - WINDOW_MS);
    if (this.#blockedUntil + LONGEST_WAIT_MS <= now) this.#fullWindows = 0;
  }
}

/** The tries by a key, for as many keys as are remembered. */
const triesByKey = (limit: number) => {
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
  clock,
  failuresPerAddress,
}: {
  clock: () => Date;
  /** Failures from one address in a minute. */
  failuresPerAddress: number;
}): LoginThrottle => {
  const now = () => clock().getTime();
  const accounts = triesByKey(PER_ACCOUNT);
  const addresses = triesByKey(failuresPerAddress);

  return {
    async begin({ account, address }) {
      const ofAccount = accounts(account);
      const ofAddress = addresses(networkOf(address));
      const both = [ofAccount, ofAddress];
      for (;;) {
        const wait = Math.max(...both.map((tries) => tries.blockedFor(now())));
        if (wait > 0) throw refusal(Math.ceil(wait / 1000), "Too many failed logins");
        const crowded = both.find(({ isCrowded }) => isCrowded);
        if (!crowded) break;
        // A whole school may log in at once, rightly: those that are running tell.
        const turn = crowded.turn();
        if (!turn) throw refusal(1, "Too many logins at once");
        await turn;
      }
      for (const tries of both) tries.begin();
      return {
        succeeded() {
          ofAccount.forgive();
          ofAddress.end();
        },
        failed() {
          for (const tries of both) tries.fail(now());
        },
        abandoned() {
          for (const tries of both) tries.end();
        },
      };
    },
  };
};
