// What the candidate's page asks and reports before, during and after an exam. Also on PostgreSQL.
import { detectorNames, isReady } from "@invigil/schema";
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import type { DeclaredTable } from "../src/storage/declaration.js";
import { tablesOf } from "../src/storage/inventory.js";
import { query } from "../src/storage/statement.js";
import { examConsents, examEntries, exams, plans, rooms, talks } from "../src/storage/tables.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { listenPeople, listenRoom, nextBesidesPresence as next } from "./support/listening.js";
import { beginExam } from "./support/procedure-calls.js";
import { ADMIN, INSPECTOR, openRoomFixture, EXAMINEE as PERSON, TEACHER } from "./support/room-fixture.js";
import { change, countRows, insertRows } from "./support/tables.js";

const TEXT = { zh: "我同意被监看。", en: "I agree to be watched." };
const EXAMINEE = { sub: "examinee1", role: "examinee" } as const;

const openSitting = async () => {
  const clock = { now: new Date("2026-01-02T03:04:05Z") };
  const fixture = await openExamsFixture({ now: () => clock.now });
  const { room, admin } = fixture;
  const { id: roomId, examId } = room;
  return {
    ...fixture,
    clock,
    roomId,
    examId,
    seat: { roomId, userId: "examinee1" },
    examinee: fixture.as(EXAMINEE),
    pass: (seconds: number) => {
      clock.now = new Date(clock.now.getTime() + seconds * 1000);
    },
    readiness: async () => {
      const { people } = await admin.exam.people({ examId });
      return people.find(({ userId }) => userId === "examinee1")?.readiness;
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
};

describe("an exam", () => {
  it("has settings for the candidate's page, which are checked, changed and removed", async () => {
    await using sitting = await openSitting();
    const { teacher, examId } = sitting;
    const get = () => teacher.exam.get({ examId });
    expect(await get()).toMatchObject({ cameras: "one" });
    expect(await get()).not.toHaveProperty("detectors");
    const settings = {
      cameras: "both",
      questionsUrl: "https://questions.example/a?b=c",
      detectors: ["pictureDark", "deviceLost"],
    } as const;
    const given = { ...settings, detectors: ["deviceLost", "pictureDark", "deviceLost"] as "deviceLost"[] };
    expect(await teacher.exam.update({ examId, ...given })).toMatchObject(settings);
    expect(await teacher.exam.update({ examId, name: "Another" })).toMatchObject(settings);
    for (const questionsUrl of [
      "http://questions.example",
      "javascript:alert(1)",
      `https://a/${"b".repeat(2048)}`,
      "https://user:password@questions.example/",
      "https:\\\\user@questions.example/",
      "https://questions.example/\u202egpj.exe",
    ])
      await expect(teacher.exam.update({ examId, questionsUrl })).rejects.toThrow("questionsUrl");
    // Safe: the input is wrong on purpose.
    const unknown = ["mindReader"] as unknown as [];
    await expect(teacher.exam.update({ examId, detectors: unknown })).rejects.toThrow("detectors");
    const withAt = "https://questions.example/@group?to=a@b.example";
    expect(await teacher.exam.update({ examId, questionsUrl: withAt })).toMatchObject({
      questionsUrl: withAt,
    });
    const local = await teacher.exam.update({ examId, questionsUrl: "http://192.168.0.7:8080/q" });
    expect(local.questionsUrl).toBe("http://192.168.0.7:8080/q");
    const removed = await teacher.exam.update({ examId, questionsUrl: null, detectors: null });
    expect(removed).not.toHaveProperty("questionsUrl");
    expect(removed).not.toHaveProperty("detectors");
  });

  it("passes its settings and its newest consent text on to a copy", async () => {
    await using sitting = await openSitting();
    const { teacher, examId, examinee } = sitting;
    const settings = { cameras: "both", questionsUrl: "https://q.example/", detectors: [] } as const;
    await teacher.exam.update({ examId, ...settings, detectors: [] });
    await teacher.exam.setConsent({ examId, zh: "旧", en: "" });
    expect(await teacher.exam.setConsent({ examId, ...TEXT })).toEqual({ version: 2, ...TEXT });
    const copy = await teacher.exam.duplicate({ examId, name: "Its copy" });
    expect(copy).toMatchObject(settings);
    expect(await teacher.exam.consent({ examId: copy.id })).toEqual({ version: 1, ...TEXT });
    expect(await examinee.exam.consent({ examId })).toEqual({ version: 2, ...TEXT });
  });
});

describe("the consent", () => {
  it("has versions, which a text that is the same does not raise", async () => {
    await using sitting = await openSitting();
    const { teacher, examId } = sitting;
    expect(await teacher.exam.consent({ examId })).toEqual({ version: 0 });
    expect(await teacher.exam.setConsent({ examId, ...TEXT, zh: "" })).toEqual({ version: 1, en: TEXT.en });
    expect(await teacher.exam.setConsent({ examId, zh: " ", en: `${TEXT.en}\n` })).toMatchObject({
      version: 1,
    });
    expect(await teacher.exam.setConsent({ examId, ...TEXT })).toMatchObject({ version: 2 });
    await expect(teacher.exam.setConsent({ examId, zh: "", en: "" })).rejects.toThrow("zh");
    await expect(teacher.exam.setConsent({ examId, zh: "", en: "a".repeat(20_001) })).rejects.toThrow("en");
  });

  it("is given once to the newest version, which staff and the person read", async () => {
    await using sitting = await openSitting();
    const { teacher, examinee, examId, roomId, clock, pass } = sitting;
    await using staff = await listenRoom(sitting, { sub: "teacher1", role: "teacher" }, { roomId });
    const first = await examinee.attempt.consent({ roomId, version: 0 });
    expect(first).toEqual({ version: 0, time: clock.now });
    expect(await next(staff)).toMatchObject({
      type: "entries_added",
      entries: [{ kind: "consent", version: 0, userId: "examinee1", by: { userId: "examinee1" } }],
    });
    const checks = { consent: { result: "passed" } };
    expect(await next(staff)).toMatchObject({ type: "readiness_changed", userId: "examinee1", checks });
    await teacher.exam.setConsent({ examId, ...TEXT });
    await expect(examinee.attempt.consent({ roomId, version: 2 })).rejects.toThrow(
      "has the version 1, and not 2",
    );
    pass(60);
    expect(await examinee.attempt.consent({ roomId, version: 0 })).toEqual(first);
    const second = await examinee.attempt.consent({ roomId, version: 1 });
    pass(60);
    expect(await examinee.attempt.consent({ roomId, version: 1 })).toEqual(second);
    const { entries } = await examinee.exam.entries({ examId });
    expect(entries).toMatchObject([
      { kind: "consent", version: 1, time: second.time },
      { kind: "consent", version: 0, time: first.time },
    ]);
    expect((await examinee.attempt.open({ roomId })).consent).toEqual({
      version: 1,
      ...TEXT,
      given: { version: 1, time: second.time },
    });
  });

  it("to an older text leaves a person not ready, and is asked for again, also live", async () => {
    await using sitting = await openSitting();
    const { teacher, examinee, examId, roomId, pass, admin } = sitting;
    const checks = { camera: { result: "passed" }, microphone: { result: "passed" } } as const;
    const all = { ...checks, connection: { result: "passed" } } as const;
    await examinee.attempt.consent({ roomId, version: 0 });
    await examinee.attempt.reportReadiness({ roomId, checks: all });
    const isReadyNow = async () => isReady(await sitting.readiness(), { cameras: "one" });
    expect(await isReadyNow()).toBe(true);
    const since = sitting.clock.now;
    await teacher.participant.waveThrough({ roomId, userId: "examinee2", wavedThrough: true });
    await using staff = await listenRoom(sitting, { sub: "teacher1", role: "teacher" }, { roomId });
    await using own = await listenRoom(sitting, EXAMINEE, { roomId });
    pass(60);
    await teacher.exam.setConsent({ examId, ...TEXT });
    const left = { checks: all, wavedThrough: false, since };
    for (const listener of [staff, own]) {
      expect(await next(listener)).toMatchObject({ type: "exam_changed" });
      const told = await next(listener);
      expect(told).toMatchObject({ type: "readiness_changed", userId: "examinee1", ...left });
      expect(told).toHaveProperty("checks", all);
    }
    expect([await sitting.readiness(), await isReadyNow()]).toEqual([left, false]);
    const opened = await examinee.attempt.open({ roomId });
    expect(opened.consent).toMatchObject({ version: 1, given: { version: 0 } });
    // The exam goes on for them, and a text that is the same takes nothing away.
    expect(opened.snapshot.room.status).toBe("in_progress");
    await examinee.attempt.consent({ roomId, version: 1 });
    expect(await isReadyNow()).toBe(true);
    await teacher.exam.setConsent({ examId, ...TEXT });
    expect(await isReadyNow()).toBe(true);
    const { people } = await admin.exam.people({ examId });
    expect(people.find(({ userId }) => userId === "examinee2")?.readiness?.wavedThrough).toBe(true);
  });

  it("is not stopped by a key that staff choose", async () => {
    await using fixture = await openRoomFixture();
    const { room } = fixture;
    const { id: roomId, examId } = room;
    const about = { roomId, userId: PERSON.sub };
    const note = { ...about, examId, severity: "info", text: "Late" };
    const agree = (version: number) => fixture.mutate(PERSON, "attempt.consent", { roomId, version });
    // Before, this was the key of the consent itself.
    for (const version of [0, 1])
      expect(
        (await fixture.mutate(INSPECTOR, "exam.note", { ...note, key: `consent:${version}` })).status,
      ).toBe(200);
    const { data: given } = await agree(0);
    expect(given).toMatchObject({ version: 0 });
    expect((await agree(0)).data).toEqual(given);
    await fixture.mutate(ADMIN, "exam.setConsent", { examId, ...TEXT });
    expect((await agree(1)).data).toMatchObject({ version: 1 });
    const { entries } = (await fixture.query(PERSON, "exam.entries", { examId })).data;
    expect(entries).toMatchObject([
      { kind: "consent", version: 1 },
      { kind: "consent", version: 0 },
    ]);
    const reason = { code: "other" };
    for (const [path, input] of [
      ["exam.note", note],
      ["participant.checkIdentity", { ...about, status: "confirmed" }],
      ["attempt.pause", { roomId, reason }],
    ] as const) {
      const { error } = await fixture.mutate(TEACHER, path, { ...input, key: "server:consent:2" });
      expect([path, error?.data.reason, error?.message]).toEqual([
        path,
        "INVALID_INPUT",
        expect.stringContaining("key must not begin with server:"),
      ]);
    }
  });

  it("that an earlier server has written is not written again", async () => {
    await using fixture = await openRoomFixture();
    const { db, room, time } = fixture;
    const { id: roomId, examId } = room;
    const agree = () => fixture.mutate(PERSON, "attempt.consent", { roomId, version: 0 });
    const { data: given } = await agree();
    await change(
      db,
      query.update(examEntries).set({ key: "consent:0" }).where(eq(examEntries.kind, "consent")),
    );
    time.now += 60_000;
    expect((await agree()).data).toEqual(given);
    expect((await fixture.query(PERSON, "exam.entries", { examId })).data.entries).toHaveLength(1);
  });

  it("is not given to an exam that is over for the person", async () => {
    await using sitting = await openSitting();
    const { examinee, roomId } = sitting;
    await beginExam(sitting);
    await examinee.attempt.finish({ roomId });
    await expect(examinee.attempt.consent({ roomId, version: 0 })).rejects.toThrow("ended");
    await expect(
      examinee.attempt.reportReadiness({ roomId, checks: { camera: { result: "passed" } } }),
    ).rejects.toThrow("ended");
  });
});

describe("the readiness", () => {
  it("has that the person has entered the exam, which is no check", async () => {
    await using sitting = await openSitting();
    const { teacher, examinee, roomId, pass } = sitting;
    const passed = { result: "passed" } as const;
    const all = { camera: passed, microphone: passed, connection: passed };
    await examinee.attempt.consent({ roomId, version: 0 });
    await examinee.attempt.reportReadiness({ roomId, checks: all });
    expect(isReady(await sitting.readiness(), { cameras: "one" })).toBe(true);
    expect((await sitting.readiness())?.checks.entered).toBeUndefined();
    pass(3);
    await using staff = await listenRoom(sitting, { sub: "teacher1", role: "teacher" }, { roomId });
    await examinee.attempt.reportReadiness({ roomId, checks: { entered: passed } });
    const checks = { consent: passed, ...all, entered: passed };
    expect(await next(staff)).toMatchObject({ type: "readiness_changed", checks });
    const { members } = await teacher.room.snapshot({ roomId });
    expect(members.find(({ userId }) => userId === "examinee1")?.readiness?.checks).toEqual(checks);
    // A reload reports it again.
    expect((await examinee.attempt.reportReadiness({ roomId, checks: { entered: passed } })).checks).toEqual(
      checks,
    );
  });

  it("is merged, told to staff and the person, and shown wherever they are listed", async () => {
    await using sitting = await openSitting();
    const { teacher, examinee, examId, roomId, seat, clock, pass } = sitting;
    await using own = await listenRoom(sitting, EXAMINEE, { roomId });
    await using other = await listenRoom(sitting, { sub: "examinee2", role: "examinee" }, { roomId });
    await using people = await listenPeople(sitting, { sub: "teacher1", role: "teacher" }, sitting.room);
    const busy = { camera: { result: "failed", detail: "busy" } } as const;
    const reported = await examinee.attempt.reportReadiness({ roomId, checks: busy });
    expect(reported).toEqual({ checks: busy, wavedThrough: false, since: clock.now });
    const told = { type: "readiness_changed", userId: "examinee1", ...reported };
    expect(await next(own)).toMatchObject(told);
    expect(await next(people)).toMatchObject(told);
    const since = clock.now;
    // What is the same is never too early, and writes nothing.
    expect(await examinee.attempt.reportReadiness({ roomId, checks: busy })).toEqual(reported);
    const passed = { camera: { result: "passed" }, microphone: { result: "passed" } } as const;
    await expect(examinee.attempt.reportReadiness({ roomId, checks: passed })).rejects.toMatchObject({
      code: "TOO_MANY_REQUESTS",
    });
    // A clock that was put back does not make them wait for an hour.
    pass(-3600);
    await examinee.attempt.reportReadiness({ roomId, checks: passed });
    expect(await sitting.readiness()).toEqual({ checks: passed, wavedThrough: false, since: clock.now });
    expect(clock.now).not.toEqual(since);
    await examinee.attempt.consent({ roomId, version: 0 });
    pass(3);
    await examinee.attempt.reportReadiness({ roomId, checks: { connection: { result: "passed" } } });
    const readiness = await sitting.readiness();
    expect([isReady(readiness, { cameras: "one" }), isReady(readiness, { cameras: "both" })]).toEqual([
      true,
      false,
    ]);
    const snapshot = await teacher.room.snapshot({ roomId });
    expect(snapshot.members.find(({ userId }) => userId === "examinee1")?.readiness).toEqual(readiness);
    expect((await examinee.attempt.open({ roomId })).readiness).toEqual(readiness);
    // The other examinee has heard of none of it.
    await teacher.attempt.pause({ roomId, key: "k", reason: { code: "other" }, userIds: ["examinee2"] });
    expect(await next(other)).toMatchObject({ type: "attempt_changed", userId: "examinee2" });
    await expect(examinee.attempt.reportReadiness({ roomId, checks: {} })).rejects.toThrow("checks");
    const wrong = { camera: { result: "failed", detail: "a text" as "busy" } } as const;
    await expect(examinee.attempt.reportReadiness({ roomId, checks: wrong })).rejects.toThrow("detail");
    await teacher.participant.removeFromExam({ examId, userId: seat.userId });
  });

  it("is not needed by those whom staff wave through, and moves with the person", async () => {
    await using sitting = await openSitting();
    const { admin, teacher, roomId, seat, sibling } = sitting;
    await using staff = await listenRoom(sitting, { sub: "teacher1", role: "teacher" }, { roomId });
    const waved = { checks: {}, wavedThrough: true };
    expect(await teacher.participant.waveThrough({ ...seat, wavedThrough: true })).toEqual(waved);
    expect(await next(staff)).toMatchObject({ type: "readiness_changed", ...waved });
    expect(await teacher.participant.waveThrough({ ...seat, wavedThrough: true })).toEqual(waved);
    await teacher.participant.setDetectors({ ...seat, off: true });
    expect(await next(staff)).toMatchObject({ type: "detectors_changed", userId: "examinee1", off: true });
    await teacher.participant.setDetectors({ ...seat, off: true });
    expect(isReady(await sitting.readiness(), { cameras: "both" })).toBe(true);
    const { entries } = await admin.audit.list({ personId: "examinee1" });
    expect(entries.map(({ procedure }) => procedure).toSorted()).toEqual([
      "participant.setDetectors",
      "participant.waveThrough",
    ]);
    await using there = await listenRoom(
      sitting,
      { sub: "teacher3", role: "teacher" },
      { roomId: sibling.id },
    );
    await admin.participant.move({ ...seat, toRoomId: sibling.id });
    expect(await next(there)).toMatchObject({ type: "participant_added" });
    expect(await next(there)).toMatchObject({ type: "readiness_changed", ...waved });
    expect(await next(there)).toMatchObject({ type: "detectors_changed", off: true });
    await expect(teacher.participant.waveThrough({ ...seat, wavedThrough: false })).rejects.toThrow(
      "There is no examinee1 in the room",
    );
    await expect(
      teacher.participant.setDetectors({ roomId, userId: "inspector1", off: true }),
    ).rejects.toThrow("inspector1 is no examinee");
  });
});

describe("attempt.open", () => {
  it("answers all that the page begins with, as the examinee may see it", async () => {
    await using sitting = await openSitting();
    const { admin, teacher, examinee, examId, roomId, room, clock } = sitting;
    const { name, startTime, endTime } = await admin.exam.get({ examId });
    const opened = await examinee.attempt.open({ roomId });
    expect(opened).toEqual({
      snapshot: await examinee.room.snapshot({ roomId }),
      exam: { id: examId, name, startTime, endTime, cameras: "one", detectors: [...detectorNames] },
      self: { userId: "examinee1", name: expect.any(String) },
      endsAt: endTime,
      consent: { version: 0 },
      detectorsOff: false,
      canPublish: expect.any(Boolean),
      now: clock.now,
    });
    expect(opened.snapshot.members.map(({ userId }) => userId)).not.toContain("examinee2");
    await teacher.exam.update({
      examId,
      questionsUrl: "https://q.example/",
      detectors: ["pageHidden", "deviceLost"],
    });
    await admin.attempt.extend({
      roomId,
      userIds: ["examinee1"],
      minutes: 10,
      key: "k",
      reason: { code: "technical", note: "for staff", message: "Ten minutes more" },
    });
    await teacher.participant.setDetectors({ roomId, userId: "examinee1", off: true });
    const later = await examinee.attempt.open({ roomId });
    expect(later).toMatchObject({
      exam: { questionsUrl: "https://q.example/", detectors: ["deviceLost"], endTime },
      endsAt: new Date(endTime.getTime() + 600_000),
      detectorsOff: true,
      decision: { kind: "extend", minutes: 10, reason: "technical", message: "Ten minutes more" },
    });
    expect(later.decision).not.toHaveProperty("note");
    expect(later.decision).not.toHaveProperty("by");
    expect(room.id).toBe(roomId);
  });

  it("is also for those whose attempt, room or exam is over, and for no other", async () => {
    await using sitting = await openSitting();
    const { admin, teacher, examinee, roomId } = sitting;
    await teacher.attempt.terminate({
      roomId,
      userIds: ["examinee1"],
      key: "t",
      reason: { code: "misconduct", message: "Two people" },
    });
    expect(await examinee.attempt.open({ roomId })).toMatchObject({
      decision: { kind: "terminate", reason: "misconduct", message: "Two people" },
    });
    await admin.room.end({ roomId });
    expect(await examinee.attempt.open({ roomId })).toMatchObject({
      snapshot: { room: { status: "ended" } },
    });
    await expect(
      sitting.as({ sub: "examinee3", role: "examinee" }).attempt.open({ roomId }),
    ).rejects.toMatchObject({
      code: "FORBIDDEN",
    });
  });
});

it("a version that does not know consent texts, talks and plans deletes exams that have some", async () => {
  await using fixture = await openRoomFixture();
  const { db, room, services } = fixture;
  const { id: roomId, examId } = room;
  await fixture.mutate(ADMIN, "exam.setConsent", { examId, ...TEXT });
  await services.talks.begin({ examId, roomId, userId: "e1" }, "t1", new Date());
  const plan = { examId, number: 1, newRooms: 0, seated: 0, createdBy: "t1", createdAt: new Date() };
  await insertRows(db, plans, [plan]);
  const unknown: readonly DeclaredTable[] = [examConsents, talks, plans];
  const counts = () => Promise.all(unknown.map((table) => countRows(db, table)));
  expect(await counts()).toEqual([1, 1, 1]);
  const known = [...tablesOf("room"), ...tablesOf("exam").toReversed()].filter(
    (table) => !unknown.includes(table),
  );
  for (const table of known.filter((one) => one !== rooms))
    await change(db, query.delete(table).where(eq(table.examId, examId)));
  await change(db, query.delete(rooms).where(eq(rooms.examId, examId)));
  await change(db, query.delete(exams).where(eq(exams.id, examId)));
  expect(await counts()).toEqual([0, 0, 0]);
});
