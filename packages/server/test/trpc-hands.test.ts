// Also on PostgreSQL: one open hand a person is a unique index, and takes at once are ordered by the lock of the exam.
import { MAX_HANDS } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { hands } from "../src/storage/tables.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { listenExam, listenPeople, listenRoom } from "./support/listening.js";
import { ADMIN, EXAMINEE, INSPECTOR, openLiveFixture, TEACHER } from "./support/live-fixture.js";
import { refused } from "./support/reason.js";
import { shared } from "./support/shared.js";
import { rowsOf } from "./support/tables.js";

const ALL_OPEN = ["raised", "taken", "granted"] as const;
const fixture = shared(() => openExamsFixture());

const examinee = (of: Pick<ExamsFixture, "as">, sub = "examinee1") => of.as({ sub, role: "examinee" });
/** The open hands of a person in a room, as the lists, the room and the people say. */
const openHands = async ({ admin, room }: ExamsFixture, userId = "examinee1", roomId = room.id) => {
  const { hands: listed } = await admin.hand.list({ roomId, userId, statuses: [...ALL_OPEN] });
  const snapshot = await admin.room.snapshot({ roomId });
  expect(snapshot.hands.filter((hand) => hand.userId === userId)).toEqual(listed);
  const { people } = await admin.exam.people({ examId: room.examId, roomId });
  expect(people.flatMap(({ hand }) => (hand?.userId === userId ? [hand] : []))).toEqual(listed);
  return listed;
};

describe("hand.raise", () => {
  it("returns the open hand if there is one, and raises a new one after that", async () => {
    await using own = await openExamsFixture();
    const { admin, room } = own;
    const raise = (text?: string) => examinee(own).hand.raise({ roomId: room.id, kind: "help", text });
    const first = await raise("My screen is black");
    expect(first).toMatchObject({
      roomId: room.id,
      userId: "examinee1",
      kind: "help",
      status: "raised",
      text: "My screen is black",
    });
    expect(await raise("Hello?")).toEqual(first);
    const [many] = await Promise.all([raise(), raise(), raise()]);
    expect(many).toEqual(first);
    expect(await openHands(own)).toEqual([first]);
    await admin.hand.answer({ roomId: room.id, handId: first.id, action: "resolve" });
    expect(await openHands(own)).toEqual([]);
    expect((await raise()).id).toBeGreaterThan(first.id);
  });

  it("raises and takes a hand on behalf of a person, and takes one that the person has raised", async () => {
    await using own = await openExamsFixture();
    const { teacher, admin, room } = own;
    const roomId = room.id;
    const behalf = { roomId, userId: "examinee1", kind: "help" } as const;
    const taken = await teacher.hand.raise(behalf);
    expect(taken).toMatchObject({ status: "taken", takenBy: "teacher1" });
    expect(await teacher.hand.raise(behalf)).toEqual(taken);
    expect(await refused(admin.hand.raise(behalf))).toMatchObject({
      reason: "HAND_CONFLICT",
      message: `The hand ${taken.id} of examinee1 was taken by teacher1.`,
    });
    const raised = await examinee(own, "examinee2").hand.raise({ roomId, kind: "technical" });
    expect(await admin.hand.raise({ ...behalf, userId: "examinee2" })).toEqual({
      ...raised,
      status: "taken",
      takenBy: "root",
    });
  });

  it("refuses a hand of another person, of staff, of a stranger and a call without a person", async () => {
    const { room, teacher } = fixture();
    const raise = (userId?: string) => ({ roomId: room.id, userId, kind: "help" as const });
    expect(await refused(examinee(fixture()).hand.raise(raise("examinee2")))).toMatchObject({
      reason: "FORBIDDEN",
      message: expect.stringContaining("examinee2"),
    });
    expect(await refused(teacher.hand.raise(raise()))).toMatchObject({
      reason: "INVALID_INPUT",
      message: expect.stringContaining("userId"),
    });
    expect(await refused(teacher.hand.raise(raise("inspector1")))).toMatchObject({
      reason: "INVALID_INPUT",
      message: expect.stringContaining("userId must be an examinee"),
    });
    expect(await refused(teacher.hand.raise(raise("examinee3")))).toMatchObject({
      reason: "PARTICIPANT_NOT_FOUND",
      message: expect.stringContaining("examinee3"),
    });
    expect(
      await refused(examinee(fixture()).hand.raise({ ...raise(), text: "x".repeat(201) })),
    ).toMatchObject({
      reason: "INVALID_INPUT",
      message: expect.stringContaining("must be at most 200 characters"),
    });
  });

  it("lets a person raise so many hands in a room, and no more", async () => {
    await using own = await openExamsFixture();
    const roomId = own.room.id;
    const raise = (sub?: string) => examinee(own, sub).hand.raise({ roomId, kind: "help" });
    for (let n = 1; n <= MAX_HANDS; n += 1) {
      const { id: handId } = await raise();
      await own.teacher.hand.answer({ roomId, handId, action: "resolve" });
    }
    expect(await refused(raise())).toMatchObject({ reason: "QUOTA_EXCEEDED" });
    expect((await raise("examinee2")).status).toBe("raised");
  });
});

describe("hand.answer", () => {
  it("grants a break, which the person ends, and keeps when", async () => {
    let now = new Date("2026-01-02T03:00:00Z");
    await using own = await openExamsFixture({ now: () => now });
    const { teacher, admin, room } = own;
    const roomId = room.id;
    const { id: handId } = await examinee(own).hand.raise({ roomId, kind: "break" });
    now = new Date("2026-01-02T03:01:00Z");
    const granted = await teacher.hand.answer({ roomId, handId, action: "grant", note: "Five minutes" });
    expect(granted).toMatchObject({
      status: "granted",
      grantedAt: now,
      note: "Five minutes",
      takenBy: "teacher1",
    });
    expect(await teacher.hand.answer({ roomId, handId, action: "grant" })).toEqual(granted);
    // The record that a detector made all the same is kept.
    await examinee(own).cheat.addRecords({ roomId, records: [own.detection("examinee1")] });
    now = new Date("2026-01-02T03:06:00Z");
    const over = await examinee(own).hand.answer({ roomId, handId, action: "resolve" });
    expect(over).toMatchObject({ status: "resolved", resolvedAt: now });
    expect((await admin.hand.list({ roomId })).hands).toEqual([{ ...granted, ...over }]);
    expect(await refused(teacher.hand.answer({ roomId, handId, action: "take" }))).toMatchObject({
      reason: "HAND_CONFLICT",
      message: `The hand ${handId} of examinee1 is resolved already.`,
    });
  });

  it("lets one of two take a hand, and tells the other who has it", async () => {
    await using own = await openExamsFixture();
    const { teacher, admin, room } = own;
    const roomId = room.id;
    const { id: handId } = await examinee(own).hand.raise({ roomId, kind: "help" });
    const take = (caller: typeof admin) => caller.hand.answer({ roomId, handId, action: "take" });
    const outcomes = await Promise.allSettled([take(teacher), take(admin)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    const [open] = await openHands(own);
    const [winner, loser] = open?.takenBy === "root" ? [admin, teacher] : [teacher, admin];
    expect(await take(winner)).toEqual(open);
    expect((await refused(take(loser)))?.message).toBe(
      `The hand ${handId} of examinee1 was taken by ${open?.takenBy}.`,
    );
    // A colleague may finish what the other began.
    await loser.hand.answer({ roomId, handId, action: "resolve", note: "Sound works again" });
    expect((await admin.hand.list({ roomId })).hands).toMatchObject([{ note: "Sound works again" }]);
  });

  it("lets examinees resolve their own hand and nothing else, and finds only hands of the room", async () => {
    await using own = await openExamsFixture();
    const { teacher, admin, room, sibling } = own;
    const roomId = room.id;
    const { id: handId } = await examinee(own).hand.raise({ roomId, kind: "break" });
    for (const more of [{ action: "take" }, { action: "grant" }, { action: "resolve", note: "N" }] as const)
      expect((await refused(examinee(own).hand.answer({ roomId, handId, ...more })))?.reason).toBe(
        "FORBIDDEN",
      );
    const resolve = { roomId, handId, action: "resolve" } as const;
    expect(await refused(examinee(own, "examinee2").hand.answer(resolve))).toMatchObject({
      reason: "HAND_NOT_FOUND",
      message: `The room ${roomId} has no raised hand ${handId}.`,
    });
    expect((await refused(admin.hand.answer({ ...resolve, roomId: sibling.id })))?.reason).toBe(
      "HAND_NOT_FOUND",
    );
    const { id: help } = await examinee(own, "examinee2").hand.raise({ roomId, kind: "help" });
    expect((await refused(teacher.hand.answer({ roomId, handId: help, action: "grant" })))?.reason).toBe(
      "HAND_CONFLICT",
    );
  });
});

describe("an open hand", () => {
  it("is closed by the end of the room, which takes no others until it is reopened", async () => {
    await using own = await openExamsFixture();
    const { admin, teacher, room } = own;
    const roomId = room.id;
    const raise = (sub?: string) => examinee(own, sub).hand.raise({ roomId, kind: "help" });
    const first = await raise();
    await teacher.hand.answer({ roomId, handId: first.id, action: "take" });
    await raise("examinee2");
    await admin.room.end({ roomId });
    expect(await openHands(own)).toEqual([]);
    expect((await admin.hand.list({ roomId })).hands.map(({ status }) => status)).toEqual([
      "resolved",
      "resolved",
    ]);
    for (const call of [
      () => raise(),
      () => admin.hand.raise({ roomId, userId: "examinee1", kind: "help" }),
      () => admin.hand.answer({ roomId, handId: first.id, action: "resolve" }),
    ])
      expect((await refused(call()))?.reason).toBe("ROOM_ENDED");
    await admin.room.reopen({ roomId });
    expect(await openHands(own)).toEqual([]);
    expect((await raise()).id).toBeGreaterThan(first.id);
    await admin.exam.end({ examId: room.examId });
    expect(await openHands(own)).toEqual([]);
  });

  it("is closed by a move and by a removal", async () => {
    await using own = await openExamsFixture();
    const { admin, room, sibling } = own;
    const roomId = room.id;
    await examinee(own).hand.raise({ roomId, kind: "help" });
    await admin.participant.move({ roomId, userId: "examinee1", toRoomId: sibling.id });
    expect(await openHands(own)).toEqual([]);
    expect(await openHands(own, "examinee1", sibling.id)).toEqual([]);
    await examinee(own, "examinee2").hand.raise({ roomId, kind: "help" });
    await admin.participant.remove({ roomId, userId: "examinee2" });
    expect(await openHands(own, "examinee2")).toEqual([]);
    const { hands: history } = await admin.hand.list({ examId: room.examId });
    expect(history.map(({ userId, status }) => [userId, status])).toEqual([
      ["examinee1", "resolved"],
      ["examinee2", "resolved"],
    ]);
  });

  it("is erased with the person, in all rooms where they raised one", async () => {
    await using own = await openLiveFixture();
    const { room, sibling, db } = own;
    const [admin, person] = [own.as(ADMIN), own.as(EXAMINEE)];
    const { id: roomId, examId } = room;
    const toRoomId = sibling.id;
    await person.hand.raise({ roomId, kind: "help", text: "Mine" });
    await examinee(own, "examinee2").hand.raise({ roomId, kind: "help", text: "Of another" });
    await admin.participant.move({ roomId, userId: "examinee1", toRoomId });
    await person.hand.raise({ roomId: toRoomId, kind: "help", text: "Mine, too" });
    await admin.participant.removeFromExam({ examId, userId: "examinee1", withRecords: true });
    expect((await rowsOf(db, hands)).map(({ text }) => text)).toEqual(["Of another"]);
    // A deleted exam can be restored, so an erasure reaches it.
    const { name: confirm } = await admin.exam.get({ examId });
    await admin.exam.delete({ examId, withRooms: true, confirm });
    expect(await rowsOf(db, hands)).toMatchObject([{ status: "resolved" }]);
    await admin.participant.removeFromExam({ examId, userId: "examinee2", withRecords: true });
    expect(await rowsOf(db, hands)).toEqual([]);
  });
});

describe("hand.list", () => {
  it("has pages of the rooms of the caller, the oldest first", async () => {
    await using own = await openExamsFixture();
    const { admin, room, sibling } = own;
    const raise = (sub: string, roomId: string) => examinee(own, sub).hand.raise({ roomId, kind: "help" });
    const raised = [
      await raise("examinee2", room.id),
      await raise("examinee3", sibling.id),
      await raise("examinee1", room.id),
    ];
    const { examId } = room;
    const first = await admin.hand.list({ examId, pageSize: 2 });
    const second = await admin.hand.list({ examId, pageSize: 2, cursor: first.nextCursor });
    expect([...first.hands, ...second.hands]).toEqual(raised);
    expect(second.nextCursor).toBeUndefined();
    const inspector = own.as({ sub: "inspector3", role: "inspector" });
    expect((await inspector.hand.list({ examId })).hands).toEqual([raised[1]]);
    expect((await admin.hand.list({ examId, userId: "examinee1" })).hands).toEqual([raised[2]]);
    expect((await admin.hand.list({ examId, statuses: ["taken"] })).hands).toEqual([]);
    await admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "teacher1", name: "T", role: "teacher" }],
    });
    expect((await own.teacher.hand.list({ examId })).hands).toEqual(raised);
  });
});

describe("hand_changed", () => {
  it("tells staff everything, the person what concerns them, and nobody else", async () => {
    await using own = await openLiveFixture();
    const { room } = own;
    const roomId = room.id;
    await using staff = await listenRoom(own, INSPECTOR, { roomId });
    await using exam = await listenExam(own, ADMIN, { examId: room.examId });
    await using people = await listenPeople(own, ADMIN, { examId: room.examId });
    await using person = await listenRoom(own, EXAMINEE, { roomId });
    await using other = await listenRoom(own, { sub: "examinee2", role: "examinee" }, { roomId });
    const asked = { roomId, kind: "break", text: "May I?" } as const;
    const { id: handId } = await own.as(EXAMINEE).hand.raise(asked);
    const answer = { roomId, handId, note: "Secret" };
    await own.as(TEACHER).hand.answer({ ...answer, action: "grant" });
    await own.as(ADMIN).room.end({ roomId });
    const handsOf = async (reader: { until: typeof staff.until }) =>
      (await reader.until(({ type }) => type === "room_ended")).flatMap((event) =>
        event.type === "hand_changed" ? [event.hand] : [],
      );
    // An event has the hand as it is when it is delivered, so the first one may have the answer already.
    for (const told of [staff, exam, people]) {
      // Safe: all of these readers have the event.
      const received = await handsOf(told as typeof staff);
      expect(received).toHaveLength(2);
      expect(received.at(-1)).toMatchObject({ id: handId, takenBy: "teacher1", note: "Secret" });
    }
    const received = await handsOf(person);
    expect(received).toHaveLength(2);
    expect(received.at(-1)).toMatchObject({ id: handId, kind: "break", text: "May I?" });
    expect(JSON.stringify(received)).not.toMatch(/Secret|teacher1/);
    expect(await handsOf(other)).toEqual([]);
  });

  it("hides from examinees in the snapshot what it hides in the event", async () => {
    await using own = await openLiveFixture();
    const roomId = own.room.id;
    const raised = await own.as(EXAMINEE).hand.raise({ roomId, kind: "break" });
    const answered = { roomId, handId: raised.id, action: "take", note: "Secret" } as const;
    const taken = await own.as(TEACHER).hand.answer(answered);
    const seenBy = async (caller: typeof ADMIN) => (await own.as(caller).room.snapshot({ roomId })).hands;
    expect(await seenBy(INSPECTOR)).toEqual([taken]);
    expect(await seenBy(EXAMINEE)).toEqual([{ ...raised, status: "taken" }]);
    expect(await seenBy({ sub: "examinee2", role: "examinee" })).toEqual([]);
    expect(await own.as(EXAMINEE).hand.raise({ roomId, kind: "break" })).toEqual({
      ...raised,
      status: "taken",
    });
  });
});
