// Also on PostgreSQL: a new exam is hidden until all of it is written.
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Deps } from "../src/api/deps.js";
import { createTestApp, type TestApp, type TestCaller } from "../src/app/testing.js";
import { auditEntries, bulkChanges, exams, rooms, streamNames, unseated } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { CHEAT_CONFIG } from "./support/exams-fixture.js";
import { reasonOf } from "./support/reason.js";
import { countRows, rowsOf } from "./support/tables.js";

const ADMIN: TestCaller = { sub: "root", role: "admin" };
const START = new Date("2026-02-01T08:00:00Z");
const at = (minutes: number): Date => new Date(START.getTime() + minutes * 60_000);
const csv = (rows: readonly string[]): string =>
  Buffer.from(`id,name,role\n${rows.join("\n")}\n`).toString("base64");

/** An exam with everything: two rooms with three people each, of whom one has detections; and two people without a room. */
const prepare = async (app: TestApp) => {
  const admin = app.as(ADMIN);
  const clip = await admin.audio.create({ name: "Bell", url: "https://audio.example/bell.wav" });
  const exam = await admin.exam.create({
    name: "Maths",
    startTime: START,
    endTime: at(120),
    videoProfile: { name: "small", data: { width: 640, height: 480, frameRate: 15, maxBitrate: 500 } },
    audio: [{ clipId: clip.id, startTime: at(-10) }, { clipId: clip.id }],
  });
  const examId = exam.id;
  await admin.cheat.setConfig({ examId, data: CHEAT_CONFIG });
  await admin.participant.import({
    examId,
    file: csv(["e1,E1,examinee", "e2,E2,examinee", "t1,T1,teacher", "t2,T2,teacher"]),
  });
  await admin.exam.plan({ examId, roomSize: 1 });
  await admin.participant.import({ examId, file: csv(["e3,E3,examinee", "i1,I1,inspector"]) });
  const { rooms: found } = await admin.room.list({ examId });
  await admin.room.end({ roomId: found[0]?.id ?? "" });
  return { admin, exam, examId, clipId: clip.id };
};

const peopleOf = async ({ admin }: Pick<Awaited<ReturnType<typeof prepare>>, "admin">, examId: string) => {
  const { rooms: found } = await admin.room.list({ examId });
  const seated = await Promise.all(
    found.map(async ({ id: roomId, name, status }) => {
      const people = await Promise.all(
        (["teacher", "examinee"] as const).map((role) => admin.participant.list({ roomId, role })),
      );
      return [name, status, ...people.flat().map(({ userId, role }) => `${role} ${userId}`)];
    }),
  );
  const { people } = await admin.participant.listUnseated({ examId });
  return {
    rooms: seated.toSorted(([one = ""], [other = ""]) => (one < other ? -1 : 1)),
    unseated: people.map(({ userId, role }) => `${role} ${userId}`).toSorted(),
  };
};

describe("a duplicate of an exam", () => {
  it("has its details, audio and cheat config, all moved to its own start", async () => {
    await using app = await createTestApp();
    const { admin, examId, exam, clipId } = await prepare(app);
    const copy = await admin.exam.duplicate({ examId, name: "Resit", startTime: at(1440) });
    expect(copy).toMatchObject({
      name: "Resit",
      startTime: at(1440),
      endTime: at(1560),
      rooms: 0,
      people: 0,
    });
    expect(copy.videoProfile).toEqual(exam.videoProfile);
    expect(copy.scheduledAudio).toMatchObject([{ clipId, startTime: at(1430) }]);
    expect(copy.manualAudio).toMatchObject([{ clipId }]);
    expect(await admin.cheat.getConfig({ examId: copy.id })).toMatchObject({ data: CHEAT_CONFIG });
    expect(await peopleOf({ admin }, copy.id)).toEqual({ rooms: [], unseated: [] });
    expect(await admin.exam.get({ examId })).toMatchObject({ name: "Maths", startTime: START });
  });

  it("has rooms with their staff, people as after an import, or both", async () => {
    await using app = await createTestApp();
    const { admin, examId } = await prepare(app);
    const made = async (more: object) => {
      const copy = await admin.exam.duplicate({ examId, name: "Copy", ...more });
      return { counts: [copy.rooms, copy.people], ...(await peopleOf({ admin }, copy.id)) };
    };
    const roomsWithStaff = [
      ["Room 1", "in_progress", "teacher t1"],
      ["Room 2", "in_progress", "teacher t2"],
    ];
    expect(await made({ withRooms: true })).toEqual({ counts: [2, 2], rooms: roomsWithStaff, unseated: [] });
    const waiting = ["examinee e1", "examinee e2", "examinee e3", "inspector i1"];
    expect(await made({ withPeople: true })).toEqual({
      counts: [0, 6],
      rooms: [],
      unseated: [...waiting, "teacher t1", "teacher t2"],
    });
    const both = await made({ withRooms: true, withPeople: true });
    expect(both).toEqual({ counts: [2, 6], rooms: roomsWithStaff, unseated: waiting });
  });

  it("is its caller's, who may do with it what they may do with their exams", async () => {
    await using app = await createTestApp();
    const teacher = app.as({ sub: "t9", role: "teacher" });
    const { examId } = await teacher.room.create({ name: "Own" });
    const copy = await teacher.exam.duplicate({ examId, name: "Again", withRooms: true });
    await teacher.exam.update({ examId: copy.id, name: "Renamed" });
    const other = app.as({ sub: "t8", role: "teacher" });
    expect(await reasonOf(other.exam.duplicate({ examId: copy.id, name: "Theirs" }))).toBe("FORBIDDEN");
    const [room] = (await app.as(ADMIN).room.list({ examId: copy.id })).rooms;
    expect(room).toMatchObject({ name: "Own", createTeacher: "t9", status: "in_progress" });
    expect(await reasonOf(teacher.exam.duplicate({ examId, name: "E", endTime: new Date(0) }))).toBe(
      "INVALID_INPUT",
    );
  });
});

/** An app whose exam has many people, and whose n-th write of a bulk change fails from the given moment on. */
const openLarge = async () => {
  const fault = { writesLeft: Number.POSITIVE_INFINITY };
  const failing = (deps: Deps): Deps => ({
    ...deps,
    db: {
      ...deps.db,
      storage: {
        ...deps.db.storage,
        write(work, options) {
          if (options?.bulk && fault.writesLeft-- === 0) return Promise.reject(new Error("from the test"));
          return deps.db.storage.write(work, options);
        },
      },
    },
  });
  const fixture = await openAppFixture({ change: failing });
  const admin = trpc(fixture, await fixture.token(ADMIN));
  const call = async (path: string, input: object) => (await admin.mutate(path, input)).data;
  const { id: examId } = await call("exam.create", { name: "Large", startTime: START, endTime: at(60) });
  const people = Array.from({ length: 1500 }, (_, n) => `e${n},E${n},examinee`);
  const staff = Array.from({ length: 150 }, (_, n) => `t${n},T${n},teacher`);
  await call("participant.import", { examId, file: csv([...people, ...staff]) });
  await call("exam.plan", { examId, roomSize: 10 });
  await fixture.services.bulk.drain();
  const counts = async () =>
    Promise.all(
      [exams, rooms, streamNames, unseated, bulkChanges].map((table) => countRows(fixture.db, table)),
    );
  return {
    fixture,
    admin,
    examId: examId as string,
    fault,
    counts,
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
};
const ALL = { name: "Copy", withRooms: true, withPeople: true };

describe("a large duplicate", () => {
  it("appears as a whole", async () => {
    await using large = await openLarge();
    const { admin, examId, fixture } = large;
    const look = async () => {
      const { data } = await admin.query("exam.list", {});
      const copy = data.exams.find(({ name }: { name: string }) => name === "Copy");
      const list = await admin.query("room.list", { examId: copy?.id ?? "none", pageSize: 100 });
      const waiting = copy && (await admin.query("participant.listUnseated", { examId: copy.id }));
      return [data.exams.length, list.data.rooms.length, waiting?.data.totals.unseated];
    };
    const seen = new Set<string>([JSON.stringify(await look())]);
    let isOver = false;
    const looking = (async () => {
      while (!isOver) {
        seen.add(JSON.stringify(await look()));
        await nextTurn();
      }
    })();
    const { data } = await admin.mutate("exam.duplicate", { examId, ...ALL });
    seen.add(JSON.stringify(await look()));
    await fixture.services.bulk.drain();
    isOver = true;
    await looking;
    expect(data).toMatchObject({ rooms: 150, people: 1650 });
    expect([...seen].map((text) => JSON.parse(text))).toEqual([
      [1, 0, null],
      [2, 100, 1500],
    ]);
    const entries = await rowsOf(fixture.db, auditEntries);
    expect(entries.filter(({ procedure }) => procedure === "exam.duplicate")).toMatchObject([
      { examId, subject: data.id },
      { examId: data.id, subject: examId },
    ]);
    expect(await countRows(fixture.db, bulkChanges)).toBe(0);
  });

  it("leaves nothing behind if it fails in the middle", async () => {
    await using large = await openLarge();
    const { admin, examId, fixture, fault, counts } = large;
    const before = await counts();
    fault.writesLeft = 2;
    expect((await admin.mutate("exam.duplicate", { examId, ...ALL })).error?.data.reason).toBe("INTERNAL");
    await fixture.services.bulk.drain();
    expect(await counts()).toEqual(before);
    // It can be made afterwards.
    expect((await admin.mutate("exam.duplicate", { examId, ...ALL })).data).toMatchObject({ rooms: 150 });
  });
});
