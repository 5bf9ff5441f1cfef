import superjson from "superjson";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dataOf, type Parsed, rest, send, trpc, unpack } from "./support/calls.js";
import { APPS, type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { sharedSchools } from "./support/shared.js";

const nextSchool = sharedSchools();

const ID = expect.stringMatching(/^[0-9a-f]{32}$/);
const NOW = new Date("2026-01-02T03:04:05Z");
const times = { createdAt: NOW, updatedAt: NOW };
const STREAMS = {
  pushUrl: expect.stringMatching(/^artc:\/\/push\./),
  pullUrl: expect.stringMatching(/^artc:\/\/pull\./),
  lowPullUrl: expect.stringMatching(/^artc:\/\/pull\..*_240p\?/),
};
const roomOf = (fixture: ExamsFixture) => ({
  id: fixture.room.id,
  name: "Room A",
  examId: fixture.room.examId,
  status: "in_progress",
  audioStatus: "silent",
  imGroupId: fixture.room.id,
  createTeacher: "teacher1",
  ...times,
});
const examinee1 = (fixture: ExamsFixture) => ({
  userId: "examinee1",
  roomId: fixture.room.id,
  role: "examinee",
  name: "Name of examinee1",
  hasRoomInProgress: true,
  extraMinutes: 0,
  publishStatus: { main: "idle", pc: "idle" },
  streams: { main: STREAMS, pc: STREAMS },
  ...times,
});
const START = new Date("2026-02-01T00:00:00.123Z");
const END = new Date("2026-02-01T02:00:00Z");
const VIDEO = { name: "720p", data: { width: 1280, height: 720, frameRate: 15, maxBitrate: 900 } };
const exam = {
  id: ID,
  name: "Exam",
  startTime: START,
  endTime: END,
  controlledBy: "rooms",
  cameras: "one",
  mayManage: true,
  mayDuplicate: true,
  scheduledAudio: [],
  manualAudio: [],
  ...times,
};

/** Calls of all procedures as the room's teacher, with their complete responses. */
const CALLS: readonly (readonly [
  path: string,
  kind: "query" | "mutate",
  input: (fixture: ExamsFixture) => unknown,
  output: (fixture: ExamsFixture) => unknown,
])[] = [
  [
    "auth.whoami",
    "query",
    () => undefined,
    () => ({ userId: "teacher1", role: "teacher", expiresAt: new Date("2026-01-02T04:04:05Z") }),
  ],
  [
    "room.create",
    "mutate",
    () => ({ name: "Room A" }),
    (fixture) => ({ ...roomOf(fixture), id: ID, examId: ID, imGroupId: ID }),
  ],
  [
    "room.get",
    "query",
    ({ room }) => ({ roomId: room.id }),
    (fixture) => ({
      ...roomOf(fixture),
      cheatConfig: { examId: fixture.room.examId, data: expect.any(String), ...times },
    }),
  ],
  ["room.end", "mutate", ({ room }) => ({ roomId: room.id }), () => true],
  ["room.setAudioStatus", "mutate", ({ room }) => ({ roomId: room.id, audioStatus: "speaking" }), () => true],
  ["room.list", "query", () => ({}), (fixture) => ({ rooms: [roomOf(fixture)] })],
  [
    "room.joinLinks",
    "mutate",
    ({ room }) => ({ roomId: room.id, role: "inspector" }),
    ({ room }) => [
      {
        userId: "inspector1",
        name: "Name of inspector1",
        role: "inspector",
        roomId: room.id,
        roomName: "Room A",
        url: expect.stringMatching(/^https:\/\/watch\.example\/app\/\?roomId=.*&role=1$/),
        examEndTime: new Date("2026-01-02T05:34:05Z"),
        tokenId: ID,
        expiresAt: new Date("2026-01-02T09:34:05Z"),
      },
    ],
  ],
  [
    "room.joinCodes",
    "mutate",
    ({ room }) => ({ roomId: room.id, role: "inspector" }),
    ({ room }) => [
      {
        userId: "inspector1",
        name: "Name of inspector1",
        role: "inspector",
        roomId: room.id,
        roomName: "Room A",
        code: expect.stringMatching(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/),
        url: expect.stringMatching(/^https:\/\/invigil\.example\/j\/.{14}$/),
        examEndTime: new Date("2026-01-02T05:34:05Z"),
        expiresAt: new Date("2026-01-02T09:34:05Z"),
      },
    ],
  ],
  [
    "exam.create",
    "mutate",
    () => ({ name: "Exam", startTime: START, endTime: END, videoProfile: VIDEO }),
    () => ({ ...exam, videoProfile: VIDEO }),
  ],
  [
    "exam.get",
    "query",
    ({ room }) => ({ examId: room.examId }),
    ({ room }) => ({
      ...exam,
      id: room.examId,
      name: "Room A",
      startTime: new Date("2026-01-02T03:34:05Z"),
      endTime: new Date("2026-01-02T05:34:05Z"),
    }),
  ],
  [
    "exam.update",
    "mutate",
    ({ room }) => ({ examId: room.examId, name: "Exam", startTime: START, endTime: END }),
    ({ room }) => ({ ...exam, id: room.examId }),
  ],
  [
    "exam.list",
    "query",
    () => ({}),
    ({ room }) => {
      const { scheduledAudio: _, manualAudio: __, ...summary } = exam;
      const startTime = new Date("2026-01-02T03:34:05Z");
      const endTime = new Date("2026-01-02T05:34:05Z");
      return { exams: [{ ...summary, id: room.examId, name: "Room A", startTime, endTime }] };
    },
  ],
  [
    "exam.delete",
    "mutate",
    ({ room }) => ({ examId: room.examId, withRooms: true }),
    () => ({ rooms: 2, people: 8, eraseAt: new Date("2026-01-09T03:04:05Z") }),
  ],
  [
    "exam.plan",
    "mutate",
    ({ room }) => ({
      examId: room.examId,
      roomSize: 2,
      teachers: [{ userId: "spare", name: "Spare", role: "teacher" }],
      dryRun: true,
    }),
    ({ room, sibling }) => ({
      teachers: { needed: 0, available: 1 },
      rooms: [
        {
          roomId: room.id,
          name: "Room A",
          isNew: false,
          examinees: 2,
          seated: [{ userId: "spare", name: "Spare", role: "teacher", spare: true }],
        },
        { roomId: sibling.id, name: "Room B", isNew: false, examinees: 1, seated: [] },
      ],
      newRooms: 0,
      seated: 0,
      waiting: 0,
    }),
  ],
  ["participant.get", "query", ({ room }) => ({ roomId: room.id, userId: "examinee1" }), examinee1],
  [
    "participant.list",
    "query",
    ({ room }) => ({ roomId: room.id }),
    (fixture) => [
      examinee1(fixture),
      { ...examinee1(fixture), userId: "examinee2", name: "Name of examinee2" },
    ],
  ],
  [
    "participant.add",
    "mutate",
    ({ room }) => ({ roomId: room.id, participants: [{ userId: "new", name: "New", role: "examinee" }] }),
    () => ({ added: 1, updated: 0, unchanged: 0 }),
  ],
  [
    "participant.remove",
    "mutate",
    ({ room }) => ({ roomId: room.id, userId: "examinee2" }),
    () => ({ records: 0 }),
  ],
  [
    "participant.listUnseated",
    "query",
    ({ room }) => ({ examId: room.examId }),
    () => ({ people: [], totals: { unseated: 0, seated: 3 } }),
  ],
  [
    "participant.locate",
    "query",
    ({ room }) => ({ examId: room.examId, userId: "examinee1" }),
    ({ room }) => ({
      rooms: [{ roomId: room.id, name: "Room A", status: "in_progress", role: "examinee" }],
    }),
  ],
  [
    "participant.removeFromExam",
    "mutate",
    ({ room }) => ({ examId: room.examId, userId: "examinee1" }),
    () => ({ rooms: 1, records: 0 }),
  ],
  [
    "audio.list",
    "query",
    () => ({}),
    ({ clipId }) => ({
      pageNum: 1,
      pageSize: 10,
      total: 1,
      list: [
        { id: clipId, name: "Bell", classify: 0, url: "https://audio.example/bell.wav", isDefault: false },
      ],
    }),
  ],
  [
    "audio.create",
    "mutate",
    () => ({ name: "Clip", url: "https://audio.example/x.wav", ossUrl: "https://oss.example/x.wav" }),
    () => ({
      id: ID,
      name: "Clip",
      classify: 0,
      url: "https://audio.example/x.wav",
      ossUrl: "https://oss.example/x.wav",
      isDefault: false,
    }),
  ],
  [
    "audio.attach",
    "mutate",
    ({ room, clipId }) => ({ examId: room.examId, clipId, startTime: START }),
    ({ clipId }) => ({
      id: ID,
      clipId,
      name: "Bell",
      classify: 0,
      url: "https://audio.example/bell.wav",
      startTime: START,
    }),
  ],
  [
    "audio.update",
    "mutate",
    ({ clipId }) => ({ clipId, name: "Gong", classify: "2" }),
    ({ clipId }) => ({
      id: clipId,
      name: "Gong",
      classify: 2,
      url: "https://audio.example/bell.wav",
      isDefault: false,
    }),
  ],
  ["audio.delete", "mutate", ({ clipId }) => ({ clipId }), () => true],
  ["cheat.setConfig", "mutate", ({ room }) => ({ examId: room.examId, data: "{}" }), () => true],
  [
    "cheat.getConfig",
    "query",
    ({ room }) => ({ examId: room.examId }),
    ({ room }) => ({ examId: room.examId, data: expect.any(String), ...times }),
  ],
  [
    "cheat.addRecords",
    "mutate",
    ({ room, detection }) => ({ roomId: room.id, records: [detection("examinee1")] }),
    () => true,
  ],
  ["cheat.listRecords", "query", ({ room }) => ({ roomId: room.id }), () => ({ records: [] })],
  [
    "im.getToken",
    "mutate",
    () => ({ userId: "pc_teacher1", imServer: ["rong_cloud", "aliyun_new"] }),
    () => ({
      aliyunNewIm: {
        appId: "invigil",
        appSign: expect.any(String),
        appToken: expect.stringMatching(/^[0-9a-f]{64}$/),
        auth: {
          userId: "pc_teacher1",
          nonce: expect.stringMatching(/^AK-/),
          timestamp: expect.any(Number),
          role: "",
        },
      },
    }),
  ],
];

/** Calls that only the creator of the fixture's clip, its administrator, may make. */
const ofOwner: ReadonlySet<string> = new Set(["audio.update", "audio.delete"]);
const ADMIN = { sub: "root", role: "admin" } as const;

describe("every procedure over a socket", () => {
  it.each(CALLS)("%s", async (path, kind, input, output) => {
    await using fixture = await openExamsFixture({
      config: { apps: APPS, publicUrl: "https://invigil.example" },
    });
    const url = await fixture.listen();
    const caller = ofOwner.has(path) ? ADMIN : { sub: "teacher1", role: "teacher" as const };
    const authorization = `Bearer ${await fixture.token(caller)}`;
    const text = superjson.stringify(input(fixture));
    const response =
      kind === "query"
        ? await fetch(`${url}/trpc/${path}?input=${encodeURIComponent(text)}`, { headers: { authorization } })
        : await fetch(`${url}/trpc/${path}`, {
            method: "POST",
            headers: { authorization, "content-type": "application/json" },
            body: text,
          });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    const { result }: Parsed = await response.json();
    expect(superjson.deserialize(result.data)).toStrictEqual(output(fixture));
  });

  it("upload.getCredentials is refused for want of a provider", async () => {
    await using fixture = await nextSchool();
    const client = trpc(fixture, await fixture.token({ sub: "teacher1", role: "teacher" }));
    const { status, error } = await client.mutate("upload.getCredentials", { examId: fixture.room.examId });
    expect({ status, code: error.data.code, reason: error.data.reason }).toEqual({
      status: 501,
      code: "NOT_IMPLEMENTED",
      reason: "PROVIDER_NOT_CONFIGURED",
    });
  });
});

const asTeacher = async (fixture: ExamsFixture) =>
  trpc(fixture, await fixture.token({ sub: "teacher1", role: "teacher" }));

describe("an error", () => {
  it("has a reason, the request's id, the fields at fault, and nothing of the server", async () => {
    await using fixture = await nextSchool();
    const client = await asTeacher(fixture);
    const { status, error, headers } = await client.mutate("participant.add", {
      roomId: fixture.room.id,
      participants: [
        { userId: "pc_x", name: "", role: "boss" },
        { userId: "a", name: "A", role: "examinee" },
        { userId: "a", name: "A", role: "examinee" },
      ],
    });
    expect({ status, error }).toStrictEqual({
      status: 400,
      error: {
        message: "participants[0].userId must not begin with 'pc_' (reserved for PC cameras)",
        code: -32600,
        data: {
          code: "BAD_REQUEST",
          httpStatus: 400,
          path: "participant.add",
          reason: "INVALID_INPUT",
          requestId: headers["x-request-id"],
          fieldErrors: {
            "participants[0].userId": ["must not begin with 'pc_' (reserved for PC cameras)"],
            "participants[0].name": ["must not be empty"],
            "participants[0].role": ["must be 'teacher' or 'inspector' or 'examinee'"],
          },
        },
      },
    });
  });

  it("of the input names a field once", async () => {
    await using fixture = await nextSchool();
    const { error } = await (await asTeacher(fixture)).query("cheat.listRecords", {});
    expect(error.data.fieldErrors).toEqual({ roomId: [expect.any(String)] });
    expect(error.message).toBe("roomId or examId is required");
  });

  it.each([
    ["room.get", "query", { roomId: "none" }, 403, "FORBIDDEN", "FORBIDDEN"],
    ["participant.get", "query", { userId: "ghost" }, 404, "NOT_FOUND", "PARTICIPANT_NOT_FOUND"],
    ["audio.attach", "mutate", { clipId: "none" }, 404, "NOT_FOUND", "AUDIO_CLIP_NOT_FOUND"],
    ["participant.remove", "mutate", { userId: "teacher1" }, 409, "CONFLICT", "PARTICIPANT_CONFLICT"],
    ["exam.plan", "mutate", { roomSize: 501 }, 400, "BAD_REQUEST", "INVALID_INPUT"],
    [
      "exam.plan",
      "mutate",
      { roomSize: 9, teachers: [{ userId: "examinee1", name: "E", role: "teacher" }] },
      409,
      "CONFLICT",
      "PARTICIPANT_CONFLICT",
    ],
    [
      "im.getToken",
      "mutate",
      { userId: "teacher1", imServer: ["rong_cloud"] },
      501,
      "NOT_IMPLEMENTED",
      "PROVIDER_NOT_CONFIGURED",
    ],
    ["room.create", "mutate", {}, 400, "BAD_REQUEST", "INVALID_INPUT"],
  ] as const)("of %s (%s) %o travels as HTTP %i, %s, %s", async (path, kind, input, status, code, reason) => {
    await using fixture = await nextSchool();
    const { id: roomId, examId } = fixture.room;
    const answer = await (await asTeacher(fixture))[kind](path, { roomId, examId, ...input });
    expect({ status: answer.status, ...answer.error }).toStrictEqual({
      status,
      message: expect.stringMatching(/^\S.{3,}/),
      code: expect.any(Number),
      data: {
        code,
        httpStatus: status,
        path,
        reason,
        requestId: answer.headers["x-request-id"],
        fieldErrors: expect.any(Object),
      },
    });
  });
});

const json = (body: string) => ({ raw: { type: "application/json", body } });
/** Requests that reach no procedure: request, status, tRPC's code, and our code. */
const UNREACHED = [
  ["an unknown procedure", { method: "GET", path: "/trpc/room.nothing" }, 404, "NOT_FOUND", "NOT_FOUND"],
  ["an unknown router", { method: "GET", path: "/trpc/nothing" }, 404, "NOT_FOUND", "NOT_FOUND"],
  ["no procedure", { method: "GET", path: "/trpc/" }, 404, "NOT_FOUND", "NOT_FOUND"],
  ["a name of JavaScript", { method: "GET", path: "/trpc/constructor" }, 404, "NOT_FOUND", "NOT_FOUND"],
  [
    "a mutation by GET",
    { method: "GET", path: "/trpc/room.end" },
    405,
    "METHOD_NOT_SUPPORTED",
    "METHOD_NOT_ALLOWED",
  ],
  [
    "a query by POST",
    { method: "POST", path: "/trpc/room.get", ...json("{}") },
    405,
    "METHOD_NOT_SUPPORTED",
    "METHOD_NOT_ALLOWED",
  ],
  [
    "PUT",
    { method: "PUT", path: "/trpc/room.end", ...json("{}") },
    405,
    "METHOD_NOT_SUPPORTED",
    "METHOD_NOT_ALLOWED",
  ],
  ["DELETE", { method: "DELETE", path: "/trpc/room.end" }, 405, "METHOD_NOT_SUPPORTED", "METHOD_NOT_ALLOWED"],
  ["TRACE", { method: "TRACE", path: "/trpc/room.end" }, 405, "METHOD_NOT_SUPPORTED", "METHOD_NOT_ALLOWED"],
  [
    "broken JSON",
    { method: "POST", path: "/trpc/room.end", ...json("{nope") },
    400,
    "BAD_REQUEST",
    "INVALID_INPUT",
  ],
  [
    "broken JSON in a query",
    { method: "GET", path: "/trpc/room.get?input=%7Bnope" },
    400,
    "BAD_REQUEST",
    "INVALID_INPUT",
  ],
  ["null", { method: "POST", path: "/trpc/room.end", ...json("null") }, 400, "BAD_REQUEST", "INVALID_INPUT"],
  [
    "a list",
    { method: "POST", path: "/trpc/room.end", ...json("[1,2]") },
    400,
    "BAD_REQUEST",
    "INVALID_INPUT",
  ],
  [
    "an empty body",
    { method: "POST", path: "/trpc/room.end", ...json("") },
    400,
    "BAD_REQUEST",
    "INVALID_INPUT",
  ],
  [
    "a class of superjson",
    {
      method: "POST",
      path: "/trpc/room.end",
      ...json('{"json":{"roomId":"x"},"meta":{"values":{"roomId":[["class","x"]]}}}'),
    },
    400,
    "BAD_REQUEST",
    "INVALID_INPUT",
  ],
  [
    "a form",
    { method: "POST", path: "/trpc/room.end", form: { roomId: "x" } },
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "text",
    { method: "POST", path: "/trpc/room.end", raw: { type: "text/plain", body: "{}" } },
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "a multipart form",
    {
      method: "POST",
      path: "/trpc/room.end",
      raw: { type: "multipart/form-data; boundary=x", body: "--x--" },
    },
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "bytes",
    { method: "POST", path: "/trpc/room.end", raw: { type: "application/octet-stream", body: "{}" } },
    415,
    "UNSUPPORTED_MEDIA_TYPE",
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  [
    "a body over 1 MiB",
    { method: "POST", path: "/trpc/room.end", ...json(`"${"x".repeat(1024 * 1024)}"`) },
    413,
    "PAYLOAD_TOO_LARGE",
    "PAYLOAD_TOO_LARGE",
  ],
  [
    "101 calls in a batch",
    { method: "GET", path: `/trpc/${Array(101).fill("auth.whoami").join(",")}?batch=1&input={}` },
    400,
    "BAD_REQUEST",
    "INVALID_INPUT",
  ],
  [
    "connection parameters that are none",
    { method: "GET", path: "/trpc/auth.whoami?connectionParams=1" },
    400,
    "BAD_REQUEST",
    "INVALID_INPUT",
  ],
] as const;

describe("what never reaches a procedure is refused in tRPC's form", () => {
  // None of these calls has lasting effects.
  let fixture: ExamsFixture;
  beforeAll(async () => {
    fixture = await nextSchool();
  });
  afterAll(() => fixture.close());

  it.each(UNREACHED)("%s", async (_, sent, status, code, reason) => {
    const answer = unpack(
      await send(fixture, sent, await fixture.token({ sub: "teacher1", role: "teacher" })),
    );
    expect({ status: answer.status, data: answer.error.data }).toMatchObject({
      status,
      data: { code, httpStatus: status, reason },
    });
    expect(answer.error.data).not.toHaveProperty("stack");
  });

  it.each(UNREACHED)("%s: as JSON, with the request's id", async (_, sent) => {
    const answer = unpack(
      await send(fixture, sent, await fixture.token({ sub: "teacher1", role: "teacher" })),
    );
    expect(answer.headers["content-type"]).toMatch(/^application\/json/);
    expect(answer.error.data.requestId).toBe(answer.headers["x-request-id"]);
  });

  it.each(UNREACHED)("%s: in words of our own", async (_, sent) => {
    const { error } = unpack(
      await send(fixture, sent, await fixture.token({ sub: "teacher1", role: "teacher" })),
    );
    expect(error.message).not.toMatch(/destructur|deserialize|superjson|github|undefined|payload/i);
  });
});

describe("a batch", () => {
  const batch = (names: readonly string[], inputs: readonly unknown[]) => ({
    path: `/trpc/${names.join(",")}`,
    inputs: JSON.stringify(
      Object.fromEntries(inputs.map((input, index) => [index, superjson.serialize(input)])),
    ),
  });

  it("answers each call in its place, the refused ones too", async () => {
    await using fixture = await nextSchool();
    const { path, inputs } = batch(
      ["room.get", "room.get", "auth.whoami", "room.get"],
      [{ roomId: fixture.room.id }, { roomId: fixture.other.id }, undefined, {}],
    );
    const answer = await send(
      fixture,
      { method: "GET", path, query: { batch: 1, input: inputs } },
      await fixture.token({ sub: "teacher1", role: "teacher" }),
    );
    expect(answer.status).toBe(207);
    const entries = answer.body.map((entry: Parsed) => unpack(answer, entry));
    expect(
      entries.map(({ data, error }: ReturnType<typeof unpack>) => data?.name ?? data?.userId ?? error.data),
    ).toEqual([
      "Room A",
      expect.objectContaining({ reason: "FORBIDDEN", requestId: answer.headers["x-request-id"] }),
      "teacher1",
      expect.objectContaining({ reason: "INVALID_INPUT", fieldErrors: { roomId: ["is required"] } }),
    ]);
  });

  it("of mutations runs them all", async () => {
    await using fixture = await nextSchool();
    const roomId = fixture.room.id;
    const { path, inputs } = batch(
      ["cheat.addRecords", "cheat.addRecords"],
      ["watch", "earPhone"].map((detectType) => ({
        roomId,
        records: [fixture.detection("examinee1", { detectType })],
      })),
    );
    const answer = await send(
      fixture,
      { method: "POST", path, query: { batch: 1 }, raw: { type: "application/json", body: inputs } },
      await fixture.token({ sub: "examinee1", role: "examinee" }),
    );
    expect(answer.status).toBe(200);
    const { records } = await fixture.admin.cheat.listRecords({ roomId });
    expect(records.map(({ detectType }) => detectType).toSorted()).toEqual(["earPhone", "watch"]);
  });

  it("of 100 calls is answered", async () => {
    await using fixture = await nextSchool();
    const answer = await send(
      fixture,
      {
        method: "GET",
        path: `/trpc/${Array(100).fill("auth.whoami").join(",")}`,
        query: { batch: 1, input: "{}" },
      },
      await fixture.token({ sub: "teacher1", role: "teacher" }),
    );
    expect({ status: answer.status, answers: answer.body.length }).toEqual({ status: 200, answers: 100 });
  });

  it("of no object is refused for every call in it", async () => {
    await using fixture = await nextSchool();
    const answer = await send(
      fixture,
      { method: "GET", path: "/trpc/room.get,room.get", query: { batch: 1, input: "5" } },
      await fixture.token({ sub: "teacher1", role: "teacher" }),
    );
    expect(answer.status).toBe(400);
    expect(answer.body.map((entry: Parsed) => unpack(answer, entry).error.data.reason)).toEqual([
      "INVALID_INPUT",
      "INVALID_INPUT",
    ]);
  });
});

describe("superjson", () => {
  it("may not make a small request huge", async () => {
    await using fixture = await nextSchool();
    // Both members of each level refer to the same object: 20 levels unfold to a million copies of the
    // innermost.
    let extraInfo: object = { text: "x".repeat(1000) };
    let path = "records.0.extraInfo";
    const referentialEqualities: Record<string, string[]> = {};
    for (let level = 0; level < 20; level++) {
      extraInfo = { a: extraInfo, b: null };
      referentialEqualities[`${path}.a`] = [`${path}.b`];
      path += ".a";
    }
    const record = { ...fixture.detection("examinee1"), extraInfo };
    const body = {
      json: { roomId: fixture.room.id, records: [record] },
      meta: { values: { "records.0.detectTime": ["Date"] }, referentialEqualities },
    };
    const { status } = await send(
      fixture,
      { method: "POST", path: "/trpc/cheat.addRecords", json: body },
      await fixture.token({ sub: "examinee1", role: "examinee" }),
    );
    expect([200, 400]).toContain(status);
    const kept = await fixture.admin.cheat.listRecords({ roomId: fixture.room.id });
    expect(JSON.stringify(kept).length).toBeLessThan(JSON.stringify(body).length);
  });

  it.each([
    ["a Map", new Map([["a", 1]])],
    ["a Set", new Set(["a"])],
    ["a Date", { at: new Date(0) }],
    ["a bigint", { n: 1n }],
    ["an undefined", { n: undefined }],
    ["a NaN", { n: Number.NaN }],
    ["an infinity", { n: Number.POSITIVE_INFINITY }],
    ["an Error", { e: new Error("x") }],
    ["a URL", { u: new URL("https://x.example") }],
    ["a RegExp", { r: /x/ }],
    ["bytes", { b: new Uint8Array(2) }],
  ])("%s is not JSON: extraInfo may not hold it", async (_, extraInfo) => {
    await using fixture = await nextSchool();
    const client = trpc(fixture, await fixture.token({ sub: "examinee1", role: "examinee" }));
    const { status, error } = await client.mutate("cheat.addRecords", {
      roomId: fixture.room.id,
      records: [{ ...fixture.detection("examinee1"), extraInfo }],
    });
    expect({ status, fields: Object.keys(error.data.fieldErrors) }).toEqual({
      status: 400,
      fields: ["records[0].extraInfo"],
    });
  });
});

it("both entry points lead to the same room", async () => {
  await using fixture = await nextSchool();
  const token = await fixture.token({ sub: "teacher1", role: "teacher" });
  const { data } = await trpc(fixture, token).mutate("room.create", { name: "By tRPC" });
  expect(dataOf(await rest(fixture, token).get("roomInfo", { roomId: data.id })).name).toBe("By tRPC");
});
