import { decodeJwt } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { callInProcess } from "../src/app/in-process.js";
import type { TestApp, TestCaller } from "../src/app/testing.js";
import { createAccessLog } from "../src/domain/access-log.js";
import { createRoomExams } from "../src/domain/room-exams.js";
import { createIds, firstIdAt } from "../src/platform/ids.js";
import { query } from "../src/storage/statement.js";
import { auditEntries } from "../src/storage/tables.js";
import { auditedOf } from "../src/trpc/procedures.js";
import { type AppFixtureOptions, openAppFixture } from "./support/app-fixture.js";
import { rest, trpc } from "./support/calls.js";
import { openTestDatabase } from "./support/database.js";
import { APPS, addExamsFixture, type ExamsFixture } from "./support/exams-fixture.js";
import { type CallerName, callersOf, permissions } from "./support/permissions.js";
import { calls, EVERYTHING } from "./support/procedure-calls.js";
import { reasonOf } from "./support/reason.js";
import { STREAM_CONFIG } from "./support/streams.js";
import { change, failWrites, rowsOf } from "./support/tables.js";
import { acting, NO_QUOTA } from "./support/writes.js";

const ADMIN: TestCaller = { sub: "root", role: "admin" };

/** An app whose tables the test reads. */
const openAudit = async (options: AppFixtureOptions = {}) => {
  const appFixture = await openAppFixture(options);
  const as: TestApp["as"] = (caller) =>
    callInProcess(
      appFixture.router,
      appFixture.services,
      (seconds) => appFixture.token(caller, seconds),
      appFixture,
    );
  return {
    ...appFixture,
    as,
    /** Creates a fixture, and forgets who did. */
    async found(): Promise<ExamsFixture> {
      // Safe: a fixture is created by calls alone.
      const fixture = await addExamsFixture({ as } as unknown as TestApp);
      await appFixture.services.accessLog.flush();
      await change(appFixture.db, query.delete(auditEntries));
      return fixture;
    },
    async entries() {
      await appFixture.services.accessLog.flush();
      return rowsOf(appFixture.db, auditEntries);
    },
  };
};
type Audit = Awaited<ReturnType<typeof openAudit>>;
/** Writes entries when the test says so. A server writes them after a second, which may fall between two calls on a busy machine. */
const holdEntries = (): void => {
  beforeEach(() => {
    // No list takes long enough for a pause after it.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
};

const made = (call: Promise<unknown>): Promise<string> => reasonOf(call).catch(() => "INTERNAL");

describe("a change", () => {
  let audit: Audit;
  let minutes = 0;
  beforeAll(async () => {
    audit = await openAudit({
      config: { ...EVERYTHING.config, ...STREAM_CONFIG },
      monotonic: () => minutes * 60_000,
    });
  });
  afterAll(() => audit[Symbol.asyncDispose]());

  /** A caller who may make a call. */
  const callerOf = (row: string): CallerName | undefined =>
    // Safe: the keys are the names of the callers.
    Object.entries(permissions.get(row) ?? {}).find(([, outcome]) => outcome === "ok")?.[0] as
      | CallerName
      | undefined;
  const allowed = calls.flatMap((call) => {
    // Calls make no dead letter: outbox.test.ts has one.
    if (call.path === "outbox.retry") return [];
    const name = call.method === "mutate" && !call.needsLogin ? callerOf(call.row) : undefined;
    return name ? [{ ...call, name }] : [];
  });

  it.each(allowed)("$row leaves an entry or is undone, if it is audited so", async (one) => {
    const { row, path, name, procedure, prepare, before } = one;
    minutes += 1;
    const fixture = await audit.found();
    const callers = callersOf(fixture);
    const caller = callers[name];
    const n = Object.keys(callers).indexOf(name);
    await fixture.admin.participant.add({
      roomId: fixture.room.id,
      participants: [{ userId: `leaving${n}`, name: "Leaving", role: "examinee" }],
    });
    await prepare?.(fixture);
    await before?.(fixture, n + 1);
    await audit.services.accessLog.flush();
    await change(audit.db, query.delete(auditEntries));

    const [noun = "", verb = ""] = path.split(".");
    const input = one.input(fixture, caller, n);
    const call = () => {
      // Safe: the names are those of the router.
      const procedures = audit.as(caller) as unknown as Record<
        string,
        Record<string, (sent: unknown) => Promise<unknown>>
      >;
      return made(Promise.resolve(procedures[noun]?.[verb]?.(input)));
    };
    const audited = auditedOf(procedure);
    if (audited !== "change") {
      expect(await call()).toBe("ok");
      const kinds = (await audit.entries()).map(({ procedure, outcome }) => [procedure, outcome]);
      expect(kinds).toEqual(audited === "access" ? [[path, "ok"]] : []);
      return;
    }
    const mend = await failWrites(audit.db, auditEntries, "insert");
    const undone = await call();
    await mend();
    const done = await call();
    const entries = (await audit.entries()).filter(({ outcome }) => outcome === "ok");
    // Without its entry, nothing was changed. So the second call does the same as the first would have done.
    expect({ row, undone, done }).toEqual({ row, undone: "INTERNAL", done: "ok" });
    const isLogin = row === "auth.login";
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries)
      expect(entry).toMatchObject({
        procedure: path,
        actorId: isLogin ? `clerk-${fixture.room.id}` : caller.sub,
        actorRole: isLogin ? "teacher" : caller.role,
        credential: isLogin ? "account" : "room" in caller ? "link" : "token",
        entryPoint: "in-process",
      });
    // What the input names, the entry names.
    const named: { examId?: string; roomId?: string; userId?: string } = input ?? {};
    for (const { examId, subject } of named.examId ? entries : [])
      expect([examId, subject]).toContain(named.examId);
    const person = row.endsWith(", records") ? "erased" : named.userId;
    if (person) expect(entries.map(({ personId }) => personId)).toContain(person);
  });

  it("of many people has an entry for each, up to a hundred", async () => {
    const { room, sibling, admin } = await audit.found();
    const people = (many: number, prefix: string) =>
      Array.from({ length: many }, (_, n) => ({
        userId: `${prefix}${n}`,
        name: "N",
        role: "examinee" as const,
      }));
    await admin.participant.add({ roomId: room.id, participants: people(2, "a") });
    await admin.participant.add({ roomId: sibling.id, participants: people(101, "b") });
    await admin.participant.move({ roomId: room.id, userId: "a1", toRoomId: sibling.id });
    const about = (await audit.entries()).map(({ procedure, roomId, personId, subject, times }) => [
      procedure,
      roomId,
      personId,
      subject,
      times,
    ]);
    expect(about).toEqual([
      ["participant.add", room.id, "a0", null, 1],
      ["participant.add", room.id, "a1", null, 1],
      ["participant.add", sibling.id, null, null, 101],
      ["participant.move", sibling.id, "a1", room.id, 1],
    ]);
  });

  it("by a session names the session, also that of its own password", async () => {
    const { admin } = await audit.found();
    await admin.account.create({ userId: "sam", role: "teacher", name: "Sam", password: "a password" });
    const { data } = await trpc(audit).mutate("auth.login", { username: "sam", password: "a password" });
    const sam = trpc(audit, data.token);
    await sam.mutate("auth.changePassword", { currentPassword: "a password", newPassword: "another one" });
    await sam.mutate("auth.logout");
    const [, login, password, logout] = await audit.entries();
    const session = login?.subject;
    expect(session).toMatch(/^[0-9a-f]{32}$/);
    expect(login).toMatchObject({ actorId: "sam", credential: "account", personId: "sam" });
    expect(password).toMatchObject({ credential: "session", credentialId: session, personId: "sam" });
    expect(logout).toMatchObject({ credential: "session", credentialId: session, subject: session });
  });

  it("that changes nothing leaves none", async () => {
    const { teacher, room } = await audit.found();
    const config = { examId: room.examId, data: "{}" };
    await teacher.cheat.setConfig(config);
    await teacher.cheat.setConfig(config);
    expect(await audit.entries()).toHaveLength(1);
  });

  it("keeps the id of a token, and never a text that may be the token itself", async () => {
    const { admin } = await audit.found();
    const token = await audit.token(ADMIN);
    await admin.auth.revokeToken({ tokenId: token.slice(0, 64) });
    const { tokenId } = await admin.auth.issueToken({ userId: "t1", role: "teacher" });
    await admin.auth.revokeToken({ tokenId });
    const entries = await audit.entries();
    expect(entries.map(({ procedure, subject }) => [procedure, subject])).toEqual([
      ["auth.revokeToken", null],
      ["auth.revokeToken", tokenId],
      ["auth.issueToken", tokenId],
    ]);
    expect(JSON.stringify(entries)).not.toContain(token.slice(0, 64));
  });
});

describe("a read", () => {
  holdEntries();

  it("by staff has one entry for equal ones, and that of an examinee has none", async () => {
    await using audit = await openAudit();
    const { room } = await audit.found();
    const inspector = audit.as({ sub: "inspector1", role: "inspector" });
    const { examId, id: roomId } = room;
    for (const _ of "three") await inspector.participant.list({ roomId });
    await audit.as(ADMIN).participant.locate({ examId, userId: "examinee1" });
    const examinee = audit.as({ sub: "examinee1", role: "examinee" });
    await examinee.room.snapshot({ roomId });
    expect((await audit.entries()).toSorted((a, b) => a.times - b.times)).toMatchObject([
      {
        procedure: "participant.locate",
        actorId: "root",
        examId,
        roomId: null,
        personId: "examinee1",
        times: 1,
      },
      { procedure: "participant.list", actorId: "inspector1", examId, roomId, personId: null, times: 5 },
    ]);
  });

  it("names each of the people whom it asks for", async () => {
    await using audit = await openAudit();
    const { teacher, room } = await audit.found();
    await teacher.cheat.listRecords({ roomId: room.id, userIds: ["examinee1", "examinee2"] });
    const entries = await audit.entries();
    expect(entries.map(({ procedure, personId }) => ({ procedure, personId }))).toEqual([
      { procedure: "cheat.listRecords", personId: "examinee1" },
      { procedure: "cheat.listRecords", personId: "examinee2" },
    ]);
  });

  it("is answered although its entry cannot be written, which comes later", async () => {
    await using audit = await openAudit();
    const { teacher, room } = await audit.found();
    const mend = await failWrites(audit.db, auditEntries, "insert");
    await teacher.participant.list({ roomId: room.id });
    expect(await audit.entries()).toEqual([]);
    await mend();
    expect(await audit.entries()).toMatchObject([{ procedure: "participant.list", outcome: "ok" }]);
  });

  it("of the audit is in the audit", async () => {
    await using audit = await openAudit();
    const { admin } = await audit.found();
    await admin.audit.list({});
    expect(await audit.entries()).toMatchObject([{ procedure: "audit.list", actorId: "root" }]);
  });

  it("is held for a while if the database does not respond, and its memory is bounded", async () => {
    await using db = await openTestDatabase();
    let now = 0;
    const lines: unknown[] = [];
    const log = { info: () => undefined, error: (fields: unknown) => lines.push(fields) };
    let isGone = true;
    const accessLog = createAccessLog({
      storage: db.storage,
      writes: {
        unordered: (_, work) =>
          isGone ? Promise.reject(new Error("the database is closed")) : db.storage.write(work),
      },
      roomExams: createRoomExams(),
      quota: NO_QUOTA,
      ids: createIds({ clock: () => new Date(now) }),
      clock: () => new Date(now),
      monotonic: () => now,
      hasFreeSpace: () => true,
      // Safe: it logs nothing else.
      log: log as never,
    });
    const caller = acting({ userId: "t", role: "teacher", expiresAt: new Date(1) });
    accessLog.note(caller, { subject: "old" });
    await accessLog.flush();
    now = 29_000;
    for (let n = 0; n < 2100; n += 1) accessLog.note(caller, { subject: `s${n}` });
    now = 30_000;
    await accessLog.flush();
    expect(lines).toEqual([{ calls: 102 }]);
    isGone = false;
    await accessLog.flush();
    expect(await rowsOf(db, auditEntries)).toHaveLength(1999);
  });

  it("of one actor displaces no entries of others, and refusals of any number of actors displace none", async () => {
    await using audit = await openAudit();
    const { teacher, admin, room } = await audit.found();
    const { accessLog } = audit.services;
    const mend = await failWrites(audit.db, auditEntries, "insert");
    await teacher.participant.list({ roomId: room.id });
    const busy = acting({ userId: "busy", role: "teacher", expiresAt: new Date(1) });
    for (let n = 0; n < 3000; n += 1) accessLog.note(busy, { subject: `s${n}` });
    for (let n = 0; n < 3000; n += 1)
      accessLog.note({ ...busy, userId: `guest${n}`, roomId: room.id, tokenId: `link${n}` }, {}, "FORBIDDEN");
    await admin.participant.list({ roomId: room.id });
    // What is being written by now fails.
    await accessLog.flush();
    await mend();
    const entries = await audit.entries();
    const by = (...names: string[]) => entries.filter(({ actorId }) => names.includes(actorId));
    expect(by("teacher1", "root").map(({ procedure }) => procedure)).toEqual([
      "participant.list",
      "participant.list",
    ]);
    expect(by("busy")).toHaveLength(1998);
    expect(entries).toHaveLength(4000);
  });
});

describe("a refused call", () => {
  holdEntries();

  it("is kept with its error, without what only the caller says", async () => {
    await using audit = await openAudit();
    const { admin, room } = await audit.found();
    const examinee = audit.as({ sub: "examinee1", role: "examinee" });
    const stranger = audit.as({ sub: "teacher2", role: "teacher" });
    const { id: roomId, examId } = room;
    const gone = (n: number) => ({ roomId: `nowhere${n}`, userId: "examinee1" });
    expect(await made(examinee.participant.remove({ roomId, userId: "examinee2" }))).toBe("FORBIDDEN");
    expect(await made(stranger.participant.list({ roomId }))).toBe("FORBIDDEN");
    for (const n of [1, 2]) expect(await made(admin.participant.remove(gone(n)))).toBe("ROOM_NOT_FOUND");
    // Reads that are not audited are not kept.
    expect(await made(stranger.room.get({ roomId }))).toBe("FORBIDDEN");
    const kept = (await audit.entries()).map(({ actorId, outcome, ...of }) => [
      actorId,
      outcome,
      of.times,
      of.examId,
      of.roomId,
      of.personId,
    ]);
    expect(kept).toEqual([
      // Its room is not read before the role is refused.
      ["examinee1", "FORBIDDEN", 1, null, null, null],
      ["teacher2", "FORBIDDEN", 1, examId, roomId, null],
      ["root", "ROOM_NOT_FOUND", 2, null, null, null],
    ]);
  });
});

describe("refused calls", () => {
  holdEntries();

  it("of examinees who invent rooms and exams are one entry each, and displace no token that is issued", async () => {
    await using audit = await openAudit();
    const { room, teacher } = await audit.found();
    const mend = await failWrites(audit.db, auditEntries, "insert");
    const examinees = ["examinee1", "examinee2", "examinee3"].map((sub) =>
      audit.as({ sub, role: "examinee" }),
    );
    const issued: string[] = [];
    for (let n = 0; n < 700; n += 1) {
      for (const examinee of examinees)
        expect(await made(examinee.room.snapshot({ roomId: `nowhere${n}` }))).toBe("FORBIDDEN");
      if (n < 576) continue;
      const input = { roomId: room.id, userId: "examinee1", role: "examinee" } as const;
      issued.push((await teacher.auth.issueToken(input)).tokenId);
    }
    for (let n = 0; n < 3; n += 1)
      expect(await made(teacher.participant.locate({ examId: `nowhere${n}`, userId: "x" }))).toBe(
        "FORBIDDEN",
      );
    await mend();
    const entries = await audit.entries();
    const tokens = entries.flatMap(({ procedure, subject }) =>
      procedure === "auth.issueToken" ? subject : [],
    );
    expect(issued).toHaveLength(124);
    expect(new Set(tokens)).toEqual(new Set(issued));
    const refused = entries.filter(({ outcome }) => outcome === "FORBIDDEN");
    const kept = refused.map(({ actorId, roomId, examId, times }) => [actorId, roomId, examId, times].join());
    expect(kept.toSorted()).toEqual([
      "examinee1,,,700",
      "examinee2,,,700",
      "examinee3,,,700",
      "teacher1,,,3",
    ]);
  });

  it("name the exam that exists", async () => {
    await using audit = await openAudit();
    const { room } = await audit.found();
    const { examId } = room;
    const stranger = audit.as({ sub: "teacher2", role: "teacher" });
    expect(await made(stranger.participant.locate({ examId, userId: "x" }))).toBe("FORBIDDEN");
    expect(await audit.entries()).toMatchObject([{ examId, roomId: null, personId: null }]);
  });
});

describe("a token that is no longer good", () => {
  holdEntries();

  /** An app whose time the test passes. */
  const openTimed = async () => {
    let now = Date.parse("2026-01-02T03:04:05Z");
    const audit = await openAudit({ now: () => new Date(now), monotonic: () => now });
    return Object.assign(audit, {
      pass(seconds: number) {
        now += seconds * 1000;
      },
      /** The entries of tokens that were refused. */
      ended: async () =>
        (await audit.entries()).filter(({ outcome }) => /^(TOKEN|SESSION|ACCOUNT|LINKS)_/.test(outcome)),
    });
  };
  const refuse = async (audit: Audit, token: string, path = "room.get", input: object = {}) =>
    expect(await trpc(audit, token).query(path, input)).toMatchObject({ status: 401 });

  it("leaves an entry that says why, about what it was bound to", async () => {
    await using audit = await openTimed();
    const { room, admin } = await audit.found();
    const { id: roomId, examId } = room;
    const link = await audit.token({ sub: "examinee1", role: "examinee", room: roomId });
    await admin.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    await admin.account.create({ userId: "boss", role: "admin", name: "Boss", password: "correct horse" });
    const logIn = async (): Promise<string> =>
      (await trpc(audit).mutate("auth.login", { username: "boss", password: "correct horse" })).data.token;
    const [session, other] = [await logIn(), await logIn()];
    await trpc(audit, session).mutate("auth.logout");
    const revoked = await audit.token({ sub: "teacher1", role: "teacher", exam: examId });
    await admin.auth.revokeToken({ tokenId: decodeJwt(revoked).jti ?? "" });
    const ofAccount = await audit.token({ sub: "boss", role: "admin" });
    const short = await audit.token({ sub: "inspector1", role: "inspector", room: roomId }, 60);
    audit.pass(60);
    await refuse(audit, link, "room.get", { roomId });
    await refuse(audit, session, "account.list");
    await refuse(audit, revoked, "exam.get", { examId });
    await refuse(audit, short, "room.get", { roomId });
    await admin.account.disable({ userId: "boss" });
    await refuse(audit, other, "account.list");
    await refuse(audit, ofAccount, "account.list");
    const seen = (await audit.ended()).map(({ actorId, outcome, credential, ...of }) => [
      [actorId, of.actorRole, outcome, credential].join(" "),
      of.procedure,
      [of.examId, of.roomId, of.personId, of.times],
    ]);
    const bound = [examId, roomId, null, 1];
    const unbound = [null, null, null, 1];
    const sorted = (rows: readonly unknown[]) => rows.map((row) => JSON.stringify(row)).toSorted();
    expect(sorted(seen)).toEqual(
      sorted([
        ["examinee1 examinee LINKS_REVOKED link", "room.get", bound],
        ["boss admin SESSION_ENDED session", "account.list", [null, null, null, 2]],
        ["teacher1 teacher TOKEN_REVOKED token", "exam.get", [examId, null, null, 1]],
        ["inspector1 inspector TOKEN_EXPIRED link", "room.get", bound],
        ["boss admin ACCOUNT_DISABLED token", "account.list", unbound],
      ]),
    );
  });

  it("leaves one entry a minute, whatever it calls by whatever way, and no call is lost", async () => {
    await using audit = await openTimed();
    const { room, admin } = await audit.found();
    const roomId = room.id;
    const link = await audit.token({ sub: "examinee1", role: "examinee", room: roomId });
    await admin.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    const times = async () => (await audit.ended()).map((entry) => entry.times);
    const retry = async () => {
      await refuse(audit, link, "room.get", { roomId });
      await refuse(audit, link, "auth.whoami");
      expect((await rest(audit, link).get("roomInfo", { roomId })).status).toBe(401);
      expect(
        (await audit.inject({ method: "POST", url: "/audio", headers: { authorization: link } })).statusCode,
      ).toBe(401);
      // A body that cannot be read.
      const headers = { authorization: link, "content-type": "application/json" };
      const broken = { method: "POST", url: "/trpc/attempt.finish", headers, payload: "{" } as const;
      expect((await audit.inject(broken)).statusCode).toBe(401);
    };
    await refuse(audit, link, "room.get", { roomId });
    // It is there at once, for who looks for it.
    expect(await times()).toEqual([1]);
    for (let n = 0; n < 5; n += 1) {
      audit.pass(10);
      await retry();
      expect(await times()).toEqual([1]);
    }
    audit.pass(10);
    expect(await times()).toEqual([1, 25]);
    audit.pass(120);
    await retry();
    expect(await times()).toEqual([1, 25, 5]);
    // A person who has several reasons has an entry for each.
    audit.pass(3600);
    await retry();
    expect((await audit.ended()).map(({ outcome }) => outcome)).toEqual([
      "LINKS_REVOKED",
      "LINKS_REVOKED",
      "LINKS_REVOKED",
      "TOKEN_EXPIRED",
    ]);
  });

  it("is written as a whole when the server stops", async () => {
    await using audit = await openTimed();
    await audit.found();
    const short = await audit.token({ sub: "teacher1", role: "teacher" }, 1);
    audit.pass(1);
    await refuse(audit, short);
    expect((await audit.ended()).length).toBe(1);
    await refuse(audit, short);
    await audit.services.accessLog.flush({ isLast: true });
    expect((await audit.ended()).map((entry) => entry.times)).toEqual([1, 1]);
  });

  it("leaves none if anyone may have written it, and the log says so", async () => {
    await using audit = await openTimed();
    await audit.found();
    const token = await audit.token({ sub: "teacher1", role: "teacher" }, 1);
    audit.pass(1);
    for (const forged of [`${token.slice(0, -4)}AAAA`, "nothing"]) {
      await refuse(audit, forged);
      const [line] = audit.lines.filter(({ msg }) => msg === "request").toReversed();
      expect(line).toMatchObject({ status: 401, token: "TOKEN_INVALID" });
      expect(line).not.toHaveProperty("userId");
    }
    expect(await audit.ended()).toEqual([]);
    await refuse(audit, token);
    const [line] = audit.lines.filter(({ msg }) => msg === "request").toReversed();
    expect(line).toMatchObject({ userId: "teacher1", token: "TOKEN_EXPIRED" });
  });
});

describe("a request that reaches no procedure", () => {
  holdEntries();

  it("of a caller with a good token is kept as refused, if the audit keeps what it asks for", async () => {
    await using audit = await openAudit();
    await audit.found();
    const authorization = await audit.token({ sub: "teacher1", role: "teacher" });
    const send = async (url: string, type: string, payload: string, token = authorization) => {
      const headers = { authorization: token, "content-type": type };
      expect((await audit.inject({ method: "POST", url, headers, payload })).json()).toBeDefined();
    };
    const json = "application/json";
    await send("/exam/createRoom", json, "{");
    await send("/exam/createRoom", json, JSON.stringify({ name: "x".repeat(2 ** 20) }));
    await send("/exam/createRoom", "text/plain", "name");
    await send("/trpc/room.create", json, "{");
    await send("/trpc/room.create", json, JSON.stringify({ name: "x".repeat(2 ** 20) }));
    await send("/trpc/room.create", "text/plain", "name");
    await send("/audio", json, "{}");
    await send("/audio", "multipart/form-data; boundary=b", "--b--\r\n");
    // What is not kept, and who is not known.
    await send("/trpc/im.send", json, "{");
    await send("/trpc/room.create", json, "{", "nobody");
    const entries = await audit.entries();
    const kept = entries.map(({ entryPoint, procedure, outcome, times }) =>
      [entryPoint, procedure, outcome, times].join(" "),
    );
    expect(new Set(kept)).toEqual(
      new Set([
        "rest room.create INVALID_INPUT 1",
        "rest room.create PAYLOAD_TOO_LARGE 1",
        "rest room.create UNSUPPORTED_MEDIA_TYPE 1",
        "trpc room.create INVALID_INPUT 1",
        "trpc room.create PAYLOAD_TOO_LARGE 1",
        "trpc room.create UNSUPPORTED_MEDIA_TYPE 1",
        "upload audio.upload UNSUPPORTED_MEDIA_TYPE 1",
        "upload audio.upload INVALID_INPUT 1",
      ]),
    );
    for (const entry of entries)
      expect(entry).toMatchObject({ actorId: "teacher1", credential: "token", roomId: null, personId: null });
  });
});

describe("a join code", () => {
  it("of staff that is entered has an entry with the token that it led to, and that of an examinee has none", async () => {
    await using audit = await openAudit({ config: { apps: APPS, publicUrl: "https://invigil.example" } });
    const { teacher, room } = await audit.found();
    const codes = await teacher.room.joinCodes({ roomId: room.id });
    for (const { code } of codes)
      expect((await audit.inject({ method: "GET", url: `/j/${code}` })).statusCode).toBe(303);
    const entered = (await audit.entries()).filter(({ entryPoint }) => entryPoint === "join-code");
    expect(entered.map(({ actorId }) => actorId).toSorted()).toEqual(["inspector1", "teacher1"]);
    for (const { actorId, ...entry } of entered)
      expect(entry).toMatchObject({
        procedure: "room.joinLinks",
        credential: "link",
        examId: room.examId,
        roomId: room.id,
        personId: actorId,
        subject: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
  });

  it("that leads nowhere any more has an entry that says why, for the person whose it was", async () => {
    await using audit = await openAudit({ config: { apps: APPS, publicUrl: "https://invigil.example" } });
    const { teacher, room } = await audit.found();
    const { id: roomId, examId } = room;
    const codes = await teacher.room.joinCodes({ roomId });
    const enter = async (userId: string) => {
      const code = codes.find((one) => one.userId === userId)?.code ?? "";
      expect((await audit.inject({ method: "GET", url: `/j/${code}` })).statusCode).toBe(404);
    };
    await teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    for (let n = 0; n < 3; n += 1) await enter("examinee1");
    await teacher.room.end({ roomId });
    await enter("examinee2");
    const refused = (await audit.entries()).filter(({ entryPoint }) => entryPoint === "join-code");
    expect(refused).toMatchObject([
      { actorId: "examinee1", outcome: "LINKS_REVOKED", examId, roomId, times: 3, actorRole: "examinee" },
      { actorId: "examinee2", outcome: "ROOM_ENDED", examId, roomId, times: 1 },
    ]);
  });
});

describe("a subscription", () => {
  it("of staff has an entry when it begins and one when it ends, and that of an examinee has none", async () => {
    await using audit = await openAudit();
    const { room } = await audit.found();
    const { id: roomId, examId } = room;
    const listen = async (caller: TestCaller, path: "room" | "exam"): Promise<void> => {
      const abort = new AbortController();
      const on = callInProcess(audit.router, audit.services, (s) => audit.token(caller, s), {
        ...audit,
        signal: abort.signal,
      });
      const lastEventId = "999999999";
      const events =
        path === "room"
          ? await on.room.onEvent({ roomId, lastEventId })
          : await on.exam.onEvent({ examId, lastEventId });
      for await (const _ of events) abort.abort();
    };
    await listen({ sub: "inspector1", role: "inspector" }, "room");
    await listen(ADMIN, "exam");
    await listen({ sub: "examinee1", role: "examinee" }, "room");
    const kept = (await audit.entries()).map((entry) => [
      entry.procedure,
      entry.outcome,
      entry.examId,
      entry.roomId,
    ]);
    expect(kept).toEqual([
      ["room.onEvent", "ok", examId, roomId],
      ["room.onEvent", "ended", examId, roomId],
      ["exam.onEvent", "ok", examId, null],
      ["exam.onEvent", "ended", examId, null],
    ]);
  });
});

describe("an erased person", () => {
  it("is in no entry, but as the actor", async () => {
    const WHO = "examinee1";
    let now = Date.parse("2026-01-02T03:04:05Z");
    await using audit = await openAudit({ now: () => new Date(now) });
    const { admin, teacher, room, sibling } = await audit.found();
    const { id: roomId, examId } = room;
    await made(audit.as({ sub: WHO, role: "examinee" }).room.end({ roomId }));
    await admin.participant.add({ roomId, participants: [{ userId: WHO, name: "New", role: "examinee" }] });
    await admin.participant.move({ roomId, userId: WHO, toRoomId: sibling.id });
    await admin.room.revokeLinks({ roomId: sibling.id, userIds: [WHO] });
    await admin.auth.issueToken({ userId: WHO, role: "examinee", examId });
    await admin.auth.issueToken({ userId: WHO, role: "examinee", roomId: sibling.id });
    await teacher.participant.locate({ examId, userId: WHO });
    await admin.participant.move({ roomId: sibling.id, userId: WHO, toRoomId: roomId });
    expect(new Set((await audit.entries()).map(({ personId }) => personId))).toEqual(new Set([null, WHO]));
    await audit.services.erasure.stop();
    // It is written after the removal.
    await admin.participant.locate({ examId, userId: WHO });
    await admin.participant.removeFromExam({ examId, userId: WHO, withRecords: true });
    expect(await made(admin.participant.removeFromExam({ examId, userId: WHO }))).toBe(
      "PARTICIPANT_NOT_FOUND",
    );
    audit.services.erasure.start();
    await audit.services.erasure.finish();
    await audit.entries();
    now += 120_000;
    await admin.participant.add({ roomId, participants: [{ userId: WHO, name: "Again", role: "examinee" }] });
    await audit.services.erasure.finish();
    const naming = (await audit.entries()).filter((entry) => JSON.stringify(entry).includes(WHO));
    expect(naming.map(({ procedure, actorId, personId }) => [procedure, actorId, personId])).toEqual([
      ["room.end", WHO, null],
      // After they were added again.
      ["participant.add", "root", WHO],
    ]);
    expect((await audit.entries()).filter(({ personId }) => personId === "erased").length).toBe(9);
  });

  it("of a deleted exam is in no entry, and neither is anybody of an erased exam", async () => {
    let now = Date.parse("2026-01-02T03:04:05Z");
    await using audit = await openAudit({ now: () => new Date(now) });
    const { admin, room, other } = await audit.found();
    const { examId } = room;
    const input = { examId, withRooms: true, withRecords: true };
    for (const userId of ["examinee1", "examinee2"]) await admin.participant.locate({ examId, userId });
    await admin.participant.locate({ examId: other.examId, userId: "examinee9" });
    await admin.exam.delete({ ...input, confirm: (await admin.exam.get({ examId })).name });
    await audit.entries();
    await admin.participant.removeFromExam({ examId, userId: "examinee1", withRecords: true });
    now += 120_000;
    await audit.services.erasure.finish();
    const people = async () =>
      (await audit.entries())
        .filter(({ personId }) => personId !== null)
        .map(({ procedure, personId }) => `${procedure} ${personId}`);
    expect((await people()).toSorted()).toEqual([
      "participant.locate erased",
      "participant.locate examinee2",
      "participant.locate examinee9",
      "participant.removeFromExam erased",
    ]);
    const [{ name } = { name: "" }] = (await admin.exam.listDeleted({})).exams;
    await admin.exam.erase({ examId, confirm: name });
    await audit.services.bulk.drain();
    expect((await people()).toSorted()).toEqual([
      "participant.locate erased",
      "participant.locate erased",
      "participant.locate examinee9",
      "participant.removeFromExam erased",
    ]);
  });
});

describe("the list", () => {
  const HOUR_MS = 3_600_000;
  const open = async () => {
    let now = Date.parse("2026-01-02T00:00:00Z");
    const audit = await openAudit({ now: () => new Date(now) });
    const fixture = await audit.found();
    return {
      ...audit,
      ...fixture,
      later: () => {
        now += HOUR_MS;
        return new Date(now);
      },
    };
  };

  it("filters by exam, actor, person, procedure and time, the newest first", async () => {
    await using audit = await open();
    const { admin, teacher, room, other } = audit;
    const add = (by: typeof admin, roomId: string, userId: string) =>
      by.participant.add({ roomId, participants: [{ userId, name: "N", role: "examinee" }] });
    await add(admin, room.id, "x1");
    await add(teacher, room.id, "x2");
    const noon = audit.later();
    await add(admin, other.id, "x1");
    await teacher.room.end({ roomId: room.id });
    const listed = async (filter: Parameters<typeof admin.audit.list>[0]) => {
      const { entries } = await admin.audit.list({ ...filter, pageSize: 100 });
      return entries
        .filter(({ procedure }) => procedure !== "audit.list")
        .map(({ procedure, actorId, personId }) => `${procedure} ${actorId} ${personId ?? ""}`.trim());
    };
    const [a, b, c, d] = [
      "participant.add root x1",
      "participant.add teacher1 x2",
      "participant.add root x1",
      "room.end teacher1",
    ];
    expect(await listed({})).toEqual([d, c, b, a]);
    expect(await listed({ examId: room.examId })).toEqual([d, b, a]);
    expect(await listed({ actorId: "teacher1" })).toEqual([d, b]);
    expect(await listed({ personId: "x1" })).toEqual([c, a]);
    expect(await listed({ procedure: "room.end" })).toEqual([d]);
    expect(await listed({ since: noon })).toEqual([d, c]);
    expect(await listed({ until: noon })).toEqual([b, a]);
    expect(await listed({ examId: other.examId, personId: "x1" })).toEqual([c]);
    expect(await listed({ examId: room.examId, actorId: "teacher1", since: noon })).toEqual([d]);
    expect(await listed({ actorId: "teacher1", procedure: "room.create" })).toEqual([]);
  });

  it("leaves out reads and subscriptions, but none that was refused, and goes on below many of them", async () => {
    await using audit = await open();
    const { admin, teacher, room } = audit;
    await teacher.room.end({ roomId: room.id });
    await teacher.room.joinLinks({ roomId: room.id }).catch(() => undefined);
    await reasonOf(audit.as({ sub: "teacher9", role: "teacher" }).participant.list({ roomId: room.id }));
    await admin.auth.issueToken({ userId: "somebody", role: "teacher" });
    for (let n = 0; n < 5; n += 1) {
      await admin.participant.list({ roomId: room.id });
      audit.later();
    }
    await audit.services.accessLog.flush();
    const pages = async (withReads: boolean): Promise<string[]> => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await admin.audit.list({ withReads, pageSize: 1, cursor });
        found.push(...page.entries.map(({ procedure, outcome }) => `${procedure} ${outcome}`));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return found;
    };
    const changes = await pages(false);
    expect(changes.toSorted()).toEqual([
      "auth.issueToken ok",
      "participant.list FORBIDDEN",
      "room.end ok",
      "room.joinLinks ROOM_ENDED",
    ]);
    expect((await pages(true)).filter((one) => one === "participant.list ok")).toHaveLength(5);
  });

  it("looks up the names of a page, also of those who have no account, and of none that is gone", async () => {
    await using audit = await open();
    const { admin, room, sibling } = audit;
    const { examId } = room;
    await admin.account.create({ userId: "root", role: "admin", name: "Chen", password: "a password" });
    await admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id });
    await admin.participant.remove({ roomId: room.id, userId: "examinee2" });
    const { names, entries } = await admin.audit.list({ withNames: true, examId });
    expect(entries.map(({ procedure, personId }) => `${procedure} ${personId}`)).toEqual([
      "participant.remove examinee2",
      "participant.move examinee1",
    ]);
    const byId = (named: readonly { id: string; name: string }[] = []) =>
      Object.fromEntries(named.map(({ id, name }) => [id, name]));
    expect(byId(names?.exams)).toEqual({ [examId]: (await admin.exam.get({ examId })).name });
    expect(byId(names?.rooms)).toEqual({ [room.id]: room.name, [sibling.id]: sibling.name });
    expect(byId(names?.people)).toEqual({ root: "Chen", examinee1: "Name of examinee1" });
    expect((await admin.audit.list({ examId })).names).toBeUndefined();
  });

  it("goes on where a page ends", async () => {
    await using audit = await open();
    const { admin, teacher, room } = audit;
    for (let n = 0; n < 5; n += 1) await teacher.exam.update({ examId: room.examId, name: `${n}` });
    const all = await admin.audit.list({ actorId: "teacher1" });
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await admin.audit.list({
        actorId: "teacher1",
        procedure: "exam.update",
        pageSize: 2,
        cursor,
      });
      ids.push(...page.entries.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(ids).toEqual(all.entries.map(({ id }) => id));
    expect(all.entries).toHaveLength(5);
  });
});

describe("old entries", () => {
  it("are deleted after the days of the setting", async () => {
    const DAY_MS = 86_400_000;
    let now = Date.parse("2026-01-02T00:00:00Z");
    await using audit = await openAudit({ now: () => new Date(now), config: { auditDays: 2 } });
    const { admin, room } = await audit.found();
    const rename = (name: string) => admin.exam.update({ examId: room.examId, name });
    await rename("old");
    const prune = async (): Promise<number> => {
      await audit.services.audit.stop();
      audit.services.audit.start();
      await audit.services.audit.stop();
      return (await rowsOf(audit.db, auditEntries)).length;
    };
    now += 2 * DAY_MS;
    await rename("new");
    expect(await prune()).toBe(2);
    now += 1;
    expect(await prune()).toBe(1);
    const [left] = await rowsOf(audit.db, auditEntries);
    expect(left?.id && left.id >= firstIdAt(new Date(now - 1))).toBe(true);
  });
});
