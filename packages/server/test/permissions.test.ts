import { type SignalName, signals } from "@invigil/schema";
import { TRPCError } from "@trpc/server";
import { describe, expect, it } from "vitest";
import type { TestAppOptions, TestCaller } from "../src/app/testing.js";
import { InvigilError } from "../src/platform/errors.js";
import { createRoutes, UNMAPPED_PROCEDURES } from "../src/rest/routes.js";
import { createWire } from "../src/rest/wire.js";
import { type Answer, dataOf, expectDone, refusalOf, send, trpc } from "./support/calls.js";
import { sample } from "./support/effort.js";
import { type CallerName, callersOf, type Outcome, permissions } from "./support/permissions.js";
import { APPS, openSchool, type School } from "./support/school.js";
import { sharedSchools } from "./support/shared.js";
import { STREAM_CONFIG, streamHeaders, streamReport, streamSignature } from "./support/streams.js";
import { openWorld } from "./support/world.js";

/**
 * The call of each row of the table. `n` is a different number for each call, for calls that work only once.
 */
type Input = (school: School, caller: TestCaller, n: number) => object | undefined;
const own = (school: School) => ({ roomId: school.room.id });
const examOf = (school: School) => ({ examId: school.room.examId });
/** A person with a password, for the rows that need one. */
const accountOf = ({ room }: School) =>
  ({ userId: `clerk-${room.id}`, role: "teacher", name: "Clerk", password: "a password" }) as const;
const credentialsOf = (school: School) => ({
  username: accountOf(school).userId,
  password: accountOf(school).password,
});
/** Procedures without a token, which need a password or the stream service's signature. */
const PUBLIC = new Set(["auth.login", "stream.report"]);
const toSibling: Input = (school, _, n) => ({
  ...own(school),
  userId: `leaving${n}`,
  toRoomId: school.sibling.id,
});
const saying =
  (name: SignalName, data: object): Input =>
  (school) => ({ ...own(school), type: signals[name].type, data });
const SOON = { startTime: new Date("2026-02-01T00:00:00Z"), endTime: new Date("2026-02-01T02:00:00Z") };

/** Clips that teacher1 added, one per caller. */
let ownClips: readonly string[] = [];
const addOwnClips = async (school: School): Promise<void> => {
  const ids: string[] = [];
  for (const name of Object.keys(callersOf(school)))
    ids.push((await school.teacher.audio.create({ name, url: `https://audio.example/${name}.wav` })).id);
  ownClips = ids;
};

/** Exams that were deleted, one per caller. */
let deletedExams: readonly string[] = [];
const deleteExams = async ({ admin, ...school }: School): Promise<void> => {
  const ids: string[] = [];
  for (const _ of Object.keys(callersOf({ admin, ...school }))) {
    const { id: examId } = await admin.exam.create({ name: "Gone", ...SOON });
    await admin.exam.delete({ examId });
    ids.push(examId);
  }
  deletedExams = ids;
};

const CALLS: Readonly<Record<string, { method: "query" | "mutate" | "subscribe"; input: Input }>> = {
  "auth.whoami": { method: "query", input: () => undefined },
  "auth.login": { method: "mutate", input: credentialsOf },
  "auth.refresh": { method: "mutate", input: () => undefined },
  "auth.logout": { method: "mutate", input: () => undefined },
  "auth.changePassword": {
    method: "mutate",
    input: () => ({ currentPassword: "a password", newPassword: "another one" }),
  },
  "auth.issueToken": {
    method: "mutate",
    input: (school) => ({ ...own(school), userId: "examinee1", role: "examinee" }),
  },
  "auth.issueToken, of the exam": {
    method: "mutate",
    input: (school) => ({ ...examOf(school), userId: "examinee1", role: "examinee" }),
  },
  "auth.issueToken, of no room": {
    method: "mutate",
    input: () => ({ userId: "examinee1", role: "examinee" }),
  },
  "auth.revokeToken": { method: "mutate", input: () => ({ tokenId: "a token's id" }) },
  "account.create": {
    method: "mutate",
    input: (school, _, n) => ({ ...accountOf(school), userId: `${accountOf(school).userId}-${n}` }),
  },
  "account.list": { method: "query", input: () => ({}) },
  "account.disable": { method: "mutate", input: (school) => ({ userId: accountOf(school).userId }) },
  "account.enable": { method: "mutate", input: (school) => ({ userId: accountOf(school).userId }) },
  "account.setPassword": {
    method: "mutate",
    input: (school) => ({ userId: accountOf(school).userId, password: "another one" }),
  },
  "room.create": { method: "mutate", input: () => ({ name: "New room" }) },
  "room.create, in the exam": {
    method: "mutate",
    input: (school) => ({ name: "New room", ...examOf(school) }),
  },
  "room.get": { method: "query", input: own },
  "room.end": { method: "mutate", input: own },
  "room.reopen": { method: "mutate", input: own },
  "room.setAudioStatus": {
    method: "mutate",
    input: (school) => ({ ...own(school), audioStatus: "speaking" }),
  },
  "room.list": { method: "query", input: () => ({}) },
  "room.joinLinks": { method: "mutate", input: own },
  "room.joinLinks, of the exam": { method: "mutate", input: examOf },
  "room.joinCodes": { method: "mutate", input: own },
  "room.joinCodes, of the exam": { method: "mutate", input: examOf },
  "room.revokeLinks": { method: "mutate", input: (school) => ({ ...own(school), userIds: ["examinee2"] }) },
  "room.presence": { method: "query", input: own },
  "room.snapshot": { method: "query", input: own },
  // After an unknown event id, so that a snapshot arrives at once.
  "room.onEvent": { method: "subscribe", input: (school) => ({ ...own(school), lastEventId: "999999999" }) },
  "exam.create": { method: "mutate", input: () => ({ name: "New exam", ...SOON }) },
  "exam.get": { method: "query", input: examOf },
  "exam.update": { method: "mutate", input: (school) => ({ ...examOf(school), name: "Another name" }) },
  "exam.list": { method: "query", input: () => ({}) },
  "exam.delete": { method: "mutate", input: examOf },
  "exam.listDeleted": { method: "query", input: () => ({}) },
  "exam.restore": { method: "mutate", input: (_, __, n) => ({ examId: deletedExams[n] }) },
  "exam.erase": { method: "mutate", input: (_, __, n) => ({ examId: deletedExams[n], confirm: "Gone" }) },
  "exam.plan": { method: "mutate", input: (school) => ({ ...examOf(school), roomSize: 30 }) },
  "exam.snapshot": { method: "query", input: examOf },
  "exam.onEvent": {
    method: "subscribe",
    input: (school) => ({ ...examOf(school), lastEventId: "999999999" }),
  },
  "participant.get": { method: "query", input: (school) => ({ ...own(school), userId: "teacher1" }) },
  "participant.list": { method: "query", input: own },
  "participant.add": {
    method: "mutate",
    input: (school, _, n) => ({
      ...own(school),
      participants: [{ userId: `new${n}`, name: "New", role: "examinee" }],
    }),
  },
  "participant.move": { method: "mutate", input: toSibling },
  "participant.move, in reach": { method: "mutate", input: toSibling },
  "participant.import": {
    method: "mutate",
    input: (school, _, n) => ({
      ...examOf(school),
      file: Buffer.from(`id,name,room\nnew${n},New,${school.room.id}\n`).toString("base64"),
    }),
  },
  "participant.import, into a room": {
    method: "mutate",
    input: (school, _, n) => ({
      ...examOf(school),
      ...own(school),
      file: Buffer.from(`id,name\nnew${n},New\n`).toString("base64"),
    }),
  },
  "participant.remove": {
    method: "mutate",
    input: (school, _, n) => ({ ...own(school), userId: `leaving${n}` }),
  },
  "participant.remove, records": {
    method: "mutate",
    input: (school, _, n) => ({ ...own(school), userId: `leaving${n}`, withRecords: true }),
  },
  "participant.listUnseated": { method: "query", input: examOf },
  "participant.locate": { method: "query", input: (school) => ({ ...examOf(school), userId: "examinee1" }) },
  "participant.removeFromExam": {
    method: "mutate",
    input: (school, _, n) => ({ ...examOf(school), userId: `leaving${n}` }),
  },
  "participant.removeFromExam, records": {
    method: "mutate",
    input: (school, _, n) => ({ ...examOf(school), userId: `leaving${n}`, withRecords: true }),
  },
  "audio.list": { method: "query", input: () => ({}) },
  "audio.create": {
    method: "mutate",
    input: () => ({ name: "New clip", url: "https://audio.example/new.wav" }),
  },
  "audio.create, a default one": {
    method: "mutate",
    input: () => ({ name: "New clip", url: "https://audio.example/new.wav", isDefault: true }),
  },
  "audio.update": { method: "mutate", input: (school) => ({ clipId: school.clipId, name: "Another name" }) },
  "audio.update, the teacher's": {
    method: "mutate",
    input: (_, __, n) => ({ clipId: ownClips[n], name: "Another" }),
  },
  "audio.update, to a default one": {
    method: "mutate",
    input: (_, __, n) => ({ clipId: ownClips[n], isDefault: true }),
  },
  "audio.delete": { method: "mutate", input: () => ({ clipId: "none" }) },
  "audio.delete, the teacher's": { method: "mutate", input: (_, __, n) => ({ clipId: ownClips[n] }) },
  "audio.attach": { method: "mutate", input: (school) => ({ ...examOf(school), clipId: school.clipId }) },
  "audio.detach": {
    method: "mutate",
    input: (school) => ({ ...examOf(school), attachmentId: "none" }),
  },
  "cheat.setConfig": { method: "mutate", input: (school) => ({ ...examOf(school), data: "{}" }) },
  "cheat.getConfig": { method: "query", input: examOf },
  "cheat.addRecords": {
    method: "mutate",
    input: (school) => ({ ...own(school), records: [school.detection("examinee1")] }),
  },
  "cheat.listRecords": { method: "query", input: own },
  "cheat.listRecords, of the exam": { method: "query", input: examOf },
  "im.getToken": {
    method: "mutate",
    input: (school, { sub }) => ({ ...own(school), userId: sub, imServer: ["aliyun_new"] }),
  },
  "im.getToken, of no room": {
    method: "mutate",
    input: (_, { sub }) => ({ userId: `pc_${sub}`, imServer: ["aliyun_new"] }),
  },
  "im.getToken, of no service": { method: "mutate", input: (_, { sub }) => ({ userId: sub }) },
  "im.getToken, commanding": {
    method: "mutate",
    input: (_, { sub }) => ({ userId: sub, imServer: ["aliyun_new"], role: "admin" }),
  },
  "im.getToken, not configured": {
    method: "mutate",
    input: (_, { sub }) => ({ userId: sub, imServer: ["aliyun_old", "rong_cloud"] }),
  },
  "im.send": { method: "mutate", input: (school) => ({ ...own(school), type: 30_001, data: "of our own" }) },
  "im.send, an answer": { method: "mutate", input: saying("cheatDetected", {}) },
  "im.send, a command": { method: "mutate", input: saying("startCall", { sid: "call" }) },
  "im.send, the server's": { method: "mutate", input: saying("streamStopped", { userId: "examinee1" }) },
  "im.history": { method: "query", input: own },
  "upload.getCredentials": { method: "mutate", input: examOf },
  "stream.report": {
    method: "mutate",
    input: ({ room }) => ({ ...streamReport(room, "examinee1"), ...streamSignature() }),
  },
  "stream.listEvents": { method: "query", input: own },
};

/** Additional preparations of a row. */
const PREPARE: Readonly<Record<string, (school: School) => Promise<unknown>>> = {
  "participant.move, in reach": ({ admin, sibling }) =>
    admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "teacher1", name: "Teacher One", role: "teacher" }],
    }),
  "audio.update, the teacher's": addOwnClips,
  "audio.update, to a default one": addOwnClips,
  "audio.delete, the teacher's": addOwnClips,
  "exam.restore": deleteExams,
  "exam.erase": deleteExams,
  "auth.login": (school) => school.admin.account.create(accountOf(school)),
  "account.disable": (school) => school.admin.account.create(accountOf(school)),
  "account.enable": (school) => school.admin.account.create(accountOf(school)),
  "account.setPassword": (school) => school.admin.account.create(accountOf(school)),
};

/**
 * The documented paths below `/exam/` (or absolute paths), by the procedure whose permissions apply. The fields
 * are those of the vendor's apps.
 */
const PATHS: readonly {
  path: string;
  method: "GET" | "POST";
  row: string;
  fields: (school: School, caller: TestCaller) => Record<string, unknown>;
  headers?: Record<string, string>;
}[] = [
  { path: "login", method: "POST", row: "auth.login", fields: credentialsOf },
  { path: "/login", method: "POST", row: "auth.login", fields: credentialsOf },
  {
    path: "v2/createRoom",
    method: "POST",
    row: "room.create",
    fields: () => ({ name: "N", imServer: ["aliyun_new"] }),
  },
  { path: "createRoom", method: "POST", row: "room.create", fields: () => ({ name: "N" }) },
  { path: "roomInfo", method: "GET", row: "room.get", fields: own },
  { path: "endRoom", method: "GET", row: "room.end", fields: own },
  { path: "endRoom", method: "POST", row: "room.end", fields: own },
  {
    path: "updateRoomAudioStatus",
    method: "POST",
    row: "room.setAudioStatus",
    fields: ({ room }) => ({ id: room.id, audioStatus: 1 }),
  },
  { path: "examInfo", method: "GET", row: "exam.get", fields: examOf },
  {
    path: "userInfo",
    method: "GET",
    row: "participant.get",
    fields: ({ room }) => ({ roomId: room.id, userId: "teacher1" }),
  },
  { path: "userList", method: "GET", row: "participant.list", fields: own },
  {
    path: "v2/getIMToken",
    method: "POST",
    row: "im.getToken",
    fields: ({ room }, { sub }) => ({ roomId: room.id, userId: sub, imServer: ["aliyun_new"] }),
  },
  {
    path: "getIMToken",
    method: "POST",
    row: "im.getToken, of no service",
    fields: (_, { sub }) => ({ userId: sub, deviceId: "d", deviceType: "ios" }),
  },
  { path: "getOssConfig", method: "GET", row: "upload.getCredentials", fields: examOf },
  { path: "selectAudio", method: "POST", row: "audio.list", fields: () => ({}) },
  {
    path: "cheat/setCheatConfig",
    method: "POST",
    row: "cheat.setConfig",
    fields: ({ room }) => ({ examId: room.examId, data: "{}" }),
  },
  { path: "cheat/getCheatConfig", method: "POST", row: "cheat.getConfig", fields: examOf },
  {
    path: "cheat/addCheatRecord",
    method: "POST",
    row: "cheat.addRecords",
    fields: ({ room, detection }) => ({
      roomId: room.id,
      examId: room.examId,
      data: JSON.stringify([{ ...detection("examinee1"), detectTime: 232323 }]),
    }),
  },
  { path: "cheat/listCheatRecord", method: "POST", row: "cheat.listRecords", fields: own },
  {
    path: "cheat/listCheatRecord",
    method: "POST",
    row: "cheat.listRecords, of the exam",
    fields: examOf,
  },
  {
    path: "userAct",
    method: "GET",
    row: "stream.report",
    fields: ({ room }) => streamReport(room, "examinee1"),
    headers: streamHeaders(),
  },
];
const WITHOUT_DATA = new Set(["cheat/setCheatConfig", "cheat/addCheatRecord"]);
const HTTP_STATUS = {
  ok: 200,
  FORBIDDEN: 403,
  PROVIDER_NOT_CONFIGURED: 501,
  EXAM_CONFLICT: 409,
  AUDIO_CLIP_NOT_FOUND: 404,
};

const urlOf = (path: string) => (path.startsWith("/") ? path : `/exam/${path}`);
const procedureOf = (row: string) => row.split(",")[0] ?? row;

/** The state of everything that a refused call could change. */
const stateOf = async ({ admin, room, other }: School) => ({
  accounts: await admin.account.list({}),
  rooms: await admin.room.list({}),
  exams: [await admin.exam.get({ examId: room.examId }), await admin.exam.get({ examId: other.examId })],
  people: await Promise.all(
    (["teacher", "inspector", "examinee"] as const).map((role) =>
      admin.participant.list({ roomId: room.id, role }),
    ),
  ),
  audio: await admin.audio.list({}),
  config: await admin.cheat.getConfig({ examId: room.examId }),
  records: await admin.cheat.listRecords({ roomId: room.id }),
  messages: await admin.im.history({ roomId: room.id }),
});

const EVERYTHING: TestAppOptions = {
  config: { apps: APPS, publicUrl: "https://invigil.example", ...STREAM_CONFIG },
};

/**
 * Makes the call of a row as every caller. Callers who are refused go first, and must not change anything. With quick effort, only a
 * quarter of the callers take part. The number of the row decides which, so that every caller takes part in some rows.
 */
const tryEverybody = async (
  school: School,
  { row, number }: { row: string; number: number },
  call: (school: School, caller: TestCaller, n: number) => Promise<string>,
): Promise<void> => {
  const callers = callersOf(school);
  const expected = permissions.get(row);
  if (!expected) throw new Error(`there is no row ${row}`);
  // Safe: the keys are the names of the columns.
  const names = Object.keys(callers) as CallerName[];
  await school.admin.participant.add({
    roomId: school.room.id,
    participants: names.map((_, n) => ({ userId: `leaving${n}`, name: "Leaving", role: "examinee" })),
  });
  await PREPARE[row]?.(school);
  const seen: Partial<Record<CallerName, string>> = {};
  const tried = sample([...names.entries()], 4, number);
  const run = async (which: (outcome: Outcome) => boolean): Promise<void> => {
    for (const [n, name] of tried)
      if (which(expected[name])) seen[name] = await call(school, callers[name], n);
  };
  const before = await stateOf(school);
  await run((outcome) => outcome !== "ok");
  expect(await stateOf(school)).toEqual(before);
  await run((outcome) => outcome === "ok");
  expect(seen).toEqual(Object.fromEntries(tried.map(([, name]) => [name, expected[name]])));
};

describe("the permission table", () => {
  it("has a row for every procedure, and nothing else", async () => {
    await using world = await openWorld();
    const procedures = [...world.procedures.keys()].toSorted();
    const covered = [...new Set([...permissions.keys()].map(procedureOf))].toSorted();
    expect(covered).toEqual(procedures);
    expect(Object.keys(CALLS)).toEqual([...permissions.keys()]);
  });

  it("has a path for every documented one", () => {
    const documented = createRoutes(createWire({ timeZone: "Asia/Shanghai" })).flatMap(
      ({ path, methods, procedure }) => methods.map((method) => `${method} ${path} ${procedure}`),
    );
    const covered = PATHS.map(({ path, method, row }) => `${method} ${urlOf(path)} ${procedureOf(row)}`);
    expect([...new Set(covered)].toSorted()).toEqual(documented.toSorted());
  });

  it("leaves no procedure without a path, but for those that are listed so", async () => {
    await using world = await openWorld();
    const mapped = new Set<string>(PATHS.map(({ row }) => procedureOf(row)));
    const unmapped = [...world.procedures.keys()].filter((name) => !mapped.has(name));
    expect(unmapped.toSorted()).toEqual([...UNMAPPED_PROCEDURES].toSorted());
  });
});

const rows = Object.entries(CALLS).map(([row, call], number) => ({ row, number, ...call }));
const paths = PATHS.map((path, number) => ({ ...path, number }));

describe("who may, in-process", () => {
  const next = sharedSchools(EVERYTHING);

  it.each(rows)("$row", async ({ row, number, input }) =>
    tryEverybody(await next(), { row, number }, async (school, caller, n) => {
      const [noun = "", verb = ""] = procedureOf(row).split(".");
      // Safe: the names are those of the router, which another test compares with the table.
      const procedures = school.as(caller) as unknown as Record<
        string,
        Record<string, (input: unknown) => Promise<unknown>>
      >;
      try {
        await procedures[noun]?.[verb]?.(input(school, caller, n));
        return "ok";
      } catch (error) {
        if (!(error instanceof TRPCError) || !(error.cause instanceof InvigilError)) throw error;
        return error.cause.code;
      }
    }),
  );
});

describe("who may, over HTTP", () => {
  const next = sharedSchools(EVERYTHING);

  // With quick effort fewer rows, by other callers than in-process.
  it.each(sample(rows, 3))("$row", async ({ row, number, method, input }) =>
    tryEverybody(await next(), { row, number: number + 1 }, async (school, caller, n) => {
      const call = trpc(school, await school.token(caller))[method];
      const { status, data, error } = await call(procedureOf(row), input(school, caller, n));
      const outcome: Outcome = error?.data.reason ?? "ok";
      expect({ row, caller, status, failed: data === undefined }).toEqual({
        row,
        caller,
        status: HTTP_STATUS[outcome] ?? `none for ${outcome}`,
        failed: outcome !== "ok",
      });
      return outcome;
    }),
  );
});

const ask = async (
  school: School,
  { path, method, fields, headers = {} }: (typeof PATHS)[number],
  caller: TestCaller,
  authorization: string | undefined,
): Promise<Answer> => {
  const sent = fields(school, caller);
  const input = method === "GET" ? { query: sent } : { json: sent };
  return send(school, { method, path: urlOf(path), headers, ...input }, authorization);
};

describe("who may, on the documented paths", () => {
  const next = sharedSchools(EVERYTHING);

  it.each(paths)("$method $path ($row)", async (path) =>
    tryEverybody(await next(), path, async (school, caller) => {
      const answer = await ask(school, path, caller, await school.token(caller));
      const reason: Outcome = answer.body.reason ?? "ok";
      if (reason !== "ok") refusalOf(answer, HTTP_STATUS[reason] ?? 0, reason);
      else if (WITHOUT_DATA.has(path.path)) expectDone(answer);
      else dataOf(answer);
      return reason;
    }),
  );
});

describe("without a valid token", () => {
  const next = sharedSchools();
  const caller: TestCaller = { sub: "root", role: "admin" };
  const badTokens = async (school: School): Promise<(string | undefined)[]> => {
    const good = await school.token(caller);
    return [undefined, "", "Bearer ", "xxx", `${good}x`, await school.token(caller, -1)];
  };

  const guarded = sample(
    rows.filter(({ row }) => !PUBLIC.has(row)),
    3,
  ).map((one, number) => ({ ...one, number }));
  it.each(guarded)("nobody calls $row", async ({ row, number, method, input }) => {
    const school = await next();
    const before = await stateOf(school);
    for (const token of sample(await badTokens(school), 3, number)) {
      const { status, error } = await trpc(school, token)[method](procedureOf(row), input(school, caller, 0));
      expect({ status, code: error.data.code, reason: error.data.reason }).toEqual({
        status: 401,
        code: "UNAUTHORIZED",
        reason: "UNAUTHENTICATED",
      });
    }
    expect(await stateOf(school)).toEqual(before);
  });

  const guardedPaths = paths.filter(({ row }) => !PUBLIC.has(row));
  it.each(guardedPaths)("nobody calls $method $path", async (path) => {
    const school = await next();
    const before = await stateOf(school);
    for (const token of sample(await badTokens(school), 3, path.number))
      refusalOf(await ask(school, path, caller, token), 401, "UNAUTHENTICATED");
    // The token is checked before the input.
    const empty = await send(school, { method: path.method, path: urlOf(path.path) });
    refusalOf(empty, 401, "UNAUTHENTICATED");
    expect(await stateOf(school)).toEqual(before);
  });

  it("anybody logs in, and the stream service reports, by every door, whatever token comes along", async () => {
    await using school = await openSchool({ config: STREAM_CONFIG });
    const report = { ...streamReport(school.room, "examinee1"), ...streamSignature() };
    await school.admin.account.create(accountOf(school));
    for (const token of await badTokens(school)) {
      expect((await trpc(school, token).mutate("auth.login", credentialsOf(school))).status).toBe(200);
      expect((await trpc(school, token).mutate("stream.report", report)).status).toBe(200);
      for (const path of PATHS.filter(({ row }) => PUBLIC.has(row)))
        dataOf(await ask(school, path, caller, token));
    }
  });
});
