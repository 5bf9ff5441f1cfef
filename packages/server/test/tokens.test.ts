import { and, eq } from "drizzle-orm";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import type { RouterInputs } from "../src/app/testing.js";
import { signToken } from "../src/identity/tokens.js";
import { query } from "../src/storage/statement.js";
import { participants, revokedTokens, sessions } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { refusalOf, rest, trpc } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { refused } from "./support/reason.js";
import { sharedSchools } from "./support/shared.js";
import { openStaff, PASSWORD, ROOT, START, type Staff, tokenState } from "./support/staff.js";
import { change, rowsOf } from "./support/tables.js";

const nextSchool = sharedSchools();

const HOUR = 3600;
/** The school's exam begins half an hour after the app's start and lasts two hours. */
const EXAM_END = START / 1000 + 2.5 * HOUR;
const AFTER_EXAM = 4 * HOUR;

type TokenRequest = RouterInputs["auth"]["issueToken"];
const examinee = (fixture: ExamsFixture): TokenRequest => ({
  userId: "examinee1",
  role: "examinee",
  roomId: fixture.room.id,
});
const teacherOf = (fixture: ExamsFixture) => fixture.as({ sub: "teacher1", role: "teacher" });
/** Returns the expiry of a token, in seconds. */
const expiryOf = async (issued: Promise<{ expiresAt: Date }>) => (await issued).expiresAt.getTime() / 1000;

describe("a token that a teacher issues", () => {
  it("is for somebody of its room, there, under the name that the room knows", async () => {
    await using fixture = await nextSchool();
    const issued = await teacherOf(fixture).auth.issueToken(examinee(fixture));
    expect(decodeJwt(issued.token)).toEqual({
      sub: "examinee1",
      role: "examinee",
      room: fixture.room.id,
      name: "Name of examinee1",
      iat: START / 1000,
      exp: EXAM_END + AFTER_EXAM,
      jti: issued.tokenId,
    });
    expect(issued.expiresAt).toEqual(new Date((EXAM_END + AFTER_EXAM) * 1000));
    const client = rest(fixture, issued.token);
    expect((await client.get("roomInfo", { roomId: fixture.room.id })).body.success).toBe(true);
    refusalOf(await client.get("roomInfo", { roomId: fixture.sibling.id }), 403, "FORBIDDEN");
  });

  it("may say another name, and name the room's exam as well", async () => {
    await using fixture = await nextSchool();
    const request = { ...examinee(fixture), name: "Ann", examId: fixture.room.examId };
    const { token } = await teacherOf(fixture).auth.issueToken(request);
    expect(decodeJwt(token)).toMatchObject({ name: "Ann", room: fixture.room.id });
  });

  it.each<[string, (fixture: ExamsFixture) => Partial<TokenRequest>, string, RegExp]>([
    ["nobody of the room", () => ({ userId: "examinee9" }), "PARTICIPANT_NOT_FOUND", /examinee9/],
    ["somebody in another role", () => ({ role: "teacher" }), "PARTICIPANT_NOT_FOUND", /teacher examinee1/],
    ["an administrator", () => ({ role: "admin" }), "FORBIDDEN", /administrator/],
    ["another's room", ({ other }) => ({ roomId: other.id, userId: "examinee9" }), "FORBIDDEN", /not open/],
    ["no room", () => ({ roomId: undefined }), "FORBIDDEN", /roomId/],
    ["an exam as a whole", ({ room }) => ({ roomId: undefined, examId: room.examId }), "FORBIDDEN", /roomId/],
    ["a room of another exam", ({ other }) => ({ examId: other.examId }), "INVALID_INPUT", /^examId /],
  ])("is not for %s", async (_, different, reason, message) => {
    await using fixture = await nextSchool();
    const call = teacherOf(fixture).auth.issueToken({ ...examinee(fixture), ...different(fixture) });
    expect(await refused(call)).toMatchObject({ reason, message: expect.stringMatching(message) });
  });
});

describe("how long a token is good that is issued for an exam", () => {
  const openUntil = async (options: { now?: () => Date; afterExam?: number } = {}) => {
    const { now, afterExam = AFTER_EXAM } = options;
    return openExamsFixture({ ...(now && { now }), config: { tokenAfterExamSeconds: afterExam } });
  };

  it("is as asked, and no longer than the exam and a setting", async () => {
    await using fixture = await openUntil({ afterExam: 600 });
    const issue = (ttlSeconds?: number) =>
      expiryOf(teacherOf(fixture).auth.issueToken({ ...examinee(fixture), ttlSeconds }));
    expect(await issue(60)).toBe(START / 1000 + 60);
    expect(await issue(31_536_000)).toBe(EXAM_END + 600);
    expect(await issue()).toBe(EXAM_END + 600);
  });

  it("has the person's extra minutes on top, and nobody else's", async () => {
    await using staff = await openStaff({ config: { tokenAfterExamSeconds: 0 } });
    const person = (userId: string) => ({ userId, name: "E", role: "examinee" });
    const make = (name: string) =>
      staff.admin("room.create", { name, participants: [person("slow"), person("quick")] });
    const [{ id: roomId, examId }, other] = [await make("A"), await make("B")];
    const isSlow = and(eq(participants.userId, "slow"), eq(participants.roomId, roomId));
    await change(staff.db, query.update(participants).set({ extraMinutes: 45 }).where(isSlow));
    const issue = (userId: string, where: object) =>
      expiryOf(staff.admin("auth.issueToken", { userId, role: "examinee", ...where }));
    for (const where of [{ roomId }, { examId }]) {
      expect(await issue("slow", where)).toBe(EXAM_END + 45 * 60);
      expect(await issue("quick", where)).toBe(EXAM_END);
    }
    expect(await issue("slow", { examId: other.examId })).toBe(EXAM_END);
  });

  it("is nothing once that is over", async () => {
    let now = new Date(START);
    await using fixture = await openUntil({ now: () => now, afterExam: 600 });
    now = new Date((EXAM_END + 599) * 1000);
    expect(await expiryOf(teacherOf(fixture).auth.issueToken(examinee(fixture)))).toBe(EXAM_END + 600);
    now = new Date((EXAM_END + 600) * 1000);
    expect(await refused(teacherOf(fixture).auth.issueToken(examinee(fixture)))).toMatchObject({
      reason: "EXAM_OVER",
    });
  });
});

describe("a token that an administrator issues", () => {
  it("is for anyone, for as long as the administrator's own where it belongs to no exam", async () => {
    await using fixture = await nextSchool();
    for (const role of ["admin", "teacher", "inspector", "examinee"] as const) {
      const { token, tokenId } = await fixture.admin.auth.issueToken({
        userId: "某人",
        role,
        ttlSeconds: 31_536_000,
      });
      expect(decodeJwt(token)).toEqual({
        sub: "某人",
        role,
        iat: START / 1000,
        exp: START / 1000 + HOUR,
        jti: tokenId,
      });
    }
    const short = fixture.admin.auth.issueToken({ userId: "x", role: "teacher", ttlSeconds: 60 });
    expect(await expiryOf(short)).toBe(START / 1000 + 60);
  });

  it("may be for an administrator in a room or an exam, and for nobody else who is not there", async () => {
    await using fixture = await nextSchool();
    const { id: roomId, examId } = fixture.room;
    const boss = { userId: "boss", role: "admin" } as const;
    const inRoom = await fixture.admin.auth.issueToken({ ...boss, roomId });
    expect(decodeJwt(inRoom.token)).toMatchObject({ role: "admin", room: roomId });
    const inExam = await fixture.admin.auth.issueToken({ ...boss, examId });
    expect(decodeJwt(inExam.token)).toMatchObject({ role: "admin", exam: examId });
    const stranger = { userId: "stranger", role: "teacher", roomId } as const;
    expect((await refused(fixture.admin.auth.issueToken(stranger))).reason).toBe("PARTICIPANT_NOT_FOUND");
  });

  it.each([
    ["room", { roomId: "nowhere" }, "ROOM_NOT_FOUND"],
    ["exam", { examId: "nowhere" }, "EXAM_NOT_FOUND"],
  ])("needs a %s that there is", async (_, where, reason) => {
    await using fixture = await nextSchool();
    const call = fixture.admin.auth.issueToken({ userId: "examinee1", role: "examinee", ...where });
    expect((await refused(call)).reason).toBe(reason);
  });

  it("is bound no less than the administrator's own", async () => {
    await using fixture = await nextSchool();
    const { id: room, examId: exam } = fixture.room;
    const inRoom = fixture.as({ ...ROOT, room });
    const inExam = fixture.as({ ...ROOT, exam });
    const person = { userId: "examinee1", role: "examinee" } as const;
    const reason = async (call: Promise<unknown>) => (await refused(call)).reason;
    expect(await reason(inRoom.auth.issueToken({ ...person, roomId: room }))).toBe("ok");
    expect(await reason(inRoom.auth.issueToken({ ...person, examId: exam }))).toBe("FORBIDDEN");
    expect(await reason(inRoom.auth.issueToken(person))).toBe("FORBIDDEN");
    expect(await reason(inExam.auth.issueToken({ ...person, roomId: room }))).toBe("ok");
    expect(await reason(inExam.auth.issueToken({ ...person, examId: exam }))).toBe("ok");
    expect(await reason(inExam.auth.issueToken({ ...person, examId: fixture.other.examId }))).toBe(
      "FORBIDDEN",
    );
    expect(await reason(inExam.auth.issueToken(person))).toBe("FORBIDDEN");
  });
});

describe("a revoked token", () => {
  it("is refused at once, by its id, and no other token of the same person", async () => {
    await using staff = await openStaff();
    const issue = () => staff.admin("auth.issueToken", { userId: "t1", role: "teacher" });
    const [bad, good] = [await issue(), await issue()];
    expect(await tokenState(staff, bad.token)).toBe("ok");
    expect(await staff.admin("auth.revokeToken", { tokenId: bad.tokenId })).toBe(true);
    expect(await tokenState(staff, bad.token)).toBe("UNAUTHENTICATED");
    refusalOf(await rest(staff, bad.token).post("selectAudio", {}), 401, "UNAUTHENTICATED");
    expect(await tokenState(staff, good.token)).toBe("ok");
    expect(await staff.admin("auth.revokeToken", { tokenId: bad.tokenId })).toBe(true);
  });

  it("may be one of a login: the others of that login stay good", async () => {
    await using staff = await openStaff();
    await staff.account("t1");
    const { token } = await staff.login("t1");
    const { data: newer } = await trpc(staff, token).mutate("auth.refresh");
    await staff.admin("auth.revokeToken", { tokenId: decodeJwt(token).jti });
    expect(await tokenState(staff, token)).toBe("UNAUTHENTICATED");
    expect(await tokenState(staff, newer.token)).toBe("ok");
  });

  it("is what logging out makes of one that belongs to no login", async () => {
    await using staff = await openStaff();
    const token = await staff.token({ sub: "t1", role: "teacher" });
    expect((await trpc(staff, token).mutate("auth.logout")).data).toBe(true);
    expect(await tokenState(staff, token)).toBe("UNAUTHENTICATED");
    expect(await tokenState(staff, await staff.token({ sub: "t1", role: "teacher" }))).toBe("ok");
  });

  it("is forgotten a year after it has expired by itself, where that is known", async () => {
    await using staff = await openStaff();
    const revoked = async () => {
      const rows = await rowsOf(staff.db, revokedTokens);
      return new Set(rows.map(({ tokenId }) => tokenId));
    };
    const token = await staff.token({ sub: "t1", role: "teacher" });
    await trpc(staff, token).mutate("auth.logout");
    await staff.admin("auth.revokeToken", { tokenId: "by its id" });
    expect(await revoked()).toEqual(new Set([decodeJwt(token).jti, "by its id"]));
    staff.wait(HOUR + 366 * 24 * HOUR - 1);
    await staff.admin("auth.revokeToken", { tokenId: "soon" });
    expect(await revoked()).toEqual(new Set([decodeJwt(token).jti, "by its id", "soon"]));
    staff.wait(1);
    await staff.admin("auth.revokeToken", { tokenId: "later" });
    expect(await revoked()).toEqual(new Set(["by its id", "soon", "later"]));
  });
});

it("a session that the server does not know is none, however well the token is signed", async () => {
  await using staff = await openStaff();
  await staff.account("t1");
  const { token } = await staff.login("t1");
  await change(staff.db, query.delete(sessions));
  expect(await tokenState(staff, token)).toBe("UNAUTHENTICATED");
});

it("a token ends with its session, however long it says that it is good", async () => {
  await using staff = await openStaff();
  await staff.account("t1");
  const { token, refreshableUntil } = await staff.login("t1");
  const sessionId = String(decodeJwt(token).sid);
  const long = await signToken(
    { userId: "t1", role: "teacher", sessionId, ttlSeconds: 365 * 24 * HOUR },
    { secret: staff.secret, clock: () => new Date(START), jti: "long" },
  );
  staff.wait((refreshableUntil.getTime() - START) / 1000 - 1);
  expect(await tokenState(staff, long)).toBe("ok");
  staff.wait(1);
  expect(await tokenState(staff, long)).toBe("UNAUTHENTICATED");
});

it("with authorization off there is nothing to log out of", async () => {
  await using staff = await openStaff({ config: { auth: "off" } });
  expect((await trpc(staff).mutate("auth.logout")).error.data.reason).toBe("FORBIDDEN");
});

describe("a token that outlives what it was issued with", () => {
  const login = async (staff: Staff, userId: string) => {
    const { token } = await staff.login(userId);
    const issued = await trpc(staff, token).mutate("auth.issueToken", { userId: "ghost", role: "admin" });
    return { token, issued: issued.data.token as string };
  };

  it("is none: bound to nothing it ends with the login, and is no login itself", async () => {
    await using staff = await openStaff();
    await staff.account("boss", { role: "admin" });
    const { token, issued } = await login(staff, "boss");
    expect(await tokenState(staff, issued)).toBe("ok");
    const ghost = trpc(staff, issued);
    expect((await ghost.mutate("auth.refresh")).error.data.reason).toBe("FORBIDDEN");
    // Logging out with it revokes that token, but not the session that issued it.
    await ghost.mutate("auth.logout");
    expect([await tokenState(staff, issued), await tokenState(staff, token)]).toEqual([
      "UNAUTHENTICATED",
      "ok",
    ]);
    const again = await trpc(staff, token).mutate("auth.issueToken", { userId: "ghost", role: "admin" });
    await trpc(staff, token).mutate("auth.logout");
    expect(await tokenState(staff, again.data.token)).toBe("UNAUTHENTICATED");
  });

  it.each<[string, object]>([
    ["an examinee's", { role: "examinee" }],
    ["a teacher's", { role: "teacher" }],
    ["another administrator's", { role: "admin" }],
  ])("is none: %s, issued to oneself, is exchanged for nothing more", async (_, different) => {
    await using staff = await openStaff();
    await staff.account("boss", { role: "admin" });
    const { token } = await staff.login("boss");
    const request = { userId: "boss", ...different };
    const issued = (await trpc(staff, token).mutate("auth.issueToken", request)).data.token;
    const ghost = trpc(staff, issued);
    expect((await ghost.query("auth.whoami")).data).toMatchObject(request);
    const passwords = { currentPassword: PASSWORD, newPassword: "another password" };
    for (const [path, input] of [
      ["auth.refresh", undefined],
      ["auth.changePassword", passwords],
    ] as const)
      expect((await ghost.mutate(path, input)).error.data.reason).toBe("FORBIDDEN");
    // Tokens that it issues have no session of their own, either.
    const another = await ghost.mutate("auth.issueToken", { userId: "boss", role: "admin" });
    if (another.data) {
      expect((await trpc(staff, another.data.token).mutate("auth.refresh")).error.data.reason).toBe(
        "FORBIDDEN",
      );
    } else expect(another.error.data.reason).toBe("FORBIDDEN");
    // Logging out with it revokes it, but not the session.
    await ghost.mutate("auth.logout");
    expect([await tokenState(staff, issued), await tokenState(staff, token)]).toEqual([
      "UNAUTHENTICATED",
      "ok",
    ]);
  });

  it("is none: one of a login that says less than the account is not exchanged for the whole", async () => {
    await using staff = await openStaff();
    await staff.account("boss", { role: "admin" });
    const { token } = await staff.login("boss");
    const sessionId = String(decodeJwt(token).sid);
    // Tokens in the form of version 0.1, or of another service with the same secret.
    for (const less of [{ role: "examinee" as const }, { roomId: "a room" }, { examId: "an exam" }]) {
      const signed = await signToken(
        { userId: "boss", role: "admin", sessionId, ttlSeconds: HOUR, ...less },
        { secret: staff.secret, clock: () => new Date(START), jti: "less" },
      );
      expect(await tokenState(staff, signed)).toBe("ok");
      expect((await trpc(staff, signed).mutate("auth.refresh")).error.data.reason).toBe("FORBIDDEN");
    }
    expect((await trpc(staff, token).mutate("auth.refresh")).status).toBe(200);
  });

  it.each([
    ["disabled", "account.disable", {}],
    ["given another password", "account.setPassword", { password: "another password" }],
  ])("is none: it ends when the account is %s", async (_, procedure, more) => {
    await using staff = await openStaff();
    await staff.account("boss", { role: "admin" });
    const { issued } = await login(staff, "boss");
    await staff.admin(procedure, { userId: "boss", ...more });
    expect(await tokenState(staff, issued)).toBe("UNAUTHENTICATED");
  });

  it("is none: no token of somebody whose account is disabled is good, wherever it was signed", async () => {
    await using staff = await openStaff();
    await staff.account("boss", { role: "admin" });
    const signed = await staff.token({ sub: "boss", role: "admin" });
    expect(await tokenState(staff, signed)).toBe("ok");
    await staff.admin("account.disable", { userId: "boss" });
    expect(await tokenState(staff, signed)).toBe("UNAUTHENTICATED");
    await staff.admin("account.enable", { userId: "boss" });
    expect(await tokenState(staff, signed)).toBe("ok");
  });

  it("is none while authorization is off: it is not good afterwards", async () => {
    await using off = await openAppFixture({ config: { auth: "off" } });
    const { data } = await trpc(off).mutate("auth.issueToken", {
      userId: "x",
      role: "admin",
      ttlSeconds: 60,
    });
    await using on = await openAppFixture();
    expect(await tokenState(on, data.token)).toBe("UNAUTHENTICATED");
  });

  it("lasts a year at most, whenever the exam ends", async () => {
    await using fixture = await nextSchool();
    await fixture.admin.exam.update({
      examId: fixture.room.examId,
      endTime: new Date("9998-01-01T00:00:00Z"),
    });
    const issued = fixture.teacher.auth.issueToken({
      userId: "examinee1",
      role: "examinee",
      roomId: fixture.room.id,
    });
    expect(await expiryOf(issued)).toBe(START / 1000 + 366 * 24 * HOUR);
  });
});
