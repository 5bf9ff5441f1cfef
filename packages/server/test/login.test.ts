import { parseOptions } from "@node-rs/argon2";
import { decodeJwt } from "jose";
import superjson from "superjson";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Deps } from "../src/api/deps.js";
import { createTestApp } from "../src/app/testing.js";
import type { Config } from "../src/config/config.js";
import { query } from "../src/storage/statement.js";
import { sessions } from "../src/storage/tables.js";
import { dataOf, refusalOf, rest, send, trpc, unpack } from "./support/calls.js";
import { isOnPostgres } from "./support/engine.js";
import { shared } from "./support/shared.js";
import { openStaff, PASSWORD, ROOT, START, type Staff, tokenState } from "./support/staff.js";
import { readRows, rowsOf } from "./support/tables.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Stops what a server does beside its calls: it asks the database every two seconds, and writes audit entries after a second. */
const stopTimers = () =>
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
afterEach(() => void vi.useRealTimers());

describe("a login", () => {
  it("is a token of the account's role and name, for eight hours of at most a week", async () => {
    await using staff = await openStaff();
    await staff.account("t1", { role: "inspector", name: "王老师" });
    const session = await staff.login("t1");
    expect(session).toEqual({
      token: expect.any(String),
      expiresAt: new Date(START + 8 * HOUR * 1000),
      refreshableUntil: new Date(START + 7 * DAY * 1000),
      userId: "t1",
      role: "inspector",
      name: "王老师",
    });
    expect(decodeJwt(session.token)).toEqual({
      sub: "t1",
      role: "inspector",
      name: "王老师",
      iat: START / 1000,
      exp: START / 1000 + 8 * HOUR,
      jti: expect.any(String),
      sid: expect.any(String),
    });
    // The server keeps the token's internal data to itself.
    const { data } = await trpc(staff, session.token).query("auth.whoami");
    expect(data).toStrictEqual({
      userId: "t1",
      role: "inspector",
      name: "王老师",
      expiresAt: session.expiresAt,
    });
  });

  it.each(["/exam/login", "/login"])("on %s is token and expire, as JSON or as a form", async (path) => {
    await using staff = await openStaff();
    await staff.account("20260001");
    const fields = { username: "20260001", password: PASSWORD };
    const sent = [{ json: fields }, { json: { ...fields, username: 20_260_001 } }, { form: fields }];
    for (const body of sent) {
      const data = dataOf(await send(staff, { method: "POST", path, ...body }));
      expect(data).toStrictEqual({ token: expect.any(String), expire: "2026-01-02T19:04:05+08:00" });
      expect(await tokenState(staff, data.token)).toBe("ok");
    }
  });

  const nobody = shared(() => openStaff());
  it.each([
    [{ password: "x" }, "username"],
    [{ username: "", password: "x" }, "username"],
    [{ username: "t1" }, "password"],
    [{ username: "t1", password: "" }, "password"],
    [{ username: "t1", password: "x".repeat(257) }, "password"],
    [{ username: ["t1"], password: "x" }, "username"],
  ])("with %j is refused for its %s", async (fields, field) => {
    const staff = nobody();
    const sentence = refusalOf(await rest(staff).post("login", fields), 400, "INVALID_INPUT");
    expect(sentence).toMatch(new RegExp(`^${field} `));
    const { error } = await trpc(staff).mutate("auth.login", fields);
    expect(Object.keys(error.data.fieldErrors)).toEqual([field]);
  });

  it("is for the exact name and password", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    for (const [username, password] of [
      ["T1", PASSWORD],
      ["t1", `${PASSWORD} `],
      ["t1", PASSWORD.toUpperCase()],
      ["%", PASSWORD],
    ])
      refusalOf(await rest(staff).post("login", { username, password }), 401, "UNAUTHENTICATED");
  });

  it.each(["/login", "/exam/login"])(
    "at %s is read from the body alone, never from the URL",
    async (path) => {
      await using staff = await openStaff();
      await staff.account("t1");
      const query = new URLSearchParams({ username: "t1", password: PASSWORD }).toString();
      const answer = await send(staff, { method: "POST", path: `${path}?${query}`, json: {} });
      expect(answer.body).toMatchObject({ success: false, reason: "INVALID_INPUT" });
    },
  );
});

/** The three kinds of refused logins. */
const REFUSED = [
  { username: "t1", password: "not the password" },
  { username: "nobody", password: "not the password" },
  { username: "gone", password: PASSWORD },
] as const;
const openRefusing = async (options: Parameters<typeof openStaff>[0] = {}): Promise<Staff> => {
  const staff = await openStaff(options);
  await staff.account("t1");
  await staff.account("gone");
  await staff.admin("account.disable", { userId: "gone" });
  return staff;
};

describe("a wrong password, an unknown name and a disabled account", () => {
  it("are told the same", async () => {
    await using staff = await openRefusing();
    const answers = [];
    for (const input of REFUSED) {
      const sentence = refusalOf(await rest(staff).post("login", input), 401, "UNAUTHENTICATED");
      const { status, error } = await trpc(staff).mutate("auth.login", input);
      const { requestId: _, ...data } = error.data;
      answers.push({ sentence, status, message: error.message, data });
    }
    expect(answers[0]).toMatchObject({ status: 401, sentence: "The username or the password is wrong." });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it("take one verification each, of the same parameters", async () => {
    const verified: ReturnType<typeof parseOptions>[] = [];
    const change = (deps: Deps): Deps => ({
      ...deps,
      passwords: {
        ...deps.passwords,
        verify: async (hashed, password) => {
          verified.push(parseOptions(hashed));
          return deps.passwords.verify(hashed, password);
        },
      },
    });
    await using staff = await openRefusing({ change });
    for (const input of REFUSED) {
      verified.length = 0;
      for (let n = 0; n < 2; n++) await rest(staff).post("login", input);
      expect(verified).toEqual([
        expect.objectContaining({ memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 }),
        verified[0],
      ]);
    }
  });

  // With PostgreSQL, statements of timers come in between.
  it.skipIf(isOnPostgres)("take the same statements", async () => {
    stopTimers();
    const statements: string[] = [];
    await using app = await createTestApp({ onStatement: (sql) => statements.push(sql) });
    const admin = app.as(ROOT);
    for (const userId of ["t1", "gone"])
      await admin.account.create({ userId, role: "teacher", name: "T", password: PASSWORD });
    await admin.account.disable({ userId: "gone" });
    const seen = [];
    for (const input of REFUSED) {
      statements.length = 0;
      await rest(app).post("login", input);
      seen.push(statements.map((sql) => sql.replace(`'${input.username}'`, "?")));
    }
    expect(seen[0]).not.toEqual([]);
    expect(seen).toEqual([seen[0], seen[0], seen[0]]);
  });
});

describe("failed logins", () => {
  const wrong = { username: "t1", password: "not the password" };
  const right = { username: "t1", password: PASSWORD };

  it.each(["t1", "nobody"])(
    "of %s: the sixth in a minute is 429, by either entry point",
    async (username) => {
      await using staff = await openStaff();
      await staff.account("t1");
      const input = { username, password: "not the password" };
      for (let n = 0; n < 5; n++) refusalOf(await rest(staff).post("login", input), 401, "UNAUTHENTICATED");
      const byRest = await rest(staff).post("login", input);
      expect(refusalOf(byRest, 429, "TOO_MANY_REQUESTS")).toContain("60 seconds");
      expect(byRest.headers["retry-after"]).toBe("60");
      staff.wait(20);
      const { status, headers, error } = await trpc(staff).mutate("auth.login", input);
      expect({ status, retryAfter: headers["retry-after"], data: error.data }).toMatchObject({
        status: 429,
        retryAfter: "40",
        data: { code: "TOO_MANY_REQUESTS", reason: "TOO_MANY_REQUESTS", retryAfterSeconds: 40 },
      });
    },
  );

  it("say when to come back in a batch, too", async () => {
    await using staff = await openStaff();
    for (let n = 0; n < 5; n++) await rest(staff).post("login", wrong);
    const answer = await send(staff, {
      method: "POST",
      path: "/trpc/auth.login,auth.login?batch=1",
      raw: {
        type: "application/json",
        body: JSON.stringify({
          0: superjson.serialize({ ...wrong, username: "t2" }),
          1: superjson.serialize(wrong),
        }),
      },
    });
    expect(answer.headers["retry-after"]).toBe("60");
    const [first, second] = answer.body.map((entry: unknown) => unpack(answer, entry).error.data);
    expect([first.reason, second.reason]).toEqual(["UNAUTHENTICATED", "TOO_MANY_REQUESTS"]);
    expect(first).not.toHaveProperty("retryAfterSeconds");
  });

  it("shut out the right password, too, until the wait is over", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    for (let n = 0; n < 5; n++) await rest(staff).post("login", wrong);
    refusalOf(await rest(staff).post("login", right), 429, "TOO_MANY_REQUESTS");
    staff.wait(60);
    for (let n = 0; n < 4; n++) await rest(staff).post("login", wrong);
    dataOf(await rest(staff).post("login", right));
    // That was the owner of the account, whose five attempts are available again.
    for (let n = 0; n < 5; n++) refusalOf(await rest(staff).post("login", wrong), 401, "UNAUTHENTICATED");
    refusalOf(await rest(staff).post("login", wrong), 429, "TOO_MANY_REQUESTS");
  });

  it("at once do not slip past the limit, nor to the passwords", async () => {
    let verified = 0;
    const change = (deps: Deps): Deps => ({
      ...deps,
      passwords: {
        ...deps.passwords,
        verify: (hashed, password) => {
          verified += 1;
          return deps.passwords.verify(hashed, password);
        },
      },
    });
    await using staff = await openStaff({ change });
    await staff.account("t1");
    const answers = await Promise.all(Array.from({ length: 20 }, () => rest(staff).post("login", wrong)));
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([...Array<number>(5).fill(401), ...Array<number>(15).fill(429)]);
    expect(verified).toBe(5);
  });

  it("do not count against those who log in rightly at once", async () => {
    await using staff = await openStaff({ config: loginConfig({ failuresPerAddress: 5 }) });
    await staff.account("t1");
    for (let n = 0; n < 8; n++) dataOf(await rest(staff).post("login", right));
  });

  it("from one address are limited by the setting, whoever it tries", async () => {
    await using staff = await openStaff({ config: loginConfig({ failuresPerAddress: 6 }) });
    const from = (address: string, n: number) =>
      send(staff, {
        method: "POST",
        path: "/login",
        json: { username: `name${n}`, password: "x" },
        headers: { "x-forwarded-for": address },
      });
    // Without the setting, no header changes the client's address: all of these calls come from this machine.
    for (let n = 0; n < 6; n++) refusalOf(await from(`10.0.0.${n}`, n), 401, "UNAUTHENTICATED");
    refusalOf(await from("10.0.0.7", 7), 429, "TOO_MANY_REQUESTS");
  });

  it("are those of the client behind a trusted proxy, not the proxy's", async () => {
    const config = { ...loginConfig({ failuresPerAddress: 5 }), trustedProxies: ["loopback"] };
    await using staff = await openStaff({ config });
    const from = (address: string, n: number) =>
      send(staff, {
        method: "POST",
        path: "/login",
        json: { username: `name${n}`, password: "x" },
        headers: { "x-forwarded-for": address },
      });
    for (let n = 0; n < 5; n++) refusalOf(await from("10.0.0.1", n), 401, "UNAUTHENTICATED");
    refusalOf(await from("10.0.0.1", 5), 429, "TOO_MANY_REQUESTS");
    refusalOf(await from("10.0.0.2", 5), 401, "UNAUTHENTICATED");
    // An address that the client itself claims is ignored.
    refusalOf(await from("10.0.0.3, 10.0.0.1", 6), 429, "TOO_MANY_REQUESTS");
  });
});

const loginConfig = (different: Partial<Config["login"]>) => ({
  login: { ttlSeconds: 8 * HOUR, maxSeconds: 7 * DAY, failuresPerAddress: 30, ...different },
});

describe("a session", () => {
  const refresh = (staff: Staff, token: string) => trpc(staff, token).mutate("auth.refresh");
  const logout = async (staff: Staff, token: string) =>
    expect((await trpc(staff, token).mutate("auth.logout")).data).toBe(true);

  it("is kept by refreshing it, and ends when it must", async () => {
    await using staff = await openStaff({ config: loginConfig({ maxSeconds: 20 * HOUR }) });
    await staff.account("t1");
    const first = await staff.login("t1");
    staff.wait(7 * HOUR);
    const { data: second } = await refresh(staff, first.token);
    expect(second).toEqual({
      ...first,
      token: expect.any(String),
      expiresAt: new Date(START + 15 * HOUR * 1000),
    });
    expect(decodeJwt(second.token).sid).toBe(decodeJwt(first.token).sid);
    expect(decodeJwt(second.token).jti).not.toBe(decodeJwt(first.token).jti);
    // Calls that have started with the older token still succeed.
    expect(await tokenState(staff, first.token)).toBe("ok");
    staff.wait(7 * HOUR);
    const { data: third } = await refresh(staff, second.token);
    expect(third.expiresAt).toEqual(new Date(START + 20 * HOUR * 1000));
    staff.wait(6 * HOUR - 0.5);
    const { data: last } = await refresh(staff, third.token);
    expect(last.expiresAt).toEqual(third.expiresAt);
    expect(await tokenState(staff, last.token)).toBe("ok");
    staff.wait(0.5);
    for (const { token } of [third, last]) expect(await tokenState(staff, token)).toBe("UNAUTHENTICATED");
    expect((await refresh(staff, last.token)).status).toBe(401);
  });

  it("takes no token that was not of a login for one", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const { error } = await refresh(staff, await staff.token({ sub: "t1", role: "teacher" }));
    expect(error.data.reason).toBe("FORBIDDEN");
  });

  it("ends with all its tokens, and no other", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const [one, other] = [await staff.login("t1"), await staff.login("t1")];
    const { data: newer } = await refresh(staff, one.token);
    await logout(staff, newer.token);
    for (const { token } of [one, newer]) {
      expect(await tokenState(staff, token)).toBe("UNAUTHENTICATED");
      refusalOf(await rest(staff, token).post("selectAudio", {}), 401, "UNAUTHENTICATED");
    }
    expect(await tokenState(staff, other.token)).toBe("ok");
  });

  // With PostgreSQL, statements of timers come in between.
  it.skipIf(isOnPostgres)("takes one lookup per call, like every other token", async () => {
    stopTimers();
    const statements: string[] = [];
    await using app = await createTestApp({ onStatement: (sql) => statements.push(sql) });
    await app.as(ROOT).account.create({ userId: "t1", role: "teacher", name: "T", password: PASSWORD });
    const { token } = await app.as(ROOT).auth.login({ username: "t1", password: PASSWORD });
    const lookups = async (each: string): Promise<number> => {
      statements.length = 0;
      await trpc(app, each).query("auth.whoami");
      return statements.length;
    };
    expect(await lookups(token)).toBe(1);
    expect(await lookups(await app.token({ sub: "e1", role: "examinee" }))).toBe(1);
    expect(await lookups(await app.token(ROOT))).toBe(1);
  });

  it("that is over is thrown away a month later: till then the clock may be wrong", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const rows = () => readRows(staff.db, query.select().from(sessions).orderBy(sessions.createdAt));
    await staff.login("t1");
    staff.wait(3 * DAY);
    await staff.login("t1");
    expect(await rows()).toHaveLength(2);
    staff.wait(33 * DAY);
    await staff.login("t1");
    expect(await rows()).toHaveLength(3);
    staff.wait(DAY);
    await staff.login("t1");
    expect((await rows()).map(({ createdAt }) => createdAt)).toEqual([
      new Date(START + 3 * DAY * 1000),
      new Date(START + 36 * DAY * 1000),
      new Date(START + 37 * DAY * 1000),
    ]);
  });

  it("is not started when the account is disabled while its password is verified", async () => {
    let disable: (() => Promise<unknown>) | undefined;
    const change = (deps: Deps): Deps => ({
      ...deps,
      passwords: {
        ...deps.passwords,
        async verify(hashed, password) {
          const isRight = await deps.passwords.verify(hashed, password);
          await disable?.();
          return isRight;
        },
      },
    });
    await using staff = await openStaff({ change });
    await staff.account("t1");
    disable = () => staff.admin("account.disable", { userId: "t1" });
    const input = { username: "t1", password: PASSWORD };
    refusalOf(await rest(staff).post("login", input), 401, "UNAUTHENTICATED");
    expect(await rowsOf(staff.db, sessions)).toEqual([]);
    // It counts as the first of five failures.
    disable = undefined;
    for (let n = 0; n < 4; n++) refusalOf(await rest(staff).post("login", input), 401, "UNAUTHENTICATED");
    refusalOf(await rest(staff).post("login", input), 429, "TOO_MANY_REQUESTS");
  });
});

describe("changing one's own password", () => {
  const change = (staff: Staff, token: string, currentPassword: string, newPassword = "another password") =>
    trpc(staff, token).mutate("auth.changePassword", { currentPassword, newPassword });

  it("ends the other sessions, and not the one that it is done in", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    await staff.account("t2");
    const [own, other, another] = [await staff.login("t1"), await staff.login("t1"), await staff.login("t2")];
    expect((await change(staff, own.token, PASSWORD)).data).toBe(true);
    expect(await tokenState(staff, own.token)).toBe("ok");
    expect(await tokenState(staff, other.token)).toBe("UNAUTHENTICATED");
    expect(await tokenState(staff, another.token)).toBe("ok");
    await staff.login("t1", "another password");
    const old = await rest(staff).post("login", { username: "t1", password: PASSWORD });
    refusalOf(old, 401, "UNAUTHENTICATED");
  });

  it("asks for the current one, and counts wrong ones like logins", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const { token } = await staff.login("t1");
    for (let n = 0; n < 5; n++) {
      const { status, error } = await change(staff, token, "not the password");
      expect({ status, fields: error.data.fieldErrors }).toEqual({
        status: 400,
        fields: { currentPassword: ["is wrong"] },
      });
    }
    const sixth = await change(staff, token, PASSWORD);
    expect({ status: sixth.status, retryAfter: sixth.headers["retry-after"] }).toEqual({
      status: 429,
      retryAfter: "60",
    });
    const login = await rest(staff).post("login", { username: "t1", password: PASSWORD });
    refusalOf(login, 429, "TOO_MANY_REQUESTS");
    staff.wait(60);
    await staff.login("t1");
  });

  it("is refused for one that is too short, by name", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const { token } = await staff.login("t1");
    const { error } = await change(staff, token, PASSWORD, "1234567");
    expect(error.data.fieldErrors).toEqual({ newPassword: ["must be at least 8 characters"] });
    await staff.login("t1");
  });

  it("is for logins only: an issued token of the same name is none", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const { error } = await change(staff, await staff.token({ sub: "t1", role: "teacher" }), PASSWORD);
    expect(error.data.reason).toBe("FORBIDDEN");
  });
});
