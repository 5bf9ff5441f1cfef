// Also on PostgreSQL: entries, events and the audit are written with the change of an exam.
import { describe, expect, it } from "vitest";
import { openExamsFixture } from "./support/exams-fixture.js";
import { listenRoom, nextBesidesPresence as next } from "./support/listening.js";

const MINUTE = 60_000;
const reason = { code: "mistake", note: "Wrong form", message: "You have less time." } as const;

/** The fixture, half an hour into its exam. */
const openRunningExam = async () => {
  const clock = { now: new Date("2026-01-02T03:04:05Z") };
  const fixture = await openExamsFixture({ now: () => clock.now });
  const { examId } = fixture.room;
  const { startTime, endTime } = await fixture.admin.exam.get({ examId });
  clock.now = new Date(startTime.getTime() + 30 * MINUTE);
  const entriesOf = async (userId?: string) =>
    (await fixture.teacher.exam.entries({ examId, userId })).entries;
  return {
    ...fixture,
    examId,
    startTime,
    endTime,
    clock,
    after: (minutes: number) => new Date(startTime.getTime() + minutes * MINUTE),
    entriesOf,
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
};

describe("the times of an exam that has begun", () => {
  it("are not changed without a reason", async () => {
    await using exam = await openRunningExam();
    const { teacher, examId, endTime, after, entriesOf } = exam;
    await expect(teacher.exam.update({ examId, endTime: after(5) })).rejects.toMatchObject({
      message: expect.stringContaining("reason is required"),
    });
    // It would be as before the start for those who are in the exam.
    await expect(teacher.exam.update({ examId, startTime: after(40) })).rejects.toThrow("reason is required");
    expect((await teacher.exam.get({ examId })).endTime).toEqual(endTime);
    expect(await entriesOf()).toEqual([]);
    // Other fields, and times that stay the same, need none.
    await teacher.exam.update({ examId, name: "Another name", endTime });
  });

  it("are in the history of each person whose end changes, with both ends", async () => {
    await using exam = await openRunningExam();
    const { teacher, room, sibling, examId, endTime, after, entriesOf } = exam;
    const decision = (userId: string) => ({
      roomId: room.id,
      userIds: [userId],
      reason: { code: "technical" as const },
      key: `of ${userId}`,
    });
    await teacher.attempt.extend({ ...decision("examinee1"), minutes: 15 });
    await teacher.attempt.terminate(decision("examinee2"));
    await teacher.exam.update({ examId, endTime: after(40), reason });
    const [first] = await entriesOf("examinee1");
    expect(first).toEqual({
      id: expect.any(Number),
      kind: "times",
      userId: "examinee1",
      roomId: room.id,
      by: { userId: "teacher1", role: "teacher" },
      reason: "mistake",
      note: "Wrong form",
      message: "You have less time.",
      ends: { from: new Date(endTime.getTime() + 15 * MINUTE), to: after(55) },
      time: exam.clock.now,
    });
    expect((await entriesOf("examinee3"))[0]).toMatchObject({
      roomId: sibling.id,
      ends: { from: endTime, to: after(40) },
    });
    // For them, the exam was over.
    expect((await entriesOf("examinee2")).map(({ kind }) => kind)).toEqual(["terminate"]);
    // The person sees it without what is for staff.
    const own = await exam.as({ sub: "examinee1", role: "examinee" }).exam.entries({ examId });
    expect(own.entries[0]).toMatchObject({ kind: "times", message: "You have less time." });
    expect(own.entries[0]).not.toHaveProperty("note");
    // A repeated call changes nothing, and writes nothing.
    await teacher.exam.update({ examId, endTime: after(40), reason });
    expect(await entriesOf()).toHaveLength(4);
  });

  it("say when the start changes, too", async () => {
    await using exam = await openRunningExam();
    const { teacher, examId, startTime, endTime, after, entriesOf } = exam;
    await teacher.exam.update({ examId, startTime: after(60), reason });
    expect((await entriesOf("examinee1"))[0]).toMatchObject({
      starts: { from: startTime, to: after(60) },
      ends: { from: endTime, to: endTime },
    });
  });

  it("concern those for whom the exam goes on again, and no one for whom it stays over", async () => {
    await using exam = await openRunningExam();
    const { teacher, examId, endTime, clock, entriesOf } = exam;
    clock.now = new Date(endTime.getTime() + 10 * MINUTE);
    const later = new Date(endTime.getTime() + 20 * MINUTE);
    await teacher.exam.update({ examId, endTime: new Date(endTime.getTime() + MINUTE) });
    expect(await entriesOf()).toEqual([]);
    await expect(teacher.exam.update({ examId, endTime: later })).rejects.toThrow("reason is required");
    await teacher.exam.update({ examId, endTime: later, reason });
    expect(await entriesOf()).toHaveLength(3);
  });

  it("are free before the exam begins", async () => {
    await using exam = await openRunningExam();
    const { teacher, examId, startTime, after, entriesOf, clock } = exam;
    clock.now = new Date(startTime.getTime() - MINUTE);
    await teacher.exam.update({ examId, startTime: after(10), endTime: after(20) });
    expect(await entriesOf()).toEqual([]);
  });

  it("are told to the staff of each room, and to the candidate's page", async () => {
    await using exam = await openRunningExam();
    const { teacher, room, sibling, examId, after } = exam;
    await using here = await listenRoom(exam, { sub: "teacher1", role: "teacher" }, { roomId: room.id });
    await using there = await listenRoom(exam, { sub: "teacher3", role: "teacher" }, { roomId: sibling.id });
    await teacher.exam.update({ examId, endTime: after(40), reason });
    const told = (userIds: readonly string[]) => ({
      type: "entries_added",
      entries: userIds.map((userId) => ({ kind: "times", userId })),
    });
    for (const [staff, userIds] of [
      [here, ["examinee1", "examinee2"]],
      [there, ["examinee3"]],
    ] as const) {
      expect(await next(staff)).toMatchObject({ type: "exam_changed", endTime: after(40) });
      expect(await next(staff)).toMatchObject(told(userIds));
    }
    const sitting = await exam
      .as({ sub: "examinee1", role: "examinee" })
      .attempt.open({ roomId: room.id, camera: "main" });
    expect(sitting).toMatchObject({
      endsAt: after(40),
      decision: { kind: "times", ends: { to: after(40) }, message: "You have less time." },
    });
  });

  it("are in the audit, with the old and the new ones", async () => {
    await using exam = await openRunningExam();
    const { admin, teacher, examId, startTime, endTime, after } = exam;
    await teacher.exam.update({ examId, endTime: after(40), reason });
    await teacher.exam.update({ examId, name: "Another name" });
    const { entries } = await admin.audit.list({ examId, procedure: "exam.update" });
    const interval = (end: Date) => `${startTime.toISOString()}/${end.toISOString()}`;
    expect(entries.map(({ subject }) => subject)).toEqual([
      undefined,
      `${interval(endTime)} ${interval(after(40))}`,
    ]);
  });
});
