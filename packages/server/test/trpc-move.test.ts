// Also on PostgreSQL: a move locks two rooms.
import { describe, expect, it } from "vitest";
import { query } from "../src/storage/statement.js";
import { participants, streamNames } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { isOnPostgres } from "./support/engine.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { reasonOf, refused } from "./support/reason.js";
import { sharedSchools } from "./support/shared.js";
import { change, rowsOf } from "./support/tables.js";

const nextSchool = sharedSchools();

const idsIn = async ({ admin }: ExamsFixture, roomId: string, role?: "teacher" | "inspector") =>
  (await admin.participant.list({ roomId, role })).map(({ userId }) => userId);

describe("participant.move", () => {
  it("puts a person into another room, last, with its name and minutes", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => now });
    const { admin, room, sibling } = fixture;
    await admin.participant.add({
      roomId: room.id,
      participants: [{ userId: "examinee1", name: "Ada", role: "examinee", extraMinutes: 20 }],
    });
    now = new Date("2026-01-02T03:10:00Z");
    const move = { roomId: room.id, userId: "examinee1", toRoomId: sibling.id };
    expect(await admin.participant.move(move)).toBe(true);
    expect(await idsIn(fixture, room.id)).toEqual(["examinee2"]);
    expect(await idsIn(fixture, sibling.id)).toEqual(["examinee3", "examinee1"]);
    expect(await admin.participant.get({ roomId: sibling.id, userId: "examinee1" })).toMatchObject({
      name: "Ada",
      extraMinutes: 20,
      role: "examinee",
      publishStatus: { main: "idle", pc: "idle" },
      createdAt: now,
    });
    expect(await reasonOf(admin.participant.move(move))).toBe("PARTICIPANT_NOT_FOUND");
  });

  it("opens the new room and closes the old one to whom it moves", async () => {
    await using fixture = await nextSchool();
    const { admin, room, sibling } = fixture;
    const examinee = fixture.as({ sub: "examinee1", role: "examinee" });
    const bound = fixture.as({ sub: "examinee1", role: "examinee", room: room.id });
    await admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id });
    expect((await examinee.room.get({ roomId: sibling.id })).name).toBe("Room B");
    for (const caller of [examinee, bound])
      expect(await reasonOf(caller.room.get({ roomId: room.id }))).toBe("FORBIDDEN");
    expect(await reasonOf(bound.room.get({ roomId: sibling.id }))).toBe("FORBIDDEN");
  });

  it("leaves what was recorded where it was recorded", async () => {
    await using fixture = await nextSchool();
    const { admin, room, sibling, detection } = fixture;
    await admin.cheat.addRecords({ roomId: room.id, records: [detection("examinee1")] });
    await admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id });
    const records = async (roomId: string) => (await admin.cheat.listRecords({ roomId })).records.length;
    expect([await records(room.id), await records(sibling.id)]).toEqual([1, 0]);
    // The exam still has records about the person, who is fully removed only along with them.
    const { examId } = room;
    expect(await refused(admin.participant.removeFromExam({ examId, userId: "examinee1" }))).toMatchObject({
      reason: "PARTICIPANT_CONFLICT",
      message: expect.stringContaining("1 cheat record is kept about it"),
    });
  });

  it("keeps whom it moved in its last room while the exam has records about it", async () => {
    await using fixture = await nextSchool();
    const { admin, room, sibling, detection } = fixture;
    const records = [detection("examinee1"), detection("inspector1"), detection("examinee2")];
    await admin.cheat.addRecords({ roomId: room.id, records });
    for (const userId of ["examinee1", "inspector1"])
      await admin.participant.move({ roomId: room.id, userId, toRoomId: sibling.id });
    const remove = { roomId: sibling.id, userId: "examinee1" };
    expect(await refused(admin.participant.remove(remove))).toMatchObject({
      reason: "PARTICIPANT_CONFLICT",
      message: "examinee1 cannot be removed: 1 cheat record is kept about it.",
    });
    expect(await admin.participant.remove({ ...remove, withRecords: true })).toEqual({ records: 1 });
    // A person who is also in the exam's other room only needs this room's records to be deleted.
    await admin.participant.add({
      roomId: room.id,
      participants: [{ userId: "inspector1", name: "I", role: "inspector" }],
    });
    expect(await admin.participant.remove({ ...remove, userId: "inspector1" })).toEqual({ records: 0 });
    const left = await admin.cheat.listRecords({ examId: room.examId });
    expect(left.records.map(({ userId }) => userId).toSorted()).toEqual(["examinee2", "inspector1"]);
  });

  it("moves inspectors and further teachers, too, and whoever comes back", async () => {
    await using fixture = await nextSchool();
    const { admin, room, sibling } = fixture;
    await admin.participant.add({
      roomId: room.id,
      participants: [{ userId: "t9", name: "T", role: "teacher" }],
    });
    for (const userId of ["inspector1", "t9", "examinee1"])
      for (const [roomId, toRoomId] of [
        [room.id, sibling.id],
        [sibling.id, room.id],
        [room.id, sibling.id],
      ] as const)
        await admin.participant.move({ roomId, userId, toRoomId });
    expect(await idsIn(fixture, sibling.id, "inspector")).toEqual(["inspector3", "inspector1"]);
    expect(await idsIn(fixture, sibling.id, "teacher")).toEqual(["root", "teacher3", "t9"]);
    expect(await idsIn(fixture, sibling.id)).toEqual(["examinee3", "examinee1"]);
  });

  it("is a matter of one exam", async () => {
    await using fixture = await nextSchool();
    const { admin, room, other } = fixture;
    const call = admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: other.id });
    expect(await refused(call)).toMatchObject({
      reason: "INVALID_INPUT",
      fields: ["toRoomId"],
      message: `toRoomId must be a room of the exam ${room.examId}`,
    });
  });

  it.each([
    ["somebody who is not there", "nobody", "PARTICIPANT_NOT_FOUND"],
    ["the room's creator", "teacher1", "PARTICIPANT_CONFLICT"],
    ["somebody who is in the other room already", "inspector1", "PARTICIPANT_CONFLICT"],
  ])("does not move %s", async (_, userId, reason) => {
    await using fixture = await nextSchool();
    const { admin, room, sibling } = fixture;
    await admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "inspector1", name: "I", role: "examinee" }],
    });
    const before = [await idsIn(fixture, room.id), await idsIn(fixture, sibling.id)];
    const call = admin.participant.move({ roomId: room.id, userId, toRoomId: sibling.id });
    expect(await reasonOf(call)).toBe(reason);
    expect([await idsIn(fixture, room.id), await idsIn(fixture, sibling.id)]).toEqual(before);
  });

  it("does not move to the same room", async () => {
    await using fixture = await nextSchool();
    const { admin, room } = fixture;
    const call = admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: room.id });
    expect(await reasonOf(call)).toBe("PARTICIPANT_CONFLICT");
    expect(await idsIn(fixture, room.id)).toEqual(["examinee1", "examinee2"]);
  });

  it.each(["room", "sibling"] as const)("does not move when the %s has ended", async (which) => {
    await using fixture = await nextSchool();
    const { admin, room, sibling } = fixture;
    await admin.room.end({ roomId: fixture[which].id });
    const call = admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id });
    expect(await refused(call)).toMatchObject({
      reason: "ROOM_ENDED",
      message: `The room ${fixture[which].id} has ended.`,
    });
    expect(await idsIn(fixture, room.id)).toEqual(["examinee1", "examinee2"]);
  });
});

describe("when a room ends meanwhile", () => {
  it("nobody is moved or added into it, nor taken out of it", async () => {
    await using fixture = await nextSchool();
    const { admin, room, sibling } = fixture;
    const participants = [{ userId: "m9", name: "M", role: "examinee" } as const];
    const ended = { reason: "ROOM_ENDED", message: `The room ${sibling.id} has ended.` };
    const end = admin.room.end({ roomId: sibling.id });
    // There, calls that are made at once may overtake each other.
    if (isOnPostgres) await end;
    const [, ...others] = await Promise.all([
      end,
      refused(admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: sibling.id })),
      refused(admin.participant.move({ roomId: sibling.id, userId: "inspector3", toRoomId: room.id })),
      refused(admin.participant.add({ roomId: sibling.id, participants })),
      refused(admin.participant.remove({ roomId: sibling.id, userId: "teacher3" })),
    ]);
    expect(others).toMatchObject([ended, ended, ended, ended]);
    expect(await idsIn(fixture, room.id)).toEqual(["examinee1", "examinee2"]);
    expect(await idsIn(fixture, sibling.id)).toEqual(["examinee3"]);
    expect(await idsIn(fixture, sibling.id, "inspector")).toEqual(["inspector3"]);
    expect(await idsIn(fixture, sibling.id, "teacher")).toEqual(["root", "teacher3"]);
  });

  it("or is deleted with its exam, it is not there", async () => {
    await using fixture = await nextSchool();
    const { admin, sibling } = fixture;
    const participants = [{ userId: "m9", name: "M", role: "examinee" } as const];
    const deletion = admin.exam.delete({ examId: sibling.examId, withRooms: true });
    if (isOnPostgres) await deletion;
    const [, added] = await Promise.all([
      deletion,
      reasonOf(admin.participant.add({ roomId: sibling.id, participants })),
    ]);
    expect(added).toBe("ROOM_NOT_FOUND");
  });
});

it("a person's streams in the room that it left stay known, and start anew in the other", async () => {
  await using appFixture = await openAppFixture();
  const admin = trpc(appFixture, await appFixture.token({ sub: "root", role: "admin" }));
  const examinee = { userId: "a", name: "A", role: "examinee" };
  const { data: from } = await admin.mutate("room.create", { name: "From", participants: [examinee] });
  const { data: to } = await admin.mutate("room.create", { name: "To", examId: from.examId });
  const { db } = appFixture;
  const published = { mainPublishStatus: "publishing", pcPublishStatus: "stopped" } as const;
  await change(db, query.update(participants).set(published));
  const move = (roomId: string, toRoomId: string) =>
    admin.mutate("participant.move", { roomId, userId: "a", toRoomId });
  const statuses = async () =>
    (await rowsOf(db, participants))
      .filter(({ userId }) => userId === "a")
      .map(({ roomId, mainPublishStatus, pcPublishStatus }) => [roomId, mainPublishStatus, pcPublishStatus]);
  const names = async () =>
    (await rowsOf(db, streamNames))
      .filter(({ userId }) => userId === "a")
      .map(({ name, roomId, camera }) => `${name} ${roomId} ${camera}`)
      .toSorted();
  const both = [from.id, to.id].flatMap((roomId) => [
    `${from.examId}-${roomId}-a ${roomId} main`,
    `${from.examId}-${roomId}-a_pc ${roomId} pc`,
  ]);

  expect((await move(from.id, to.id)).data).toBe(true);
  expect(await statuses()).toEqual([[to.id, "idle", "idle"]]);
  expect(await names()).toEqual(both.toSorted());
  expect((await move(to.id, from.id)).data).toBe(true);
  expect(await statuses()).toEqual([[from.id, "idle", "idle"]]);
  expect(await names()).toEqual(both.toSorted());
});
