import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp, type TestAppOptions, type TestCaller } from "../src/app/testing.js";
import { createStoredDuties } from "../src/coordination/duties-table.js";
import { createInstances } from "../src/coordination/instances.js";
import { createInstanceStore } from "../src/coordination/instances-table.js";
import { createStoredClaims } from "../src/coordination/page-claims-table.js";
import { storedRate } from "../src/coordination/send-rate-table.js";
import { lockExams } from "../src/domain/exam-transaction.js";
import { noteDepartures } from "../src/domain/presence-times.js";
import { createRoomExams } from "../src/domain/room-exams.js";
import { createDeliveryStore } from "../src/features/delivery/store.js";
import { createMuteStore } from "../src/features/im/mutes-store.js";
import { createSeriesStore } from "../src/features/series/store.js";
import type { ProcedurePath } from "../src/rest/routes.js";
import type { DeclaredTables } from "../src/storage/declared-tables.js";
import { insertion } from "../src/storage/statement.js";
import { presence } from "../src/storage/tables.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { dataOf, trpc } from "./support/calls.js";
import { isOnPostgres } from "./support/engine.js";
import { APPS, addExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import { createFootprints } from "./support/footprints.js";
import { createTestService, fails, inTurn, withServices, works } from "./support/message-services.js";
import { type CallerName, callersOf } from "./support/permissions.js";
import { calls, makeCall } from "./support/procedure-calls.js";
import { refused } from "./support/reason.js";
import { wav } from "./support/sounds.js";
import { STREAM_CONFIG, streamReport, streamSignature } from "./support/streams.js";
import { openProcesses } from "./support/throttles.js";
import { openUploads, statusOf } from "./support/uploads.js";
import { AUTHOR, acting, withWrites } from "./support/writes.js";

const ADMIN: TestCaller = { sub: "boss", role: "admin" };
const TEACHER: TestCaller = { sub: "teacher1", role: "teacher" };
const INSPECTOR: TestCaller = { sub: "inspector1", role: "inspector" };
const EXAMINEE: TestCaller = { sub: "examinee1", role: "examinee" };

/**
 * A library of clips and a school's staff stay small: they may be read from end to end. Who is present holds nothing that
 * is over, and is read as a whole once, at the start. Erasures are there while they are under way, and so are bulk changes, besides the
 * deleted exams that the list of these asks for.
 */
// `some`, `counted`, `ids` and `page`: a limited number of rows, which is no table; how they are found is a step of its own.
// `json_each`: the values that a statement is given. `sqlite_sequence`: a row for each table.
const MAY_BE_SCANNED = [
  "audio_clips",
  "accounts",
  "presence",
  "erasures",
  "bulk_changes",
  "some",
  "counted",
  "ids",
  "page",
  "json_each",
  "sqlite_sequence",
];

interface Stage {
  readonly app: TestApp;
  readonly examId: string;
  readonly clipId: string;
  /** In progress, with everybody in it. */
  readonly roomId: string;
  /** Of the same exam and people, ended. */
  readonly endedId: string;
}

const CLERK = { userId: "clerk", role: "teacher", name: "Clerk", password: "a password" } as const;

/** The token of a login. */
const login = async (app: TestApp, username: string = CLERK.userId): Promise<string> =>
  (await app.as(ADMIN).auth.login({ username, password: CLERK.password })).token;
/** Calls a procedure with a token. */
const post = async (app: TestApp, path: string, token: string, input?: unknown): Promise<void> =>
  expect(await trpc(app, token).mutate(path, input)).toMatchObject({ status: 200 });

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
  await app.as(ADMIN).account.create(CLERK);
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

/** Further calls of procedures: with every combination of their filters, and in the states for which another query runs. */
const more: Partial<Record<ProcedurePath, (stage: Stage) => Promise<unknown>>> = {
  "auth.login": async ({ app }) => {
    await login(app);
    await expect(login(app, "nobody")).rejects.toThrow();
  },
  "auth.refresh": async ({ app }) => post(app, "auth.refresh", await login(app)),
  "auth.logout": async ({ app }) => {
    await post(app, "auth.logout", await login(app));
    await app.as(TEACHER).auth.logout();
  },
  "auth.changePassword": async ({ app }) => {
    const input = { currentPassword: "a password", newPassword: "a password" };
    await post(app, "auth.changePassword", await login(app), input);
  },
  "account.list": async ({ app }) => {
    for (const byRole of OPTIONAL)
      for (const later of OPTIONAL)
        await app.as(ADMIN).account.list({
          pageSize: 1,
          ...(byRole && { role: "teacher" }),
          ...(later && { cursor: "a" }),
        });
  },
  "audit.list": async ({ app, examId }) => {
    const filters = { examId, actorId: "root", personId: "examinee1", procedure: "room.create" };
    for (const [name, value] of Object.entries(filters))
      await app.as(ADMIN).audit.list({ [name]: value, pageSize: 1 });
    await app.as(ADMIN).audit.list({ since: new Date("2026-01-01"), until: new Date("2027-01-01") });
    await app.as(ADMIN).audit.list({ withReads: false, withNames: true });
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
  "room.joinCodes": async ({ app, roomId, endedId }) => {
    // For nobody, for some of them, and for all once more. Then one is opened.
    for (const of of [{ roomId: endedId }, { roomId, role: "examinee" }, { roomId }, { roomId }] as const) {
      const [first] = await app
        .as(ADMIN)
        .room.joinCodes(of)
        .catch(() => []);
      if (first) await app.inject({ url: `/j/${first.code}` });
    }
  },
  "room.onEvent": async ({ app, roomId }) => {
    // From now on, from the start, and from what never was.
    for (const lastEventId of [undefined, "0", "999999"]) {
      const events = await app.as(TEACHER).room.onEvent({ roomId, lastEventId });
      const next = events[Symbol.asyncIterator]().next();
      await app.as(EXAMINEE).cheat.addRecords({ roomId, records: [detection] });
      await next;
    }
  },
  "exam.onEvent": async ({ app, examId, roomId }) => {
    for (const caller of [ADMIN, INSPECTOR])
      for (const lastEventId of [undefined, "0", "999999"]) {
        const events = await app.as(caller).exam.onEvent({ examId, lastEventId });
        const next = events[Symbol.asyncIterator]().next();
        await app.as(EXAMINEE).cheat.addRecords({ roomId, records: [detection] });
        await next;
      }
  },
  "exam.update": async ({ app, examId, clipId }) => {
    await app.as(TEACHER).exam.update({ examId, name: "Renamed" });
    await app.as(ADMIN).exam.update({ examId, videoProfile: null });
    const { endTime } = await app.as(ADMIN).exam.get({ examId });
    await app.as(ADMIN).exam.update({ examId, endTime, reason: { code: "other" } });
    const audio = [clipId, clipId].map((one, n) => ({ clipId: one, startTime: new Date(n) }));
    await app.as(ADMIN).exam.update({ examId, audio });
    await app.as(ADMIN).exam.update({ examId, audio: [] });
  },
  "exam.list": async ({ app, examId, roomId }) => {
    for (const caller of [
      ADMIN,
      TEACHER,
      INSPECTOR,
      { ...TEACHER, exam: examId },
      { ...TEACHER, room: roomId },
    ])
      for (const later of OPTIONAL)
        await app.as(caller).exam.list({ pageSize: 1, ...(later && { cursor: examId }) });
    await app.as(ADMIN).exam.list({ withCounts: true });
  },
  "exam.listDeleted": async ({ app, examId }) => {
    for (const later of OPTIONAL)
      await app.as(ADMIN).exam.listDeleted({ pageSize: 1, ...(later && { cursor: examId }) });
  },
  "exam.restore": async ({ app }) => {
    const times = { startTime: new Date(0), endTime: new Date(1) };
    const { id: examId } = await app.as(TEACHER).exam.create({ name: "Restored", ...times });
    await app.as(TEACHER).room.create({ name: "Restored", examId });
    await app.as(TEACHER).exam.delete({ examId, withRooms: true });
    await app.as(ADMIN).exam.restore({ examId });
  },
  "exam.erase": async ({ app }) => {
    const times = { startTime: new Date(0), endTime: new Date(1) };
    const { id: examId } = await app.as(TEACHER).exam.create({ name: "Erased", ...times });
    await app.as(TEACHER).exam.delete({ examId });
    await app.as(ADMIN).exam.erase({ examId, confirm: "Erased" });
  },
  "exam.plan": async ({ app, examId }) => {
    const teachers = ["t8", "t9"].map((userId) => ({ userId, name: userId, role: "teacher" as const }));
    for (const dryRun of OPTIONAL) await app.as(TEACHER).exam.plan({ examId, roomSize: 2, teachers, dryRun });
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
  "participant.move": async ({ app, examId, roomId }) => {
    const { id: toRoomId } = await app.as(TEACHER).room.create({ name: "Beside", examId });
    await app.as(TEACHER).participant.move({ roomId, userId: "late", toRoomId });
    await app.as(TEACHER).participant.move({ roomId: toRoomId, userId: "late", toRoomId: roomId });
  },
  "participant.remove": async ({ app, roomId }) => {
    await app.as(TEACHER).participant.remove({ roomId, userId: "late" });
    const participants = [{ userId: "late", name: "Late", role: "examinee" as const }];
    await app.as(TEACHER).participant.add({ roomId, participants });
    await app.as(ADMIN).participant.remove({ roomId, userId: "late", withRecords: true });
  },
  "participant.listUnseated": async ({ app, examId }) => {
    for (const cursor of [undefined, 2]) await app.as(TEACHER).participant.listUnseated({ examId, cursor });
  },
  "participant.import": async ({ app, examId, roomId }) => {
    const files = ["id,name\nwaits,W\nagain,A\nagain,A\n", "id,name\nwaits,W\n", "id,name\nwaits,Renamed\n"];
    for (const text of files)
      await app
        .as(ADMIN)
        .participant.import({ examId, file: Buffer.from(text).toString("base64") })
        .catch(() => undefined);
    for (const text of ["id,name\nwaits,Seated\nimported,I\n", "id,name\nwaits,Renamed again\n"])
      await app
        .as(TEACHER)
        .participant.import({ examId, roomId, file: Buffer.from(text).toString("base64") });
  },
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
  "cheat.listRecords": async ({ app, examId, roomId }) => {
    for (const caller of [ADMIN, TEACHER, INSPECTOR, { ...TEACHER, room: roomId }])
      for (const of of [{ roomId }, { examId }, { roomId, examId }])
        for (const later of OPTIONAL)
          await app.as(caller).cheat.listRecords({ pageSize: 1, ...of, ...(later && { cursor: 2 }) });
    for (const of of [{ roomId }, { examId }])
      for (const caller of [ADMIN, INSPECTOR])
        for (const byType of OPTIONAL)
          for (const byPerson of OPTIONAL)
            await app.as(caller).cheat.listRecords({
              ...of,
              receivedFrom: new Date(0),
              ...(byType && { detectTypes: ["watch"] }),
              ...(byPerson && { userIds: ["examinee1"] }),
              ...(!byType && { isMainMonitor: true }),
            });
  },
  "im.send": async ({ app, roomId }) => {
    const message = { roomId, type: 30_001, data: { n: 1 } };
    for (const key of [undefined, "k", "k"]) await app.as(TEACHER).im.send({ ...message, key });
    await app.as(EXAMINEE).im.send({ ...message, to: ["teacher1", "pc_teacher1"] });
  },
  "im.history": async ({ app, roomId }) => {
    for (const byType of OPTIONAL)
      for (const byPerson of OPTIONAL)
        for (const later of OPTIONAL)
          await app.as(TEACHER).im.history({
            roomId,
            pageSize: 1,
            ...(byType && { type: 30_001 }),
            ...(byPerson && { userId: "examinee1" }),
            ...(later && { cursor: 3 }),
          });
  },
  "stream.report": async ({ app, examId, roomId, endedId }) => {
    for (const id of [roomId, endedId]) {
      const first = { ...streamReport({ id, examId }, "examinee1"), ...streamSignature() };
      for (const report of [
        first,
        first,
        { ...first, action: "publish_done" as const, time: first.time - 1 },
        { ...first, id: `${first.id}_pc` },
        { ...first, id: `${first.id}_240p` },
      ])
        await app.as(ADMIN).stream.report(report);
    }
    // Whoever comes back has the status that was reported meanwhile.
    const { id: toRoomId } = await app.as(TEACHER).room.create({ name: "Aside", examId });
    await app.as(TEACHER).participant.move({ roomId, userId: "examinee1", toRoomId });
    await app.as(TEACHER).participant.move({ roomId: toRoomId, userId: "examinee1", toRoomId: roomId });
  },
  "room.listEvents": async ({ app, roomId }) => {
    for (const later of OPTIONAL)
      for (const ofPerson of OPTIONAL)
        await app.as(TEACHER).room.listEvents({
          roomId,
          pageSize: 1,
          ...(later && { cursor: 2 }),
          ...(ofPerson && { userId: "examinee1" }),
        });
  },
  "stream.listEvents": async ({ app, roomId }) => {
    for (const later of OPTIONAL)
      await app.as(TEACHER).stream.listEvents({ roomId, pageSize: 1, ...(later && { cursor: 2 }) });
  },
};

/** The callers for whom different queries run. */
const CALLERS: readonly CallerName[] = [
  "admin",
  "teacher",
  "inspector",
  "examinee",
  "teacherHere",
  "teacherThisExam",
  "examineeHere",
];
/** Makes the calls that other tests make, too. */
const makeCalls = async (app: TestApp): Promise<void> => {
  for (const { path, input, prepare, before } of calls) {
    const fixture = await addExamsFixture(app);
    await fixture.admin.participant.add({
      roomId: fixture.room.id,
      participants: CALLERS.map((_, n) => ({ userId: `leaving${n}`, name: "Leaving", role: "examinee" })),
    });
    await prepare?.(fixture);
    for (const [n, name] of CALLERS.entries()) {
      await before?.(fixture, n);
      const caller = callersOf(fixture)[name];
      // Some are refused.
      await refused(makeCall(fixture, caller, { path, input: input(fixture, caller, n) }));
    }
  }
};

/** Has message services asked for what rooms and people need, one of which fails now and then. */
const askServices = async (watch: Pick<TestAppOptions, "onStatement" | "onDeclared">): Promise<void> => {
  const aliyun_new = createTestService();
  aliyun_new.on("create", inTurn(fails(), works));
  aliyun_new.on("send", fails());
  const change = withServices({ aliyun_new, rong_cloud: createTestService({ keepsMembers: true }) });
  let now = Date.parse("2026-01-02T03:04:05Z");
  await using appFixture = await openAppFixture({
    now: () => new Date(now),
    queue: false,
    change,
    ...watch,
    config: { presenceSettleSeconds: 0 },
  });
  const admin = trpc(appFixture, await appFixture.token(ADMIN));
  const room = { name: "R", imServer: ["aliyun_new", "rong_cloud"] };
  const participants = [{ userId: "examinee1", name: "E", role: "examinee" }];
  await admin.mutate("room.create", room);
  const { data } = await admin.mutate("room.create", { ...room, participants });
  await admin.mutate("im.getToken", { roomId: data.id, userId: "examinee1", imServer: ["rong_cloud"] });
  const { access, im } = appFixture.services;
  const caller = acting({ userId: "boss", role: "admin", expiresAt: new Date(8.64e15) });
  for (const muted of OPTIONAL)
    for (const logins of [undefined, ["examinee1", "pc_examinee1"]])
      await im.mute(caller, await access.open(caller, "room", { roomId: data.id }), { muted, logins });
  for (const newestFirst of OPTIONAL)
    for (const login of [undefined, "examinee1"])
      for (const type of [undefined, 30_001])
        await im.read({ roomId: data.id, login, type, limit: 1, newestFirst, from: undefined });
  const { id: roomId, examId } = data;
  const page = { examId, roomId, userId: "examinee1", role: "examinee", camera: "main" } as const;
  appFixture.services.presence.connect(page)();
  const { talks } = appFixture.services;
  // The second one begins while the first is open.
  for (const by of ["boss", "other"]) await talks.begin(page, by, new Date(now));
  await talks.end(page, new Date(now));
  await admin.mutate("participant.remove", { roomId: data.id, userId: "examinee1" });
  for (const verb of ["end", "reopen", "end"]) await admin.mutate(`room.${verb}`, { roomId: data.id });
  const { queue, deadLetters } = appFixture.services;
  await queue.drain(60_000);
  // Signals expire after half a minute.
  now += 30_000;
  await queue.drain(60_000);
  const [retried, dropped] = (await deadLetters.list({ limit: 2 })).rows;
  expect(await deadLetters.retry(retried?.id ?? "", AUTHOR)).toBe("retried");
  expect(await deadLetters.drop(dropped?.id ?? "", AUTHOR)).toBe(true);
  now += 14 * 86_400_000;
  queue.start();
  await queue.stop(5000);
  expect(await deadLetters.list({ limit: 1 })).toEqual({ rows: [] });
  await actAsSeveralServers(appFixture, data);
};

/** Runs the statements of servers that share a database, which an app on SQLite does not. */
const actAsSeveralServers = async (
  { db, services }: Pick<AppFixture, "db" | "services">,
  { id: roomId, examId }: { readonly id: string; readonly examId: string },
): Promise<void> => {
  const now = new Date(0);
  const instances = createInstanceStore(db);
  for (const id of ["a", "b"]) {
    await instances.begin({ id, leaseUntil: new Date(1), startedAt: null, version: null });
    await instances.renew(id, new Date(1));
  }
  const claims = createStoredClaims(db);
  const claim = { page: "p", loginId: "1", instance: "a", connection: "c" };
  await claims.claim(claim, { now, yields: false });
  await claims.claim({ ...claim, instance: "b", connection: "d" }, { now, yields: false });
  await claims.release(claim);
  await claims.releaseAll("b");
  const log = pino({ level: "silent" });
  const second = createInstances({ store: instances, newId: () => "b", clock: () => now, settleMs: 0, log });
  const mutes = createMuteStore({ ...withWrites(db), roomExams: createRoomExams(), instances: second });
  await mutes.change({ examId, roomId, muted: true, logins: undefined, most: 1, now, author: AUTHOR });
  const notices = await instances.notices("a");
  expect(notices).toHaveLength(2);
  await instances.removeNotices(notices);
  await mutes.change({ examId, roomId, muted: false, logins: undefined, most: 1, now, author: AUTHOR });
  await db.storage.write(async (tx) => {
    for (let n = 0; n < 2; n += 1) {
      const rates = await storedRate.countIn(tx, [{ examId, roomId, login: "l" }]);
      rates.take({ examId, roomId, login: "l" }, now);
      await rates.save();
    }
  });
  for (const id of await instances.expired(new Date(2))) {
    await instances.claim(id, { now: new Date(2), until: new Date(3) });
    await instances.remove(id);
  }
  await createDeliveryStore(withWrites(db)).prune(new Date(8.64e15));
  // The app's own recorder waits for the next minute, which does not come.
  const duties = createStoredDuties({ control: db.storage, instances: { id: "a" } });
  await duties.take("series", { now, until: new Date(1) });
  const series = createSeriesStore({ ...withWrites(db), duties });
  const boss = acting({ userId: "boss", role: "admin", expiresAt: new Date(8.64e15) });
  await services.room.reopen(boss, await services.access.open(boss, "room", { roomId }));
  const { startTime } = await services.access.open(boss, "wholeExam", { examId });
  const page = { examId, roomId, userId: "examinee1", camera: "main", role: "examinee", since: now } as const;
  await db.storage.write((tx) => tx.insert(insertion(presence), [page]));
  // At a time at which a departure deletes old visits.
  const departure = { examId, roomId, userId: "examinee1", camera: "main", since: now, leftAt: now } as const;
  await db.storage.write(async (tx) => noteDepartures(await lockExams(tx, examId), [departure]));
  // Before its exam begins, the room is under way because of whoever is present.
  const before = await series.measure(now, now);
  const measurement = await series.measure(now, startTime);
  expect([before.rooms.length, measurement.rooms.length]).toEqual([1, 1]);
  await series.write(measurement, new Date(1));
  await series.prune(new Date(8.64e15));
};

/** Counts logins as several server processes do together, which an app on SQLite does not. */
const countLogins = async (watch: Parameters<typeof openProcesses>[0]): Promise<void> => {
  await using processes = openProcesses(watch);
  const { begin, fail } = processes.start();
  await fail();
  await (await begin({ account: "a", address: "10.0.0.1" })).succeeded();
};

/** Has a file added to the database, twice, read and removed. The start looks for abandoned ones. */
const storeFiles = async (watch: Pick<TestAppOptions, "onStatement" | "onDeclared">): Promise<void> => {
  await using app = await openUploads({ place: "database", ...watch });
  const add = async () => dataOf(await app.upload(["name", "N"], ["file", wav()]));
  const clips = [await add(), await add()];
  for (const { id: clipId, url } of clips) {
    expect(await statusOf(url)).toBe(200);
    await app.as(ADMIN).audio.delete({ clipId });
  }
  expect(app.rows()).toEqual([]);
};

/** A statement as it was prepared: a parameter in place of every value. */
const prepared = (sql: string): string =>
  sql
    // SQLite shortens long texts: 'the beginning'/*+12 bytes*/.
    .replace(/\/\*\+\d+ bytes\*\//g, "")
    // A binary value has an x before it.
    .replace(/(?:\bx)?'(?:[^']|'')*'/g, "?")
    .replace(/(?<![\w"?])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w"])/g, "?")
    .replace(/\s+/g, " ")
    .trim();

// process-postgres-plans.test.ts looks at the plans of PostgreSQL.
describe.skipIf(isOnPostgres)("query plans", () => {
  const statements = new Set<string>();
  const uses = new Map<string, { readonly text: string; readonly declared: DeclaredTables }>();
  let folder: ReturnType<typeof tempFolder>;
  let database: Sqlite.Database;
  let app: TestApp;

  beforeAll(async () => {
    folder = tempFolder();
    const file = join(folder.path, "invigil.db");
    let recording = false;
    const record = (sql: string): void => {
      if (recording && /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(sql)) statements.add(prepared(sql));
    };
    const onDeclared: TestAppOptions["onDeclared"] = (text, declared) => {
      uses.set(JSON.stringify([text, declared]), { text, declared });
    };
    app = await createTestApp({
      // Unused limits, whenever something is called.
      monotonic: () => performance.now() * 60_000,
      config: { databaseFile: file, apps: APPS, publicUrl: "https://invigil.example", ...STREAM_CONFIG },
      onStatement: record,
      onDeclared,
    });
    const stage = await setStage(app);
    recording = true;
    await makeCalls(app);
    for (const call of Object.values(more)) await call(stage);
    const watch: Pick<TestAppOptions, "onStatement" | "onDeclared"> = {
      onStatement: (sql) => {
        // Migrations, which alone write names in backquotes, and the check at the start are none of ours.
        if (!/__drizzle|`|sqlite_master/.test(sql)) record(sql);
      },
      onDeclared,
    };
    await askServices(watch);
    await countLogins(watch);
    await storeFiles(watch);
    database = new Sqlite(file);
    // It makes every call once.
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
  /**
   * Sorts the rows of one person in all rooms of an exam. Each room has a range of an index by room and person, and ranges have no common
   * order. See `domain/person-history.ts`.
   */
  const HISTORY_OF_PERSON =
    /"room_id" in \(select "id" from "visible_rooms" where .*"(?:to_)?(?:user_id|login)" = \?/;
  const badSteps = (statement: string): string[] =>
    planOf(statement).filter(
      (step) =>
        (step.includes("TEMP B-TREE") && !HISTORY_OF_PERSON.test(statement)) ||
        // The rows that a statement brings with it are no table, also where they come as one parameter.
        // The index has open talks alone. It is read once, at the start.
        (!step.endsWith("USING INDEX talks_open") &&
          /^SCAN (?!\d+-ROW VALUES|json_each |\w+ VIRTUAL TABLE )/.test(step) &&
          !MAY_BE_SCANNED.includes(step.split(" ")[1] ?? "")) ||
        // A range alone is a page of everything: with another condition, most of what it reads is dropped.
        (/\(\w+[<>]\?\)$/.test(step) &&
          !MAY_BE_SCANNED.includes(step.split(" ")[1] ?? "") &&
          /\bwhere\b.* and /i.test(statement)) ||
        // Half of all rooms have the same status: it finds a page of them, but nothing in a subquery. Rooms in progress are read once, at the
        // start, for cameras that a server which was killed has left publishing.
        (step.endsWith("(status=?)") &&
          !/order by "rooms"."id" desc limit \?$/.test(statement) &&
          !statement.includes('"main_publish_status" = ? or "participants"."pc_publish_status" = ?')),
    );

  /** Tables whose rows go along with those of others. So no read that is remembered may use them. */
  const GOES_ALONG = ["exam_consents", "join_codes", "page_times", "plans"];

  /** Before a room is deleted, these rows are, by statements of their own. */
  const isDeletedBefore = (name: string, text: string) =>
    /^(hands|talks)$/.test(name) && text.startsWith('delete from "rooms"');

  it("use the tables that they say, and no others", () => {
    const footprints = createFootprints(database);
    const wrong = [...uses.values()].flatMap(({ text, declared: { reads, writes } }) => {
      const used = footprints.of(text, text.split("?").length - 1);
      const names = (tables: readonly { readonly name: string }[]) => tables.map(({ name }) => name);
      const missing = [
        ...(reads ? names(used.reads).filter((name) => !reads.includes(name)) : []),
        ...(writes === undefined
          ? []
          : names(used.writes).filter(
              (name) =>
                name !== writes &&
                name !== "sqlite_sequence" &&
                !GOES_ALONG.includes(name) &&
                !isDeletedBefore(name, text),
            )),
        ...(reads?.filter((name) => GOES_ALONG.includes(name)) ?? []),
      ];
      return missing.length > 0 ? [{ text, missing }] : [];
    });
    expect(wrong).toEqual([]);
    expect([...uses.values()].filter(({ declared }) => declared.reads)).not.toEqual([]);
    expect([...uses.values()].filter(({ declared }) => declared.writes)).not.toEqual([]);
  });

  it("are looked at for every table", () => {
    const tables = database
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .pluck()
      .all()
      // Epochs begin while no server runs, or on PostgreSQL.
      .filter((name) => !/^((sqlite|__drizzle)_|event_epochs$)/.test(name));
    const unread = (read: RegExp) =>
      tables.filter((table) => ![...statements].some((sql) => read.test(sql) && sql.includes(`"${table}"`)));
    expect(tables).toEqual(expect.arrayContaining(["cheat_records", "person_changes"]));
    expect(unread(/^INSERT/i)).toEqual([]);
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
    expect(badSteps("DELETE FROM person_changes WHERE seq = ?")).toHaveLength(1);
    expect(badSteps("SELECT * FROM rooms WHERE id = ?")).toEqual([]);
  });

  it("look rows up by key: no scan of a table that grows, no sorting", () => {
    expect(statements.size).toBeGreaterThan(20);
    const bad = [...statements].filter((statement) => badSteps(statement).length > 0);
    expect(bad.map((statement) => ({ statement, plan: planOf(statement) }))).toEqual([]);
  });

  it("look at the person whose row it is: hasRoomInProgress is nobody else's", async () => {
    const participants = [{ userId: "waiting", name: "Waiting", role: "examinee" as const }];
    const { id: roomId, examId } = await app.as(TEACHER).room.create({ name: "Over", participants });
    await app.as(TEACHER).room.end({ roomId });
    const person = async () => ({
      got: (await app.as(ADMIN).participant.get({ roomId, userId: "waiting" })).hasRoomInProgress,
      listed: (await app.as(ADMIN).participant.list({ roomId }))[0]?.hasRoomInProgress,
    });
    // Others have rooms in progress, this person has none; then it has one, too.
    expect((await app.as(ADMIN).room.list({ status: "in_progress" })).rooms).not.toEqual([]);
    expect(await person()).toEqual({ got: false, listed: false });
    await app.as(TEACHER).room.create({ name: "Now", examId, participants });
    expect(await person()).toEqual({ got: true, listed: true });
  });
});
