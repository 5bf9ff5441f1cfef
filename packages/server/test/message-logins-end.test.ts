import { join as pathOf } from "node:path";
import { decodeJwt } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { trpc } from "./support/calls.js";
import { type ImLogin, imLogin, rawDropIn } from "./support/drop-in.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";

// A message login ends with the session of the token for which it was issued, or with the token if there is no session.

const START = Date.parse("2026-01-02T03:04:05Z");
const HOUR = 3_600_000;
const ROOT = { sub: "root", role: "admin" } as const;
const PASSWORD = "a long password";
const AUTH_FAIL = { code: 403, message: "auth fail" };

const asked = ({ appId, appToken, auth }: ImLogin) => ({ do: "login", login: { appId, appToken, auth } });
/** The response to a login on a new connection: `{}` if it is accepted. */
const tryLogin = async (url: string, made: ImLogin) => {
  using page = await rawDropIn(url);
  return await page.ask(asked(made));
};
const connect = async (url: string, made: ImLogin, groupId?: string) => {
  const page = await rawDropIn(url);
  expect(await page.ask(asked(made))).toEqual({});
  if (groupId !== undefined) expect(await page.ask({ do: "join", groupId })).toHaveProperty("group");
  return page;
};
type App = Pick<TestApp, "as" | "inject">;
const login = (app: App) => app.as(ROOT).auth.login({ username: "teacher1", password: PASSWORD });

/** Opens a fixture with a server. Its teacher has an account. */
const open = async (fixture: ExamsFixture) => {
  await fixture.admin.account.create({ userId: "teacher1", role: "teacher", name: "T", password: PASSWORD });
  const url = await fixture.listen();
  const groupId = fixture.room.id;
  const loginFor = (token: string, userId = "teacher1") =>
    imLogin(url, token, { roomId: groupId, userId, role: "admin" });
  return { url, groupId, loginFor };
};

afterEach(() => {
  vi.useRealTimers();
});

/** The ways to revoke a session or one of its tokens. */
const WAYS: readonly (readonly [way: string, revoke: (app: App, token: string) => Promise<unknown>])[] = [
  ["logout", (app, token) => trpc(app, token).mutate("auth.logout")],
  ["revokeToken", (app, token) => app.as(ROOT).auth.revokeToken({ tokenId: String(decodeJwt(token).jti) })],
  ["account.disable", (app) => app.as(ROOT).account.disable({ userId: "teacher1" })],
  [
    "account.setPassword",
    (app) => app.as(ROOT).account.setPassword({ userId: "teacher1", password: "another password" }),
  ],
  [
    "changePassword in another session",
    async (app) =>
      trpc(app, (await login(app)).token).mutate("auth.changePassword", {
        currentPassword: PASSWORD,
        newPassword: "another password",
      }),
  ],
];

describe("a message login ends", () => {
  it.each(WAYS)("after %s: its pages are disconnected, and it is no longer accepted", async (_, revoke) => {
    await using fixture = await openExamsFixture({ timing: { beatMs: 20 } });
    const { url, groupId, loginFor } = await open(fixture);
    const { token } = await login(fixture);
    const [made, pc] = [await loginFor(token), await loginFor(token, "pc_teacher1")];
    using joined = await connect(url, made, groupId);
    using idle = await connect(url, pc);
    const examinee = await fixture.token({ sub: "examinee1", role: "examinee" });
    using other = await connect(
      url,
      await imLogin(url, examinee, { roomId: groupId, userId: "examinee1" }),
      groupId,
    );
    await revoke(fixture, token);
    for (const page of [joined, idle]) {
      expect(await page.receive("expired")).toEqual({ is: "expired" });
      expect(await page.receive("bye")).toEqual({ is: "bye", code: 3 });
      expect((await page.closed())[0]).toBe(1000);
    }
    for (const one of [made, pc]) expect(await tryLogin(url, one)).toEqual(AUTH_FAIL);
    // Other logins are not affected.
    expect(await other.ask({ do: "group", groupId })).toHaveProperty("groupId");
  });

  it.each(WAYS)("after %s in another process, before any later request", async (_, revoke) => {
    // Stops the periodic checks.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    using folder = tempFolder();
    const config = { databaseFile: pathOf(folder.path, "invigil.db") };
    await using fixture = await openExamsFixture({ config });
    await using elsewhere = await createTestApp({ config });
    const { url, groupId, loginFor } = await open(fixture);
    const { token } = await login(fixture);
    const made = await loginFor(token);
    const send = { do: "send", groupId, type: 30_001, data: "1", key: "k" };
    using sending = await connect(url, made, groupId);
    using joining = await connect(url, await loginFor(token, "pc_teacher1"));
    await revoke(elsewhere, token);
    expect(await joining.ask({ do: "join", groupId })).toEqual(AUTH_FAIL);
    expect(await sending.ask(send)).toEqual(AUTH_FAIL);
    for (const page of [joining, sending]) expect((await page.closed())[0]).toBe(1000);
    for (const at of [url, await elsewhere.listen()]) expect(await tryLogin(at, made)).toEqual(AUTH_FAIL);
    expect((await fixture.admin.im.history({ roomId: groupId })).messages).toEqual([]);
  });

  it("before any later call", async () => {
    await using fixture = await openExamsFixture();
    const { url, groupId, loginFor } = await open(fixture);
    for (const call of [
      { do: "join", groupId },
      { do: "send", groupId, type: 30_001, data: "1", key: "k" },
      { do: "mute", groupId, muted: true },
      { do: "messages", groupId, newestFirst: true, pageSize: 10 },
      { do: "users", groupId, all: true },
      { do: "group", groupId },
      { do: "leave", groupId },
    ]) {
      const token = await fixture.token({ sub: "teacher1", role: "teacher" });
      using page = await connect(url, await loginFor(token));
      await trpc(fixture, token).mutate("auth.logout");
      expect(await page.ask(call)).toEqual(AUTH_FAIL);
      expect((await page.closed())[0]).toBe(1000);
    }
  });

  it("within five seconds after a change of another process, even for an idle page", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    using folder = tempFolder();
    const config = { databaseFile: pathOf(folder.path, "invigil.db") };
    await using fixture = await openExamsFixture({ config });
    await using elsewhere = await createTestApp({ config });
    const { url, groupId, loginFor } = await open(fixture);
    const { token } = await login(fixture);
    using joined = await connect(url, await loginFor(token), groupId);
    using idle = await connect(url, await loginFor(token, "pc_teacher1"));
    await elsewhere.as(ROOT).account.disable({ userId: "teacher1" });
    vi.advanceTimersByTime(5000);
    for (const page of [joined, idle]) expect((await page.closed())[0]).toBe(1000);
  });
});

describe("the lifetime of a message login", () => {
  it("is that of the session, for all of its tokens, and at most two days", async () => {
    let time = START;
    const lifetime = { ttlSeconds: 8 * 3600, maxSeconds: 40 * 3600, failuresPerAddress: 30 };
    await using fixture = await openExamsFixture({ now: () => new Date(time), config: { login: lifetime } });
    const { url, loginFor } = await open(fixture);
    const { token } = await login(fixture);
    const made = await loginFor(token);
    const { data: newer } = await trpc(fixture, token).mutate("auth.refresh");
    time += 9 * HOUR;
    expect((await trpc(fixture, token).query("auth.whoami")).error?.data.reason).toBe("UNAUTHENTICATED");
    expect(await tryLogin(url, made)).toEqual({});
    time = START + 40 * HOUR - 1;
    expect(await tryLogin(url, made)).toEqual({});
    time += 1;
    expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
    expect(newer.token).not.toBe(token);
  });

  it("ends for all tokens of a session when a newer one logs out", async () => {
    await using fixture = await openExamsFixture();
    const { url, loginFor } = await open(fixture);
    const { token } = await login(fixture);
    const made = await loginFor(token);
    const { data: newer } = await trpc(fixture, token).mutate("auth.refresh");
    await trpc(fixture, newer.token).mutate("auth.logout");
    expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
  });

  it("is two days if the session or the token lasts longer", async () => {
    let time = START;
    await using fixture = await openExamsFixture({ now: () => new Date(time) });
    const { url, loginFor } = await open(fixture);
    const { token } = await login(fixture);
    const logins = [await loginFor(token)];
    logins.push(
      await loginFor(await fixture.token({ sub: "teacher1", role: "teacher" }, 100 * 3600), "pc_teacher1"),
    );
    time += 48 * HOUR - 1;
    for (const made of logins) expect(await tryLogin(url, made)).toEqual({});
    time += 1;
    for (const made of logins) expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
  });

  it("is that of a token without a session, even for a connected page", async () => {
    let time = START;
    await using fixture = await openExamsFixture({
      now: () => new Date(time),
      timing: { beatMs: 20, renewalMs: 20 },
    });
    const { url, groupId, loginFor } = await open(fixture);
    const made = await loginFor(await fixture.token({ sub: "teacher1", role: "teacher" }, 3600));
    using joined = await connect(url, made, groupId);
    using idle = await connect(
      url,
      await loginFor(await fixture.token({ sub: "teacher1", role: "teacher" }, 3600), "pc_teacher1"),
    );
    time += HOUR - 1;
    expect(await joined.ask({ do: "group", groupId })).toHaveProperty("groupId");
    time += 1;
    for (const page of [joined, idle]) {
      expect(await page.receive("expired")).toEqual({ is: "expired" });
      expect(await page.receive("bye")).toEqual({ is: "bye", code: 3 });
    }
    expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
  });

  it("is that of the administrator's token if it was issued for another person", async () => {
    await using fixture = await openExamsFixture();
    const { url, groupId } = await open(fixture);
    const issue = async (userId: string) => {
      const token = await fixture.token(ROOT);
      return { token, made: await imLogin(url, token, { roomId: groupId, userId }) };
    };
    const { token, made } = await issue("teacher1");
    using page = await connect(url, made, groupId);
    await trpc(fixture, token).mutate("auth.logout");
    expect((await page.closed())[0]).toBe(1000);
    expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
    // It also ends when the person's own account is disabled.
    const again = await issue("teacher1");
    using later = await connect(url, again.made, groupId);
    await fixture.admin.account.disable({ userId: "teacher1" });
    expect((await later.closed())[0]).toBe(1000);
  });
});

describe("a newer login on the same connection", () => {
  it("keeps the joined groups: the end of the older login ends nothing, and its rights no longer apply", async () => {
    await using fixture = await openExamsFixture();
    const { url, groupId, loginFor } = await open(fixture);
    const older = await fixture.token({ sub: "teacher1", role: "teacher" });
    const newer = await fixture.token({ sub: "teacher1", role: "teacher", room: groupId });
    const room = await fixture.teacher.room.create({ name: "Another" });
    using page = await connect(url, await loginFor(older), groupId);
    expect(await page.ask(asked(await loginFor(newer)))).toEqual({});
    await trpc(fixture, older).mutate("auth.logout");
    expect(await page.ask({ do: "group", groupId })).toHaveProperty("groupId");
    await fixture.teacher.im.send({ roomId: groupId, type: 30_001, data: 1, camera: "pc" });
    expect((await page.receive("message")).message.data).toBe("1");
    expect((await page.ask({ do: "join", groupId: room.id })).code).toBe(403);
    await trpc(fixture, newer).mutate("auth.logout");
    expect((await page.closed())[0]).toBe(1000);
  });

  it("does not affect the older one if it is refused", async () => {
    await using fixture = await openExamsFixture();
    const { url, groupId, loginFor } = await open(fixture);
    const [token, ended] = [
      await fixture.token({ sub: "teacher1", role: "teacher" }),
      await fixture.token({ sub: "teacher1", role: "teacher" }),
    ];
    using page = await connect(url, await loginFor(token), groupId);
    const made = await loginFor(ended);
    await trpc(fixture, ended).mutate("auth.logout");
    expect(await page.ask(asked(made))).toEqual(AUTH_FAIL);
    expect(await page.ask({ do: "group", groupId })).toHaveProperty("groupId");
  });
});
