// Also on PostgreSQL: the quota counts the entries of the database.
import { describe, expect, it } from "vitest";
import { callInProcess } from "../src/app/in-process.js";
import type { TestApp, TestCaller } from "../src/app/testing.js";
import { query } from "../src/storage/statement.js";
import { auditEntries } from "../src/storage/tables.js";
import { trpc } from "./support/calls.js";
import { limited } from "./support/limits.js";
import { reasonOf } from "./support/reason.js";
import { foundSchool } from "./support/school.js";
import { change, rowsOf } from "./support/tables.js";
import { openWorld, type World } from "./support/world.js";

// The quotas of the audit: entries in a day, of an actor and of an exam.

const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };
const made = (call: Promise<unknown>): Promise<string> => reasonOf(call);

const callersOf =
  (world: World): TestApp["as"] =>
  (caller) =>
    callInProcess(world.router, world.services, (seconds) => world.token(caller, seconds), world);

const open = async (quotas: Readonly<Record<string, string>>) => {
  let now = Date.parse("2026-01-02T03:04:05Z");
  const options = { config: limited(quotas), now: () => new Date(now) };
  const world = await openWorld(options);
  const as = callersOf(world);
  // Safe: a school is founded by calls alone.
  const school = await foundSchool({ as } as unknown as TestApp);
  await world.services.accessLog.flush();
  await change(world.db, query.delete(auditEntries));
  const { examId } = school.room;
  return {
    ...world,
    ...school,
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
      await world.services.accessLog.flush();
      return rowsOf(world.db, auditEntries);
    },
    /** Opens another server on the same database. */
    another: () => openWorld({ ...options, change: (deps) => ({ ...deps, db: world.db }) }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
};

const OK = (times: number) => Array.from({ length: times }, () => "ok");

describe("the audit of a person's calls", () => {
  it("has as many entries in a day as the quota has, and what is refused changes nothing", async () => {
    await using school = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "10" });
    const { teacher, admin, examId, room } = school;
    expect(await school.rename(teacher, 10)).toEqual(OK(10));
    await expect(teacher.exam.update({ examId, name: "refused" })).rejects.toThrow(
      "The audit of calls by teacher1 may have at most 10 entries a day, and has 10.",
    );
    expect((await admin.exam.get({ examId })).name).toBe("E9");
    expect(await made(teacher.participant.list({ roomId: room.id }))).toBe("QUOTA_EXCEEDED");
    // What the audit does not keep goes on, and so do others.
    expect(await made(teacher.im.send({ roomId: room.id, type: 30_001, data: {} }))).toBe("ok");
    expect(await school.rename(admin, 20)).toEqual(OK(20));
    // Urgent calls have a tenth more, and administrators have no quota.
    expect(await made(teacher.room.revokeLinks({ roomId: room.id, userIds: ["examinee1"] }))).toBe("ok");
    school.pass(10);
    expect(await made(teacher.room.end({ roomId: room.id }))).toBe("QUOTA_EXCEEDED");
    expect(await made(admin.room.end({ roomId: room.id }))).toBe("ok");
    // Refused calls are written before the day ends.
    await school.entries();
    school.pass(86_400);
    expect(await school.rename(teacher, 10)).toEqual(OK(10));
    expect(await school.rename(teacher, 1)).toEqual(["QUOTA_EXCEEDED"]);
  });

  it("counts each person of a call", async () => {
    await using school = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "150" });
    const { teacher, room } = school;
    const people = Array.from({ length: 100 }, (_, n) => `p${n}`);
    const participants = people.map((userId) => ({ userId, name: "P", role: "examinee" as const }));
    expect(await made(teacher.participant.add({ roomId: room.id, participants }))).toBe("ok");
    const revoke = () => made(teacher.room.revokeLinks({ roomId: room.id, userIds: people }));
    expect([await revoke(), await revoke(), await revoke()]).toEqual([
      "ok",
      "QUOTA_EXCEEDED",
      "QUOTA_EXCEEDED",
    ]);
    const entries = (await school.entries()).filter(({ outcome }) => outcome === "ok");
    expect(entries).toHaveLength(200);
  });

  it("has its quota on all servers together, and after a restart", async () => {
    await using school = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "10" });
    expect(await school.rename(school.teacher, 6)).toEqual(OK(6));
    await using other = await school.another();
    const there = callersOf(other)(TEACHER);
    expect(await school.rename(there, 5)).toEqual([...OK(4), "QUOTA_EXCEEDED"]);
    expect(await school.rename(school.teacher, 1)).toEqual(["QUOTA_EXCEEDED"]);
  });

  it("is not filled by the links that teachers of other rooms issue for the person", async () => {
    await using school = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "10" });
    const { teacher, room, other } = school;
    const participants = [{ userId: "teacher2", name: "T", role: "teacher" as const }];
    await teacher.participant.add({ roomId: room.id, participants });
    const input = { roomId: room.id, userId: "teacher2", role: "teacher" as const };
    for (const [n, expected] of [...OK(10), "QUOTA_EXCEEDED"].entries()) {
      // A fresh token brings no fresh quota.
      const { token } = await school.admin.auth.issueToken(input);
      const { status, error } = await trpc(school, token).mutate("participant.add", {
        roomId: room.id,
        participants: [{ userId: `new${n}`, name: "N", role: "examinee" }],
      });
      expect(status === 200 ? "ok" : error.data.reason).toBe(expected);
    }
    const teacher2 = school.as({ sub: "teacher2", role: "teacher" });
    expect(await made(teacher2.participant.list({ roomId: other.id }))).toBe("ok");
  });

  it("keeps no more refused calls than the quota has", async () => {
    await using school = await open({ INVIGIL_QUOTA_AUDIT_PER_PERSON: "10" });
    const examinee = school.as({ sub: "examinee1", role: "examinee" });
    const roomId = school.room.id;
    for (let n = 0; n < 30; n += 1) {
      expect(await made(examinee.room.end({ roomId }))).toBe("FORBIDDEN");
      await school.entries();
    }
    const examinees = (await school.entries()).filter(({ actorId }) => actorId === "examinee1");
    expect(examinees).toHaveLength(10);
    expect(school.lines.some(({ calls }) => calls === 1)).toBe(true);
  });
});

describe("the audit of an exam", () => {
  it("has as many entries of changes and reads in a day as the quota has, whoever makes them", async () => {
    await using school = await open({ INVIGIL_QUOTA_AUDIT_PER_EXAM: "10" });
    const { teacher, admin, examId, room, sibling, other } = school;
    const stranger = school.as({ sub: "teacher2", role: "teacher" });
    const teacher3 = school.as({ sub: "teacher3", role: "teacher" });
    // Administrators and strangers take nothing of it.
    expect(await school.rename(admin, 12, "A")).toEqual(OK(12));
    for (let n = 0; n < 12; n += 1) {
      expect(await made(stranger.participant.list({ roomId: room.id }))).toBe("FORBIDDEN");
      await school.entries();
    }
    expect(await school.rename(teacher, 7)).toEqual(OK(7));
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
    expect(await school.rename(admin, 1)).toEqual(["ok"]);
    expect(await school.rename(stranger, 1)).toEqual(["FORBIDDEN"]);
    expect(await made(stranger.exam.update({ examId: other.examId, name: "other" }))).toBe("ok");
  });
});
