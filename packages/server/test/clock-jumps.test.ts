import { join } from "node:path";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import {
  auditEntries,
  deadLetters,
  examMinutes,
  exams,
  messageLogins,
  revokedTokens,
  roomEvents,
  roomMinutes,
  sessions,
  storedFiles,
} from "../src/storage/tables.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { dataOf, refusalOf, rest, trpc } from "./support/calls.js";
import { isOnPostgres } from "./support/engine.js";
import { tempFolder } from "./support/folders.js";
import { openIdentityService } from "./support/identity-service.js";
import { PASSWORD, ROOT, START, tokenState } from "./support/staff.js";
import { insertRows, rowsOf } from "./support/tables.js";

// The system's clock jumps forward and back: because of a manual change, an empty battery, or a wrong time
// server. Ended sessions must stay ended, and waits must last as long as announced.

const DAY = 86_400;

/** An app with two clocks: the system's clock, which can be set, and a monotonic one. */
const openClocks = async (config = {}) => {
  const time = { day: START, running: 0 };
  const fixture = await openAppFixture({
    config,
    now: () => new Date(time.day),
    monotonic: () => time.running,
  });
  return {
    ...fixture,
    /** Advances both clocks. */
    pass(seconds: number) {
      time.day += seconds * 1000;
      time.running += seconds * 1000;
    },
    /** Sets the system's clock. */
    set(seconds: number) {
      time.day += seconds * 1000;
    },
    admin: async (path: string, input: unknown) =>
      trpc(fixture, await fixture.token(ROOT)).mutate(path, input),
  };
};
type Clocks = Awaited<ReturnType<typeof openClocks>>;

describe("while the clock is ahead and after it is right again", () => {
  it.each([1, 29, 300])("a token that was logged out stays so, %i days ahead", async (days) => {
    await using fixture = await openClocks();
    const [token, revoked] = [await fixture.token(ROOT), await fixture.token(ROOT)];
    await trpc(fixture, token).mutate("auth.logout");
    await fixture.admin("auth.revokeToken", { tokenId: decodeJwt(revoked).jti });
    fixture.set(days * DAY);
    // Calls that delete expired rows at that moment.
    await trpc(fixture, await fixture.token(ROOT)).mutate("auth.logout");
    await fixture.admin("auth.revokeToken", { tokenId: "another" });
    await fixture.admin("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    dataOf(await rest(fixture).post("login", { username: "t1", password: PASSWORD }));
    fixture.set(-days * DAY);
    expect([await tokenState(fixture, token), await tokenState(fixture, revoked)]).toEqual([
      "UNAUTHENTICATED",
      "UNAUTHENTICATED",
    ]);
  });

  it("a login that was made before goes on, and one that was logged out stays so", async () => {
    await using fixture = await openClocks();
    await fixture.admin("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    const login = async () =>
      dataOf(await rest(fixture).post("login", { username: "t1", password: PASSWORD })).token;
    const [kept, ended] = [await login(), await login()];
    await trpc(fixture, ended).mutate("auth.logout");
    fixture.set(20 * DAY);
    await login();
    fixture.set(-20 * DAY);
    expect([await tokenState(fixture, kept), await tokenState(fixture, ended)]).toEqual([
      "ok",
      "UNAUTHENTICATED",
    ]);
  });
});

// With PostgreSQL, waits follow the clock of the database, which all servers share.
describe.skipIf(isOnPostgres)("a wait lasts as long as it says, whatever the clock is set to", () => {
  const failOften = async (fixture: Clocks) => {
    for (let n = 0; n < 5; n++) await rest(fixture).post("login", { username: "t1", password: "wrong" });
  };
  const logIn = (fixture: Clocks) => rest(fixture).post("login", { username: "t1", password: PASSWORD });

  it.each([-DAY, DAY])("after failed logins: %i seconds", async (change) => {
    await using fixture = await openClocks();
    await fixture.admin("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    await failOften(fixture);
    fixture.set(change);
    expect(refusalOf(await logIn(fixture), 429, "TOO_MANY_REQUESTS")).toContain("60 seconds");
    fixture.pass(60);
    dataOf(await logIn(fixture));
  });

  it("after failed logins while the clock was ahead", async () => {
    await using fixture = await openClocks();
    await fixture.admin("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    fixture.set(DAY);
    await failOften(fixture);
    fixture.set(-DAY);
    fixture.pass(60);
    dataOf(await logIn(fixture));
  });

  it.each([-DAY, DAY])("after many messages: %i seconds", async (change) => {
    await using fixture = await openClocks();
    const teacher = { sub: "t1", role: "teacher" } as const;
    const as = trpc(fixture, await fixture.token(teacher, 10 * DAY));
    const { id: roomId } = (await as.mutate("room.create", { name: "R" })).data;
    const send = async () =>
      (await as.mutate("im.send", { roomId, type: 30_001, data: "x" })).error?.data.reason ?? "ok";
    for (let n = 0; n < 30; n++) expect(await send()).toBe("ok");
    expect(await send()).toBe("TOO_MANY_REQUESTS");
    fixture.set(change);
    expect(await send()).toBe("TOO_MANY_REQUESTS");
    fixture.pass(1);
    for (let n = 0; n < 10; n++) expect(await send()).toBe("ok");
    expect(await send()).toBe("TOO_MANY_REQUESTS");
  });

  it("for an identity service whose keys could not be fetched, and for a key that was withdrawn", async () => {
    await using service = await openIdentityService();
    const key = await service.makeKey("first");
    const issuer = "https://id.school.example";
    const jwks = { url: service.url, issuer, audience: "invigil", claims: {}, roles: {} };
    await using fixture = await openClocks({ jwks });
    const exp = START / 1000 + 5 * DAY;
    const token = await key.sign({ sub: "t1", role: "teacher", iss: issuer, aud: "invigil", exp });
    const tokenNow = () => tokenState(fixture, token);
    service.answer({ status: 500, body: "" });
    fixture.set(DAY);
    expect(await tokenNow()).toBe("PROVIDER_FAILED");
    // The calls are suspended for ten seconds and then resume, although the clock had been a day ahead.
    fixture.set(-DAY);
    service.answer(undefined);
    service.publish(key);
    fixture.pass(10);
    expect(await tokenNow()).toBe("ok");
    const fetches = service.fetches();
    expect(await tokenNow()).toBe("ok");
    expect(service.fetches()).toBe(fetches);
  });
});

describe("what is deleted because of its age", () => {
  const AGED = {
    audit: auditEntries,
    "deleted exams": exams,
    "dead letters": deadLetters,
    series: examMinutes,
    "series of rooms": roomMinutes,
    "message logins": messageLogins,
    "revoked tokens": revokedTokens,
    events: roomEvents,
    sessions,
    files: storedFiles,
  };
  const DAYS = 400;
  const HOUR_MS = 3_600_000;

  /** An installation with rows that are deleted when they are old, and what starts its servers, one after the other. */
  const openOld = async () => {
    const folder = tempFolder();
    const time = { day: START, running: 0 };
    const start = () =>
      openAppFixture({
        config: { databaseFile: join(folder.path, "invigil.db"), audioStore: { place: "database" } },
        now: () => new Date(time.day),
        monotonic: () => time.running,
      });
    /** Makes calls that delete what is old along with what they change. */
    const call = async (fixture: AppFixture) => {
      const as = trpc(fixture, await fixture.token(ROOT));
      dataOf(await rest(fixture).post("login", { username: "t1", password: PASSWORD }));
      for (const [path, input] of [
        ["auth.revokeToken", { tokenId: "another" }],
        ["im.getToken", { userId: "root", imServer: ["aliyun_new"] }],
      ] as const)
        expect([path, (await as.mutate(path, input)).status]).toEqual([path, 200]);
    };
    const read = async ({ db }: AppFixture) =>
      new Map(
        await Promise.all(
          Object.entries(AGED).map(async ([name, table]) => {
            const rows = await rowsOf(db, table);
            return [name, new Set(rows.map((row) => JSON.stringify(row)))] as const;
          }),
        ),
      );

    const fixture = await start();
    const { db } = fixture;
    const as = trpc(fixture, await fixture.token(ROOT));
    const make = async (path: string, input: unknown) => {
      const { status, data } = await as.mutate(path, input);
      expect([path, status]).toEqual([path, 200]);
      return data;
    };
    await make("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    const { examId } = await make("room.create", { name: "Deleted" });
    await make("exam.delete", { examId, withRooms: true });
    const [now, soon] = [new Date(START), new Date(START + 1000)];
    const minute = { examId: "e", minute: now, present: 1, publishing: 1, detections: 1 };
    await insertRows(db, roomMinutes, [{ ...minute, roomId: "r" }]);
    await insertRows(db, examMinutes, [{ ...minute, rooms: 1, lastRecordId: 0 }]);
    await insertRows(db, storedFiles, [{ id: "f", place: "database", bytes: 0, changedAt: now }]);
    const task = { queue: "q", kind: "k", key: "k", payload: {}, attempts: 1, createdAt: now };
    await insertRows(db, deadLetters, [{ ...task, id: "d", examId: "e", reason: "expired", diedAt: now }]);
    await insertRows(db, sessions, [{ id: "s", userId: "t1", createdAt: now, expiresAt: soon }]);
    await insertRows(db, revokedTokens, [{ tokenId: "r", createdAt: now, expiresAt: soon }]);
    const who = { userId: "u", camera: "main", holderId: "u", holderRole: "admin" } as const;
    await insertRows(db, messageLogins, [{ ...who, id: "l", createdAt: now, expiresAt: soon }]);
    await fixture.services.accessLog.flush();
    const before = await read(fixture);
    return {
      time,
      fixture,
      start,
      call,
      /** The kinds of rows of the beginning, of which some are no longer there. */
      async gone(current: AppFixture) {
        const after = await read(current);
        return [...before].flatMap(([name, rows]) =>
          [...rows].every((row) => after.get(name)?.has(row)) ? [] : [name],
        );
      },
      [Symbol.dispose]: folder[Symbol.dispose],
    };
  };

  it("stays when a server starts with a clock that is far ahead, and can still be restored", async () => {
    using old = await openOld();
    await old.fixture[Symbol.asyncDispose]();
    old.time.day += DAYS * DAY * 1000;
    for (let starts = 0; starts < 3; starts += 1) {
      await using fixture = await old.start();
      await old.call(fixture);
      await fixture.services.bulk.drain();
      expect(await old.gone(fixture)).toEqual([]);
      expect((await fixture.inject("/ready")).json()).toMatchObject({
        status: "ready",
        clock: expect.stringContaining("jumped"),
      });
      expect(fixture.lines.filter(({ level }) => level === 40)).toMatchObject([
        { msg: expect.stringContaining("clock has jumped") },
      ]);
    }
    await using fixture = await old.start();
    const { data } = await trpc(fixture, await fixture.token(ROOT)).query("exam.listDeleted", {});
    const examId = data.exams[0]?.id;
    const restored = await trpc(fixture, await fixture.token(ROOT)).mutate("exam.restore", { examId });
    expect(restored.status).toBe(200);
  });

  it("is kept as long when it was written while the clock was far behind", async () => {
    using old = await openOld();
    await old.fixture[Symbol.asyncDispose]();
    old.time.day = Date.UTC(1970, 1);
    let examId: string | undefined;
    let audited: string[] = [];
    {
      await using fixture = await old.start();
      const as = trpc(fixture, await fixture.token(ROOT));
      examId = (await as.mutate("room.create", { name: "Deleted in 1970" })).data.examId;
      expect((await as.mutate("exam.delete", { examId, withRooms: true })).status).toBe(200);
      audited = (await rowsOf(fixture.db, auditEntries)).map(({ id }) => id);
    }
    old.time.day = START + HOUR_MS / 2;
    {
      await using fixture = await old.start();
      await old.call(fixture);
      await fixture.services.bulk.drain();
    }
    await using fixture = await old.start();
    const as = trpc(fixture, await fixture.token(ROOT));
    expect((await rowsOf(fixture.db, auditEntries)).map(({ id }) => id)).toEqual(
      expect.arrayContaining(audited),
    );
    expect((await as.mutate("exam.restore", { examId })).status).toBe(200);
  });

  it("goes when that time has passed", async () => {
    using old = await openOld();
    old.time.day += DAYS * DAY * 1000;
    old.time.running += DAYS * DAY * 1000;
    const { audit, bulk } = old.fixture.services;
    for (const work of [audit, bulk]) {
      await work.stop();
      work.start();
    }
    await old.fixture[Symbol.asyncDispose]();
    await using fixture = await old.start();
    await old.call(fixture);
    await fixture.services.bulk.drain();
    await expect.poll(() => old.gone(fixture)).toEqual(Object.keys(AGED));
    expect((await fixture.inject("/ready")).json()).not.toHaveProperty("clock");
  });
});
