import { describe, expect, it } from "vitest";
import { callInProcess } from "../src/app/in-process.js";
import type { TestCaller } from "../src/app/testing.js";
import { createSeriesStore } from "../src/features/series/store.js";
import { query, statement } from "../src/storage/statement.js";
import { examMinutes, roomMinutes } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";
import { rowsOf } from "./support/tables.js";
import { withWrites } from "./support/writes.js";

// Also on PostgreSQL: what is counted is asked of the database.

const ADMIN: TestCaller = { sub: "root", role: "admin" };
const CREATOR: TestCaller = { sub: "creator", role: "teacher" };
const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };
const START = Date.parse("2026-01-02T03:00:00Z");
const MINUTE_MS = 60_000;
/** When a server looks that had no duty before. */
const LATE_MS = 20_000;
const minute = (n: number): Date => new Date(START + n * MINUTE_MS);

const allRoomMinutes = statement(query.select().from(roomMinutes));
const allExamMinutes = statement(query.select().from(examMinutes));

const openRoomFixture = async () => {
  let now = START;
  const statements: string[] = [];
  const appFixture = await openAppFixture({
    now: () => new Date(now),
    config: { ...STREAM_CONFIG, presenceSettleSeconds: 0 },
    onStatement: (sql) => void statements.push(sql),
  });
  // From now on, only when the test says so.
  await appFixture.services.seriesRecorder.stop();
  const as = (caller: TestCaller) =>
    callInProcess(appFixture.router, appFixture.services, (seconds) => appFixture.token(caller, seconds), {
      clock: appFixture.clock,
    });
  const { id: examId } = await as(CREATOR).exam.create({
    name: "Exam",
    startTime: minute(-10),
    endTime: minute(3 * 60),
  });
  const roomOf = (name: string, teacher: string, examinees: readonly string[]) =>
    as(ADMIN).room.create({
      name,
      examId,
      participants: [
        { userId: teacher, name: teacher, role: "teacher" },
        ...examinees.map((userId) => ({ userId, name: userId, role: "examinee" as const })),
      ],
    });
  const first = await roomOf("First", "teacher1", ["e1", "e2"]);
  const second = await roomOf("Second", "teacher2", ["e3"]);
  return {
    ...appFixture,
    as,
    examId,
    first,
    second,
    statements,
    /** Lets the server look at a time. */
    async lookAt(ms: number): Promise<void> {
      now = ms;
      await appFixture.services.seriesRecorder.recordMinute();
    },
    async enter(room: { readonly id: string }, userId: string, role: "examinee" | "teacher" = "examinee") {
      const leave = appFixture.services.presence.connect({
        examId,
        roomId: room.id,
        userId,
        role,
        camera: "main",
      });
      await appFixture.db.written();
      return leave;
    },
    detect: (room: { readonly id: string }, userId: string, times: number) =>
      as(ADMIN).cheat.addRecords({
        roomId: room.id,
        records: Array.from({ length: times }, () => ({
          userId,
          isMainMonitor: true,
          detectType: "watch",
          detectTime: new Date(now),
        })),
      }),
    publish: (room: { readonly id: string; readonly examId: string }, userId: string) =>
      as(ADMIN).stream.report({ ...streamReport(room, userId), ...streamSignature() }),
  };
};

describe("the series of an exam", () => {
  it("count who is present and publishes, and what was detected, in each minute", async () => {
    await using fixture = await openRoomFixture();
    const { as, examId, first, second } = fixture;
    await fixture.detect(first, "e1", 5);
    // The first minute, whose records are not told apart from earlier ones.
    await fixture.lookAt(START + LATE_MS);
    await fixture.enter(first, "e1");
    await fixture.enter(first, "teacher1", "teacher");
    const leave = await fixture.enter(second, "e3");
    await fixture.publish(first, "e1");
    await fixture.publish(first, "e2");
    await fixture.detect(first, "e1", 2);
    await fixture.detect(second, "e3", 1);
    await fixture.lookAt(START + MINUTE_MS);
    leave();
    await fixture.db.written();
    await fixture.lookAt(START + 2 * MINUTE_MS);

    expect(await as(ADMIN).exam.series({ examId })).toEqual({
      start: minute(-1),
      present: [0, 2, 1],
      publishing: [0, 2, 2],
      detections: [0, 3, 0],
    });
    expect(await as(ADMIN).exam.series({ examId, roomId: second.id, since: minute(0) })).toEqual({
      start: minute(0),
      present: [1, 0],
      publishing: [0, 0],
      detections: [1, 0],
    });
    const { start, rooms } = await as(CREATOR).exam.roomSeries({ examId });
    expect(start).toEqual(minute(2 - 60));
    expect(rooms.map(({ roomId, detections }) => ({ roomId, last: detections.slice(-4) }))).toEqual([
      { roomId: first.id, last: [null, 0, 2, 0] },
      { roomId: second.id, last: [null, 0, 1, 0] },
    ]);
    const page = await as(ADMIN).exam.roomSeries({ examId, pageSize: 1 });
    expect(page).toMatchObject({ rooms: [{ roomId: first.id }], nextCursor: first.id });
    const next = await as(ADMIN).exam.roomSeries({ examId, cursor: page.nextCursor });
    expect(next.rooms.map(({ roomId }) => roomId)).toEqual([second.id]);
  });

  it("are those of the rooms that the caller may see", async () => {
    await using fixture = await openRoomFixture();
    const { as, examId, first, second } = fixture;
    await fixture.lookAt(START + LATE_MS);
    await fixture.detect(first, "e1", 2);
    await fixture.detect(second, "e3", 1);
    await fixture.lookAt(START + MINUTE_MS);
    const detectionsOf = async (caller: TestCaller, roomId?: string) =>
      (await as(caller).exam.series({ examId, roomId })).detections;
    expect(await detectionsOf(CREATOR)).toEqual([0, 3]);
    expect(await detectionsOf(CREATOR, second.id)).toEqual([0, 1]);
    expect(await detectionsOf(TEACHER)).toEqual([0, 2]);
    expect((await as(TEACHER).exam.roomSeries({ examId })).rooms.map(({ roomId }) => roomId)).toEqual([
      first.id,
    ]);
    await expect(detectionsOf(TEACHER, second.id)).rejects.toMatchObject({ cause: { code: "FORBIDDEN" } });
    await expect(detectionsOf(ADMIN, "none")).rejects.toMatchObject({ cause: { code: "ROOM_NOT_FOUND" } });
  });

  it("have each minute once, and leave out rooms that have ended and minutes in which no server ran", async () => {
    await using fixture = await openRoomFixture();
    const { as, examId, first, second } = fixture;
    await as(ADMIN).room.end({ roomId: second.id });
    await fixture.lookAt(START + LATE_MS);
    await fixture.lookAt(START + LATE_MS + 1000);
    expect(await fixture.db.storage.all(allRoomMinutes)).toMatchObject([{ roomId: first.id }]);
    await fixture.detect(first, "e1", 4);
    await fixture.lookAt(START + 2 * MINUTE_MS);
    // The records of the minute that is missing arrived since the one before.
    expect(await as(ADMIN).exam.series({ examId })).toMatchObject({
      present: [0, null, 0],
      detections: [0, null, 4],
    });
  });

  it("are kept for a day", async () => {
    await using fixture = await openRoomFixture();
    const { services, db } = fixture;
    await fixture.lookAt(START + LATE_MS);
    await fixture.lookAt(START + MINUTE_MS);
    await fixture.lookAt(START + 24 * 60 * MINUTE_MS);
    services.seriesRecorder.start();
    await expect.poll(() => db.storage.all(allExamMinutes)).toMatchObject([{ minute: minute(0) }]);
    expect(await db.storage.all(allRoomMinutes)).toMatchObject([
      { minute: minute(0) },
      { minute: minute(0) },
    ]);
  });
});

describe("a server", () => {
  it("counts a room outside of its exam's time while somebody is present, and nothing afterwards", async () => {
    await using fixture = await openRoomFixture();
    const { as, examId, first } = fixture;
    const reason = { code: "other" as const };
    await as(ADMIN).exam.update({ examId, startTime: minute(60), endTime: minute(120), reason });
    await fixture.lookAt(START + LATE_MS);
    expect(await fixture.db.storage.all(allExamMinutes)).toEqual([]);
    const leave = await fixture.enter(first, "e1");
    await fixture.lookAt(START + MINUTE_MS + LATE_MS);
    leave();
    await fixture.db.written();
    await fixture.lookAt(START + 2 * MINUTE_MS + LATE_MS);
    expect(await fixture.db.storage.all(allRoomMinutes)).toMatchObject([{ roomId: first.id, present: 1 }]);
  });

  it("writes nothing about an exam that was deleted since it was counted", async () => {
    await using fixture = await openRoomFixture();
    const { db, examId } = fixture;
    const store = createSeriesStore({ ...withWrites(db), duties: { keep: async () => true } });
    const measurement = await store.measure(minute(0), minute(1));
    expect(measurement.rooms).toHaveLength(2);
    await fixture.as(ADMIN).exam.delete({ examId, withRooms: true, withRecords: true, confirm: "Exam" });
    await store.write(measurement, minute(10));
    expect([await rowsOf(db, roomMinutes), await rowsOf(db, examMinutes)]).toEqual([[], []]);
  });

  it("that nobody has used for an hour asks the database nothing", async () => {
    await using fixture = await openRoomFixture();
    const asked = async (ms: number): Promise<boolean> => {
      fixture.statements.length = 0;
      await fixture.lookAt(ms);
      return fixture.statements.some((sql) => sql.includes("minutes"));
    };
    expect(await asked(START + LATE_MS)).toBe(true);
    expect(await asked(START + 59 * MINUTE_MS)).toBe(true);
    expect(await asked(START + 61 * MINUTE_MS)).toBe(false);
    await fixture.as(ADMIN).exam.get({ examId: fixture.examId });
    expect(await asked(START + 62 * MINUTE_MS)).toBe(true);
  });
});
