// Also on PostgreSQL: people are added and changed with locks.
import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { dataOf, rest, trpc } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { reasonOf, refused } from "./support/reason.js";
import { sharedSchools } from "./support/shared.js";

const nextSchool = sharedSchools();

const examinee = (userId: string, name = `Name of ${userId}`) => ({
  userId,
  name,
  role: "examinee" as const,
});
const names = async ({ admin, room }: ExamsFixture) =>
  Object.fromEntries(
    (await admin.participant.list({ roomId: room.id })).map(({ userId, name }) => [userId, name]),
  );

describe("participant.add", () => {
  it("says how many were added, renamed, and there already", async () => {
    const fixture = await nextSchool();
    const result = await fixture.teacher.participant.add({
      roomId: fixture.room.id,
      participants: [examinee("new"), examinee("examinee1", "Renamed"), examinee("examinee2")],
    });
    expect(result).toEqual({ added: 1, updated: 1, unchanged: 1 });
    expect(await names(fixture)).toEqual({
      examinee1: "Renamed",
      examinee2: "Name of examinee2",
      new: "Name of new",
    });
  });

  it("keeps the order in which people came, also when one is renamed", async () => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    await fixture.teacher.participant.add({
      roomId,
      participants: [examinee("a"), examinee("examinee1", "X")],
    });
    const list = await fixture.teacher.participant.list({ roomId });
    expect(list.map(({ userId }) => userId)).toEqual(["examinee1", "examinee2", "a"]);
  });

  it("leaves updatedAt of whom it does not rename", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => now });
    const roomId = fixture.room.id;
    now = new Date("2026-01-02T03:05:00Z");
    await fixture.admin.participant.add({
      roomId,
      participants: [examinee("examinee1", "X"), examinee("examinee2")],
    });
    const updated = (await fixture.admin.participant.list({ roomId })).map(({ updatedAt }) => updatedAt);
    expect(updated).toEqual([now, new Date("2026-01-02T03:04:05Z")]);
  });

  it.each([
    ["teacher1", "examinee", "teacher"],
    ["examinee1", "teacher", "examinee"],
    ["inspector1", "examinee", "inspector"],
  ] as const)("refuses %s as %s, who is there as %s, and adds nobody", async (userId, role, there) => {
    const fixture = await nextSchool();
    const participants = [
      examinee("first"),
      examinee("examinee2", "Renamed"),
      { userId, name: "X", role },
      examinee("last"),
    ];
    const before = await names(fixture);
    const { reason, message } = await refused(
      fixture.teacher.participant.add({ roomId: fixture.room.id, participants }),
    );
    expect(reason).toBe("PARTICIPANT_CONFLICT");
    expect(message).toContain(`${userId} is in the room as ${there}`);
    expect(await names(fixture)).toEqual(before);
  });

  it("lets a person be in many rooms, in any role in each", async () => {
    const fixture = await nextSchool();
    await fixture.admin.participant.add({
      roomId: fixture.other.id,
      participants: [{ userId: "examinee1", name: "E", role: "inspector" }],
    });
    const inOther = fixture.as({ sub: "examinee1", role: "inspector" });
    expect((await inOther.room.get({ roomId: fixture.other.id })).name).toBe("Room C");
    expect(await reasonOf(inOther.room.get({ roomId: fixture.room.id }))).toBe("FORBIDDEN");
  });

  it("opens the room to whom it adds, at once", async () => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    const addedPerson = fixture.as({ sub: "new", role: "examinee" });
    expect(await reasonOf(addedPerson.room.get({ roomId }))).toBe("FORBIDDEN");
    await fixture.teacher.participant.add({ roomId, participants: [examinee("new")] });
    expect(await reasonOf(addedPerson.room.get({ roomId }))).toBe("ok");
    await fixture.teacher.participant.remove({ roomId, userId: "new" });
    expect(await reasonOf(addedPerson.room.get({ roomId }))).toBe("FORBIDDEN");
  });
});

describe("participant.remove", () => {
  it.each([
    ["the room's creator", "teacher1", "PARTICIPANT_CONFLICT"],
    ["somebody who is not there", "examinee3", "PARTICIPANT_NOT_FOUND"],
    ["somebody about whom something was recorded", "examinee1", "PARTICIPANT_CONFLICT"],
  ])("refuses %s", async (_, userId, expected) => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    await fixture.teacher.cheat.addRecords({ roomId, records: [fixture.detection("examinee1")] });
    expect(await reasonOf(fixture.teacher.participant.remove({ roomId, userId }))).toBe(expected);
    expect(Object.keys(await names(fixture))).toEqual(["examinee1", "examinee2"]);
  });

  it("removes anybody else, who may come back, last and in another role", async () => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    // A record in another room does not prevent the removal.
    await fixture.admin.participant.add({ roomId: fixture.other.id, participants: [examinee("examinee1")] });
    await fixture.admin.cheat.addRecords({
      roomId: fixture.other.id,
      records: [fixture.detection("examinee1")],
    });
    expect(await fixture.teacher.participant.remove({ roomId, userId: "examinee1" })).toEqual({ records: 0 });
    expect(Object.keys(await names(fixture))).toEqual(["examinee2"]);
    await fixture.teacher.participant.add({ roomId, participants: [examinee("examinee1")] });
    expect(Object.keys(await names(fixture))).toEqual(["examinee2", "examinee1"]);
    await fixture.teacher.participant.remove({ roomId, userId: "examinee1" });
    await fixture.teacher.participant.add({
      roomId,
      participants: [{ userId: "examinee1", name: "I", role: "inspector" }],
    });
    const inspectors = await fixture.admin.participant.list({ roomId, role: "inspector" });
    expect(inspectors.map(({ userId }) => userId)).toEqual(["inspector1", "examinee1"]);
  });
});

describe("participant.remove, with records", () => {
  const recorded = async ({ admin }: ExamsFixture, roomId: string) =>
    (await admin.cheat.listRecords({ roomId })).records.map(({ userId }) => userId);

  it("is an administrator's: it deletes what was recorded about the person in the room, and says how much", async () => {
    const fixture = await nextSchool();
    const { admin, teacher, room, sibling, detection } = fixture;
    await admin.participant.add({ roomId: sibling.id, participants: [examinee("examinee1")] });
    await admin.cheat.addRecords({
      roomId: room.id,
      records: ["examinee1", "examinee2", "examinee1"].map((userId) => detection(userId)),
    });
    await admin.cheat.addRecords({ roomId: sibling.id, records: [detection("examinee1")] });
    const ref = { roomId: room.id, userId: "examinee1" };
    expect(await refused(admin.participant.remove(ref))).toMatchObject({
      reason: "PARTICIPANT_CONFLICT",
      message: "examinee1 cannot be removed: 2 cheat records are kept about it.",
    });
    const call = teacher.participant.remove({ ...ref, withRecords: true });
    expect(await reasonOf(call)).toBe("FORBIDDEN");
    expect(await recorded(fixture, room.id)).toHaveLength(3);
    expect(await admin.participant.remove({ ...ref, withRecords: true })).toEqual({ records: 2 });
    expect(Object.keys(await names(fixture))).toEqual(["examinee2"]);
    expect(await recorded(fixture, room.id)).toEqual(["examinee2"]);
    expect(await recorded(fixture, sibling.id)).toEqual(["examinee1"]);
  });

  it("removes nobody who is not there, and no creator", async () => {
    const fixture = await nextSchool();
    const { admin, room, detection } = fixture;
    await admin.cheat.addRecords({ roomId: room.id, records: [detection("nobody"), detection("teacher1")] });
    const remove = (userId: string) =>
      reasonOf(admin.participant.remove({ roomId: room.id, userId, withRecords: true }));
    expect(await remove("nobody")).toBe("PARTICIPANT_NOT_FOUND");
    expect(await remove("teacher1")).toBe("PARTICIPANT_CONFLICT");
    expect(await recorded(fixture, room.id)).toHaveLength(2);
  });
});

it("an ended room takes nobody and lets nobody go", async () => {
  const fixture = await nextSchool();
  const roomId = fixture.room.id;
  await fixture.teacher.room.end({ roomId });
  const { participant } = fixture.teacher;
  expect(await reasonOf(participant.add({ roomId, participants: [examinee("new")] }))).toBe("ROOM_ENDED");
  expect(await reasonOf(participant.remove({ roomId, userId: "examinee1" }))).toBe("ROOM_ENDED");
  const withRecords = { roomId, userId: "examinee1", withRecords: true };
  expect(await reasonOf(fixture.admin.participant.remove(withRecords))).toBe("ROOM_ENDED");
  expect(Object.keys(await names(fixture))).toEqual(["examinee1", "examinee2"]);
});

describe("whether a person has a room in progress", () => {
  it("counts all its rooms of the exam, and each person alone", async () => {
    const fixture = await nextSchool();
    const { admin, room, sibling } = fixture;
    const other = await admin.room.create({ name: "Third", examId: room.examId });
    await admin.participant.add({ roomId: other.id, participants: [examinee("examinee1")] });
    await admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "inspector1", name: "I", role: "inspector" }],
    });
    const state = async (roomId: string, role: "teacher" | "inspector" | "examinee" = "examinee") =>
      (await admin.participant.list({ roomId, role }))
        .map(({ userId, hasRoomInProgress }) => `${userId} ${hasRoomInProgress ? "yes" : "no"}`)
        .join(", ");
    expect(await state(room.id)).toBe("examinee1 yes, examinee2 yes");
    await admin.room.end({ roomId: room.id });
    // The first person has another room, the second does not.
    expect(await state(room.id)).toBe("examinee1 yes, examinee2 no");
    expect(await state(room.id, "inspector")).toBe("inspector1 yes");
    expect(await state(room.id, "teacher")).toBe("teacher1 no");
    await admin.room.end({ roomId: other.id });
    expect(await state(room.id)).toBe("examinee1 no, examinee2 no");
    expect(await state(other.id)).toBe("examinee1 no");
    const get = (userId: string) => admin.participant.get({ roomId: room.id, userId });
    expect((await get("inspector1")).hasRoomInProgress).toBe(true);
    await admin.room.end({ roomId: sibling.id });
    expect((await get("inspector1")).hasRoomInProgress).toBe(false);
  });
});

describe("whether a person has a room in progress tells of no room that the caller may not see", () => {
  const openEnded = async () => {
    const fixture = await openExamsFixture();
    const { admin, room, sibling, other } = fixture;
    // One person has another room of the exam, the other has a room of another exam.
    await admin.participant.add({ roomId: sibling.id, participants: [examinee("examinee1")] });
    await admin.participant.add({ roomId: other.id, participants: [examinee("examinee2")] });
    await fixture.teacher.room.end({ roomId: room.id });
    const list = async (caller: TestCaller) =>
      (await fixture.as(caller).participant.list({ roomId: room.id })).map((one) => one.hasRoomInProgress);
    const get = async (caller: TestCaller, userId: string) =>
      (await fixture.as(caller).participant.get({ roomId: room.id, userId })).hasRoomInProgress;
    return { ...fixture, list, get };
  };
  const teacher = { sub: "teacher1", role: "teacher" } as const;
  const admin = { sub: "root", role: "admin" } as const;

  it("neither of another exam, to anybody, nor of another room of the exam, to its own staff", async () => {
    await using fixture = await openEnded();
    const { id: roomId, examId } = fixture.room;
    for (const caller of [admin, { ...admin, exam: examId }]) {
      expect(await fixture.list(caller)).toEqual([true, false]);
      expect(await fixture.get(caller, "examinee2")).toBe(false);
    }
    for (const caller of [
      teacher,
      { ...teacher, room: roomId },
      { ...teacher, exam: examId },
      { ...admin, room: roomId },
      { sub: "inspector1", role: "inspector" },
    ] as const)
      expect(await fixture.list(caller)).toEqual([false, false]);
    expect(await fixture.get(teacher, "examinee1")).toBe(false);
  });

  it("and does of those that the caller is in", async () => {
    await using fixture = await openEnded();
    await fixture.admin.participant.add({
      roomId: fixture.sibling.id,
      participants: [{ userId: "teacher1", name: "T", role: "teacher" }],
    });
    expect(await fixture.list(teacher)).toEqual([true, false]);
    // The person themselves.
    expect(await fixture.get({ sub: "examinee1", role: "examinee" }, "examinee1")).toBe(true);
    expect(await fixture.get({ sub: "examinee2", role: "examinee" }, "examinee2")).toBe(false);
  });
});

describe("push URLs are for the person, its teachers, and administrators", () => {
  const table = [
    ["root", "admin", "examinee1 examinee2 teacher1 inspector1"],
    ["teacher1", "teacher", "examinee1 examinee2 teacher1 inspector1"],
    ["inspector1", "inspector", "inspector1"],
  ] as const;
  it.each(table)("%s (%s) may publish as %s", async (sub, role, expected) => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    const caller = fixture.as({ sub, role });
    const may: string[] = [];
    for (const userId of ["examinee1", "examinee2", "teacher1", "inspector1"]) {
      const { streams } = await caller.participant.get({ roomId, userId });
      expect(streams.main.pushUrl === null).toBe(streams.pc.pushUrl === null);
      if (streams.main.pushUrl !== null) may.push(userId);
    }
    expect(may.join(" ")).toBe(expected);
    const listed = await caller.participant.list({ roomId });
    expect(listed.map(({ streams }) => streams.main.pushUrl !== null)).toEqual(
      ["examinee1", "examinee2"].map((userId) => may.includes(userId)),
    );
  });

  it("and for nobody who asks after them, while the URLs are the same", async () => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    const inspector = fixture.as({ sub: "inspector1", role: "inspector" });
    const urls = async (caller: ExamsFixture["teacher"]) =>
      (await caller.participant.list({ roomId })).flatMap(({ streams: { main, pc } }) => [main, pc]);
    const toTeacher = await urls(fixture.teacher);
    expect(await urls(inspector)).toEqual(toTeacher.map((one) => ({ ...one, pushUrl: null })));
    expect(await urls(fixture.teacher)).toEqual(toTeacher);
  });

  it("an examinee may publish as itself, and hears the room's teacher", async () => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    const caller = fixture.as({ sub: "examinee1", role: "examinee" });
    const get = async (userId: string) => (await caller.participant.get({ roomId, userId })).streams;
    expect((await get("examinee1")).main.pushUrl).toMatch(/^artc:\/\//);
    expect((await get("teacher1")).main).toMatchObject({
      pushUrl: null,
      pullUrl: expect.stringMatching(/^artc:\/\//),
    });
  });

  it("another teacher of the room is nobody whom an examinee may ask for", async () => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    await fixture.teacher.participant.add({
      roomId,
      participants: [{ userId: "t9", name: "T", role: "teacher" }],
    });
    const call = fixture.as({ sub: "examinee1", role: "examinee" }).participant.get({ roomId, userId: "t9" });
    expect(await reasonOf(call)).toBe("FORBIDDEN");
  });
});

describe("extra minutes", () => {
  const listed = async ({ admin, room }: ExamsFixture) =>
    (await admin.participant.list({ roomId: room.id })).map(({ userId, extraMinutes }) => [
      userId,
      extraMinutes,
    ]);

  it("are given with the room or later, change when they are given again, and stay when they are not", async () => {
    const fixture = await nextSchool();
    const { teacher, admin } = fixture;
    const made = await teacher.room.create({
      name: "R",
      examId: fixture.room.examId,
      participants: [{ ...examinee("slow"), extraMinutes: 30 }, examinee("quick")],
    });
    const minutes = async (userId: string) =>
      (await admin.participant.get({ roomId: made.id, userId })).extraMinutes;
    expect([await minutes("slow"), await minutes("quick"), await minutes("teacher1")]).toEqual([30, 0, 0]);
    const add = (userId: string, extraMinutes?: number, name?: string) =>
      teacher.participant.add({
        roomId: made.id,
        participants: [{ ...examinee(userId, name), extraMinutes }],
      });
    expect(await add("quick", 10)).toEqual({ added: 0, updated: 1, unchanged: 0 });
    expect(await add("quick", 10)).toEqual({ added: 0, updated: 0, unchanged: 1 });
    expect(await add("slow", undefined, "Renamed")).toEqual({ added: 0, updated: 1, unchanged: 0 });
    expect([await minutes("slow"), await minutes("quick")]).toEqual([30, 10]);
    expect(await add("slow", 0)).toEqual({ added: 0, updated: 1, unchanged: 0 });
    expect(await minutes("slow")).toBe(0);
  });

  it("move the exam's end for whom they are given, and for nobody else", async () => {
    const fixture = await nextSchool();
    const { room, sibling, other, admin } = fixture;
    const give = (roomId: string, extraMinutes: number) =>
      admin.participant.add({ roomId, participants: [{ ...examinee("examinee1"), extraMinutes }] });
    const end = new Date("2026-01-02T05:34:05Z");
    const endFor = async (sub: string, role: "examinee" | "teacher" | "admin", bound = {}) =>
      ((await fixture.as({ sub, role, ...bound }).exam.get({ examId: room.examId })).endTime.getTime() -
        end.getTime()) /
      60_000;
    await give(room.id, 15);
    // Extra minutes of another exam do not count. Among this exam's rooms, the highest number counts.
    await give(other.id, 90);
    await give(sibling.id, 5);
    expect(await endFor("examinee1", "examinee")).toBe(15);
    expect(await endFor("examinee1", "examinee", { room: sibling.id })).toBe(15);
    expect(await endFor("examinee2", "examinee")).toBe(0);
    expect(await endFor("teacher1", "teacher")).toBe(0);
    expect(await endFor("root", "admin")).toBe(0);
    const onTheWire = async (sub: string, role: "examinee" | "teacher") =>
      dataOf(await rest(fixture, await fixture.token({ sub, role })).get("examInfo", { examId: room.examId }))
        .endTime;
    expect(await onTheWire("teacher1", "teacher")).toBe("2026/01/02 13:34:05");
    expect(await onTheWire("examinee1", "examinee")).toBe("2026/01/02 13:49:05");
  });

  it("are changed of those who are in the room, all or none, and put nobody into a room that they have left", async () => {
    await using fixture = await openExamsFixture();
    const { teacher, admin, room, sibling } = fixture;
    const set = (...participants: { userId: string; extraMinutes: number }[]) =>
      teacher.participant.setExtraMinutes({ roomId: room.id, participants });
    const [one, two] = ["examinee1", "examinee2"].map((userId) => ({ userId, extraMinutes: 10 }));
    if (!one || !two) throw new Error("There are two.");
    expect(await set(one)).toEqual({ updated: 1, unchanged: 0 });
    expect(await set(one, { ...two, extraMinutes: 25 })).toEqual({ updated: 1, unchanged: 1 });
    expect(await listed(fixture)).toEqual([
      ["examinee1", 10],
      ["examinee2", 25],
    ]);
    await admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id });
    expect(await refused(set({ ...two, extraMinutes: 0 }, one))).toMatchObject({
      reason: "PARTICIPANT_NOT_FOUND",
      message: `There is no examinee1 in the room ${room.id}.`,
    });
    expect(await refused(set({ userId: "teacher1", extraMinutes: 5 }))).toMatchObject({
      reason: "PARTICIPANT_CONFLICT",
    });
    const { people } = await admin.exam.people({ examId: room.examId });
    const rooms = people
      .filter(({ role, userId }) => role === "examinee" && ["examinee1", "examinee2"].includes(userId))
      .map(({ userId, roomId, extraMinutes }) => [userId, roomId, extraMinutes]);
    expect(rooms).toEqual([
      ["examinee2", room.id, 25],
      ["examinee1", sibling.id, 10],
    ]);
    await admin.room.end({ roomId: room.id });
    expect(await reasonOf(set(two))).toBe("ROOM_ENDED");
  });

  it("do not move it for the same person where it teaches", async () => {
    const fixture = await nextSchool();
    const { room, sibling, admin } = fixture;
    await admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "examinee1", name: "E", role: "teacher" }],
    });
    const { endTime } = await fixture
      .as({ sub: "examinee1", role: "teacher" })
      .exam.get({ examId: room.examId });
    await admin.participant.add({
      roomId: room.id,
      participants: [{ ...examinee("examinee1"), extraMinutes: 15 }],
    });
    expect(
      await fixture.as({ sub: "examinee1", role: "teacher" }).exam.get({ examId: room.examId }),
    ).toMatchObject({
      endTime,
    });
  });

  it.each([
    ["teacher", 5],
    ["inspector", 1],
    ["examinee", 601],
    ["examinee", -1],
    ["examinee", 1.5],
  ])("are refused for a %s who is given %f, over HTTP by the field's name", async (role, extraMinutes) => {
    await using fixture = await openExamsFixture();
    const client = trpc(fixture, await fixture.token({ sub: "teacher1", role: "teacher" }));
    const participants = [examinee("new"), { userId: "x", name: "X", role, extraMinutes }];
    const before = await listed(fixture);
    for (const [path, input] of [
      ["participant.add", { roomId: fixture.room.id, participants }],
      ["room.create", { name: "R", examId: fixture.room.examId, participants }],
    ] as const) {
      const { error } = await client.mutate(path, input);
      expect(error.data.reason).toBe("INVALID_INPUT");
      expect(Object.keys(error.data.fieldErrors)).toEqual(["participants[1].extraMinutes"]);
    }
    expect(await listed(fixture)).toEqual(before);
    expect((await fixture.teacher.room.list({})).rooms).toHaveLength(1);
  });

  it("of none are anybody's", async () => {
    const fixture = await nextSchool();
    const participants = [{ userId: "t9", name: "T", role: "teacher" as const, extraMinutes: 0 }];
    expect(await fixture.teacher.participant.add({ roomId: fixture.room.id, participants })).toMatchObject({
      added: 1,
    });
  });
});
