import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type RouterOutputs, type TestApp, type TestCaller } from "../src/testing.js";
import { tempFolder } from "./support/process.js";
import { APPS } from "./support/school.js";

/** Every procedure, `noun.verb`: one that is new does not compile until it is called below. */
type Procedure = {
  [Noun in keyof RouterOutputs]: `${Noun}.${keyof RouterOutputs[Noun] & string}`;
}[keyof RouterOutputs];

const ADMIN: TestCaller = { sub: "boss", role: "admin" };
const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };
const INSPECTOR: TestCaller = { sub: "inspector1", role: "inspector" };
const EXAMINEE: TestCaller = { sub: "examinee1", role: "examinee" };

/** A library of clips stays small: it may be read from end to end. */
const MAY_BE_SCANNED = "audio_clips";

interface Stage {
  readonly app: TestApp;
  readonly examId: string;
  readonly clipId: string;
  /** In progress, with everybody in it. */
  readonly roomId: string;
  /** Of the same exam and people, ended. */
  readonly endedId: string;
}

/** Rooms, people and records enough that a page has something to leave out. */
const setStage = async (app: TestApp): Promise<Stage> => {
  const teacher = app.as(TEACHER);
  const { id: examId } = await teacher.exam.create({
    name: "Exam",
    startTime: new Date("2026-02-01T08:00:00Z"),
    endTime: new Date("2026-02-01T10:00:00Z"),
  });
  const participants = [
    { userId: "inspector1", name: "Inspector", role: "inspector" as const },
    { userId: "examinee1", name: "Examinee", role: "examinee" as const },
  ];
  const rooms: string[] = [];
  for (const name of ["A", "B", "C"])
    rooms.push((await teacher.room.create({ name, examId, participants })).id);
  const [roomId = "", endedId = ""] = rooms;
  await teacher.room.end({ roomId: endedId });
  const { id: clipId } = await teacher.audio.create({ name: "Bell", url: "https://cdn.example/bell.wav" });
  return { app, examId, clipId, roomId, endedId };
};

const detection = {
  userId: "examinee1",
  isMainMonitor: true,
  detectType: "watch",
  detectTime: new Date("2026-02-01T08:30:00Z"),
};
const OPTIONAL = [true, false] as const;

/** Calls each procedure with every combination of its filters, as everybody for whom another query runs. */
const calls: Record<Procedure, (stage: Stage) => Promise<unknown>> = {
  "auth.whoami": ({ app }) => app.as(TEACHER).auth.whoami(),
  "room.create": async ({ app, examId }) => {
    await app.as(TEACHER).room.create({ name: "With an exam of its own" });
    await app.as(TEACHER).room.create({ name: "Of an exam", examId });
    await app.as(ADMIN).room.create({ name: "Of somebody else's exam", examId });
  },
  "room.get": async ({ app, roomId }) => {
    await app.as(ADMIN).room.get({ roomId });
    await app.as(EXAMINEE).room.get({ roomId });
  },
  "room.list": async ({ app, examId, roomId }) => {
    const callers = [ADMIN, TEACHER, { ...TEACHER, exam: examId }, { ...TEACHER, room: roomId }];
    for (const caller of callers)
      for (const status of [undefined, "in_progress", "ended"] as const)
        for (const byExam of OPTIONAL)
          for (const later of OPTIONAL)
            await app.as(caller).room.list({
              pageSize: 1,
              ...(status && { status }),
              ...(byExam && { examId }),
              ...(later && { cursor: roomId }),
            });
  },
  "room.setAudioStatus": ({ app, roomId }) =>
    app.as(TEACHER).room.setAudioStatus({ roomId, audioStatus: "speaking" }),
  "room.end": async ({ app }) => {
    const { id: roomId } = await app.as(TEACHER).room.create({ name: "Short" });
    await app.as(TEACHER).room.end({ roomId });
  },
  "room.joinLinks": async ({ app, examId, roomId }) => {
    for (const caller of [ADMIN, TEACHER, { ...TEACHER, room: roomId }])
      for (const of of [{ roomId }, { examId }]) await app.as(caller).room.joinLinks(of);
  },
  "exam.create": ({ app }) =>
    app.as(ADMIN).exam.create({ name: "Another", startTime: new Date(0), endTime: new Date(1) }),
  "exam.get": async ({ app, examId, roomId }) => {
    for (const caller of [ADMIN, TEACHER, EXAMINEE, { ...EXAMINEE, room: roomId }])
      await app.as(caller).exam.get({ examId });
  },
  "exam.update": async ({ app, examId }) => {
    await app.as(TEACHER).exam.update({ examId, name: "Renamed" });
    await app.as(ADMIN).exam.update({ examId, videoProfile: null });
  },
  "participant.get": async ({ app, roomId, endedId }) => {
    for (const room of [roomId, endedId])
      for (const caller of [ADMIN, TEACHER, EXAMINEE])
        await app.as(caller).participant.get({ roomId: room, userId: "examinee1" });
  },
  "participant.list": async ({ app, roomId, endedId }) => {
    for (const room of [roomId, endedId])
      for (const role of [undefined, "teacher", "inspector", "examinee"] as const)
        await app.as(INSPECTOR).participant.list({ roomId: room, ...(role && { role }) });
  },
  "participant.add": ({ app, roomId }) =>
    app.as(TEACHER).participant.add({
      roomId,
      participants: [
        { userId: "late", name: "New", role: "examinee" },
        { userId: "inspector1", name: "Another name", role: "inspector" },
        { userId: "examinee1", name: "Examinee", role: "examinee" },
      ],
    }),
  "participant.remove": ({ app, roomId }) => app.as(TEACHER).participant.remove({ roomId, userId: "late" }),
  "audio.create": ({ app }) =>
    app.as(ADMIN).audio.create({ name: "Gong", classify: 1, url: "https://cdn.example/gong.wav" }),
  "audio.list": async ({ app }) => {
    for (const byName of OPTIONAL)
      for (const byClass of OPTIONAL)
        for (const pageNum of [1, 2])
          await app.as(TEACHER).audio.list({
            pageNum,
            pageSize: 1,
            ...(byName && { name: "bell" }),
            ...(byClass && { classify: 0 }),
          });
  },
  "audio.attach": async ({ app, examId, clipId }) => {
    await app.as(TEACHER).audio.attach({ examId, clipId });
    await app.as(TEACHER).audio.attach({ examId, clipId, startTime: new Date("2026-02-01T08:00:00Z") });
  },
  "cheat.setConfig": async ({ app, examId }) => {
    for (const data of ["{}", '{"pc":{}}']) await app.as(TEACHER).cheat.setConfig({ examId, data });
  },
  "cheat.getConfig": ({ app, examId }) => app.as(EXAMINEE).cheat.getConfig({ examId }),
  "cheat.addRecords": async ({ app, examId, roomId, endedId }) => {
    for (const room of [roomId, endedId])
      await app.as(EXAMINEE).cheat.addRecords({ roomId: room, examId, records: [detection, detection] });
    await app.as(TEACHER).cheat.addRecords({ roomId, records: [detection] });
  },
  "cheat.listRecords": async ({ app, examId, roomId }) => {
    for (const caller of [ADMIN, TEACHER, INSPECTOR, { ...TEACHER, room: roomId }])
      for (const of of [{ roomId }, { examId }, { roomId, examId }])
        for (const later of OPTIONAL)
          await app.as(caller).cheat.listRecords({ pageSize: 1, ...of, ...(later && { cursor: 2 }) });
  },
  "im.getToken": ({ app, roomId }) =>
    app.as(EXAMINEE).im.getToken({ userId: "examinee1", imServer: ["aliyun_new"], roomId, deviceId: "d" }),
  // Not configured: it asks who may, and refuses.
  "upload.getCredentials": async ({ app, examId }) => {
    await expect(app.as(EXAMINEE).upload.getCredentials({ examId })).rejects.toThrow();
  },
};

/** A statement as it was prepared: a parameter in place of every value. */
const prepared = (sql: string): string =>
  sql
    // SQLite shortens long texts: 'the beginning'/*+12 bytes*/.
    .replace(/\/\*\+\d+ bytes\*\//g, "")
    .replace(/'(?:[^']|'')*'/g, "?")
    .replace(/(?<![\w"?])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w"])/g, "?")
    .replace(/\s+/g, " ")
    .trim();

describe("query plans", () => {
  const statements = new Set<string>();
  let folder: ReturnType<typeof tempFolder>;
  let database: Sqlite.Database;
  let app: TestApp;

  beforeAll(async () => {
    folder = tempFolder();
    const file = join(folder.path, "invigil.db");
    let recording = false;
    app = await createTestApp({
      config: { databaseFile: file, apps: APPS },
      onStatement: (sql) => {
        if (recording && /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(sql)) statements.add(prepared(sql));
      },
    });
    const stage = await setStage(app);
    recording = true;
    for (const call of Object.values(calls)) await call(stage);
    database = new Sqlite(file);
  });
  afterAll(async () => {
    database?.close();
    await app?.close();
    folder[Symbol.dispose]();
  });

  /** How SQLite runs a statement: one line a step. */
  const planOf = (statement: string): string[] => {
    const explain = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${statement}`);
    const parameters = Array.from({ length: statement.split("?").length - 1 }, () => null);
    return explain.all(...parameters).map(({ detail }) => detail);
  };
  /** Steps whose cost grows with what is kept, instead of with what is asked for. */
  const badSteps = (statement: string): string[] =>
    planOf(statement).filter(
      (step) =>
        step.includes("TEMP B-TREE") ||
        (step.startsWith("SCAN") && step.split(" ")[1] !== MAY_BE_SCANNED) ||
        // A range alone is a page of everything: with another condition, most of what it reads is dropped.
        (/\(\w+[<>]\?\)$/.test(step) && /\bwhere\b.* and /i.test(statement)) ||
        // Half of all rooms have the same status: it finds a page of them, but nothing in a subquery.
        (step.endsWith("(status=?)") && !/order by "rooms"."id" desc limit \?$/.test(statement)),
    );

  it("are looked at for every table", () => {
    const tables = database
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .pluck()
      .all()
      .filter((name) => !/^(sqlite|__drizzle)_/.test(name));
    const unread = (read: RegExp) =>
      tables.filter((table) => ![...statements].some((sql) => read.test(sql) && sql.includes(`"${table}"`)));
    expect(tables).toContain("cheat_records");
    expect(unread(/^INSERT/i)).toEqual([]);
    // Stream names are written here, and read by the stream vendor's callback, once there is one.
    expect(unread(/^(SELECT|UPDATE|DELETE)/i)).toEqual([]);
  });

  it("are made as in production: without statistics", () => {
    expect(database.prepare("SELECT 1 FROM sqlite_schema WHERE name GLOB 'sqlite_stat*'").all()).toEqual([]);
  });

  it("are recognised when they are bad", () => {
    expect(badSteps("SELECT * FROM rooms WHERE name = ?")).toHaveLength(1);
    expect(badSteps("SELECT * FROM cheat_records AS other WHERE detect_type = ?")).toHaveLength(1);
    expect(badSteps("SELECT * FROM rooms WHERE exam_id = ? ORDER BY name")).toHaveLength(1);
    expect(badSteps("SELECT count(*) FROM rooms WHERE status = ?")).toHaveLength(1);
    expect(badSteps("SELECT * FROM cheat_records WHERE detect_type = ? AND id < ?")).toHaveLength(1);
    expect(badSteps("DELETE FROM participants WHERE name = ?")).toHaveLength(1);
    expect(badSteps("SELECT * FROM rooms WHERE id = ?")).toEqual([]);
  });

  it("look rows up by key: no scan of a table that grows, no sorting", () => {
    expect(statements.size).toBeGreaterThan(20);
    const bad = [...statements].filter((statement) => badSteps(statement).length > 0);
    expect(bad.map((statement) => ({ statement, plan: planOf(statement) }))).toEqual([]);
  });

  it("look at the person whose row it is: hasRoomInProgress is nobody else's", async () => {
    const participants = [{ userId: "waiting", name: "Waiting", role: "examinee" as const }];
    const { id: roomId } = await app.as(TEACHER).room.create({ name: "Over", participants });
    await app.as(TEACHER).room.end({ roomId });
    const person = async () => ({
      got: (await app.as(ADMIN).participant.get({ roomId, userId: "waiting" })).hasRoomInProgress,
      listed: (await app.as(ADMIN).participant.list({ roomId }))[0]?.hasRoomInProgress,
    });
    // Others have rooms in progress, this person has none; then it has one, too.
    expect((await app.as(ADMIN).room.list({ status: "in_progress" })).rooms).not.toEqual([]);
    expect(await person()).toEqual({ got: false, listed: false });
    await app.as(TEACHER).room.create({ name: "Now", participants });
    expect(await person()).toEqual({ got: true, listed: true });
  });
});
