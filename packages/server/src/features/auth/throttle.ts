import { isIPv6 } from "node:net";
import { LRUCache } from "lru-cache";
import { InvigilError } from "../../errors.js";

// Failed logins slow down whoever makes them, and whomever they are about. Kept in memory: a restart forgives.

const WINDOW_MS = 60_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** Failures for one account in a window, from wherever they come. */
const PER_ACCOUNT = 5;
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
  /** @throws TOO_MANY_REQUESTS */
  begin(who: { readonly account: string; readonly address: string }): Attempt;
}

interface Tries {
  /** When the failures of the last window were. */
  failures: number[];
  running: number;
  /** How many windows were filled, one after the other. */
  fullWindows: number;
  blockedUntil: number;
}

/** Counts failures by a key: as many a window as are allowed, then a wait that doubles each time. */
const createCounter = ({ limit, now }: { limit: number; now: () => number }) => {
  // By size, not by number: for a number the cache takes the memory of all of them at once.
  const known = new LRUCache<string, Tries>({ maxSize: REMEMBERED, sizeCalculation: () => 1 });
  const triesOf = (key: string): Tries =>
    known.get(key) ?? { failures: [], running: 0, fullWindows: 0, blockedUntil: 0 };
  const forgetOld = (tries: Tries): void => {
    tries.failures = tries.failures.filter((time) => time > now() - WINDOW_MS);
    if (tries.blockedUntil + LONGEST_WAIT_MS <= now()) tries.fullWindows = 0;
  };

  return {
    /** How long to wait before trying, in milliseconds. */
    waitOf(key: string): number {
      const tries = triesOf(key);
      forgetOld(tries);
      if (tries.blockedUntil > now()) return tries.blockedUntil - now();
      if (tries.failures.length + tries.running < limit) return 0;
      // Those that are running will tell soon.
      return 1000;
    },
    begin(key: string): void {
      const tries = triesOf(key);
      tries.running += 1;
      known.set(key, tries);
    },
    fail(key: string): void {
      const tries = triesOf(key);
      forgetOld(tries);
      tries.running = Math.max(0, tries.running - 1);
      tries.failures.push(now());
      if (tries.failures.length >= limit) {
        const wait = Math.min(WINDOW_MS * 2 ** tries.fullWindows, LONGEST_WAIT_MS);
        tries.failures = [];
        tries.fullWindows += 1;
        tries.blockedUntil = now() + wait;
      }
      known.set(key, tries);
    },
    giveBack(key: string): void {
      const tries = triesOf(key);
      tries.running = Math.max(0, tries.running - 1);
      if (tries.running + tries.failures.length + tries.fullWindows === 0) known.delete(key);
      else known.set(key, tries);
    },
    clear(key: string): void {
      const { running } = triesOf(key);
      known.set(key, { failures: [], running, fullWindows: 0, blockedUntil: 0 });
    },
  };
};

/** Whoever has one IPv6 address has the other 2^64 of its network as well. */
export const networkOf = (address: string): string => {
  const ipv4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (ipv4 !== undefined || !isIPv6(address)) return ipv4 ?? address;
  const [left = [], right = []] = address.split("::", 2).map((half) => half.split(":").filter(Boolean));
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0");
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
};

export const createLoginThrottle = ({
  clock,
  failuresPerAddress,
}: {
  clock: () => Date;
  /** Failures from one address in a minute. */
  failuresPerAddress: number;
}): LoginThrottle => {
  const now = () => clock().getTime();
  const accounts = createCounter({ limit: PER_ACCOUNT, now });
  const addresses = createCounter({ limit: failuresPerAddress, now });

  return {
    begin({ account, address: exact }) {
      const address = networkOf(exact);
      const wait = Math.max(accounts.waitOf(account), addresses.waitOf(address));
      if (wait > 0) {
        const retryAfterSeconds = Math.ceil(wait / 1000);
        throw new InvigilError(
          "TOO_MANY_REQUESTS",
          `Too many failed logins: try again in ${retryAfterSeconds} seconds.`,
          { retryAfterSeconds },
        );
      }
      accounts.begin(account);
      addresses.begin(address);
      return {
        succeeded() {
          accounts.giveBack(account);
          accounts.clear(account);
          addresses.giveBack(address);
        },
        failed() {
          accounts.fail(account);
          addresses.fail(address);
        },
        abandoned() {
          accounts.giveBack(account);
          addresses.giveBack(address);
        },
      };
    },
  };
};
