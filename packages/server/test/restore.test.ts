import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import type { TestCaller } from "../src/app/testing.js";
import { bulkChanges, exams, participants, rooms, streamNames } from "../src/storage/tables.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { CHEAT_CONFIG, openExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import { limited } from "./support/limits.js";
import { listenRoom } from "./support/listening.js";
import {
  createTestService,
  fails,
  type TestService,
  withServices,
  works,
} from "./support/message-services.js";
import { reasonOf, refused } from "./support/reason.js";
import { countRows } from "./support/tables.js";
import { namedIn, openTraces, WHO } from "./support/traces.js";

// A deleted exam rests for some days before it is erased. Until then, an administrator can restore it.

const DAY_MS = 86_400_000;
const START = Date.parse("2026-01-02T03:04:05Z");
const ADMIN: TestCaller = { sub: "root", role: "admin" };

/** An app whose tables the test reads, with a time that it sets. */
const openExam = async (options: Parameters<typeof openAppFixture>[0] = {}) => {
  const time = { now: START };
  const appFixture = await openAppFixture({ now: () => new Date(time.now), ...options });
  const admin = trpc(appFixture, await appFixture.token(ADMIN, 30 * 86_400));
  const make = async (path: string, input: object) => {
    const { data, error } = await admin.mutate(path, input);
    if (error) throw new Error(`${path}: ${error.message}`);
    return data;
  };
  const room = await make("room.create", {
    name: "Room A",
    participants: [
      { userId: "t1", name: "T1", role: "teacher" },
      { userId: "e1", name: "E1", role: "examinee" },
    ],
  });
  const examId: string = room.examId;
  const exam = async () => (await admin.query("exam.get", { examId })).error?.data.reason ?? "ok";
  const rows = async () =>
    Promise.all([
      countRows(appFixture.db, exams),
      countRows(appFixture.db, rooms),
      countRows(appFixture.db, participants),
      countRows(appFixture.db, streamNames),
    ]);
  /** Does what a server does at the given time. */
  const passUntil = async (now: number): Promise<void> => {
    time.now = now;
    appFixture.services.bulk.start();
    while ((await countRows(appFixture.db, bulkChanges)) > 0) await nextTurn();
  };
  return {
    appFixture,
    time,
    admin,
    make,
    room,
    examId,
    exam,
    rows,
    passUntil,
    [Symbol.asyncDispose]: () => appFixture[Symbol.asyncDispose](),
  };
};

describe("a deleted exam", () => {
  it("is gone for everybody, and comes back with its rooms, people and links", async () => {
    await using fixture = await openExamsFixture();
    const { admin, teacher, room, sibling } = fixture;
    const { examId, id: roomId } = room;
    await teacher.cheat.addRecords({ roomId, records: [fixture.detection("examinee1")] });
    const before = {
      exam: await admin.exam.get({ examId }),
      config: await admin.cheat.getConfig({ examId }),
      records: await admin.cheat.listRecords({ examId }),
      people: await admin.participant.list({ roomId }),
    };
    const linked = fixture.as({ sub: "examinee1", role: "examinee", room: roomId });
    expect(await reasonOf(linked.room.get({ roomId }))).toBe("ok");

    const deleted = await admin.exam.delete({ examId, withRecords: true, confirm: before.exam.name });
    expect(deleted).toMatchObject({ rooms: 2, people: 8, records: 1, eraseAt: expect.any(Date) });
    for (const [caller, reason] of [
      [admin, "EXAM_NOT_FOUND"],
      [teacher, "FORBIDDEN"],
      [linked, "FORBIDDEN"],
    ] as const)
      expect(await reasonOf(caller.exam.get({ examId }))).toBe(reason);
    expect(await reasonOf(linked.room.get({ roomId }))).toBe("FORBIDDEN");
    expect((await admin.exam.list({})).exams.map(({ id }) => id)).not.toContain(examId);
    // The second of two deletions finds nothing, and does not wait for the first.
    expect(await reasonOf(admin.exam.delete({ examId, withRooms: true }))).toBe("EXAM_NOT_FOUND");
    expect((await admin.exam.listDeleted({})).exams).toEqual([
      {
        id: examId,
        name: before.exam.name,
        startTime: before.exam.startTime,
        endTime: before.exam.endTime,
        createdBy: "teacher1",
        deletedAt: new Date(START),
        eraseAt: new Date(START + 7 * DAY_MS),
      },
    ]);

    expect(await admin.exam.restore({ examId })).toMatchObject({
      id: examId,
      deletedAt: new Date(START),
      endedRooms: [room, sibling].map(({ id, name }) => ({ id, name })),
    });
    expect({
      exam: await admin.exam.get({ examId }),
      config: await admin.cheat.getConfig({ examId }),
      records: await admin.cheat.listRecords({ examId }),
      people: (await admin.participant.list({ roomId })).map((one) => ({ ...one, hasRoomInProgress: true })),
    }).toEqual(before);
    expect((await admin.exam.listDeleted({})).exams).toEqual([]);
    for (const { id } of [room, sibling])
      expect(await admin.room.get({ roomId: id })).toMatchObject({
        status: "ended",
        updatedAt: new Date(START),
      });
    expect(await reasonOf(linked.cheat.getConfig({ examId }))).toBe("ROOM_ENDED");
    expect(await admin.room.reopen({ roomId })).toMatchObject({ id: roomId, status: "in_progress" });
    expect(await reasonOf(linked.cheat.getConfig({ examId }))).toBe("ok");
    expect(await reasonOf(teacher.exam.update({ examId, name: "Again" }))).toBe("ok");
    expect(await refused(admin.exam.restore({ examId }))).toMatchObject({
      reason: "EXAM_NOT_FOUND",
      message: `There is no deleted exam ${examId} that could be restored.`,
    });
  });

  it("names the rooms that ended with the deletion, and none that had ended before", async () => {
    await using exam = await openExam();
    const { examId, room, make, time } = exam;
    const ended = await make("room.create", { examId, name: "Room B" });
    await make("room.end", { roomId: ended.id });
    time.now += 1000;
    await make("exam.delete", { examId, withRooms: true });
    time.now += DAY_MS;
    const { endedRooms } = await make("exam.restore", { examId });
    expect(endedRooms).toEqual([{ id: room.id, name: "Room A" }]);
    time.now += 1000;
    await make("room.reopen", { roomId: room.id });
    await make("exam.delete", { examId, withRooms: true });
    expect((await make("exam.restore", { examId })).endedRooms).toEqual(endedRooms);
  });

  it("tells listeners that its rooms ended, and later that one was reopened", async () => {
    await using fixture = await openExamsFixture();
    const { admin, room } = fixture;
    const { id: roomId, examId } = room;
    const { lastEventId } = await admin.room.snapshot({ roomId });
    await admin.exam.delete({ examId, withRooms: true });
    await admin.exam.restore({ examId });
    await admin.room.reopen({ roomId });
    await admin.room.reopen({ roomId });
    await using listening = await listenRoom(fixture, ADMIN, { roomId, lastEventId });
    const heard = await listening.until((event) => event.type === "room_reopened");
    expect(heard.map(({ type }) => type)).toEqual(["room_ended", "room_reopened"]);
    // An examinee of an ended room has no config.
    expect(await listening.next()).toMatchObject({
      type: "cheat_config_changed",
      cheatConfig: { data: CHEAT_CONFIG },
    });
    const { room: now } = await admin.room.snapshot({ roomId });
    expect(now.status).toBe("in_progress");
  });

  it("has nobody present when it comes back", async () => {
    await using fixture = await openExamsFixture({ config: { presenceSettleSeconds: 0 } });
    const { admin, room } = fixture;
    const { id: roomId, examId } = room;
    await using listening = await listenRoom(fixture, { sub: "examinee1", role: "examinee" }, { roomId });
    await listening.until(({ type }) => type === "participant_entered");
    await admin.exam.delete({ examId, withRooms: true });
    await listening.leave();
    await admin.exam.restore({ examId });
    while ((await admin.room.presence({ roomId })).length > 0) await nextTurn();
  });

  it("is erased at its date by whichever server is there, and not before", async () => {
    await using exam = await openExam();
    await exam.make("exam.delete", { examId: exam.examId, withRooms: true });
    const rested = await exam.rows();
    expect(rested).toEqual([1, 1, 3, 6]);
    exam.time.now = START + 7 * DAY_MS - 1;
    exam.appFixture.services.bulk.start();
    await exam.appFixture.services.bulk.drain();
    expect(await exam.rows()).toEqual(rested);
    await exam.passUntil(START + 7 * DAY_MS);
    expect(await exam.rows()).toEqual([0, 0, 0, 0]);
    const { error } = await exam.admin.mutate("exam.restore", { examId: exam.examId });
    expect(error.data.reason).toBe("EXAM_NOT_FOUND");
  });

  it("outlives the server that deleted it, and keeps its date", async () => {
    using folder = tempFolder();
    const config = { databaseFile: join(folder.path, "invigil.db") };
    const { examId, appFixture } = await openExam({ config }).then(async (exam) => {
      await exam.make("exam.delete", { examId: exam.examId, withRooms: true });
      return exam;
    });
    await appFixture[Symbol.asyncDispose]();
    // Another number of days applies to later deletions only.
    await using later = await openExam({ config: { ...config, restoreDays: 1 } });
    const { data } = await later.admin.query("exam.listDeleted", {});
    expect(data.exams).toMatchObject([{ id: examId, eraseAt: new Date(START + 7 * DAY_MS) }]);
    await later.make("exam.restore", { examId });
    expect((await later.admin.query("exam.get", { examId })).status).toBe(200);
  });

  it("is either restored or erased when both happen at the date", async () => {
    const outcomes = new Set<string>();
    for (const isLate of [false, true]) {
      await using exam = await openExam();
      const { examId, time, appFixture } = exam;
      await exam.make("exam.delete", { examId, withRooms: true });
      time.now = START + 7 * DAY_MS - (isLate ? 0 : 1);
      const restoring = exam.admin.mutate("exam.restore", { examId });
      time.now = START + 7 * DAY_MS;
      appFixture.services.bulk.start();
      const { status } = await restoring;
      await exam.passUntil(time.now);
      const rows = await exam.rows();
      expect([status, await exam.exam(), rows]).toEqual(
        status === 200 ? [200, "ok", [1, 1, 3, 6]] : [404, "EXAM_NOT_FOUND", [0, 0, 0, 0]],
      );
      outcomes.add(String(status));
    }
    expect(outcomes).toContain("404");
  });

  it("cannot be restored once its erasure has begun", async () => {
    await using exam = await openExam();
    const { examId, admin, appFixture } = exam;
    // More than one write erases.
    const participants = Array.from({ length: 400 }, (_, n) => ({
      userId: `p${n}`,
      name: `P${n}`,
      role: "examinee",
    }));
    await exam.make("room.create", { name: "Large", examId, participants });
    await exam.make("exam.delete", { examId, withRooms: true });
    exam.time.now = START + 7 * DAY_MS;
    appFixture.services.bulk.start();
    // It can be restored until a server begins to erase it.
    while ((await admin.query("exam.listDeleted", {})).data.exams.length > 0);
    const statuses = new Set([(await admin.mutate("exam.restore", { examId })).status]);
    while ((await countRows(appFixture.db, bulkChanges)) > 0)
      statuses.add((await admin.mutate("exam.restore", { examId })).status);
    expect([...statuses]).toEqual([404]);
    expect(await exam.rows()).toEqual([0, 0, 0, 0]);
  });

  it("keeps its ids, its stream names and its place in the quotas", async () => {
    await using exam = await openExam({ config: limited({ INVIGIL_QUOTA_EXAMS_PER_TEACHER: "1" }) });
    const teacher = trpc(exam.appFixture, await exam.appFixture.token({ sub: "t9", role: "teacher" }));
    const { data: own } = await teacher.mutate("room.create", { name: "Mine" });
    await exam.make("exam.delete", { examId: own.examId, withRooms: true });
    const full = await teacher.mutate("room.create", { name: "Another" });
    expect(full.error?.data.reason).toBe("QUOTA_EXCEEDED");
    await exam.make("exam.erase", { examId: own.examId, confirm: "Mine" });
    await exam.appFixture.services.bulk.drain();
    expect((await teacher.mutate("room.create", { name: "Another" })).status).toBe(200);
  });
});

describe("a deletion erases at once", () => {
  const erased = async (exam: Awaited<ReturnType<typeof openExam>>, input: object): Promise<void> => {
    const deleted = await exam.make("exam.delete", { examId: exam.examId, withRooms: true, ...input });
    expect(deleted).toEqual({ rooms: 1, people: 3 });
    await exam.appFixture.services.bulk.drain();
    expect(await exam.rows()).toEqual([0, 0, 0, 0]);
    expect((await exam.admin.query("exam.listDeleted", {})).data).toEqual({ exams: [] });
  };

  it("if the call says so", async () => {
    await using exam = await openExam();
    await erased(exam, { erase: "now" });
  });

  it("if the server keeps no deleted exams", async () => {
    await using exam = await openExam({ config: { restoreDays: 0 } });
    await erased(exam, {});
  });

  it("of an exam that was deleted before, if an administrator types its name", async () => {
    await using exam = await openExam();
    const { examId } = exam;
    await exam.make("exam.delete", { examId, withRooms: true });
    const wrong = await exam.admin.mutate("exam.erase", { examId, confirm: "Room B" });
    expect([wrong.status, wrong.error.data.reason]).toEqual([400, "INVALID_INPUT"]);
    await exam.make("exam.erase", { examId, confirm: "Room A" });
    expect((await exam.admin.mutate("exam.restore", { examId })).status).toBe(404);
    await exam.appFixture.services.bulk.drain();
    expect(await exam.rows()).toEqual([0, 0, 0, 0]);
  });
});

describe("erasing a person", () => {
  it("reaches an exam that was deleted in the meantime", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile, time } = await openTraces(folder);
    await using _ = fixture;
    const { admin, room } = fixture;
    const { examId } = room;
    const removing = admin.participant.removeFromExam({ examId, userId: WHO, withRecords: true });
    const deleting = removing.then(() => admin.exam.delete({ examId, withRooms: true }));
    await deleting;
    time.now += 120_000;
    await admin.participant.removeFromExam({
      examId: fixture.other.examId,
      userId: "examinee9",
      withRecords: true,
    });
    await admin.exam.restore({ examId });
    expect(Object.keys(await namedIn(databaseFile, WHO))).toEqual(["room_events"]);
  });

  it("from a deleted exam leaves nothing to come back", async () => {
    using folder = tempFolder();
    const { fixture, databaseFile, time } = await openTraces(folder);
    await using _ = fixture;
    const { admin, room } = fixture;
    const { examId } = room;
    const { name } = await admin.exam.get({ examId });
    await admin.exam.delete({ examId, withRecords: true, confirm: name });
    const remove = (userId: string) =>
      admin.participant.removeFromExam({ examId, userId, withRecords: true });
    expect(await reasonOf(admin.participant.removeFromExam({ examId, userId: WHO }))).toBe("EXAM_NOT_FOUND");
    expect(await reasonOf(fixture.teacher.participant.removeFromExam({ examId, userId: WHO }))).toBe(
      "FORBIDDEN",
    );
    expect(await remove(WHO)).toEqual({ rooms: 1, records: 1 });
    expect(await reasonOf(remove(WHO))).toBe("PARTICIPANT_NOT_FOUND");
    time.now += 120_000;
    await remove("examinee2");
    expect(await namedIn(databaseFile, WHO)).toEqual({});
    await admin.exam.restore({ examId });
    const people = await admin.participant.list({ roomId: fixture.sibling.id });
    expect(people.map(({ userId }) => userId)).not.toContain(WHO);
  });
});

describe("the groups of a room that is reopened", () => {
  const SERVICES = ["rong_cloud"] as const;
  const open = async (rongCloud: TestService) => {
    const exam = await openExam({
      queue: false,
      change: withServices({ aliyun_new: createTestService(), rong_cloud: rongCloud }),
    });
    const { id: roomId } = await exam.make("room.create", {
      name: "R",
      imServer: SERVICES,
      examId: exam.examId,
      participants: [{ userId: "e1", name: "E1", role: "examinee" }],
    });
    const runTasks = async (appFixture: AppFixture) => {
      appFixture.services.queue.wake();
      await appFixture.services.queue.drain(60_000);
    };
    return { ...exam, roomId: String(roomId), runTasks: () => runTasks(exam.appFixture) };
  };

  it("are created again with everybody, if they were deleted", async () => {
    const service = createTestService({ keepsMembers: true });
    await using exam = await open(service);
    const { roomId, examId } = exam;
    await exam.make("exam.delete", { examId, withRooms: true });
    await exam.runTasks();
    expect(service.groups.has(roomId)).toBe(false);
    await exam.make("exam.restore", { examId });
    await exam.make("room.reopen", { roomId });
    expect([...(service.groups.get(roomId) ?? [])].toSorted()).toEqual(["e1", "root"]);
    exam.time.now += 3_600_000;
    await exam.runTasks();
    expect(service.groups.has(roomId)).toBe(true);
  });

  it("stay, if they were not deleted yet", async () => {
    const service = createTestService({ keepsMembers: true });
    await using exam = await open(service);
    const { roomId } = exam;
    await exam.make("room.end", { roomId });
    await exam.make("room.reopen", { roomId });
    exam.time.now += 3_600_000;
    await exam.runTasks();
    expect(service.groups.has(roomId)).toBe(true);
  });

  it("are deleted again if one cannot be created, and the room stays ended", async () => {
    const service = createTestService({ keepsMembers: true });
    await using exam = await open(service);
    const { roomId } = exam;
    await exam.make("room.end", { roomId });
    exam.time.now += 3_600_000;
    await exam.runTasks();
    service.on("create", fails());
    const { error } = await exam.admin.mutate("room.reopen", { roomId });
    expect(error.data.reason).toBe("PROVIDER_FAILED");
    expect(await countRows(exam.appFixture.db, rooms, eq(rooms.status, "ended"))).toBe(1);
    exam.time.now += 3_600_000;
    await exam.runTasks();
    expect(service.groups.has(roomId)).toBe(false);
    service.on("create", works);
    await exam.make("room.reopen", { roomId });
    expect(service.groups.has(roomId)).toBe(true);
  });
});
