import superjson from "superjson";
import type { Deps } from "../../src/api/deps.js";
import type { TestCaller } from "../../src/app/testing.js";
import type { Config } from "../../src/config/config.js";
import { type AppFixture, openAppFixture } from "./app-fixture.js";
import { type Parsed, trpc } from "./calls.js";

export const ROOT: TestCaller = { sub: "root", role: "admin" };
export const START = Date.parse("2026-01-02T03:04:05Z");
export const PASSWORD = "a password";

/** An app for tests of logins. The test controls its clock. */
export interface Staff extends AppFixture {
  /** Advances the clock. */
  wait(seconds: number): void;
  /** Calls a procedure as an administrator. Throws when the call is refused. */
  admin(path: string, input?: unknown): Promise<Parsed>;
  account(userId: string, more?: { role?: string; name?: string; password?: string }): Promise<Parsed>;
  /** Logs in, and returns the session. */
  login(userId: string, password?: string): Promise<Parsed>;
}

export const openStaff = async (
  options: { config?: Partial<Config>; change?: (deps: Deps) => Deps; isDemo?: boolean } = {},
): Promise<Staff> => {
  let now = START;
  const fixture = await openAppFixture({ ...options, now: () => new Date(now) });
  const done = async (path: string, input: unknown, token?: string): Promise<Parsed> => {
    const { status, data, error } = await trpc(fixture, token).mutate(path, input);
    if (status !== 200) throw new Error(`${path}: ${superjson.stringify(error)}`);
    return data;
  };
  const admin: Staff["admin"] = async (path, input) => done(path, input, await fixture.token(ROOT));
  return {
    ...fixture,
    wait: (seconds) => {
      now += seconds * 1000;
    },
    admin,
    account: (userId, more = {}) =>
      admin("account.create", { userId, role: "teacher", name: "Ms Li", password: PASSWORD, ...more }),
    login: (username, password = PASSWORD) => done("auth.login", { username, password }),
  };
};

/** Returns the error code for a token, or "ok" for a valid one. */
export const tokenState = async (fixture: AppFixture, token: string): Promise<string> => {
  const { error } = await trpc(fixture, token).query("auth.whoami");
  return error?.data.reason ?? "ok";
};
