import { describe, expect, it } from "vitest";
import type { TestApp } from "../src/app/testing.js";
import { trpc } from "./support/calls.js";
import { APPS, openExamsFixture } from "./support/exams-fixture.js";
import { beginExam } from "./support/procedure-calls.js";
import { reasonOf } from "./support/reason.js";

// `participant.diagnose`: what keeps a person from entering.

const CONFIG = { apps: APPS, publicUrl: "https://invigil.example" };
const inspector = (app: TestApp, sub: string) => app.as({ sub, role: "inspector" });

describe("participant.diagnose", () => {
  it("says of a seat whether its links and codes lead into the room, and what is in the way", async () => {
    await using app = await openExamsFixture({ config: CONFIG });
    const { room, teacher, admin } = app;
    const { id: roomId, examId } = room;
    const about = { examId, userId: "examinee1" };
    const seatOf = async () => (await teacher.participant.diagnose(about)).seats[0];
    const fresh = await seatOf();
    expect(fresh).toMatchObject({
      roomId,
      roomName: "Room A",
      roomStatus: "in_progress",
      role: "examinee",
      generation: 0,
      codes: { main: "none", pc: "none" },
      obstacles: [],
    });
    const made = await teacher.room.joinCodes({ roomId });
    const card = made.find(({ userId }) => userId === "examinee1");
    expect((await seatOf())?.codes).toEqual({ main: "current", pc: "current" });
    expect(fresh?.linksUntil).toEqual(card?.expiresAt);
    await teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    expect(await seatOf()).toMatchObject({ generation: 1, codes: { main: "outdated", pc: "outdated" } });
    await teacher.room.joinCodes({ roomId });
    expect((await seatOf())?.codes).toEqual({ main: "current", pc: "current" });
    // Nothing that it answers is a code.
    expect(JSON.stringify(await admin.participant.diagnose(about))).not.toMatch(/[2-9A-Z]{4}-[2-9A-Z]{4}-/);
    await teacher.room.end({ roomId });
    expect((await seatOf())?.obstacles).toEqual(["room_ended"]);
    // Staff look at rooms that have ended.
    const ofStaff = await teacher.participant.diagnose({ examId, userId: "inspector1" });
    expect(ofStaff.seats).toMatchObject([{ codes: { main: "current" }, obstacles: [] }]);
    expect(ofStaff.seats[0]?.codes).not.toHaveProperty("pc");
  });

  it("knows the ends of exams and attempts, people without a room, and a server without an address", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using app = await openExamsFixture({ config: { apps: APPS }, now: () => now });
    const { room, teacher } = app;
    const { examId } = room;
    const file = Buffer.from("id,name\nlate,Late Lee\n").toString("base64");
    await teacher.participant.import({ examId, file });
    expect(await teacher.participant.diagnose({ examId, userId: "late" })).toMatchObject({
      isUnseated: true,
      seats: [],
    });
    const obstacles = async () =>
      (await teacher.participant.diagnose({ examId, userId: "examinee1" })).seats[0]?.obstacles;
    expect(await obstacles()).toEqual(["no_public_url"]);
    await beginExam(app);
    await app.as({ sub: "examinee1", role: "examinee", room: room.id }).attempt.finish({ roomId: room.id });
    expect(await obstacles()).toEqual(["attempt_over", "no_public_url"]);
    const { endTime } = await teacher.exam.get({ examId });
    now = new Date(endTime.getTime() + 4 * 3_600_000);
    expect(await obstacles()).toEqual(["attempt_over", "exam_over", "no_public_url"]);
  });

  it("has the last refusals of the person in the exam, with their reasons", async () => {
    await using app = await openExamsFixture({ config: CONFIG });
    const { room, other, teacher, admin } = app;
    const { id: roomId, examId } = room;
    const link = await app.token({ sub: "examinee1", role: "examinee", room: roomId });
    const elsewhere = await app.token({ sub: "examinee1", role: "examinee", room: other.id });
    await teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    expect(await trpc(app, link).query("room.get", { roomId })).toMatchObject({ status: 401 });
    // A token of another exam, in which the person is not.
    await trpc(app, elsewhere).mutate("participant.remove", { roomId: other.id, userId: "x" });
    await expect
      .poll(async () => (await teacher.participant.diagnose({ examId, userId: "examinee1" })).refusals)
      .toMatchObject([{ reason: "LINKS_REVOKED", procedure: "room.get", times: 1, roomId }]);
    // Staff of another room of the exam see neither the person nor this.
    expect(
      await reasonOf(inspector(app, "inspector3").participant.diagnose({ examId, userId: "examinee1" })),
    ).toBe("FORBIDDEN");
    const [entry] = (await admin.audit.list({ procedure: "participant.diagnose" })).entries;
    expect(entry).toMatchObject({ personId: "examinee1", examId });
  });

  it("is for staff of the person's rooms, the exam's creator and administrators, and without an exam for administrators", async () => {
    await using app = await openExamsFixture({ config: CONFIG });
    const { room, teacher, admin } = app;
    const { examId } = room;
    const ask = (by: ReturnType<TestApp["as"]>, userId: string, of: { examId?: string } = { examId }) =>
      reasonOf(by.participant.diagnose({ ...of, userId }));
    expect(await ask(inspector(app, "inspector1"), "examinee1")).toBe("ok");
    expect(await ask(inspector(app, "inspector3"), "examinee3")).toBe("ok");
    expect(await ask(inspector(app, "inspector1"), "examinee3")).toBe("FORBIDDEN");
    expect(await ask(teacher, "examinee3")).toBe("ok");
    expect(await ask(admin, "examinee3")).toBe("ok");
    expect(await ask(admin, "nobody")).toBe("PARTICIPANT_NOT_FOUND");
    expect(await ask(inspector(app, "inspector2"), "examinee1")).toBe("FORBIDDEN");
    expect(await ask(app.as({ sub: "examinee1", role: "examinee" }), "examinee1")).toBe("FORBIDDEN");
    expect(await ask(teacher, "teacher1", {})).toBe("FORBIDDEN");
    await admin.account.create({ userId: "t9", role: "teacher", name: "T", password: "correct horse" });
    await admin.account.disable({ userId: "t9" });
    expect(await admin.participant.diagnose({ userId: "t9" })).toMatchObject({
      seats: [],
      account: { role: "teacher", disabled: true, sessions: 0 },
      refusals: [],
      provider: { messages: ["aliyun_new"], streams: expect.any(String) },
    });
  });
});
