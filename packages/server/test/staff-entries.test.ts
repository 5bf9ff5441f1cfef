// What staff find and note: identities, notes and flags. Also on PostgreSQL.
import { MAX_ENTRIES_WRITTEN } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { examPeople } from "../src/storage/tables.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { listenPeople, listenRoom, nextBesidesPresence as next } from "./support/listening.js";
import { openRoomFixture, TEACHER } from "./support/room-fixture.js";
import { insertRows } from "./support/tables.js";

const openExam = async () => {
  const clock = { now: new Date("2026-01-02T03:04:05Z") };
  const fixture = await openExamsFixture({ now: () => clock.now });
  const { room } = fixture;
  let keys = 0;
  return {
    ...fixture,
    clock,
    examinee: fixture.as({ sub: "examinee1", role: "examinee" }),
    inspector: fixture.as({ sub: "inspector1", role: "inspector" }),
    sibling: fixture.as({ sub: "teacher3", role: "teacher" }),
    siblingId: fixture.sibling.id,
    check: (status: "confirmed" | "refused" | "later" = "confirmed") => ({
      roomId: room.id,
      userId: "examinee1",
      status,
      note: "Passport",
      key: `key-${++keys}`,
    }),
    note: (text: string) => ({ examId: room.examId, roomId: room.id, text, key: `key-${++keys}` }),
    identity: async () => {
      const { people } = await fixture.admin.exam.people({ examId: room.examId });
      return people.find(({ userId }) => userId === "examinee1")?.identity;
    },
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
};

describe("participant.checkIdentity", () => {
  it("marks the person for staff wherever they are listed, and tells staff alone", async () => {
    await using exam = await openExam();
    const { inspector, teacher, examinee, room, clock } = exam;
    const as = { roomId: room.id };
    await using own = await listenRoom(exam, { sub: "examinee1", role: "examinee" }, as);
    await using staff = await listenRoom(exam, { sub: "teacher1", role: "teacher" }, as);
    await using people = await listenPeople(exam, { sub: "teacher1", role: "teacher" }, room);
    const entry = await inspector.participant.checkIdentity(exam.check());
    expect(entry).toEqual({
      id: expect.any(Number),
      roomId: room.id,
      userId: "examinee1",
      kind: "identity",
      by: { userId: "inspector1", role: "inspector" },
      identity: "confirmed",
      note: "Passport",
      time: clock.now,
    });
    const checked = { type: "identity_checked", userId: "examinee1", status: "confirmed", since: clock.now };
    expect(await next(staff)).toMatchObject(checked);
    expect(await next(staff)).toMatchObject({ type: "entries_added", entries: [entry] });
    expect(await next(people)).toMatchObject(checked);
    await teacher.attempt.pause({
      roomId: room.id,
      userIds: ["examinee1"],
      key: "pause",
      reason: { code: "identity" },
    });
    expect(await next(own)).toMatchObject({ type: "attempt_changed" });

    const identity = { status: "confirmed", since: clock.now };
    expect(await exam.identity()).toEqual(identity);
    const ownMember = async (caller: typeof examinee) =>
      (await caller.room.snapshot(as)).members.find(({ userId }) => userId === "examinee1");
    expect(await ownMember(teacher)).toMatchObject({ identity });
    expect(await ownMember(examinee)).toMatchObject({ userId: "examinee1" });
    expect(await ownMember(examinee)).not.toHaveProperty("identity");
  });

  it("is made once for each key, and the last check counts", async () => {
    await using exam = await openExam();
    const { teacher, inspector, room } = exam;
    const first = exam.check("refused");
    const entry = await teacher.participant.checkIdentity(first);
    await inspector.participant.checkIdentity(exam.check("confirmed"));
    expect(await teacher.participant.checkIdentity(first)).toEqual(entry);
    expect(await exam.identity()).toMatchObject({ status: "confirmed" });
    await expect(teacher.participant.checkIdentity({ ...first, status: "later" })).rejects.toThrow(
      "key was used for another entry",
    );
    const { entries } = await teacher.exam.entries({ examId: room.examId });
    expect(entries.map(({ identity }) => identity)).toEqual(["confirmed", "refused"]);
  });

  it("moves with the person, and goes with an erased one", async () => {
    await using exam = await openExam();
    const { admin, room, siblingId } = exam;
    await admin.participant.checkIdentity(exam.check());
    await using there = await listenRoom(exam, { sub: "teacher3", role: "teacher" }, { roomId: siblingId });
    await admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: siblingId });
    expect(await next(there)).toMatchObject({ type: "participant_added" });
    expect(await next(there)).toMatchObject({ type: "identity_checked", status: "confirmed" });
    await admin.participant.removeFromExam({ examId: room.examId, userId: "examinee1", withRecords: true });
    expect((await admin.exam.entries({ examId: room.examId })).entries).toEqual([]);
    const participants = [{ userId: "examinee1", name: "Again", role: "examinee" as const }];
    await admin.participant.add({ roomId: room.id, participants });
    expect(await exam.identity()).toBeUndefined();
  });

  it("names people whom nobody can check there", async () => {
    await using exam = await openExam();
    const { teacher } = exam;
    await expect(teacher.participant.checkIdentity({ ...exam.check(), userId: "examinee3" })).rejects.toThrow(
      "There is no examinee3 in the room",
    );
    await expect(
      teacher.participant.checkIdentity({ ...exam.check(), userId: "inspector1" }),
    ).rejects.toThrow("inspector1 is no examinee in the room");
  });
});

describe("exam.note", () => {
  it("is for staff of the room, also about one of its people, and never for examinees", async () => {
    await using exam = await openExam();
    const { inspector, teacher, sibling, examinee, room } = exam;
    const { examId } = room;
    await using staff = await listenRoom(exam, { sub: "teacher1", role: "teacher" }, { roomId: room.id });
    const at = new Date("2026-01-02T03:00:00Z");
    const flag = { ...exam.note("A second voice"), userId: "examinee1", severity: "serious" as const, at };
    const entry = await inspector.exam.note(flag);
    expect(entry).toMatchObject({ kind: "note", severity: "serious", at, note: "A second voice" });
    expect(await next(staff)).toMatchObject({ type: "entries_added", entries: [entry] });
    expect(await inspector.exam.note(flag)).toEqual(entry);
    await expect(inspector.exam.note({ ...flag, at: undefined })).rejects.toThrow("key was used");
    for (const far of ["-000001-01-01T00:00:00Z", "+275760-09-13T00:00:00Z"])
      await expect(inspector.exam.note({ ...flag, key: "far", at: new Date(far) })).rejects.toThrow(
        "must not be",
      );
    expect(await teacher.exam.note(exam.note("Quiet"))).toMatchObject({ severity: "info" });
    const texts = async (caller: typeof teacher) =>
      (await caller.exam.entries({ examId })).entries.map(({ note }) => note);
    expect(await texts(inspector)).toEqual(["Quiet", "A second voice"]);
    expect(await texts(sibling)).toEqual([]);
    expect(await texts(examinee)).toEqual([]);
    await expect(sibling.exam.note(exam.note("Not mine"))).rejects.toThrow("not open to you");
    await expect(teacher.exam.note({ ...flag, key: "k", userId: "examinee3" })).rejects.toThrow(
      "There is no examinee3 in the room",
    );
  });

  it("is about the whole exam without a room, for its creator, once for each key", async () => {
    await using exam = await openExam();
    const { teacher, inspector, admin, room } = exam;
    const { roomId: _, ...note } = exam.note("The start was late");
    const entry = await teacher.exam.note(note);
    expect(entry).not.toHaveProperty("roomId");
    expect(await admin.exam.note(note)).toEqual(entry);
    await expect(admin.exam.note({ ...note, text: "Another" })).rejects.toThrow("key was used");
    expect((await admin.exam.entries({ examId: room.examId })).entries).toEqual([entry]);
    await expect(inspector.exam.note({ ...note, key: "k" })).rejects.toThrow("creator and administrators");
    await expect(teacher.exam.note({ ...note, key: "k", userId: "examinee1" })).rejects.toThrow(
      "roomId is required with userId",
    );
  });

  it("has a quota for each author and exam", async () => {
    await using fixture = await openRoomFixture();
    const { room } = fixture;
    const [examId, roomId] = [room.examId, room.id];
    await insertRows(fixture.db, examPeople, [
      { examId, userId: TEACHER.sub, written: MAX_ENTRIES_WRITTEN - 1 },
    ]);
    const note = (key: string) =>
      fixture.mutate(TEACHER, "exam.note", { examId, roomId, text: "Quiet", key });
    expect((await note("last")).data).toMatchObject({ kind: "note" });
    expect(JSON.stringify(await note("more"))).toContain("may have at most 10000 notes and checks");
    // A repetition writes nothing.
    expect((await note("last")).data).toMatchObject({ kind: "note" });
  });
});
