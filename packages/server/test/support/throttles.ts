import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished } from "vitest";
import { createMemoryCounters } from "../../src/coordination/login-counters-memory.js";
import { createStoredCounters } from "../../src/coordination/login-counters-table.js";
import {
  createLoginThrottle,
  type LoginThrottle,
  type RunningLogin,
} from "../../src/coordination/login-throttle.js";
import { InvigilError } from "../../src/platform/errors.js";
import type { Database } from "../../src/storage/database.js";
import type { OpenOptions } from "../../src/storage/open.js";
import type { Storage, Transaction } from "../../src/storage/port.js";
import { openSqlite } from "../../src/storage/sqlite/client.js";

/** A clock that the test moves. */
export interface Clock {
  seconds: number;
}

/** A login that has begun. */
export interface Login extends Pick<RunningLogin, "failed" | "abandoned"> {
  succeeded(): Promise<void>;
}

export interface Started {
  readonly fixture: Clock;
  readonly begin: (who: { readonly account: string; readonly address: string }) => Promise<Login>;
  /** Begins a login that fails. Returns how long it would have to wait, in seconds; undefined when it began. */
  readonly fail: (account?: string, address?: string) => Promise<number | undefined>;
  /** Does so several times. */
  readonly failOften: (times: number, account?: string, address?: string) => Promise<(number | undefined)[]>;
}

/** @param write runs a transaction */
const withTries = (
  fixture: Clock,
  throttle: LoginThrottle,
  write: (work: (tx: Transaction) => Promise<void>) => Promise<void>,
): Started => {
  const begin: Started["begin"] = async (who) => {
    const { running } = await throttle.begin(who, async () => undefined);
    const succeeded = () =>
      running.decide((countIn) =>
        write(async (tx) => {
          const count = await countIn(tx);
          await tx.last(() => count(true));
        }),
      );
    return { succeeded, failed: () => running.failed(), abandoned: () => running.abandoned() };
  };
  const fail = async (account = "a", address = "10.0.0.1"): Promise<number | undefined> => {
    try {
      await (await begin({ account, address })).failed();
      return undefined;
    } catch (error) {
      if (!(error instanceof InvigilError)) throw error;
      expect(error.code).toBe("TOO_MANY_REQUESTS");
      expect(error.message).toContain(`${error.retryAfterSeconds} seconds`);
      return error.retryAfterSeconds;
    }
  };
  const failOften = async (times: number, account?: string, address?: string) => {
    const waits: (number | undefined)[] = [];
    for (let n = 0; n < times; n++) waits.push(await fail(account, address));
    return waits;
  };
  return { fixture, begin, fail, failOften };
};

export const startMemoryThrottle = (failuresPerAddress = 30): Started => {
  const fixture = { seconds: 0 };
  const db = openSqlite({ file: ":memory:" });
  onTestFinished(() => db.close());
  const counters = createMemoryCounters();
  const now = () => fixture.seconds * 1000;
  return withTries(fixture, createLoginThrottle({ counters, now, failuresPerAddress }), (work) =>
    db.storage.write(work),
  );
};

const START = Date.parse("2026-01-02T03:04:05Z");

/** Server processes that share a database and its clock. */
export interface Processes extends AsyncDisposable {
  readonly db: Database;
  readonly fixture: Clock;
  /** Starts a further process. */
  readonly start: (failuresPerAddress?: number) => Started;
  /** Ends all pauses in which logins wait for other processes. */
  readonly endPauses: () => void;
}

export const openProcesses = ({
  change = (storage) => storage,
  ...watch
}: Pick<OpenOptions, "onStatement" | "onDeclared"> & {
  readonly change?: (storage: Storage) => Storage;
} = {}): Processes => {
  const db = openSqlite({ file: ":memory:", ...watch });
  const storage = change(db.storage);
  const fixture = { seconds: 0 };
  let pauses: (() => void)[] = [];
  return {
    db,
    fixture,
    start: (failuresPerAddress = 30) =>
      withTries(
        fixture,
        createLoginThrottle({
          counters: createStoredCounters({
            storage,
            secret: "a secret of the tests",
            pruning: { last: () => new Date(START + fixture.seconds * 1000) },
            wait: () => new Promise<void>((resolve) => pauses.push(resolve)),
          }),
          now: () => START + fixture.seconds * 1000,
          failuresPerAddress,
        }),
        (work) => storage.write(work),
      ),
    endPauses() {
      const ending = pauses;
      pauses = [];
      for (const end of ending) end();
    },
    [Symbol.asyncDispose]: () => db.close(),
  };
};

export const startSharedThrottle = (failuresPerAddress?: number): Started => {
  const processes = openProcesses();
  onTestFinished(() => processes[Symbol.asyncDispose]());
  return processes.start(failuresPerAddress);
};

/** Lets everything go on that can without the clock: each transaction takes a few turns of the event loop. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await nextTurn();
};
