// Also on PostgreSQL: the quota counts the entries of the database.
import { describe, expect, it } from "vitest";
import { callInProcess } from "../src/app/in-process.js";
import type { TestApp, TestCaller } from "../src/app/testing.js";
import { query } from "../src/storage/statement.js";
import { auditEntries } from "../src/storage/tables.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { addExamsFixture } from "./support/exams-fixture.js";
import { limited } from "./support/limits.js";
import { reasonOf } from "./support/reason.js";
import { change, rowsOf } from "./support/tables.js";

// The quotas of the audit: entries in a day, of an actor and of an exam.

const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };
const made = (call: Promise<unknown>): Promise<string> => reasonOf(call);

const callersOf =
  (appFixture: AppFixture): TestApp["as"] =>
  (caller) =>
    callInProcess(
      appFixture.router,
      appFixture.services,
      (seconds) => appFixture.token(caller, seconds),
      appFixture,
    );

const open = async (quotas: Readonly<Record<string, string>>) => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  const options = { config: limited(quotas), now: () => new Date(now) };
  const appFixture = await openAppFixture(options);
  const as = callersOf(appFixture);
  // Safe: a fixture is created by calls alone.
  const fixture = await addExamsFixture({ as } as unknown as TestApp);
  await appFixture.services.accessLog.flush();
  await change(appFixture.db, query.delete(auditEntries));
  const { examId } = fixture.room;
  return {
    ...appFixture,
    ...fixture,
    as,
    examId,
    pass(seconds: number) {
      now += seconds * 1000;
    },
    /** Makes that many changes of the exam, one after the other. Returns their outcomes. */
    async rename(by: ReturnType<typeof as>, times: number, name = "E") {
      const outcomes: string[] = [];
      for (let n = 0; n < times; n += 1)
        outcomes.push(await made(by.exam.update({ examId, name: `${name}${n}` })));
      return outcomes;
    },
    async entries() {
      await appFixture.services.accessLog.flush();
      return rowsOf(appFixture.db, auditEntries);
    },
    /** Opens another server on the same database. */
    another: () => openAppFixture({ ...options, change: (deps) => ({ ...deps, db: appFixture.db }) }),
    [Symbol.asyncDispose]: () => appFixture[Symbol.asyncDispose](),
  };
};

const OK = (times: number) => Array.from({ length: times }, () => "ok");

describe("the audit of a person's calls", () => {
  it("has as many entries in a day as the quota has, and what is refused changes nothing", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "10" });
    const { teacher, admin, examId, room } = fixture;
    expect(await fixture.rename(teacher, 10)).toEqual(OK(10));
    await expect(teacher.exam.update({ examId, name: "refused" })).rejects.toThrow(
      "The audit of calls by teacher1 may have at most 10 entries a day, and has 10.",
    );
    expect((await admin.exam.get({ examId })).name).toBe("E9");
    expect(await made(teacher.participant.list({ roomId: room.id }))).toBe("QUOTA_EXCEEDED");
    // What the audit does not keep goes on, and so do others.
    expect(await made(teacher.im.send({ roomId: room.id, type: 30_001, data: {} }))).toBe("ok");
    expect(await fixture.rename(admin, 20)).toEqual(OK(20));
    // Urgent calls have a tenth more, and administrators have no quota.
    expect(await made(teacher.room.revokeLinks({ roomId: room.id, userIds: ["examinee1"] }))).toBe("ok");
    fixture.pass(10);
    expect(await made(teacher.room.end({ roomId: room.id }))).toBe("QUOTA_EXCEEDED");
    expect(await made(admin.room.end({ roomId: room.id }))).toBe("ok");
    // Refused calls are written before the day ends.
    await fixture.entries();
    fixture.pass(86_400);
    expect(await fixture.rename(teacher, 10)).toEqual(OK(10));
    expect(await fixture.rename(teacher, 1)).toEqual(["QUOTA_EXCEEDED"]);
  });

  it("counts each person of a call", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "150" });
    const { teacher, room } = fixture;
    const people = Array.from({ length: 100 }, (_, n) => `p${n}`);
    const participants = people.map((userId) => ({ userId, name: "P", role: "examinee" as const }));
    expect(await made(teacher.participant.add({ roomId: room.id, participants }))).toBe("ok");
    const revoke = () => made(teacher.room.revokeLinks({ roomId: room.id, userIds: people }));
    expect([await revoke(), await revoke(), await revoke()]).toEqual([
      "ok",
      "QUOTA_EXCEEDED",
      "QUOTA_EXCEEDED",
    ]);
    const entries = (await fixture.entries()).filter(({ outcome }) => outcome === "ok");
    expect(entries).toHaveLength(200);
  });

  it("has its quota on all servers together, and after a restart", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "10" });
    expect(await fixture.rename(fixture.teacher, 6)).toEqual(OK(6));
    await using other = await fixture.another();
    const there = callersOf(other)(TEACHER);
    expect(await fixture.rename(there, 5)).toEqual([...OK(4), "QUOTA_EXCEEDED"]);
    expect(await fixture.rename(fixture.teacher, 1)).toEqual(["QUOTA_EXCEEDED"]);
  });

  it("is not filled by the links that teachers of other rooms issue for the person", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "10" });
    const { teacher, room, other } = fixture;
    const participants = [{ userId: "teacher2", name: "T", role: "teacher" as const }];
    await teacher.participant.add({ roomId: room.id, participants });
    const input = { roomId: room.id, userId: "teacher2", role: "teacher" as const };
    for (const [n, expected] of [...OK(10), "QUOTA_EXCEEDED"].entries()) {
      // A fresh token brings no fresh quota.
      const { token } = await fixture.admin.auth.issueToken(input);
      const { status, error } = await trpc(fixture, token).mutate("participant.add", {
        roomId: room.id,
        participants: [{ userId: `new${n}`, name: "N", role: "examinee" }],
      });
      expect(status === 200 ? "ok" : error.data.reason).toBe(expected);
    }
    const teacher2 = fixture.as({ sub: "teacher2", role: "teacher" });
    expect(await made(teacher2.participant.list({ roomId: other.id }))).toBe("ok");
  });

  it("keeps no more refused calls than the quota has", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "10" });
    const examinee = fixture.as({ sub: "examinee1", role: "examinee" });
    const roomId = fixture.room.id;
    for (let n = 0; n < 30; n += 1) {
      expect(await made(examinee.room.end({ roomId }))).toBe("FORBIDDEN");
      await fixture.entries();
    }
    const examinees = (await fixture.entries()).filter(({ actorId }) => actorId === "examinee1");
    expect(examinees).toHaveLength(10);
    expect(fixture.lines.some(({ calls }) => calls === 1)).toBe(true);
  });
});

describe("the audit of an exam", () => {
  it("has as many entries of changes and reads in a day as the quota has, whoever makes them", async () => {
    await using fixture = await open({ INVIGIL_QUOTA_AUDIT_PER_EXAM: "10" });
    const { teacher, admin, examId, room, sibling, other } = fixture;
    const stranger = fixture.as({ sub: "teacher2", role: "teacher" });
    const teacher3 = fixture.as({ sub: "teacher3", role: "teacher" });
    // Administrators and strangers take nothing of it.
    expect(await fixture.rename(admin, 12, "A")).toEqual(OK(12));
    for (let n = 0; n < 12; n += 1) {
      expect(await made(stranger.participant.list({ roomId: room.id }))).toBe("FORBIDDEN");
      await fixture.entries();
    }
    expect(await fixture.rename(teacher, 7)).toEqual(OK(7));
    const add = (userId: string) =>
      made(
        teacher3.participant.add({
          roomId: sibling.id,
          participants: [{ userId, name: "N", role: "examinee" }],
        }),
      );
    expect([await add("a"), await add("b"), await add("c"), await add("d")]).toEqual([
      ...OK(3),
      "QUOTA_EXCEEDED",
    ]);
    await expect(teacher.exam.update({ examId, name: "refused" })).rejects.toThrow(
      `The audit of the exam ${examId} may have at most 10 entries a day, and has 10.`,
    );
    expect((await admin.exam.get({ examId })).name).toBe("E6");
    // Watching, what is urgent, and administrators go on. A stranger does not learn that the exam is full.
    expect(await made(teacher3.participant.list({ roomId: sibling.id }))).toBe("ok");
    expect(await made(teacher3.room.end({ roomId: sibling.id }))).toBe("ok");
    expect(await fixture.rename(admin, 1)).toEqual(["ok"]);
    expect(await fixture.rename(stranger, 1)).toEqual(["FORBIDDEN"]);
    expect(await made(stranger.exam.update({ examId: other.examId, name: "other" }))).toBe("ok");
  });
});
