import { createTestApp } from "@invigil/server/testing";
import { expect, test } from "vitest";
import { thrownBy } from "../test/thrown-by.js";
import { createInvigilClient } from "./client.js";
import { isInvigilError, isNetworkError } from "./errors.js";
import { createSession, type Session, SessionEnded, type SessionOptions } from "./session.js";
import { type Clock, manageSession } from "./session-manager.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const PASSWORD = "a password for tests";

/** A clock that the test controls. Its timers run when it advances. */
const manualClock = (start: number) => {
  let elapsed = 0;
  let offset = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  const clock: Clock = {
    wall: () => start + elapsed + offset,
    steady: () => elapsed,
    after(ms, run) {
      const timer = { at: elapsed + ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
  };
  return {
    clock,
    now: () => new Date(start + elapsed),
    timers,
    /** Changes the system clock. */
    setWrong: (ms: number) => {
      offset = ms;
    },
    advance(ms: number) {
      elapsed += ms;
      for (const timer of Array.from(timers))
        if (timer.at <= elapsed) {
          timers.delete(timer);
          timer.run();
        }
    },
  };
};

/** A server with an account, sessions of four hours and tokens of one hour, and the requests of its clients. */
const setUp = async () => {
  const time = manualClock(Date.UTC(2026, 0, 2, 3));
  const login = { ttlSeconds: 3600, maxSeconds: 4 * 3600, failuresPerAddress: 3 };
  const app = await createTestApp({ now: time.now, config: { login } });
  const url = await app.listen();
  const admin = app.as({ sub: "a1", role: "admin" });
  await admin.account.create({ userId: "t1", name: "Li Na", role: "teacher", password: PASSWORD });
  const sent: string[] = [];
  const network = { isDown: false };
  const changes: (Session | undefined)[] = [];
  const ends: SessionEnded[] = [];
  const waiting: (() => void)[] = [];
  const base = {
    url,
    fetch: (target: string, init: RequestInit) => {
      sent.push(new URL(target).pathname.replace("/trpc/", ""));
      return network.isDown ? Promise.reject(new TypeError("the network is down")) : fetch(target, init);
    },
    onChange: (session: Session | undefined) => {
      changes.push(session);
      for (const resolve of waiting.splice(0)) resolve();
    },
    onEnd: (ended: SessionEnded) => void ends.push(ended),
  };
  return {
    app,
    url,
    admin,
    time,
    sent,
    network,
    changes,
    ends,
    /** Resolves at the next change. */
    changed: () => new Promise<void>((resolve) => void waiting.push(resolve)),
    open: (options: Partial<SessionOptions> = { username: "t1", password: PASSWORD }) =>
      manageSession({ ...base, ...options }, time.clock),
    [Symbol.asyncDispose]: () => app.close(),
  };
};

test("logs in on the first request, once for concurrent callers, and the token is valid", async () => {
  await using fixture = await setUp();
  using session = fixture.open();
  expect([session.current, fixture.sent]).toEqual([undefined, []]);
  const tokens = await Promise.all([session.token(), session.token(), session.token()]);
  expect(new Set(tokens).size).toBe(1);
  expect(fixture.sent).toEqual(["auth.login"]);
  expect(fixture.changes).toEqual([session.current]);
  const invigil = createInvigilClient({ url: fixture.url, token: session.token });
  expect(await invigil.auth.whoami.query()).toMatchObject({ userId: "t1", role: "teacher" });
});

test("refreshes the token in the background before it expires, without delaying calls", async () => {
  await using fixture = await setUp();
  using session = fixture.open();
  const first = await session.token();
  fixture.time.advance(HOUR - 6 * MINUTE);
  expect(fixture.sent).toEqual(["auth.login"]);
  const changed = fixture.changed();
  fixture.time.advance(MINUTE);
  expect(await session.token()).toBe(first);
  await changed;
  expect(fixture.sent).toEqual(["auth.login", "auth.refresh"]);
  expect(await session.token()).not.toBe(first);
});

test("refreshes the token once for concurrent callers", async () => {
  await using fixture = await setUp();
  using session = fixture.open();
  await session.ready();
  const renewed = await Promise.all([session.refresh(), session.refresh(), session.refresh()]);
  expect(new Set(renewed.map(({ token }) => token)).size).toBe(1);
  expect(fixture.sent).toEqual(["auth.login", "auth.refresh"]);
});

test("continues a session that was stored as JSON", async () => {
  await using fixture = await setUp();
  const earlier = fixture.open();
  await earlier.ready();
  earlier.close();
  const kept: unknown = JSON.parse(JSON.stringify(fixture.changes.at(-1)));
  fixture.sent.length = 0;
  // Safe: the value that `onChange` received, after a round trip through JSON.
  using session = fixture.open({ session: kept as Session });
  expect(await session.token()).toBe(earlier.current?.token);
  expect(fixture.sent).toEqual([]);
  const changed = fixture.changed();
  fixture.time.advance(HOUR - 5 * MINUTE);
  await changed;
  expect(fixture.sent).toEqual(["auth.refresh"]);
});

test("a wrong password ends the session at once and is not sent again", async () => {
  await using fixture = await setUp();
  using session = fixture.open({ username: "t1", password: "not the password" });
  const ended = await thrownBy(session.ready());
  expect(ended).toBeInstanceOf(SessionEnded);
  expect(ended).toMatchObject({ reason: "refused" });
  expect(isInvigilError((ended as SessionEnded).cause, "UNAUTHENTICATED")).toBe(true);
  expect(await thrownBy(session.token())).toBe(ended);
  expect([fixture.sent, fixture.ends]).toEqual([["auth.login"], [ended]]);
});

test("if the server ended the session, it logs in again with a password, or ends without one", async () => {
  await using fixture = await setUp();
  using lasting = fixture.open();
  const { token, ...rest } = await lasting.ready();
  using passing = fixture.open({ session: { token, ...rest } });
  await createInvigilClient({ url: fixture.url, token }).auth.logout.mutate();

  fixture.sent.length = 0;
  expect((await lasting.refresh()).token).not.toBe(token);
  expect(fixture.sent).toEqual(["auth.refresh", "auth.login"]);

  const ended = await thrownBy(passing.refresh());
  expect(ended).toMatchObject({ reason: "refused" });
  expect(passing.current).toBeUndefined();
  expect(fixture.ends).toEqual([ended]);
  expect(fixture.changes.at(-1)).toBeUndefined();
});

test("a network failure does not end the session: the token is used while it is valid, and refreshed later", async () => {
  await using fixture = await setUp();
  const { time, network } = fixture;
  using session = fixture.open();
  const first = await session.token();
  network.isDown = true;
  expect(isNetworkError(await thrownBy(session.refresh()))).toBe(true);
  expect(await session.token()).toBe(first);
  time.advance(2 * HOUR);
  expect(isNetworkError(await thrownBy(session.token()))).toBe(true);
  expect(fixture.ends).toEqual([]);
  network.isDown = false;
  expect(await session.token()).not.toBe(first);
});

test("without a password, the session ends when the token expires", async () => {
  await using fixture = await setUp();
  using first = fixture.open();
  const kept = await first.ready();
  using session = fixture.open({ session: kept });
  fixture.network.isDown = true;
  fixture.time.advance(HOUR);
  expect(await thrownBy(session.token())).toMatchObject({ name: "SessionEnded", reason: "expired" });
});

test("the last token of a session is used until it expires, without refreshes", async () => {
  await using fixture = await setUp();
  const { time } = fixture;
  using first = fixture.open();
  let kept = await first.ready();
  for (let hour = 0; hour < 3; hour += 1) {
    time.advance(HOUR - 10 * MINUTE);
    kept = await first.refresh();
  }
  time.advance(40 * MINUTE);
  kept = await first.refresh();
  expect(kept.expiresAt).toEqual(kept.refreshableUntil);
  first.close();
  fixture.sent.length = 0;
  using session = fixture.open({ session: kept });
  time.advance(kept.expiresAt.getTime() - time.now().getTime() - 1000);
  expect(await session.token()).toBe(kept.token);
  expect(fixture.sent).toEqual([]);
});

test("a wrong system clock has no effect", async () => {
  await using fixture = await setUp();
  for (const wrong of [-5 * HOUR, 5 * HOUR]) {
    fixture.time.setWrong(wrong);
    using session = fixture.open();
    const first = await session.token();
    expect(await session.token()).toBe(first);
    const changed = fixture.changed();
    fixture.time.advance(HOUR - 5 * MINUTE);
    await changed;
    expect(await session.token()).not.toBe(first);
  }
});

test("waits as long as the server says after too many failed logins", async () => {
  await using fixture = await setUp();
  for (let attempt = 0; attempt < 4; attempt += 1)
    await thrownBy(fixture.open({ username: `nobody${attempt}`, password: "wrong password" }).ready());
  using session = fixture.open();
  fixture.sent.length = 0;
  const error = await thrownBy(session.token());
  expect(isInvigilError(error, "TOO_MANY_REQUESTS")).toBe(true);
  expect(await thrownBy(session.token())).toBe(error);
  expect(fixture.sent).toEqual(["auth.login"]);
  fixture.time.advance(5 * MINUTE);
  expect(await session.token()).toEqual(expect.any(String));
});

test("logging out ends the session locally and on the server", async () => {
  await using fixture = await setUp();
  using session = fixture.open();
  const token = await session.token();
  await session.logout();
  await session.logout();
  expect(await thrownBy(session.token())).toMatchObject({ reason: "logged_out" });
  const refused = await thrownBy(createInvigilClient({ url: fixture.url, token }).auth.whoami.query());
  expect(isInvigilError(refused, "UNAUTHENTICATED")).toBe(true);
  expect(fixture.ends.map(({ reason }) => reason)).toEqual(["logged_out"]);
  expect(fixture.time.timers.size).toBe(0);
});

test("refuses options without a login, and an invalid stored session", () => {
  const url = "http://127.0.0.1:7001";
  expect(() => createSession({ url, username: "t1" })).toThrow(TypeError);
  const times = { expiresAt: "2026-01-02T03:04:05Z", refreshableUntil: "no date" };
  const session = { token: "t", userId: "t1", role: "teacher", name: "Li Na", ...times } as const;
  expect(() => createSession({ url, session })).toThrow(/session\.refreshableUntil must be a date: no date/);
});
