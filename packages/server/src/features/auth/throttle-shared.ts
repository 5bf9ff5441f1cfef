import { createHmac, hkdfSync } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import pLimit from "p-limit";
import { networkOf } from "../../limits/network.js";
import {
  type Attempt,
  type Find,
  type LoginThrottle,
  MAX_WAITING,
  PER_ACCOUNT,
  PER_ACCOUNT_AND_ADDRESS,
  perAddress,
  tooManyFailures,
  tooManyWaiting,
} from "./throttle.js";
import {
  begun,
  blockedFor,
  type Counter,
  cleared,
  couldReachLimit,
  ended,
  failed,
  isExtended,
  isTrusted,
  settled,
  startOf,
} from "./throttle-counter.js";
import type { Login, ThrottleStore } from "./throttle-store.js";
import { createTurns } from "./throttle-turns.js";

// The counters are in the database: the limits hold for all server processes together, and survive a restart.
// The rules are those of the throttle in memory, except that
//
// - a running login counts for a minute at most, because its process may have died;
// - a login waits for running ones for half a minute at most;
// - a success is remembered for 90 days;
// - a failure may count for a sixtieth of the window longer, because its time is rounded.

/** How often a waiting login asks whether logins of other processes have ended. */
const ASK_AGAIN_MS = 100;
const LONGEST_WAIT_MS = 30_000;
/**
 * The maximum number of concurrent transactions. Logins from one address wait for each other's locks, and must
 * not occupy all connections to the database.
 */
const MAX_TRANSACTIONS = 4;

export interface SharedThrottleOptions {
  readonly store: ThrottleStore;
  /** Reads the database's clock, which is the same for all processes. */
  readonly now: () => Promise<Date>;
  /** The same in all processes. Accounts and addresses are stored as HMACs with a key derived from it. */
  readonly secret: string;
  /** The maximum number of failures from one address in a minute. */
  readonly failuresPerAddress: number;
  /** Waits so many milliseconds. Default: with a timer. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

interface Begun<Found> {
  readonly kind: "begin";
  readonly found: Found;
}
/** Why a login does not begin now. */
type Delay =
  | { readonly kind: "refuse"; readonly waitMs: number }
  /** The failures of running logins could reach the limit of this key. */
  | { readonly kind: "wait"; readonly key: string };

const delayOf = ({ pair, address, account }: Login<Counter>, now: number): Delay | undefined => {
  const applying = isTrusted(pair, now) ? [pair, address] : [pair, address, account];
  const waitMs = Math.max(...applying.map((counter) => blockedFor(counter, now)));
  if (waitMs > 0) return { kind: "refuse", waitMs };
  const full = applying.find(couldReachLimit);
  return full && { kind: "wait", key: full.key };
};
const nothing: Find<undefined> = async () => undefined;

const mapped = (
  { pair, address, account }: Login<Counter>,
  change: (counter: Counter) => Counter,
): Login<Counter> => ({ pair: change(pair), address: change(address), account: change(account) });

const settledAt = (counters: Login<Counter>, now: number): Login<Counter> =>
  mapped(counters, (counter) => settled(counter, now));

/** Creates a function that names what a login counts for, without telling what it is. */
const subjectsWith = (secret: string, failuresPerAddress: number) => {
  const hmacKey = Buffer.from(hkdfSync("sha256", secret, "", "invigil login counters", 32));
  const keyOf = (...parts: readonly string[]): string =>
    createHmac("sha256", hmacKey).update(JSON.stringify(parts)).digest("base64url");
  return (account: string, network: string): Login => ({
    pair: { key: keyOf("pair", account, network), limit: PER_ACCOUNT_AND_ADDRESS },
    address: { key: keyOf("address", network), limit: perAddress(failuresPerAddress) },
    account: { key: keyOf("account", account), limit: PER_ACCOUNT },
  });
};

/** @throws Error if the secret is empty */
export const createSharedThrottle = ({
  store,
  now: readNow,
  secret,
  failuresPerAddress,
  wait = (ms) => setTimeout(ms, undefined, { ref: false }),
}: SharedThrottleOptions): LoginThrottle => {
  if (secret === "") throw new Error("The secret of the login counters is empty.");
  const subjectsOf = subjectsWith(secret, failuresPerAddress);
  const turns = createTurns({ maxWaiting: MAX_WAITING, pause: () => wait(ASK_AGAIN_MS) });
  const inTransaction = pLimit(MAX_TRANSACTIONS);
  const now = async () => (await readNow()).getTime();

  /** @param start the start of the login, by which its counters know it */
  const attemptOf = (login: Login, start: number): Attempt => {
    type Apply = (counters: Login<Counter>, time: number) => Login<Counter>;
    // Someone else may be guessing this account's password, or other passwords from this address: those
    // failures still count.
    const succeed: Apply = (counters, time) => ({ ...counters, pair: cleared(counters.pair, time) });
    const fail: Apply = (counters, time) => mapped(counters, (counter) => failed(counter, time));

    let isOver = false;
    /** Returns the counters without this login. */
    const without = (counters: Login<Counter>, time: number): Login<Counter> =>
      mapped(settledAt(counters, time), (counter) => ended(counter, start));
    const endBy = async <Result>(transact: (time: number) => Promise<Result>): Promise<Result> => {
      const time = await now();
      const result = await inTransaction(() => transact(time));
      isOver = true;
      for (const { key } of [login.pair, login.address, login.account]) turns.wake(key);
      return result;
    };
    const end = async (apply: Apply): Promise<void> => {
      if (isOver) return;
      await endBy((time) =>
        store.change(login, time, nothing, (counters) => ({
          written: apply(without(counters, time), time),
          result: undefined,
        })),
      );
    };
    return {
      decide: (transact) =>
        endBy((time) =>
          transact(async (tx) => {
            const others = without(await store.lock(tx, login), time);
            return (hasSucceeded) => store.write(tx, (hasSucceeded ? succeed : fail)(others, time), time);
          }),
        ),
      failed: () => end(fail),
      // If the database does not answer, the login stops counting after a minute.
      abandoned: () => end((counters) => counters).catch(() => undefined),
    };
  };

  /** Decides in a transaction that no other one can come between, and notes a login that begins. */
  const decideAlone = <Found>(login: Login, time: number, find: Find<Found>) =>
    inTransaction(() =>
      store.change<Begun<Found> | Delay, Found>(login, time, find, (read, found) => {
        const counters = settledAt(read, time);
        const delay = delayOf(counters, time);
        if (delay) return { written: counters, result: delay };
        return {
          written: mapped(counters, (counter) => begun(counter, startOf(time))),
          result: { kind: "begin", found },
        };
      }),
    );

  /**
   * Begins a login, or returns the key whose running logins it has to wait for.
   * @throws TOO_MANY_REQUESTS
   */
  const ask = async <Found>(
    login: Login,
    time: number,
    find: Find<Found>,
  ): Promise<{ attempt: Attempt; found: Found } | string> => {
    const read = await store.counters(login);
    const early = delayOf(settledAt(read, time), time);
    // Most logins that are refused or wait learn it from a read without locks. An extended block is written anew.
    const isExtendedNow = [read.pair, read.address, read.account].some((one) => isExtended(one, time));
    const decision = !early || isExtendedNow ? await decideAlone(login, time, find) : early;
    switch (decision.kind) {
      case "begin":
        return { attempt: attemptOf(login, startOf(time)), found: decision.found };
      case "refuse":
        throw tooManyFailures(decision.waitMs);
      case "wait":
        return decision.key;
    }
  };

  return {
    async begin({ account, address }, find) {
      const login = subjectsOf(account, networkOf(address));
      const since = await now();
      let answer = await ask(login, since, find);
      // A whole school may log in at once with correct passwords. Wait for the results of the running logins.
      while (typeof answer === "string") {
        const key: string = answer;
        const turn = turns.untilResult(key, async () => {
          const time = await now();
          const next = await ask(login, time, find);
          if (typeof next === "string" && Math.abs(time - since) >= LONGEST_WAIT_MS) throw tooManyWaiting();
          return next === key ? undefined : next;
        });
        if (!turn) throw tooManyWaiting();
        answer = await turn;
      }
      return answer;
    },
  };
};
