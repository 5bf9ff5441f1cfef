import superjson from "superjson";
import { describe, expect, it } from "vitest";
import { createRoutes } from "../src/rest/routes.js";
import { createWire } from "../src/rest/wire.js";
import { audioClips, cheatRecords } from "../src/storage/tables.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { dataOf, refusalOf, rest, type Sent, send, trpc, unpack } from "./support/calls.js";
import { isOnPostgres } from "./support/engine.js";
import { kept } from "./support/secrets.js";
import { dropTable } from "./support/tables.js";

const ADMIN = { sub: "root", role: "admin" } as const;
const TEACHER = { sub: "teacher1", role: "teacher" } as const;
const INFO = 30;
const ERROR = 50;

const requestsIn = ({ lines }: AppFixture) => lines.filter(({ msg }) => msg === "request");
const faultsIn = ({ lines }: AppFixture) => lines.filter(({ level }) => Number(level) >= ERROR);
const makeRoom = async (fixture: AppFixture) =>
  dataOf(await rest(fixture, await fixture.token(TEACHER)).post("createRoom", { name: "R" }));

describe("the log has one line a request", () => {
  it("with what was asked, who asked, where, and how it went", async () => {
    await using fixture = await openAppFixture();
    const { id: roomId } = await makeRoom(fixture);
    const token = await fixture.token(TEACHER);
    fixture.lines.length = 0;
    const headers = { "x-request-id": "my-id" };
    await send(fixture, { method: "GET", path: "/exam/roomInfo", query: { roomId, ts: 1 }, headers }, token);
    expect(fixture.lines).toEqual([
      expect.objectContaining({
        level: INFO,
        msg: "request",
        reqId: "my-id",
        method: "GET",
        route: "/exam/roomInfo",
        status: 200,
        ms: expect.any(Number),
        procedure: "room.get",
        userId: "teacher1",
        roomId,
      }),
    ]);
  });

  it.each([
    ["updateRoomAudioStatus, whose room is called id", "room.setAudioStatus", { id: "R", audioStatus: 1 }],
    ["endRoom", "room.end", { roomId: "R" }],
  ])("names the room of %s", async (what, procedure, sent) => {
    await using fixture = await openAppFixture();
    await rest(fixture, await fixture.token(ADMIN)).post(what.split(",")[0] ?? "", sent);
    expect(requestsIn(fixture)).toEqual([expect.objectContaining({ procedure, roomId: "R", status: 200 })]);
  });

  it("names the room whose id came as a number", async () => {
    await using fixture = await openAppFixture();
    await rest(fixture, await fixture.token(ADMIN)).post("endRoom", { roomId: 123 });
    expect(requestsIn(fixture)).toEqual([expect.objectContaining({ roomId: "123" })]);
  });

  it.each([
    ["no token", undefined, 401],
    ["a bad token", "xxx", 401],
  ])("names nobody for %s", async (_, token, status) => {
    await using fixture = await openAppFixture();
    await rest(fixture, token).get("roomInfo", { roomId: "R" });
    const [line] = requestsIn(fixture);
    expect(line).toMatchObject({ route: "/exam/roomInfo", status });
    expect(line).not.toHaveProperty("userId");
    expect(line).not.toHaveProperty("roomId");
  });

  it("for a batch too, with every procedure once", async () => {
    await using fixture = await openAppFixture();
    const path = "/trpc/auth.whoami,room.list,auth.whoami";
    await send(
      fixture,
      { method: "GET", path, query: { batch: 1, input: '{"1":{"json":{}}}' } },
      await fixture.token(ADMIN),
    );
    expect(fixture.lines).toEqual([
      expect.objectContaining({
        route: "/trpc/:path",
        status: 200,
        userId: "root",
        procedure: "auth.whoami,room.list",
      }),
    ]);
  });

  const json = (body: string) => ({ raw: { type: "application/json", body } });
  const UNREACHED: readonly (readonly [string, Sent, number])[] = [
    ["an unknown path", { method: "GET", path: "/exam/nothing" }, 404],
    ["a wrong method", { method: "PUT", path: "/exam/roomInfo" }, 405],
    ["broken JSON", { method: "POST", path: "/exam/createRoom", ...json("{") }, 200],
    ["a body over 1 MiB", { method: "POST", path: "/exam/createRoom", ...json("x".repeat(1100000)) }, 413],
    [
      "a body over 1 MiB for tRPC",
      { method: "POST", path: "/trpc/room.end", ...json("x".repeat(1100000)) },
      413,
    ],
    ["an unknown procedure", { method: "GET", path: "/trpc/nothing" }, 404],
    ["a path that cannot be read", { method: "GET", path: "/exam/%zz" }, 200],
    ["health", { method: "GET", path: "/health" }, 200],
  ];
  it.each(UNREACHED)("for %s", async (_, sent, status) => {
    await using fixture = await openAppFixture();
    const { headers } = await send(fixture, sent, await fixture.token(ADMIN));
    expect(fixture.lines).toEqual([
      expect.objectContaining({
        level: INFO,
        msg: "request",
        reqId: headers["x-request-id"],
        method: sent.method,
        status,
      }),
    ]);
  });
});

describe("the log holds no secret", () => {
  const STREAMS = { pushDomain: "push.example", pullDomain: "pull.example" };
  const config = {
    streams: {
      domains: { ...STREAMS, pushKey: "canary-push-key", pullKey: "canary-pull-key" },
      app: "exam",
      ttlSeconds: 60,
      transcodeSuffix: "_240p",
    },
    aliyunIm: { appId: "canary-app-id", appKey: "canary-app-key", appSign: "canary-app-sign" },
  };
  /** All fields of all paths and procedures, each with a text that must not appear in the log. */
  const canaries = (roomId: string, examId: string) => ({
    roomId,
    examId,
    id: roomId,
    userId: "canary-user",
    name: "canary-name",
    audioStatus: "canary-audio-status",
    imServer: ["canary-service"],
    deviceId: "canary-device",
    data: "canary-data",
    clipId: "canary-clip",
    url: "canary-url",
    scrollToken: "canary-scroll",
    username: "canary-username",
    password: "canary-password",
    currentPassword: "canary-current-password",
    newPassword: "canary-new-password",
    // Not a secret: the log contains the id of the revoked token.
    tokenId: "a-token-id",
    role: "canary-role",
    participants: [{ userId: "canary-person", name: "canary-person-name", role: "canary-role" }],
    records: [{ userId: "canary-recorded", detectType: "canary-type", extraInfo: "canary-info" }],
    ts: "canary-ts",
  });
  const valid = (roomId: string, examId: string) => ({
    ...canaries(roomId, examId),
    userId: "teacher1",
    audioStatus: "speaking",
    imServer: ["aliyun_new"],
    url: "https://canary.example/x.wav",
    role: "teacher",
    participants: [{ userId: "canary-person", name: "canary-person-name", role: "examinee" }],
    records: [
      {
        userId: "canary-recorded",
        detectType: "canary-type",
        extraInfo: { a: "canary-info" },
        isMainMonitor: true,
        detectTime: new Date(0),
      },
    ],
    startTime: new Date(0),
    endTime: new Date(1000),
  });

  it("whatever is called, well or badly, by either entry point", async () => {
    await using fixture = await openAppFixture({ config });
    const { id: roomId, examId } = await makeRoom(fixture);
    const tokens = [
      await fixture.token(TEACHER),
      `Bearer ${await fixture.token(ADMIN)}`,
      "canary-token",
      undefined,
    ];
    const paths = createRoutes(createWire({ timeZone: "UTC" })).flatMap(({ path, methods }) =>
      methods.map((method) => ({ path, method })),
    );
    const wireData = JSON.stringify([
      { userId: "canary-recorded", detectType: "canary-type", isMainMonitor: true, detectTime: 1 },
    ]);
    const bodies = [
      canaries(roomId, examId),
      { ...valid(roomId, examId), audioStatus: 1, data: wireData, scrollToken: "" },
    ];
    const statuses = new Set<number>();
    let sent = 0;
    for (const token of tokens) {
      for (const { path, method } of paths)
        for (const body of bodies) {
          const headers = {
            "user-agent": "canary-agent",
            cookie: "canary-cookie",
            referer: "https://canary",
          };
          const fields = method === "GET" ? { query: body } : { query: { ts: "canary-ts" }, json: body };
          statuses.add((await send(fixture, { path, method, headers, ...fields }, token)).body.code);
          sent++;
        }
      // The session that was logged out cannot continue.
      for (const [name, type] of [...fixture.procedures].filter(([each]) => each !== "auth.logout"))
        for (const input of [canaries(roomId, examId), valid(roomId, examId)]) {
          const client = trpc(fixture, token);
          const how = { query: "query", mutation: "mutate", subscription: "subscribe" } as const;
          // A subscription after an event that does not exist gets an answer at once.
          const sentInput = type === "subscription" ? { ...input, lastEventId: "999999999" } : input;
          const { status } = await client[how[type]](name, sentInput);
          statuses.add(status);
          // The log line of an open stream is written when it ends.
          if (type !== "subscription" || status !== 200) sent++;
        }
      const broken = { type: "application/json", body: '{"name":"canary-broken' };
      await send(fixture, { method: "POST", path: "/exam/createRoom", raw: broken }, token);
      await send(fixture, { method: "POST", path: "/trpc/room.create", raw: broken }, token);
      await send(fixture, { method: "GET", path: "/exam/nothing?canary-query" }, token);
      sent += 3;
    }
    expect([...statuses]).toEqual(expect.arrayContaining([200, 400, 401, 404, 409, 501]));
    expect(requestsIn(fixture)).toHaveLength(sent + 1);
    const text = fixture.lines.map((line) => JSON.stringify(line)).join("\n");
    expect(text.match(/canary[\w-]*/g) ?? []).toEqual([]);
    const secrets = [fixture.secret, kept("stream-key"), kept("im-key")];
    for (const secret of [...secrets, ...tokens.slice(0, 2).map((token) => token?.replace("Bearer ", ""))])
      expect(text).not.toContain(secret);
    expect(text).not.toMatch(/eyJ|authorization|bearer/i);
    expect(faultsIn(fixture)).toEqual([]);
  });
});

describe("a fault of the server", () => {
  const records = (text: string) => [
    { userId: text, detectType: text, extraInfo: text, isMainMonitor: true, detectTime: new Date(0) },
  ];

  /** Each breaks something that a procedure needs, and calls it over both APIs. */
  const FAULTS: readonly (readonly [
    string,
    (fixture: AppFixture) => Promise<void>,
    RegExp,
    Sent,
    string,
    unknown,
  ])[] = [
    [
      "while writing",
      ({ db }) => dropTable(db, cheatRecords),
      /cheat_records/,
      {
        method: "POST",
        path: "/exam/cheat/addCheatRecord",
        json: { data: JSON.stringify([{ ...records("canary")[0], detectTime: 1 }]) },
      },
      "cheat.addRecords",
      { records: records("canary") },
    ],
    [
      "while reading",
      ({ db }) => dropTable(db, audioClips),
      /audio_clips/,
      { method: "POST", path: "/exam/selectAudio", json: { name: "canary" } },
      "audio.create",
      { name: "canary", url: "https://canary.example" },
    ],
    [
      "when the database is gone",
      ({ db }) => db.close(),
      /database connection is not open|after calling end/,
      { method: "POST", path: "/exam/createRoom", json: { name: "canary" } },
      "room.create",
      { name: "canary" },
    ],
  ];
  // A PostgreSQL server that is gone may come back, so it is no fault of this one.
  it.each(FAULTS.filter(([when]) => !isOnPostgres || when !== "when the database is gone"))(
    "%s is logged with all that is known, and told to nobody",
    async (_, damage, cause, wire, path, input) => {
      await using fixture = await openAppFixture();
      const { id: roomId, examId } = await makeRoom(fixture);
      await damage(fixture);
      fixture.lines.length = 0;
      const token = await fixture.token(TEACHER);
      const json = { roomId, examId, ...(wire.json as object) };
      const byRest = await send(fixture, { ...wire, json }, token);
      expect(refusalOf(byRest, 500, "INTERNAL")).toBe("The server failed. Its log has this request's id.");
      const body = superjson.stringify({ roomId, examId, ...(input as object) });
      const raw = { type: "application/json", body };
      const byTrpc = unpack(await send(fixture, { method: "POST", path: `/trpc/${path}`, raw }, token));
      expect({ status: byTrpc.status, ...byTrpc.error }).toStrictEqual({
        status: 500,
        message: "The server failed. Its log has this request's id.",
        code: -32603,
        data: {
          code: "INTERNAL_SERVER_ERROR",
          httpStatus: 500,
          path,
          reason: "INTERNAL",
          requestId: byTrpc.headers["x-request-id"],
          fieldErrors: {},
        },
      });
      expect(faultsIn(fixture)).toEqual(
        [byRest, byTrpc].map(({ headers }) =>
          expect.objectContaining({
            level: ERROR,
            msg: "fault",
            reqId: headers["x-request-id"],
            err: expect.objectContaining({
              message: expect.stringMatching(cause),
              stack: expect.stringContaining("\n    at "),
            }),
          }),
        ),
      );
      expect(requestsIn(fixture).map(({ status }) => status)).toEqual([500, 500]);
      expect(JSON.stringify(fixture.lines)).not.toContain("canary");
    },
  );

  it("of a provider is one too", async () => {
    const failing = () => Promise.reject(new Error("the provider broke"));
    await using fixture = await openAppFixture({
      change: (deps) => ({
        ...deps,
        providers: {
          ...deps.providers,
          messages: {
            ...deps.providers.messages,
            aliyun_new: { createGroup: failing, issueToken: failing, announce: failing },
          },
        },
      }),
    });
    const client = rest(fixture, await fixture.token(TEACHER));
    const answer = await client.post("createRoom", { name: "R" });
    expect(refusalOf(answer, 500, "INTERNAL")).not.toContain("provider broke");
    const [fault, ...others] = faultsIn(fixture);
    expect(fault).toMatchObject({ reqId: answer.body.requestId, msg: "fault" });
    expect(JSON.stringify(fault)).toContain("the provider broke");
    expect(others).toEqual([]);
    // The room that the provider refused was not created.
    expect((await trpc(fixture, await fixture.token(ADMIN)).query("room.list", {})).data.rooms).toEqual([]);
  });

  it("in one call of a batch leaves the others alone", async () => {
    await using fixture = await openAppFixture();
    await dropTable(fixture.db, audioClips);
    const answer = await send(
      fixture,
      {
        method: "GET",
        path: "/trpc/audio.list,auth.whoami",
        query: { batch: 1, input: '{"0":{"json":{}}}' },
      },
      await fixture.token(ADMIN),
    );
    const [first, second] = answer.body.map((entry: unknown) => unpack(answer, entry));
    expect({ status: answer.status, first: first.error.data.reason, second: second.data.userId }).toEqual({
      status: 207,
      first: "INTERNAL",
      second: "root",
    });
    expect(faultsIn(fixture)).toHaveLength(1);
  });

  it("in the database makes /ready 503 and leaves /health well", async () => {
    await using fixture = await openAppFixture();
    const ask = async (path: string) => {
      const { status, text } = await send(fixture, { method: "GET", path });
      expect(text).not.toMatch(/sqlite|connection|error/i);
      return status;
    };
    expect([await ask("/ready"), await ask("/health")]).toEqual([200, 200]);
    await fixture.db.close();
    expect([await ask("/ready"), await ask("/health")]).toEqual([503, 200]);
    // Work in the background may fail meanwhile, too.
    expect(faultsIn(fixture).filter(({ reqId }) => reqId !== undefined)).toHaveLength(1);
  });
});
