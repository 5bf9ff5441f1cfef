import { setTimeout as pause } from "node:timers/promises";
import { callInProcess } from "../../src/app/in-process.js";
import type { TestApp } from "../../src/app/testing.js";
import type { Config } from "../../src/config/config.js";
import { type AppFixture, type AppFixtureOptions, openAppFixture } from "./app-fixture.js";
import { limited } from "./limits.js";

// Servers of one installation, all in this process, on one database of PostgreSQL.

/** A server of an installation. */
export interface Member extends AppFixture, Pick<TestApp, "as"> {
  /** Listens on a free port, and returns the URL. */
  listen(): Promise<string>;
}

/** A person of a test makes the calls of many. */
export const RATES = limited({
  INVIGIL_LIMIT_READS: "person=1000000",
  INVIGIL_LIMIT_READ_ROWS: "person=1000000000",
  INVIGIL_LIMIT_READ_MIB: "person=1000000",
  INVIGIL_LIMIT_WRITES: "person=1000000,admin=1000000",
  INVIGIL_LIMIT_EVENTS: "person=1000000,admin=1000000,room=1000000,exam=1000000",
  INVIGIL_LIMIT_MESSAGE_LOGINS: "person=1000000",
  INVIGIL_LIMIT_MESSAGES: "person=1000000",
  INVIGIL_LIMIT_ROOMS: "person=1000000,admin=1000000",
});

/** Calls the procedures of an app in this process. */
export const callsOf =
  (fixture: AppFixture): TestApp["as"] =>
  (caller, { signal, ttlSeconds } = {}) =>
    callInProcess(fixture.router, fixture.services, (seconds) => fixture.token(caller, seconds), {
      clock: fixture.clock,
      ttlSeconds,
      signal,
    });

/** Opens another server on the database at `url`. Its limits do not hinder tests that call often. */
export const openMember = async (
  url: string,
  { config, ...options }: Omit<AppFixtureOptions, "sharesDatabase"> = {},
): Promise<Member> => {
  const postgres: Config["postgres"] = {
    url,
    directUrl: undefined,
    connections: 8,
    prepared: true,
    waitSeconds: 0,
  };
  const fixture = await openAppFixture({
    now: () => new Date(),
    monotonic: () => performance.now(),
    ...options,
    sharesDatabase: true,
    config: { ...RATES, presenceSettleSeconds: 0, ...config, databaseFile: undefined, postgres },
  });
  return {
    ...fixture,
    as: callsOf(fixture),
    listen: () => fixture.app.listen({ host: "127.0.0.1", port: 0 }),
  };
};

/** Several servers of one installation. `await using` closes all of them. */
export interface Servers<Count extends readonly Member[]> extends AsyncDisposable {
  readonly all: Count;
}

/** Opens two servers on one database. */
export const openPair = async (
  url: string,
  options: Parameters<typeof openMember>[1] = {},
): Promise<Servers<readonly [Member, Member]>> => {
  const all = [await openMember(url, options), await openMember(url, options)] as const;
  return { all, [Symbol.asyncDispose]: () => closeAll(all) };
};

/** Opens three servers on one database. */
export const openThree = async (
  url: string,
  options: Parameters<typeof openMember>[1] = {},
): Promise<Servers<readonly [Member, Member, Member]>> => {
  const { all: two } = await openPair(url, options);
  const all = [...two, await openMember(url, options)] as const;
  return { all, [Symbol.asyncDispose]: () => closeAll(all) };
};

const closeAll = async (members: readonly Member[]): Promise<void> => {
  await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
};

/** A clock that stands still until the test advances it. */
export const stoppedClock = () => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  return {
    now: () => new Date(now),
    pass(ms: number) {
      now += ms;
    },
  };
};

/** Repeats a question until its answer is yes. */
export const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await pause(10);
};
