import { join as pathOf } from "node:path";
import { decodeJwt } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { trpc } from "./support/calls.js";
import { type ImLogin, imLogin, rawDropIn } from "./support/drop-in.js";
import { tempFolder } from "./support/folders.js";
import { openSchool, type School } from "./support/school.js";

// A message login ends with the session of the token that it was issued to, or with a token that has no session.

const START = Date.parse("2026-01-02T03:04:05Z");
const HOUR = 3_600_000;
const ROOT = { sub: "root", role: "admin" } as const;
const PASSWORD = "a long password";
const AUTH_FAIL = { code: 403, message: "auth fail" };

const asked = ({ appId, appToken, auth }: ImLogin) => ({ do: "login", login: { appId, appToken, auth } });
/** What a new connection is answered that comes with a login: `{}` where it is taken. */
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

/** A school that listens, whose teacher has an account. */
const open = async (school: School) => {
  await school.admin.account.create({ userId: "teacher1", role: "teacher", name: "T", password: PASSWORD });
  const url = await school.listen();
  const groupId = school.room.id;
  const loginFor = (token: string, userId = "teacher1") =>
    imLogin(url, token, { roomId: groupId, userId, role: "admin" });
  return { url, groupId, loginFor };
};

afterEach(() => {
  vi.useRealTimers();
});

/** How a session, or a token of it, is taken back. */
const WAYS: readonly (readonly [way: string, takeBack: (app: App, token: string) => Promise<unknown>])[] = [
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
  it.each(WAYS)("after %s: its pages are closed, and it opens nothing any more", async (_, takeBack) => {
    await using school = await openSchool({ timing: { beatMs: 20 } });
    const { url, groupId, loginFor } = await open(school);
    const { token } = await login(school);
    const [made, pc] = [await loginFor(token), await loginFor(token, "pc_teacher1")];
    using joined = await connect(url, made, groupId);
    using idle = await connect(url, pc);
    const examinee = await school.token({ sub: "examinee1", role: "examinee" });
    using other = await connect(
      url,
      await imLogin(url, examinee, { roomId: groupId, userId: "examinee1" }),
      groupId,
    );
    await takeBack(school, token);
    for (const page of [joined, idle]) {
      expect(await page.told("expired")).toEqual({ is: "expired" });
      expect(await page.told("bye")).toEqual({ is: "bye", code: 3 });
      expect((await page.closed())[0]).toBe(1000);
    }
    for (const one of [made, pc]) expect(await tryLogin(url, one)).toEqual(AUTH_FAIL);
    // It concerns nobody else.
    expect(await other.ask({ do: "group", groupId })).toHaveProperty("groupId");
  });

  it.each(WAYS)("after %s in another process, before anything that is asked then", async (_, takeBack) => {
    // Nothing is looked at only because some time has gone by.
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    using folder = tempFolder();
    const config = { databaseFile: pathOf(folder.path, "invigil.db") };
    await using school = await openSchool({ config });
    await using elsewhere = await createTestApp({ config });
    const { url, groupId, loginFor } = await open(school);
    const { token } = await login(school);
    const made = await loginFor(token);
    const send = { do: "send", groupId, type: 30_001, data: "1", key: "k" };
    using sending = await connect(url, made, groupId);
    using joining = await connect(url, await loginFor(token, "pc_teacher1"));
    await takeBack(elsewhere, token);
    expect(await joining.ask({ do: "join", groupId })).toEqual(AUTH_FAIL);
    expect(await sending.ask(send)).toEqual(AUTH_FAIL);
    for (const page of [joining, sending]) expect((await page.closed())[0]).toBe(1000);
    for (const at of [url, await elsewhere.listen()]) expect(await tryLogin(at, made)).toEqual(AUTH_FAIL);
    expect((await school.admin.im.history({ roomId: groupId })).messages).toEqual([]);
  });

  it("before any call that is made after it", async () => {
    await using school = await openSchool();
    const { url, groupId, loginFor } = await open(school);
    for (const call of [
      { do: "join", groupId },
      { do: "send", groupId, type: 30_001, data: "1", key: "k" },
      { do: "mute", groupId, muted: true },
      { do: "messages", groupId, newestFirst: true, pageSize: 10 },
      { do: "users", groupId, all: true },
      { do: "group", groupId },
      { do: "leave", groupId },
    ]) {
      const token = await school.token({ sub: "teacher1", role: "teacher" });
      using page = await connect(url, await loginFor(token));
      await trpc(school, token).mutate("auth.logout");
      expect(await page.ask(call)).toEqual(AUTH_FAIL);
      expect((await page.closed())[0]).toBe(1000);
    }
  });

  it("within five seconds of what another process has done, also where a page asks for nothing", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    using folder = tempFolder();
    const config = { databaseFile: pathOf(folder.path, "invigil.db") };
    await using school = await openSchool({ config });
    await using elsewhere = await createTestApp({ config });
    const { url, groupId, loginFor } = await open(school);
    const { token } = await login(school);
    using joined = await connect(url, await loginFor(token), groupId);
    using idle = await connect(url, await loginFor(token, "pc_teacher1"));
    await elsewhere.as(ROOT).account.disable({ userId: "teacher1" });
    vi.advanceTimersByTime(5000);
    for (const page of [joined, idle]) expect((await page.closed())[0]).toBe(1000);
  });
});

describe("how long a message login lasts", () => {
  it("is as long as the session, whichever of its tokens it was issued to, and two days at most", async () => {
    let time = START;
    const lifetime = { ttlSeconds: 8 * 3600, maxSeconds: 40 * 3600, failuresPerAddress: 30 };
    await using school = await openSchool({ now: () => new Date(time), config: { login: lifetime } });
    const { url, loginFor } = await open(school);
    const { token } = await login(school);
    const made = await loginFor(token);
    const { data: newer } = await trpc(school, token).mutate("auth.refresh");
    time += 9 * HOUR;
    expect((await trpc(school, token).query("auth.whoami")).error?.data.reason).toBe("UNAUTHENTICATED");
    expect(await tryLogin(url, made)).toEqual({});
    time = START + 40 * HOUR - 1;
    expect(await tryLogin(url, made)).toEqual({});
    time += 1;
    expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
    expect(newer.token).not.toBe(token);
  });

  it("ends for all of them when one of a session's newer tokens logs out", async () => {
    await using school = await openSchool();
    const { url, loginFor } = await open(school);
    const { token } = await login(school);
    const made = await loginFor(token);
    const { data: newer } = await trpc(school, token).mutate("auth.refresh");
    await trpc(school, newer.token).mutate("auth.logout");
    expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
  });

  it("is two days where the session or the token lasts longer", async () => {
    let time = START;
    await using school = await openSchool({ now: () => new Date(time) });
    const { url, loginFor } = await open(school);
    const { token } = await login(school);
    const logins = [await loginFor(token)];
    logins.push(
      await loginFor(await school.token({ sub: "teacher1", role: "teacher" }, 100 * 3600), "pc_teacher1"),
    );
    time += 48 * HOUR - 1;
    for (const made of logins) expect(await tryLogin(url, made)).toEqual({});
    time += 1;
    for (const made of logins) expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
  });

  it("is as long as a token that has no session, also for a page that is there", async () => {
    let time = START;
    await using school = await openSchool({
      now: () => new Date(time),
      timing: { beatMs: 20, renewalMs: 20 },
    });
    const { url, groupId, loginFor } = await open(school);
    const made = await loginFor(await school.token({ sub: "teacher1", role: "teacher" }, 3600));
    using joined = await connect(url, made, groupId);
    using idle = await connect(
      url,
      await loginFor(await school.token({ sub: "teacher1", role: "teacher" }, 3600), "pc_teacher1"),
    );
    time += HOUR - 1;
    expect(await joined.ask({ do: "group", groupId })).toHaveProperty("groupId");
    time += 1;
    for (const page of [joined, idle]) {
      expect(await page.told("expired")).toEqual({ is: "expired" });
      expect(await page.told("bye")).toEqual({ is: "bye", code: 3 });
    }
    expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
  });

  it("is as long as the administrator's token that it was issued to for another person", async () => {
    await using school = await openSchool();
    const { url, groupId } = await open(school);
    const issue = async (userId: string) => {
      const token = await school.token(ROOT);
      return { token, made: await imLogin(url, token, { roomId: groupId, userId }) };
    };
    const { token, made } = await issue("teacher1");
    using page = await connect(url, made, groupId);
    await trpc(school, token).mutate("auth.logout");
    expect((await page.closed())[0]).toBe(1000);
    expect(await tryLogin(url, made)).toEqual(AUTH_FAIL);
    // And no longer than the person's own account is good.
    const again = await issue("teacher1");
    using later = await connect(url, again.made, groupId);
    await school.admin.account.disable({ userId: "teacher1" });
    expect((await later.closed())[0]).toBe(1000);
  });
});

describe("a newer login on the same connection", () => {
  it("carries what is joined over: the older one's end ends nothing, and its rights go with it", async () => {
    await using school = await openSchool();
    const { url, groupId, loginFor } = await open(school);
    const older = await school.token({ sub: "teacher1", role: "teacher" });
    const newer = await school.token({ sub: "teacher1", role: "teacher", room: groupId });
    const room = await school.teacher.room.create({ name: "Another" });
    using page = await connect(url, await loginFor(older), groupId);
    expect(await page.ask(asked(await loginFor(newer)))).toEqual({});
    await trpc(school, older).mutate("auth.logout");
    expect(await page.ask({ do: "group", groupId })).toHaveProperty("groupId");
    await school.teacher.im.send({ roomId: groupId, type: 30_001, data: 1, camera: "pc" });
    expect((await page.told("message")).message.data).toBe("1");
    expect((await page.ask({ do: "join", groupId: room.id })).code).toBe(403);
    await trpc(school, newer).mutate("auth.logout");
    expect((await page.closed())[0]).toBe(1000);
  });

  it("that is refused leaves the older one as it is", async () => {
    await using school = await openSchool();
    const { url, groupId, loginFor } = await open(school);
    const [token, ended] = [
      await school.token({ sub: "teacher1", role: "teacher" }),
      await school.token({ sub: "teacher1", role: "teacher" }),
    ];
    using page = await connect(url, await loginFor(token), groupId);
    const made = await loginFor(ended);
    await trpc(school, ended).mutate("auth.logout");
    expect(await page.ask(asked(made))).toEqual(AUTH_FAIL);
    expect(await page.ask({ do: "group", groupId })).toHaveProperty("groupId");
  });
});
