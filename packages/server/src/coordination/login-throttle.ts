import { networkOf } from "../limits/network.js";
import { InvigilError } from "../platform/errors.js";
import type { Reader, Transaction } from "../storage/port.js";
import {
  afterBegin,
  afterEnd,
  type Counters,
  type Delay,
  delayOf,
  eachOf,
  isExtended,
  type Login,
  type LoginResult,
  startOf,
  subjectsOf,
} from "./login-counter.js";
import { createTurns } from "./login-turns.js";

// Limits failed logins. `login-counter.ts` is the rule.

/**
 * Begins to count a login in the transaction that decides it. Returns a function that starts to write the result, without waiting for
 * anything before.
 */
export type CountIn = (tx: Transaction<"installation">) => Promise<(hasSucceeded: boolean) => Promise<void>>;

/** Reads what a login is about: from a transaction, if the login begins in one. */
export type Find<Found> = (reader?: Reader) => Promise<Found>;

/** A running login. */
export interface RunningLogin {
  /** Ends the login with a transaction that decides whether it succeeds, and counts that. */
  decide<Result>(transact: (countIn: CountIn) => Promise<Result>): Promise<Result>;
  failed(): Promise<void>;
  /** The server could not decide: the login counts neither as a success nor as a failure. Never rejects. */
  abandoned(): Promise<void>;
}

/** Changes counters. A pure function, because a transaction may be repeated. */
export type ChangeCounters = (read: Counters) => Counters;

/** Holds the counters, in memory or in a table. */
export interface LoginCounters {
  /** Names what a login counts for. */
  keyOf(...parts: readonly string[]): string;
  /** Reads the counters of a login, which others may change at once. */
  read(login: Login): Promise<Counters>;
  /**
   * Changes the counters of a login. No other call changes them at the same time.
   * @param find reads something along with them
   */
  change<Result, Found>(
    login: Login,
    find: Find<Found>,
    change: (read: Counters, found: Found) => { written: Counters; result: Result },
  ): Promise<Result>;
  /** Changes the counters of a login with a transaction, and only if that is committed. */
  changeIn<Result>(
    login: Login,
    transact: (
      begin: (tx: Transaction<"installation">) => Promise<(change: ChangeCounters) => Promise<void>>,
    ) => Promise<Result>,
  ): Promise<Result>;
  /** Resolves when a waiting login asks again, because logins of other servers may have ended. */
  pause(): Promise<unknown>;
}

const LONGEST_WAIT_MS = 30_000;
/** The maximum number of logins of a server that wait for running ones, per key. */
const MAX_WAITING = 256;

const refusal = (seconds: number, why: string): InvigilError =>
  new InvigilError("TOO_MANY_REQUESTS", `${why}: try again in ${seconds} seconds.`, {
    retryAfterSeconds: seconds,
    limit: "logins",
  });
const tooManyWaiting = (): InvigilError => refusal(1, "Too many logins at once");

interface Begun<Found> {
  readonly kind: "begin";
  readonly found: Found;
}
const nothing: Find<undefined> = async () => undefined;

export type LoginThrottle = ReturnType<typeof createLoginThrottle>;

export const createLoginThrottle = ({
  counters,
  now,
  failuresPerAddress,
}: {
  readonly counters: LoginCounters;
  /** Milliseconds of the clock that all holders of the counters share. */
  readonly now: () => number;
  /** The maximum number of failures from one address in a minute. */
  readonly failuresPerAddress: number;
}) => {
  const turns = createTurns({ maxWaiting: MAX_WAITING, pause: () => counters.pause() });

  /** @param start the start of the login, by which its counters know it */
  const runningLogin = (login: Login, start: number): RunningLogin => {
    let isOver = false;
    const endBy = async <Result>(transact: (time: number) => Promise<Result>): Promise<Result> => {
      const result = await transact(now());
      isOver = true;
      for (const { key } of eachOf(login)) turns.wake(key);
      return result;
    };
    const end = async (result: LoginResult): Promise<void> => {
      if (isOver) return;
      await endBy((time) =>
        counters.change(login, nothing, (read) => ({
          written: afterEnd(read, result, { start, now: time }),
          result: undefined,
        })),
      );
    };
    return {
      decide: (transact) =>
        endBy((time) =>
          counters.changeIn(login, (begin) =>
            transact(async (tx) => {
              const change = await begin(tx);
              return (hasSucceeded) =>
                change((read) => afterEnd(read, hasSucceeded ? "succeeded" : "failed", { start, now: time }));
            }),
          ),
        ),
      failed: () => end("failed"),
      // If the database does not answer, the login stops counting after a minute.
      abandoned: () => end("undecided").catch(() => undefined),
    };
  };

  /** Decides alone whether a login begins, and notes that. */
  const decideAlone = <Found>(login: Login, time: number, find: Find<Found>) =>
    counters.change<Begun<Found> | Delay, Found>(login, find, (read, found) => {
      const delay = delayOf(read, time);
      return { written: afterBegin(read, time, delay), result: delay ?? { kind: "begin", found } };
    });

  /**
   * Begins a login, or returns the key whose running logins it has to wait for.
   * @throws TOO_MANY_REQUESTS
   */
  const ask = async <Found>(
    login: Login,
    time: number,
    find: Find<Found>,
  ): Promise<{ running: RunningLogin; found: Found } | string> => {
    const read = await counters.read(login);
    const early = delayOf(read, time);
    // Most refused or waiting logins need only a read without locks. An extended block must be written.
    const decision = !early || isExtended(read, time) ? await decideAlone(login, time, find) : early;
    switch (decision.kind) {
      case "begin":
        return { running: runningLogin(login, startOf(time)), found: decision.found };
      case "refuse":
        throw refusal(Math.ceil(decision.waitMs / 1000), "Too many failed logins");
      case "wait":
        return decision.key;
    }
  };

  return {
    /**
     * Begins a login. Waits for running logins when their failures could exceed a limit, but at most half a minute.
     * @param find called when the login seems to begin
     * @throws TOO_MANY_REQUESTS
     */
    async begin<Found>(
      { account, address }: { readonly account: string; readonly address: string },
      find: Find<Found>,
    ): Promise<{ readonly running: RunningLogin; readonly found: Found }> {
      const who = { account, network: networkOf(address), failuresPerAddress };
      const login = subjectsOf(who, (...parts) => counters.keyOf(...parts));
      const since = now();
      let answer = await ask(login, since, find);
      // A whole school may log in at once with correct passwords. Wait for the results of the running logins.
      while (typeof answer === "string") {
        const key: string = answer;
        const turn = turns.untilResult(key, async () => {
          const time = now();
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
