import { describe, expect, it } from "vitest";
import { ADMIN, openExamFixture, people } from "./support/exam-fixture.js";

describe("participant.listUnseated", () => {
  it("pages in the order of the import, and says how many there are", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait(...people("examinee", 5), ...people("teacher", 1));
    const admin = await fixture.as(ADMIN);
    await admin.mutate("room.create", {
      name: "R",
      examId: fixture.examId,
      participants: people("examinee", 3, "there"),
    });
    // People of another exam do not count.
    await admin.mutate("room.create", {
      name: "O",
      examId: fixture.otherExamId,
      participants: people("examinee", 1),
    });
    const seen: string[] = [];
    let cursor: number | undefined;
    do {
      const { data } = await admin.query("participant.listUnseated", {
        examId: fixture.examId,
        pageSize: 2,
        cursor,
      });
      expect(data.totals).toEqual(cursor === undefined ? { unseated: 6, seated: 3 } : undefined);
      seen.push(data.people.map(({ userId }: { userId: string }) => userId).join(" "));
      cursor = data.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(["e0 e1", "e2 e3", "e4 t0"]);
  });

  it("shows who they are", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait({ userId: "a", name: "阿", role: "examinee", extraMinutes: 10 });
    const { data } = await (await fixture.as(ADMIN)).query("participant.listUnseated", {
      examId: fixture.examId,
    });
    expect(data.people).toEqual([{ userId: "a", name: "阿", role: "examinee", extraMinutes: 10 }]);
  });
});

describe("participant.locate", () => {
  it("says where somebody is: waiting, in rooms, or nowhere", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait(...people("examinee", 1));
    const admin = await fixture.as(ADMIN);
    const make = async (name: string, examId: string) =>
      (await admin.mutate("room.create", { name, examId, participants: people("inspector", 1) })).data.id;
    const first = await make("A", fixture.examId);
    const second = await make("B", fixture.examId);
    await make("C", fixture.otherExamId);
    await admin.mutate("room.end", { roomId: second });
    const locate = (userId: string) => admin.query("participant.locate", { examId: fixture.examId, userId });
    expect((await locate("e0")).data).toEqual({
      unseated: { userId: "e0", name: "Name of e0", role: "examinee", extraMinutes: 0 },
      rooms: [],
    });
    expect((await locate("i0")).data).toEqual({
      rooms: [
        { roomId: first, name: "A", status: "in_progress", role: "inspector" },
        { roomId: second, name: "B", status: "ended", role: "inspector" },
      ],
    });
    const { error } = await locate("nobody");
    expect([error.data.reason, error.message]).toEqual([
      "PARTICIPANT_NOT_FOUND",
      `There is no nobody in the exam ${fixture.examId}.`,
    ]);
  });
});

describe("participant.removeFromExam", () => {
  const openRooms = async () => {
    const fixture = await openExamFixture();
    const admin = await fixture.as(ADMIN);
    const make = async (name: string, examId: string) =>
      (await admin.mutate("room.create", { name, examId, participants: people("inspector", 2) })).data
        .id as string;
    const rooms = [await make("A", fixture.examId), await make("B", fixture.examId)];
    const elsewhere = await make("C", fixture.otherExamId);
    const remove = (userId: string, more: object = {}) =>
      admin.mutate("participant.removeFromExam", { examId: fixture.examId, userId, ...more });
    const record = async (roomId: string, userId: string) =>
      admin.mutate("cheat.addRecords", {
        roomId,
        records: [{ userId, isMainMonitor: true, detectType: "watch", detectTime: new Date(0) }],
      });
    const records = async (examId: string) =>
      (await admin.query("cheat.listRecords", { examId })).data.records.map(
        ({ userId }: { userId: string }) => userId,
      );
    return { ...fixture, admin, rooms, elsewhere, remove, record, records };
  };

  it("takes a person out of all rooms of the exam, and of no other", async () => {
    await using fixture = await openRooms();
    expect((await fixture.remove("i0")).data).toEqual({ rooms: 2, records: 0 });
    expect(await fixture.roomList()).toEqual(["A: root | i1 | ", "B: root | i1 | "]);
    const there = await fixture.admin.query("participant.list", {
      roomId: fixture.elsewhere,
      role: "inspector",
    });
    expect(there.data).toHaveLength(2);
    expect((await fixture.remove("i0")).error.data.reason).toBe("PARTICIPANT_NOT_FOUND");
  });

  it("takes out somebody who waits", async () => {
    await using fixture = await openRooms();
    await fixture.wait(...people("examinee", 2));
    expect((await fixture.remove("e0")).data).toEqual({ rooms: 0, records: 0 });
    const { data } = await fixture.admin.query("participant.listUnseated", { examId: fixture.examId });
    expect(data.people.map(({ userId }: { userId: string }) => userId)).toEqual(["e1"]);
  });

  it("deletes records where it is told to, all of the exam's", async () => {
    await using fixture = await openRooms();
    const [first = "", second = ""] = fixture.rooms;
    for (const roomId of [first, second, fixture.elsewhere])
      for (const userId of ["i0", "i1"]) await fixture.record(roomId, userId);
    const before = await fixture.state();
    const { error } = await fixture.remove("i0");
    expect([error.data.reason, error.message]).toEqual([
      "PARTICIPANT_CONFLICT",
      "i0 cannot be removed: 2 cheat records are kept about it.",
    ]);
    expect(await fixture.state()).toEqual(before);
    expect((await fixture.remove("i0", { withRecords: true })).data).toEqual({ rooms: 2, records: 2 });
    expect(await fixture.records(fixture.examId)).toEqual(["i1", "i1"]);
    expect(await fixture.records(fixture.otherExamId)).toEqual(["i1", "i0"]);
  });

  it("deletes the records of somebody who is in no room any more", async () => {
    await using fixture = await openRooms();
    for (const roomId of [...fixture.rooms, fixture.elsewhere]) await fixture.record(roomId, "gone");
    const before = await fixture.state();
    const { error } = await fixture.remove("gone");
    expect([error.data.reason, error.message]).toEqual([
      "PARTICIPANT_CONFLICT",
      "gone cannot be removed: 2 cheat records are kept about it.",
    ]);
    expect(await fixture.state()).toEqual(before);
    expect((await fixture.remove("gone", { withRecords: true })).data).toEqual({ rooms: 0, records: 2 });
    expect(await fixture.records(fixture.examId)).toEqual([]);
    expect(await fixture.records(fixture.otherExamId)).toEqual(["gone"]);
    const { error: again } = await fixture.remove("gone", { withRecords: true });
    expect(again.data.reason).toBe("PARTICIPANT_NOT_FOUND");
    // Nothing prevents the deletion of the exam any more.
    expect(
      (await fixture.admin.mutate("exam.delete", { examId: fixture.examId, withRooms: true })).status,
    ).toBe(200);
  });

  it.each([
    ["a room's creator", "root", "PARTICIPANT_CONFLICT"],
    ["somebody of a room that has ended", "i0", "ROOM_ENDED"],
  ])("takes %s out of no room", async (_, userId, reason) => {
    await using fixture = await openRooms();
    if (reason === "ROOM_ENDED") await fixture.admin.mutate("room.end", { roomId: fixture.rooms[1] });
    const before = await fixture.state();
    expect((await fixture.remove(userId, { withRecords: true })).error.data.reason).toBe(reason);
    expect(await fixture.state()).toEqual(before);
  });
});
