// Also on PostgreSQL: what is missing is counted in several tables.
import type { CheckItem } from "@invigil/schema";
import { eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { callInProcess } from "../src/app/in-process.js";
import { createTestApp, type TestApp, type TestAppOptions, type TestCaller } from "../src/app/testing.js";
import { query } from "../src/storage/statement.js";
import { participants } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { CHEAT_CONFIG } from "./support/exams-fixture.js";
import { EVERYTHING } from "./support/procedure-calls.js";
import { change } from "./support/tables.js";

const ADMIN: TestCaller = { sub: "root", role: "admin" };
const NOW = Date.parse("2026-01-02T03:04:05Z");
const at = (minutes: number): Date => new Date(NOW + minutes * 60_000);
const csv = (rows: readonly string[]): string =>
  Buffer.from(`id,name,role\n${rows.join("\n")}\n`).toString("base64");

const openExam = async (options: TestAppOptions = EVERYTHING) => {
  const app: TestApp = await createTestApp(options);
  const admin = app.as(ADMIN);
  const { id: examId } = await admin.exam.create({ name: "Maths", startTime: at(60), endTime: at(180) });
  const items = async (): Promise<Record<string, CheckItem>> => {
    const { items: all } = await admin.exam.check({ examId });
    return Object.fromEntries(all.map((item) => [item.code, item]));
  };
  return {
    app,
    admin,
    examId,
    items,
    /** The codes of the items that are not well, by status. */
    async open() {
      const all = Object.values(await items());
      const of = (status: CheckItem["status"]) =>
        all.filter((item) => item.status === status).map(({ code }) => code);
      return { missing: of("missing"), attention: of("attention") };
    },
    import: (...rows: string[]) => admin.participant.import({ examId, file: csv(rows) }),
    [Symbol.asyncDispose]: () => app.close(),
  };
};

describe("the check list of an exam", () => {
  it("says what is missing at each step of an evening, until nothing is", async () => {
    await using exam = await openExam();
    const { admin, examId } = exam;
    expect(await exam.open()).toEqual({
      missing: ["roster", "rooms"],
      attention: ["audio", "cheat_config"],
    });
    const clip = await admin.audio.create({ name: "Bell", url: "https://audio.example/bell.wav" });
    await admin.audio.attach({ examId, clipId: clip.id, startTime: at(50) });
    await admin.cheat.setConfig({ examId, data: CHEAT_CONFIG });
    await exam.import("e1,Wang,examinee", "e2,Li,examinee", "t1,Zhang,teacher");
    expect(await exam.open()).toEqual({ missing: ["rooms", "seats"], attention: [] });
    expect((await exam.items()).seats).toMatchObject({
      numbers: { examinees: 2, staff: 1 },
      people: [
        { userId: "e1", name: "Wang" },
        { userId: "e2", name: "Li" },
      ],
    });
    await admin.exam.plan({ examId, roomSize: 30 });
    expect(await exam.open()).toEqual({ missing: ["staff_access", "links"], attention: [] });
    await admin.exam.cards({ examId });
    expect(await exam.open()).toEqual({ missing: [], attention: [] });
    // Rooms that have ended still have their people, and nobody can enter them.
    const [room] = (await admin.room.list({ examId })).rooms;
    const { id: roomId } = await admin.room.create({ examId, name: "Spare" });
    await admin.room.end({ roomId });
    expect((await exam.items()).rooms).toMatchObject({
      status: "attention",
      numbers: { rooms: 1, ended: 1 },
    });
    await admin.room.end({ roomId: room?.id ?? "" });
    expect(await exam.items()).toMatchObject({
      rooms: { status: "missing", numbers: { rooms: 0, ended: 2 } },
      roster: { status: "ok", numbers: { examinees: 2 } },
    });
    await admin.exam.delete({ examId, withRooms: true });
    await admin.exam.restore({ examId });
    for (const id of [room?.id ?? "", roomId]) await admin.room.reopen({ roomId: id });
    expect((await exam.open()).missing).not.toContain("rooms");
    // Somebody who comes later has no card yet.
    await exam.import("e3,Late,examinee");
    await admin.exam.plan({ examId, roomSize: 30 });
    expect((await exam.items()).links).toMatchObject({
      status: "missing",
      numbers: { people: 1 },
      people: [{ userId: "e3", name: "Late" }],
    });
  });

  it("names rooms without a teacher, and staff who could not enter", async () => {
    await using fixture = await openAppFixture({ config: { ...EVERYTHING.config } });
    const admin = callInProcess(fixture.router, fixture.services, (s) => fixture.token(ADMIN, s), fixture);
    const { id: roomId, examId } = await admin.room.create({
      name: "Hall",
      participants: [
        { userId: "e1", name: "E1", role: "examinee" },
        { userId: "i1", name: "I1", role: "inspector" },
      ],
    });
    const itemOf = async (code: CheckItem["code"]) =>
      (await admin.exam.check({ examId })).items.find((item) => item.code === code);
    expect(await itemOf("teachers")).toMatchObject({ status: "ok" });
    // No call takes a room its last teacher.
    await change(fixture.db, query.delete(participants).where(eq(participants.userId, "root")));
    expect(await itemOf("teachers")).toMatchObject({ status: "missing", rooms: [{ roomId, name: "Hall" }] });
    expect(await itemOf("staff_access")).toMatchObject({
      status: "missing",
      people: [{ userId: "i1", name: "I1" }],
    });
    await admin.account.create({ userId: "i1", role: "inspector", name: "I1", password: "a password" });
    expect(await itemOf("staff_access")).toMatchObject({ status: "ok", people: [] });
  });

  it("counts links that were made for the whole exam or for a room, of those who were there", async () => {
    const clock = { now: NOW };
    await using exam = await openExam({ ...EVERYTHING, now: () => new Date(clock.now) });
    const { admin, examId } = exam;
    await exam.import("e1,E1,examinee", "e2,E2,examinee", "t1,T1,teacher", "t2,T2,teacher");
    await admin.exam.plan({ examId, roomSize: 1 });
    clock.now += 1000;
    const [room] = (await admin.room.list({ examId })).rooms;
    await admin.room.joinLinks({ roomId: room?.id ?? "" });
    expect((await exam.items()).links).toMatchObject({ numbers: { people: 1 } });
    await admin.room.joinLinks({ examId });
    expect((await exam.items()).links).toMatchObject({ status: "ok" });
  });

  it("names cards that show earlier times, until they are made again", async () => {
    const clock = { now: NOW };
    await using exam = await openExam({ ...EVERYTHING, now: () => new Date(clock.now) });
    const { admin, examId } = exam;
    await exam.import("e1,E1,examinee", "e2,E2,examinee", "t1,T1,teacher", "t2,T2,teacher");
    await admin.exam.plan({ examId, roomSize: 1 });
    const make = async (room: { roomId: string } | { examId: string }) => {
      clock.now += 1000;
      await admin.room.joinLinks(room);
    };
    const linksAre = async (status: CheckItem["status"], outdated: number) =>
      expect((await exam.items()).links).toMatchObject({ status, numbers: { people: 0, outdated } });
    await make({ examId });
    clock.now += 1000;
    await admin.exam.update({ examId, name: "Another name" });
    await linksAre("ok", 0);
    const { endTime } = await admin.exam.get({ examId });
    await admin.exam.update({ examId, endTime: new Date(endTime.getTime() + 3_600_000) });
    await linksAre("attention", 2);
    const [room] = (await admin.room.list({ examId })).rooms;
    await make({ roomId: room?.id ?? "" });
    await linksAre("attention", 1);
    await make({ examId });
    await linksAre("ok", 0);
  });

  it("compares the streams of all exams at that time with what the service carries", async () => {
    await using exam = await openExam({
      config: { ...EVERYTHING.config, streamService: "aliyun", streamPushLimit: 6 },
    });
    const { admin } = exam;
    await exam.import("e1,E1,examinee", "e2,E2,examinee");
    expect((await exam.items()).capacity).toMatchObject({ status: "ok", numbers: { streams: 4, limit: 6 } });
    const other = await admin.exam.create({ name: "Other", startTime: at(120), endTime: at(240) });
    const later = await admin.exam.create({ name: "Later", startTime: at(180), endTime: at(240) });
    for (const { id: examId } of [other, later])
      await admin.participant.import({ examId, file: csv(["f1,F1,examinee", "f2,F2,examinee"]) });
    expect((await exam.items()).capacity).toMatchObject({
      status: "missing",
      numbers: { streams: 8, limit: 6 },
    });
  });

  it("needs no setting for the embedded media server, and compares with what that carries", async () => {
    const carried = { streamService: "embedded", media: { host: undefined, ports: [7100, 7103] } } as const;
    await using exam = await openExam({ config: carried });
    const { streams, web_apps } = await exam.items();
    expect(streams).toMatchObject({ status: "ok", settings: [] });
    // Examinees sit the exam on this server's page.
    expect(web_apps).toMatchObject({ settings: ["INVIGIL_WATCH_APP_URL"] });
    await exam.import("e1,E1,examinee");
    await exam.import("e2,E2,examinee");
    expect((await exam.items()).capacity).toMatchObject({ status: "ok", numbers: { streams: 2, limit: 2 } });
    await exam.admin.exam.update({ examId: exam.examId, cameras: "both" });
    expect((await exam.items()).capacity).toMatchObject({
      status: "missing",
      numbers: { streams: 4, limit: 2 },
    });
    await using most = await openExam({ config: { streamService: "embedded" } });
    expect((await most.items()).capacity).toMatchObject({ numbers: { limit: 30 } });
  });

  it("has one item about what is detected: of the page or the app that candidates use", async () => {
    const kinds = async (options: TestAppOptions, change?: object) => {
      await using exam = await openExam(options);
      if (change) await exam.admin.exam.update({ examId: exam.examId, ...change });
      // What an app may detect says nothing about the page.
      await exam.admin.cheat.setConfig({ examId: exam.examId, data: CHEAT_CONFIG });
      const { cheat_config, detectors } = await exam.items();
      return [cheat_config, detectors].map((item) => item && [item.status, item.numbers.detectors]);
    };
    const page: TestAppOptions = { config: { streamService: "embedded" } };
    expect(await kinds(page)).toEqual([undefined, ["ok", 6]]);
    const questionsUrl = "https://questions.example/";
    expect(await kinds(page, { questionsUrl })).toEqual([undefined, ["ok", 4]]);
    expect(await kinds(page, { detectors: [] })).toEqual([undefined, ["attention", 0]]);
    expect(await kinds(EVERYTHING, { detectors: [] })).toEqual([["ok", undefined], undefined]);
  });

  it("says which settings are not set, and that an exam is over", async () => {
    const clock = { now: NOW };
    await using exam = await openExam({
      now: () => new Date(clock.now),
      config: { streamService: "aliyun" },
    });
    const before = await exam.items();
    expect(before.web_apps).toMatchObject({
      status: "missing",
      settings: ["INVIGIL_WATCH_APP_URL", "INVIGIL_EXAMINEE_APP_URL"],
    });
    expect(before.streams).toMatchObject({
      status: "missing",
      settings: ["INVIGIL_STREAM_PUSH_DOMAIN", "INVIGIL_STREAM_CALLBACK_KEY"],
    });
    expect(before.times).toMatchObject({ status: "ok", numbers: { minutes: 120, startsInMinutes: 60 } });
    clock.now = at(180).getTime();
    expect((await exam.items()).times).toMatchObject({ status: "missing" });
  });
});
