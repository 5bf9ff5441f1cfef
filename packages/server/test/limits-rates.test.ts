import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type Config, parseConfig } from "../src/config/config.js";
import { createRateLimits } from "../src/limits/rates.js";
import { type Answer, dataOf, expectDone, refusalOf, rest, type TrpcAnswer, trpc } from "./support/calls.js";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { loginFor } from "./support/drop-in-apps.js";
import { cases } from "./support/effort.js";
import { isOnPostgres } from "./support/engine.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { connectApi, limited, stopwatch } from "./support/limits.js";
import { wav } from "./support/sounds.js";
import { formOf, openUploads } from "./support/uploads.js";

// Limits per minute, over REST, tRPC and WebSockets.

const EXAMINEE = { sub: "examinee1", role: "examinee" } as const;
const OTHER = { sub: "examinee2", role: "examinee" } as const;
const TEACHER = { sub: "teacher1", role: "teacher" } as const;

/** A fixture with limits. The test controls the clock. */
const open = async (environment: Readonly<Record<string, string>> = {}, config: Partial<Config> = {}) => {
  const watch = stopwatch();
  const fixture = await openExamsFixture({
    config: { ...limited(environment), ...config },
    monotonic: watch.now,
  });
  const api = async (caller: Parameters<ExamsFixture["token"]>[0]) => {
    const token = await fixture.token(caller);
    return { rest: rest(fixture, token), trpc: trpc(fixture, token), token };
  };
  return { ...fixture, watch, api, [Symbol.asyncDispose]: () => fixture.close() };
};
type Opened = Awaited<ReturnType<typeof open>>;

/** Expects a refusal over REST with the delay in seconds in the header. Returns the message. */
const restRefusal = (answer: Answer, seconds: number): string => {
  expect(answer.headers["retry-after"]).toBe(String(seconds));
  return refusalOf(answer, 429, "TOO_MANY_REQUESTS");
};
/** Expects a refusal over tRPC with the delay in the error. */
const trpcRefusal = ({ status, headers, error }: TrpcAnswer, seconds: number): string => {
  expect({ status, wait: Number(headers["retry-after"]) }).toEqual({ status: 429, wait: seconds });
  expect(error.data).toMatchObject({
    code: "TOO_MANY_REQUESTS",
    reason: "TOO_MANY_REQUESTS",
    retryAfterSeconds: seconds,
  });
  return error.message;
};

const recording = (
  fixture: Opened,
  { sub = "examinee1", records = 1, bytes = 10, room = fixture.room } = {},
) => ({
  roomId: room.id,
  records: Array.from({ length: records }, () => fixture.detection(sub, { extraInfo: "x".repeat(bytes) })),
});
/** The same call from the vendor's app. */
const detected = (fixture: Opened, options: Parameters<typeof recording>[1] = {}) => {
  const { roomId, records } = recording(fixture, options);
  const data = records.map((record) => ({ ...record, detectTime: record.detectTime.getTime() }));
  return { roomId, data: JSON.stringify(data) };
};

describe("without any setting", () => {
  it("an examinee's detector may send bursts, and not 270 MB", async () => {
    await using fixture = await open();
    const { trpc: examinee } = await fixture.api(EXAMINEE);
    // Repeatedly the maximum number of records with the maximum size.
    const full = recording(fixture, { records: 500, bytes: 480 });
    let [calls, bytes] = [0, 0];
    let answer = await examinee.mutate("cheat.addRecords", full);
    for (; answer.status === 200; calls += 1) {
      bytes += 500 * 480;
      expect(bytes).toBeLessThan(16 * 1024 * 1024);
      answer = await examinee.mutate("cheat.addRecords", full);
    }
    expect(calls).toBe(6);
    expect(trpcRefusal(answer, 10)).toBe(
      "Too many cheat records from examinee1, at most 3000 per minute: try again in 10 seconds.",
    );
  });

  it("a teacher makes the rooms of a school, and not 3,700 in ten seconds", async () => {
    await using fixture = await open();
    const { rest: teacher } = await fixture.api(TEACHER);
    // The school's own room counts as the first.
    for (let n = 1; n < 119; n += 1)
      dataOf(await teacher.post("v2/createRoom", { name: `R${n}`, imServer: ["aliyun_new"] }));
    const made = await teacher.post("v2/createRoom", { name: "One more", imServer: ["aliyun_new"] });
    expect([made.status, made.body.success]).toEqual([200, true]);
    expect(
      restRefusal(await teacher.post("v2/createRoom", { name: "Too many", imServer: ["aliyun_new"] }), 1),
    ).toMatch(/^Too many new rooms and exams from teacher1, at most 120 per minute/);
  });

  it("a morning of 100,000 candidates of one school passes, in rooms of 500", () => {
    const candidates = cases(100_000);
    const watch = stopwatch();
    const rates = createRateLimits({ settings: parseConfig({}).limits, monotonic: watch.now });
    // All within one minute, as at the start of an exam: both pages of every candidate open and report.
    for (let n = 0; n < candidates; n += 1) {
      const caller = { userId: `e${n}`, role: "examinee" } as const;
      const where = { roomId: `room${n % (candidates / 500)}`, examId: "exam" };
      for (let page = 0; page < 2; page += 1) {
        for (let call = 0; call < 6; call += 1) rates.take({ caller }, { reads: 1 });
        rates.take({ caller }, { writes: 1 });
        rates.take(where, { calls: 7 });
        rates.take({ caller, ...where }, { records: 2, recordBytes: 2000 });
        rates.take({ caller, ...where }, { messages: 2, messageBytes: 1000 });
      }
      watch.pass(60 / candidates);
    }
    expect(() => rates.take({ caller: { userId: "e0", role: "examinee" } }, { reads: 1 })).not.toThrow();
  });
});

describe("a full room of 2,000, without any setting", () => {
  const PEOPLE = 2000;
  const where = { roomId: "room", examId: "exam" };
  const started = () => {
    const watch = stopwatch();
    return { watch, rates: createRateLimits({ settings: parseConfig({}).limits, monotonic: watch.now }) };
  };

  it("joins at once, publishes and reports, and its teacher runs it", () => {
    const { rates } = started();
    const teacher = { userId: "t1", role: "teacher" } as const;
    for (let n = 0; n < PEOPLE; n += 1) {
      const caller = { userId: `e${n}`, role: "examinee" } as const;
      for (const _page of ["main", "pc"]) {
        expect(rates.takePresence({ caller, ...where })).toBe(0);
        // What its app calls, the snapshot of the room, and the report of the stream service.
        for (let call = 0; call < 6; call += 1)
          rates.take({ caller }, { reads: 1, readRows: 0, readBytes: 0 });
        rates.charge({ caller }, { readRows: 3 * PEOPLE });
        rates.charge(where, { events: 1 });
        rates.take({ caller }, { messageLogins: 1 });
        rates.take({ caller, ...where }, { records: 2, recordBytes: 2000 });
        rates.take({ caller, ...where }, { messages: 2, messageBytes: 1000 });
      }
    }
    expect(() => rates.takeChange({ caller: teacher, ...where })).not.toThrow();
    // The list of everybody, with their streams, and the snapshot, each time that the teacher opens the page.
    for (let time = 0; time < 5; time += 1) {
      rates.take({ caller: teacher }, { reads: 2, readRows: 0, readBytes: 0 });
      rates.charge({ caller: teacher }, { readRows: 4 * PEOPLE, readBytes: 4 * 1024 * 1024 });
    }
    expect(() => rates.take({ caller: teacher }, { reads: 1, readRows: 0, readBytes: 0 })).not.toThrow();
  });

  it("leaves a quarter of each budget of events to calls, however many pages come and go", () => {
    const { rates } = started();
    let taken = 0;
    for (let n = 0; n < 10 * PEOPLE; n += 1)
      if (rates.takePresence({ caller: { userId: `e${n}`, role: "examinee" }, ...where }) === 0) taken += 1;
    expect(taken).toBe(9000);
    const teacher = { userId: "t1", role: "teacher" } as const;
    expect(rates.takePresence({ caller: teacher, ...where })).toBeGreaterThan(0);
    for (let n = 0; n < 120; n += 1) rates.takeChange({ caller: teacher, ...where });
    expect(() => rates.takeChange({ caller: teacher, ...where })).toThrow(/^Too many events from t1/);
  });
});

describe("a caller's calls", () => {
  it("are counted by person, whatever the token and the entry point, reading and writing apart", async () => {
    await using fixture = await open({
      INVIGIL_LIMIT_READS: "person=4",
      INVIGIL_LIMIT_WRITES: "person=2,admin=1000",
    });
    const [one, again, other] = [
      await fixture.api(EXAMINEE),
      await fixture.api(EXAMINEE),
      await fixture.api(OTHER),
    ];
    const { id: roomId } = fixture.room;
    dataOf(await one.rest.get("roomInfo", { roomId }));
    dataOf(await again.rest.get("roomInfo", { roomId }));
    expect((await again.trpc.query("room.get", { roomId })).status).toBe(200);
    const url = await fixture.listen();
    await using socket = connectApi(url, one.token);
    await socket.api.room.get.query({ roomId });
    const refusal = "Too many reading calls from examinee1, at most 4 per minute: try again in 15 seconds.";
    await expect(socket.api.room.get.query({ roomId })).rejects.toMatchObject({
      message: refusal,
      data: { reason: "TOO_MANY_REQUESTS", httpStatus: 429, retryAfterSeconds: 15 },
    });
    expect(restRefusal(await one.rest.get("roomInfo", { roomId }), 15)).toBe(refusal);
    expect(trpcRefusal(await again.trpc.query("auth.whoami"), 15)).toBe(refusal);
    // A subscription counts as a read.
    const refusedWith429 = await one.trpc.subscribe("room.onEvent", { roomId });
    expect(refusedWith429.error.data).toMatchObject({ reason: "TOO_MANY_REQUESTS", retryAfterSeconds: 15 });
    // Other callers and writes are not limited.
    dataOf(await other.rest.get("roomInfo", { roomId }));
    expectDone(await one.rest.post("cheat/addCheatRecord", detected(fixture)));

    fixture.watch.pass(14);
    expect(restRefusal(await one.rest.get("roomInfo", { roomId }), 1)).toContain("try again in 1 second.");
    fixture.watch.pass(1);
    dataOf(await one.rest.get("roomInfo", { roomId }));
  });

  it("with a token that a teacher issued for their own room use up nothing of the person's elsewhere", async () => {
    await using fixture = await open({
      INVIGIL_LIMIT_READS: "person=4",
      INVIGIL_LIMIT_MESSAGES: "person=1",
    });
    const { id: roomId } = fixture.other;
    const teacher = fixture.as({ sub: "teacher2", role: "teacher" });
    const participants = [{ userId: "examinee1", role: "examinee", name: "E" } as const];
    await teacher.participant.add({ roomId, participants });
    const { token } = await teacher.auth.issueToken({ userId: "examinee1", role: "examinee", roomId });
    const bound = trpc(fixture, token);
    const own = await fixture.api(EXAMINEE);
    const message = { type: 30_001, data: {} };

    // Through the API, and from a page that logged in with that token.
    const url = await fixture.listen();
    using page = await rawDropIn(url);
    const { appId, appToken, auth } = await imLogin(url, token, { roomId, userId: "examinee1" });
    expect(await page.ask({ do: "login", login: { appId, appToken, auth } })).toEqual({});
    const join = () => page.ask({ do: "join", groupId: roomId });
    expect(await join()).toHaveProperty("group");
    expect(await join()).toHaveProperty("group");
    for (let n = 0; n < 2; n += 1) expect((await bound.query("room.get", { roomId })).status).toBe(200);
    expect((await bound.mutate("im.send", { ...message, roomId })).status).toBe(200);
    const refusal = "Too many reading calls from examinee1, at most 4 per minute: try again in 15 seconds.";
    expect(trpcRefusal(await bound.query("room.get", { roomId }), 15)).toBe(refusal);
    expect(await join()).toEqual({ code: 412, message: refusal });
    trpcRefusal(await bound.mutate("im.send", { ...message, roomId }), 60);

    for (let n = 0; n < 4; n += 1) dataOf(await own.rest.get("roomInfo", { roomId: fixture.room.id }));
    restRefusal(await own.rest.get("roomInfo", { roomId: fixture.room.id }), 15);
    expect((await own.trpc.mutate("im.send", { ...message, roomId: fixture.room.id })).status).toBe(200);
  });

  it("in a batch are as many as they are", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_READS: "person=3" });
    const { token } = await fixture.api(EXAMINEE);
    const answer = await fixture.inject({
      url: `/trpc/${Array.from({ length: 5 }, () => "auth.whoami").join(",")}?batch=1&input={}`,
      headers: { authorization: token },
    });
    const statuses = answer.json<{ error?: { json: { data: { httpStatus: number } } } }[]>();
    expect(statuses.map(({ error }) => error?.json.data.httpStatus ?? 200)).toEqual([
      200, 200, 200, 429, 429,
    ]);
    expect(answer.headers["retry-after"]).toBe("20");
  });

  it("that name nobody are counted by where they come from, and refused as such only beyond", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_READS: "network=2" });
    const nobody = rest(fixture, "no token");
    for (let n = 0; n < 2; n += 1)
      refusalOf(await nobody.get("roomInfo", { roomId: "r" }), 401, "UNAUTHENTICATED");
    expect(restRefusal(await nobody.get("roomInfo", { roomId: "r" }), 30)).toMatch(
      /^Too many reading calls without a token from 127\.0\.0\.1/,
    );
    // From the same address, calls with a token are not limited.
    dataOf(await (await fixture.api(EXAMINEE)).rest.get("roomInfo", { roomId: fixture.room.id }));
  });

  it("cost nothing where a role may not make them", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_WRITES: "person=2,admin=1000" });
    const { rest: examinee } = await fixture.api(EXAMINEE);
    const room = { name: "R", imServer: ["aliyun_new"] };
    for (let n = 0; n < 3; n += 1) refusalOf(await examinee.post("v2/createRoom", room), 403, "FORBIDDEN");
    expectDone(await examinee.post("cheat/addCheatRecord", detected(fixture)));
  });
});

describe("what a caller reads", () => {
  it("is counted by the rows of the answers, and paid off before the next long answer", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_READ_ROWS: "person=3" });
    fixture.watch.pass(60);
    const { rest: app, trpc: api, token } = await fixture.api(TEACHER);
    const { id: roomId } = fixture.room;
    // Two rows each. The second call goes beyond the limit, and is answered.
    for (let n = 0; n < 2; n += 1) expect(dataOf(await app.get("userList", { roomId }))).toHaveLength(2);
    const refusal = "Too many rows read from teacher1, at most 3 per minute: try again in 20 seconds.";
    expect(restRefusal(await app.get("userList", { roomId }), 20)).toBe(refusal);
    expect(trpcRefusal(await api.query("room.snapshot", { roomId }), 20)).toBe(refusal);
    expect(trpcRefusal(await api.mutate("room.joinLinks", { roomId }), 20)).toBe(refusal);
    const url = await fixture.listen();
    await using socket = connectApi(url, token);
    const list = () => socket.api.participant.list.query({ roomId, role: "examinee" });
    await expect(list()).rejects.toMatchObject({ message: refusal });
    // Others read, and the caller gets short answers and writes.
    expect(dataOf(await (await fixture.api(OTHER)).rest.get("roomInfo", { roomId }))).toHaveProperty("id");
    dataOf(await app.get("roomInfo", { roomId }));
    expect((await api.mutate("im.send", { roomId, type: 30_001, data: 1 })).status).toBe(200);
    fixture.watch.pass(20);
    expect(await list()).toHaveLength(2);
    await expect(list()).rejects.toMatchObject({ data: { retryAfterSeconds: 40 } });
  });

  it.each(["REST", "tRPC over HTTP", "tRPC over a WebSocket"])(
    "is counted by the bytes of the answers, over %s",
    async (entryPoint) => {
      await using fixture = await open({ INVIGIL_LIMIT_READ_MIB: "person=1" });
      fixture.watch.pass(60);
      const { id: roomId } = fixture.room;
      await fixture.admin.cheat.addRecords(recording(fixture, { records: 25, bytes: 10_000 }));
      const { rest: app, trpc: api, token } = await fixture.api(TEACHER);
      await using socket = connectApi(await fixture.listen(), token);
      const list = async (): Promise<string> => {
        const input = { roomId, pageSize: 25 };
        if (entryPoint === "REST") return (await app.post("cheat/listCheatRecord", input)).text;
        if (entryPoint === "tRPC over HTTP") return (await api.query("cheat.listRecords", input)).text;
        return JSON.stringify(await socket.api.cheat.listRecords.query(input).catch(String));
      };
      for (let n = 0; n < 5; n += 1) expect((await list()).length).toBeGreaterThan(250_000);
      expect(await list()).toContain("Too many MiB read from teacher1, at most 1 per minute");
    },
  );

  it("includes what is counted of exams, and what a filter looks at", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_READ_ROWS: "person=10" });
    const { id: roomId, examId } = fixture.room;
    const file = ["id,name", ...Array.from({ length: 120 }, (_, n) => `w${n},N`)].join("\n");
    await fixture.admin.participant.import({ examId, file: Buffer.from(file).toString("base64") });
    await fixture.admin.cheat.addRecords(recording(fixture, { records: 120 }));
    const { trpc: api } = await fixture.api(TEACHER);
    /** How many calls a whole allowance is enough for, up to three. */
    const allowed = async (call: () => Promise<TrpcAnswer>): Promise<number> => {
      fixture.watch.pass(600);
      for (let calls = 0; calls < 3; calls += 1) if ((await call()).status !== 200) return calls;
      return 3;
    };
    expect(await allowed(() => api.query("exam.list", {}))).toBe(3);
    expect(await allowed(() => api.query("exam.list", { withCounts: true }))).toBe(1);
    expect(await allowed(() => api.query("cheat.listRecords", { roomId, pageSize: 1 }))).toBe(3);
    expect(await allowed(() => api.query("cheat.listRecords", { roomId, detectTypes: ["none"] }))).toBe(1);
  });

  it("is paid off by calls that are in flight, too, and others are served between them", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_READ_ROWS: "person=3,admin=1000" });
    fixture.watch.pass(60);
    const input = { roomId: fixture.room.id, role: "examinee" };
    const { trpc: api } = await fixture.api(TEACHER);
    const answers = await Promise.all(Array.from({ length: 20 }, () => api.query("participant.list", input)));
    // The second one uses up the allowance.
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(18);

    const { trpc: admin } = await fixture.api({ sub: "root", role: "admin" });
    const stranger = await fixture.api({ sub: "examinee9", role: "examinee" });
    const ask = async () => dataOf(await stranger.rest.get("roomInfo", { roomId: fixture.other.id }));
    // The first call opens a connection, and prepares what the tests compare answers with.
    await ask();
    const order: string[] = [];
    const calls = Array.from({ length: 100 }, async () => {
      expect((await admin.query("participant.list", input)).status).toBe(200);
      order.push("list");
    });
    await ask();
    order.push("stranger");
    await Promise.all(calls);
    expect(order.indexOf("stranger")).toBeLessThan(90);
    // More than that do not wait.
    const many = await Promise.all(Array.from({ length: 150 }, () => admin.query("participant.list", input)));
    const tooMany = many.filter(({ status }) => status === 429).length;
    expect(tooMany).toBeGreaterThan(0);
    // A hundred wait. One more runs, if the pause after the last of those before is over.
    expect(tooMany).toBeLessThanOrEqual(150 - 100);
  });

  it("is refused to calls that waited for their turn, if their caller has left the room since", async () => {
    await using fixture = await open();
    const roomId = fixture.room.id;
    // Each answer takes longer than it takes to remove one person.
    const participants = Array.from({ length: 400 }, (_, n) => ({
      userId: `more${n}`,
      name: "E",
      role: "examinee" as const,
    }));
    await fixture.admin.participant.add({ roomId, participants });
    const { trpc: inspector } = await fixture.api({ sub: "inspector1", role: "inspector" });
    const statuses: number[] = [];
    const calls = Array.from({ length: 50 }, async () => {
      statuses.push((await inspector.query("participant.list", { roomId, role: "examinee" })).status);
    });
    await calls[0];
    await fixture.admin.participant.remove({ roomId, userId: "inspector1" });
    await Promise.all(calls);
    // Those that had begun before are answered.
    expect(statuses.join()).toMatch(/^(200,)+403(,403)*$/);
  });

  it("leaves strangers their turn where many calls arrive together", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_READ_ROWS: "person=100000" });
    fixture.watch.pass(60);
    // So many that the loop goes to others between reading and answering.
    const participants = Array.from({ length: 300 }, (_, n) => ({
      userId: `p${n}`,
      name: "P",
      role: "examinee" as const,
    }));
    await fixture.teacher.participant.add({ roomId: fixture.room.id, participants });
    const { hostname, port } = new URL(await fixture.listen());
    /** A connection that is open, so that the next call on it arrives as a whole and at once. */
    const connected = async (path: string, token: string) => {
      const socket = connect(Number(port), hostname);
      const ask = async (): Promise<void> => {
        socket.write(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: ${token}\r\n\r\n`);
        const [answer] = (await once(socket, "data")) as [Buffer];
        expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
      };
      await ask();
      return { ask, close: () => socket.destroy() };
    };
    const examinee = await fixture.api(EXAMINEE);
    const input = encodeURIComponent(JSON.stringify({ json: { roomId: fixture.room.id } }));
    const busy = [];
    for (let n = 0; n < 20; n += 1)
      busy.push(await connected(`/trpc/room.snapshot?input=${input}`, examinee.token));
    const { token } = await fixture.api({ sub: "examinee9", role: "examinee" });
    const stranger = await connected(`/exam/roomInfo?roomId=${fixture.other.id}`, token);
    const order: string[] = [];
    await Promise.all(
      [...busy, stranger].map(async ({ ask, close }) => {
        await ask();
        order.push(close === stranger.close ? "stranger" : "busy");
        close();
      }),
    );
    expect(order).toHaveLength(21);
    // The second call of the busy caller has not begun. On PostgreSQL, the stranger's call waits for the database as well.
    expect(order.indexOf("stranger")).toBeLessThan(isOnPostgres ? 10 : 2);
  });

  it("includes what is read again for a listener who resumes, and what a snapshot hides from examinees", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_READ_ROWS: "person=5" });
    fixture.watch.pass(60);
    const { id: roomId } = fixture.room;
    const other = await fixture.api(OTHER);
    // The snapshot has four people. An examinee sees three of them.
    expect((await other.trpc.query("room.snapshot", { roomId })).data.members).toHaveLength(3);
    expect((await other.trpc.query("room.snapshot", { roomId })).status).toBe(200);
    expect(trpcRefusal(await other.trpc.query("room.snapshot", { roomId }), 36)).toContain("rows read");

    const { trpc: one } = await fixture.api(EXAMINEE);
    const { lastEventId } = (await one.query("room.snapshot", { roomId })).data;
    for (const audioStatus of ["speaking", "silent"] as const)
      await fixture.teacher.room.setAudioStatus({ roomId, audioStatus });
    expect((await one.subscribe("room.onEvent", { roomId, lastEventId })).status).toBe(200);
    expect((await one.query("room.snapshot", { roomId })).error?.data.reason).toBe("TOO_MANY_REQUESTS");
  });
});

describe("events", () => {
  it("are counted by caller, room and exam", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_EVENTS: "person=3,room=4,exam=5" });
    fixture.watch.pass(60);
    const { room, sibling } = fixture;
    let changes = 0;
    const status = async (api: Awaited<ReturnType<Opened["api"]>>, { id } = room) => {
      const audioStatus = changes % 2 === 0 ? "speaking" : "silent";
      const answer = await api.trpc.mutate("room.setAudioStatus", { roomId: id, audioStatus });
      if (answer.status === 200) changes += 1;
      return answer;
    };
    const [one, three] = [
      await fixture.api(TEACHER),
      await fixture.api({ sub: "teacher3", role: "teacher" }),
    ];
    for (let n = 0; n < 3; n += 1) expect((await status(one)).status).toBe(200);
    expect(trpcRefusal(await status(one), 20)).toBe(
      "Too many events from teacher1, at most 3 per minute: try again in 20 seconds.",
    );
    // Messages and records have limits of their own.
    const { id: roomId } = room;
    expect((await one.trpc.mutate("im.send", { roomId, type: 30_001, data: 1 })).status).toBe(200);
    expectDone(await (await fixture.api(EXAMINEE)).rest.post("cheat/addCheatRecord", detected(fixture)));
    const admin = await fixture.api({ sub: "root", role: "admin" });
    expect((await status(admin)).status).toBe(200);
    expect(trpcRefusal(await status(admin), 15)).toContain(`Too many events in the room ${roomId}`);
    expect((await status(three, sibling)).status).toBe(200);
    expect(trpcRefusal(await status(three, sibling), 12)).toContain(`in the exam ${room.examId}`);
    expect((await one.rest.get("roomInfo", { roomId })).status).toBe(200);
  });

  it("of people who are added count as one for the caller, and as many as they are for the room", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_EVENTS: "person=2,room=6" });
    fixture.watch.pass(60);
    const { id: roomId } = fixture.room;
    const { trpc: api } = await fixture.api(TEACHER);
    const add = (...ids: number[]) =>
      api.mutate("participant.add", {
        roomId,
        participants: ids.map((n) => ({ userId: `new${n}`, name: "New", role: "examinee" })),
      });
    expect((await add(1, 2, 3, 4, 5, 6, 7, 8, 9)).data).toMatchObject({ added: 9 });
    expect(trpcRefusal(await add(10), 40)).toContain(`Too many events in the room ${roomId}`);
    fixture.watch.pass(40);
    expect((await add(10)).status).toBe(200);
  });

  it("of an import use up nothing that a running exam needs, and the rows count for the caller", async () => {
    await using fixture = await open({
      INVIGIL_LIMIT_EVENTS: "room=2,exam=4",
      INVIGIL_LIMIT_WRITE_ROWS: "person=4",
    });
    fixture.watch.pass(60);
    const { id: roomId, examId } = fixture.room;
    const { trpc: api } = await fixture.api(TEACHER);
    const rosterOf = (name: string) =>
      Buffer.from(`id,name\n${[1, 2, 3, 4, 5].map((n) => `k${n},${name}`).join("\n")}\n`).toString("base64");
    const load = (name: string) => api.mutate("participant.import", { examId, roomId, file: rosterOf(name) });
    expect((await load("A")).data).toMatchObject({ added: 5 });
    expect(trpcRefusal(await load("B"), 15)).toBe(
      "Too many rows written from teacher1, at most 4 per minute: try again in 15 seconds.",
    );
    expect(trpcRefusal(await api.mutate("exam.plan", { examId, roomSize: 5 }), 15)).toContain("rows written");
    for (const audioStatus of ["speaking", "silent"])
      expect((await api.mutate("room.setAudioStatus", { roomId, audioStatus })).status).toBe(200);
    fixture.watch.pass(15);
    expect((await load("A")).data).toMatchObject({ unchanged: 5 });
    expect((await load("B")).data).toMatchObject({ updated: 5 });
  });
});

describe("a room's and an exam's calls", () => {
  it("are counted for all callers together, and not for those who may not come in", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_CALLS: "room=3" });
    fixture.watch.pass(60);
    const { room, other, sibling } = fixture;
    const strangers = await fixture.api({ sub: "examinee9", role: "examinee" });
    for (let n = 0; n < 5; n += 1)
      refusalOf(await strangers.rest.get("roomInfo", { roomId: room.id }), 403, "FORBIDDEN");
    const [one, two] = [await fixture.api(EXAMINEE), await fixture.api(OTHER)];
    dataOf(await one.rest.get("roomInfo", { roomId: room.id }));
    dataOf(await two.rest.get("roomInfo", { roomId: room.id }));
    expect((await two.trpc.query("room.get", { roomId: room.id })).status).toBe(200);
    const refusal = `Too many calls in the room ${room.id}, at most 3 per minute: try again in 20 seconds.`;
    expect(restRefusal(await one.rest.get("roomInfo", { roomId: room.id }), 20)).toBe(refusal);
    expect(trpcRefusal(await two.trpc.query("room.get", { roomId: room.id }), 20)).toBe(refusal);
    const third = await fixture.api({ sub: "examinee3", role: "examinee" });
    dataOf(await third.rest.get("roomInfo", { roomId: sibling.id }));
    dataOf(await strangers.rest.get("roomInfo", { roomId: other.id }));
  });

  it("of an exam are those of its rooms, too", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_CALLS: "exam=2" });
    fixture.watch.pass(60);
    const { examId } = fixture.room;
    const [one, third] = [
      await fixture.api(EXAMINEE),
      await fixture.api({ sub: "examinee3", role: "examinee" }),
    ];
    dataOf(await one.rest.get("roomInfo", { roomId: fixture.room.id }));
    dataOf(await third.rest.get("roomInfo", { roomId: fixture.sibling.id }));
    const refusal = `Too many calls in the exam ${examId}, at most 2 per minute: try again in 30 seconds.`;
    expect(restRefusal(await third.rest.get("roomInfo", { roomId: fixture.sibling.id }), 30)).toBe(refusal);
    expect(restRefusal(await one.rest.get("examInfo", { examId }), 30)).toBe(refusal);
  });

  const APPS = {
    examineeUrl: "https://sit.example",
    watchUrl: "https://watch.example",
  };
  it.each([
    { path: "room.joinLinks", input: ({ room }: ExamsFixture) => ({ roomId: room.id }) },
    { path: "room.joinLinks", input: ({ room }: ExamsFixture) => ({ examId: room.examId }) },
    {
      path: "exam.cards",
      input: ({ room }: ExamsFixture) => ({ examId: room.examId, roomId: room.id, as: "links", limit: 1 }),
    },
    {
      path: "participant.import",
      input: ({ room }: ExamsFixture) => ({
        examId: room.examId,
        dryRun: true,
        file: Buffer.from("id,name\nx,X\n").toString("base64"),
      }),
    },
  ])("count once in $path, however many services take part", async ({ path, input }) => {
    await using fixture = await open({ INVIGIL_LIMIT_CALLS: "room=2,exam=2" }, { apps: APPS });
    fixture.watch.pass(60);
    const { trpc: admin } = await fixture.api({ sub: "root", role: "admin" });
    for (let n = 0; n < 2; n += 1)
      expect(await admin.mutate(path, input(fixture))).toMatchObject({ status: 200 });
    expect(trpcRefusal(await admin.mutate(path, input(fixture)), 30)).toMatch(/^Too many calls in the /);
  });

  it("count once for each request of the vendor's pages", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_CALLS: "room=4,exam=4" });
    fixture.watch.pass(60);
    const url = await fixture.listen();
    const { room } = fixture;
    using page = await rawDropIn(url);
    const { appId, appToken, auth } = await loginFor(fixture, url, "examinee1", "examinee");
    fixture.watch.pass(60);
    expect(await page.ask({ do: "login", login: { appId, appToken, auth } })).toEqual({});
    const { id: groupId } = room;
    expect(await page.ask({ do: "join", groupId })).toHaveProperty("group");
    expect(await page.ask({ do: "users", groupId, all: false })).toHaveProperty("users");
    expect(await page.ask({ do: "group", groupId })).toHaveProperty("groupId");
    expect(await page.ask({ do: "users", groupId, all: false })).toHaveProperty("users");
    expect(await page.ask({ do: "group", groupId })).toMatchObject({
      code: 412,
      message: expect.stringMatching(/^Too many calls in the (room|exam) /),
    });
  });
});

describe("cheat records", () => {
  it.each([
    ["a person", { INVIGIL_LIMIT_RECORDS: "person=10" }, "from examinee1, at most 10"],
    ["a room", { INVIGIL_LIMIT_RECORDS: "room=10" }, "in the room"],
    ["an exam", { INVIGIL_LIMIT_RECORDS: "exam=10" }, "in the exam"],
  ])(
    "are limited by number for %s, at both entry points and over a WebSocket",
    async (_, environment, named) => {
      await using fixture = await open(environment);
      const { rest: app, trpc: api, token } = await fixture.api(EXAMINEE);
      expectDone(await app.post("cheat/addCheatRecord", detected(fixture, { records: 6 })));
      expect(
        restRefusal(await app.post("cheat/addCheatRecord", detected(fixture, { records: 5 })), 6),
      ).toContain(named);
      expect(
        trpcRefusal(await api.mutate("cheat.addRecords", recording(fixture, { records: 6 })), 12),
      ).toContain(named);
      const url = await fixture.listen();
      await using socket = connectApi(url, token);
      await expect(
        socket.api.cheat.addRecords.mutate(recording(fixture, { records: 5 })),
      ).rejects.toMatchObject({ data: { reason: "TOO_MANY_REQUESTS", retryAfterSeconds: 6 } });
      // Refused calls do not use the allowance, and store nothing.
      expectDone(await app.post("cheat/addCheatRecord", detected(fixture, { records: 4 })));
      const { records } = await fixture.teacher.cheat.listRecords({ roomId: fixture.room.id, pageSize: 100 });
      expect(records).toHaveLength(10);
      // The limit of a person is their own. Those of a room and an exam are shared.
      const another = await (await fixture.api(OTHER)).rest.post(
        "cheat/addCheatRecord",
        detected(fixture, { sub: "examinee2" }),
      );
      expect(another.status).toBe(named.startsWith("from") ? 200 : 429);
    },
  );

  it("are limited by their bytes", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_RECORD_MIB: "person=1" });
    const { rest: app } = await fixture.api(EXAMINEE);
    for (let n = 0; n < 4; n += 1)
      expectDone(await app.post("cheat/addCheatRecord", detected(fixture, { records: 1, bytes: 250_000 })));
    expect(
      restRefusal(
        await app.post("cheat/addCheatRecord", detected(fixture, { records: 1, bytes: 250_000 })),
        12,
      ),
    ).toMatch(/^Too many MiB of cheat records from examinee1, at most 1 per minute/);
    expectDone(await app.post("cheat/addCheatRecord", detected(fixture, { records: 1, bytes: 1000 })));
  });

  it("more than a whole minute's pass once, and are paid off", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_RECORDS: "person=10" });
    const { rest: app } = await fixture.api(EXAMINEE);
    expectDone(await app.post("cheat/addCheatRecord", detected(fixture, { records: 20 })));
    restRefusal(await app.post("cheat/addCheatRecord", detected(fixture)), 66);
  });
});

describe("messages", () => {
  it.each([
    ["with a login of their own", false],
    ["with a link to the room", true],
  ])("are limited for a caller %s, in the API and from the vendor's pages together", async (_, isBound) => {
    await using fixture = await open({ INVIGIL_LIMIT_MESSAGES: "person=3" });
    const url = await fixture.listen();
    const { room } = fixture;
    const { trpc: api, token } = await fixture.api({ ...EXAMINEE, ...(isBound && { room: room.id }) });
    const message = { roomId: room.id, type: 30_001, data: {} };
    for (let n = 0; n < 2; n += 1) expect((await api.mutate("im.send", message)).status).toBe(200);
    using page = await rawDropIn(url);
    const { appId, appToken, auth } = await imLogin(url, token, { roomId: room.id, userId: "pc_examinee1" });
    expect(await page.ask({ do: "login", login: { appId, appToken, auth } })).toEqual({});
    await page.ask({ do: "join", groupId: room.id });
    const frame = { do: "send", groupId: room.id, type: 30_001, data: "{}", key: "k" };
    expect(await page.ask(frame)).toHaveProperty("messageId");
    const refusal = "Too many messages from examinee1, at most 3 per minute: try again in 20 seconds.";
    expect(await page.ask({ ...frame, key: "l" })).toEqual({ code: 412, message: refusal });
    expect(trpcRefusal(await api.mutate("im.send", message), 20)).toBe(refusal);
  });

  it.each([
    ["room", { INVIGIL_LIMIT_MESSAGES: "room=2" }],
    ["exam", { INVIGIL_LIMIT_MESSAGES: "exam=2" }],
  ])("are limited for all in a %s", async (scope, environment) => {
    await using fixture = await open(environment);
    const [one, two] = [(await fixture.api(EXAMINEE)).trpc, (await fixture.api(OTHER)).trpc];
    const message = { roomId: fixture.room.id, type: 30_001, data: {} };
    expect((await one.mutate("im.send", message)).status).toBe(200);
    expect((await two.mutate("im.send", message)).status).toBe(200);
    expect(trpcRefusal(await one.mutate("im.send", message), 30)).toContain(`in the ${scope} `);
  });

  it("are limited by their bytes, those of each receiver's row counted", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_MESSAGE_MIB: "person=1" });
    const { trpc: api } = await fixture.api(TEACHER);
    const to = Array.from({ length: 900 }, () => "examinee1");
    const message = { roomId: fixture.room.id, type: 30_001, data: { text: "x".repeat(60_000) }, to };
    for (let n = 0; n < 5; n += 1) expect((await api.mutate("im.send", message)).status).toBe(200);
    expect((await api.mutate("im.send", message)).error.message).toMatch(
      /^Too many MiB of messages from teacher1/,
    );
  });

  it("and every other request of the vendor's pages count as calls do", async () => {
    await using fixture = await open({
      INVIGIL_LIMIT_READS: "person=3",
      INVIGIL_LIMIT_WRITES: "person=2,admin=1000",
    });
    fixture.watch.pass(60);
    const url = await fixture.listen();
    const { room } = fixture;
    using page = await rawDropIn(url);
    const { appId, appToken, auth } = await loginFor(fixture, url, "examinee1", "examinee");
    expect(await page.ask({ do: "login", login: { appId, appToken, auth } })).toEqual({});
    expect(await page.ask({ do: "join", groupId: room.id })).toHaveProperty("group");
    for (let n = 0; n < 2; n += 1)
      expect(await page.ask({ do: "users", groupId: room.id, all: false })).toHaveProperty("users");
    expect(await page.ask({ do: "users", groupId: room.id, all: false })).toEqual({
      code: 412,
      message: "Too many reading calls from examinee1, at most 3 per minute: try again in 20 seconds.",
    });
  });
});

describe("logins of pages", () => {
  it("are counted by person, and a school behind one address logs in", async () => {
    await using fixture = await open();
    fixture.watch.pass(60);
    const url = await fixture.listen();
    const pageOf = async (userId: string) => {
      const { appId, appToken, auth } = await loginFor(fixture, url, userId, "examinee");
      const page = await rawDropIn(url);
      return { page, login: () => page.ask({ do: "login", login: { appId, appToken, auth } }) };
    };
    const [main, pc, other] = [
      await pageOf("examinee1"),
      await pageOf("pc_examinee1"),
      await pageOf("examinee2"),
    ];
    using _pages = { [Symbol.dispose]: () => [main, pc, other].map(({ page }) => page[Symbol.dispose]()) };
    for (let n = 0; n < 30; n += 1) for (const { login } of [main, pc]) expect(await login()).toEqual({});
    const refusal = {
      code: 412,
      message: "Too many message logins from examinee1, at most 60 per minute: try again in 1 second.",
    };
    expect([await main.login(), await pc.login()]).toEqual([refusal, refusal]);
    expect(await other.login()).toEqual({});
    fixture.watch.pass(1);
    expect(await main.login()).toEqual({});
  });

  it("that the server did not issue are counted by where they come from", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_READS: "network=2" });
    const url = await fixture.listen();
    const { appId, auth } = await loginFor(fixture, url, "examinee1", "examinee");
    const login = { appId, appToken: "0", auth };
    const answers: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      using page = await rawDropIn(url);
      answers.push(await page.ask({ do: "login", login }));
    }
    expect(answers).toMatchObject([{ code: 403 }, { code: 403 }, { code: 412 }]);
  });
});

describe("rooms, people, rosters and files", () => {
  it("are limited for an exam, whoever makes them", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_ROOMS: "exam=2" });
    const { examId } = fixture.room;
    fixture.watch.pass(60);
    await fixture.teacher.room.create({ name: "C", examId });
    await fixture.admin.room.create({ name: "D", examId });
    await expect(fixture.admin.room.create({ name: "E", examId })).rejects.toMatchObject({
      message: `Too many new rooms and exams in the exam ${examId}, at most 2 per minute: try again in 30 seconds.`,
    });
  });

  it("people are limited for a room", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_PEOPLE: "room=3" });
    const { trpc: api } = await fixture.api(TEACHER);
    const add = (...ids: string[]) =>
      api.mutate("participant.add", {
        roomId: fixture.room.id,
        participants: ids.map((userId) => ({ userId, name: userId, role: "examinee" })),
      });
    expect((await add("a", "b")).status).toBe(200);
    expect(trpcRefusal(await add("c", "d"), 20)).toContain(`in the room ${fixture.room.id}, at most 3`);
    expect((await add("c")).status).toBe(200);
  });

  it("rosters are limited for whoever sends them", async () => {
    await using fixture = await open({ INVIGIL_LIMIT_IMPORTS: "person=1" });
    const { trpc: api } = await fixture.api(TEACHER);
    const file = Buffer.from("id,name\nk1,K\n").toString("base64");
    const { examId } = fixture.room;
    expect((await api.mutate("participant.import", { examId, file })).status).toBe(200);
    expect(trpcRefusal(await api.mutate("participant.import", { examId, file }), 60)).toMatch(
      /^Too many imports from teacher1, at most 1 per minute/,
    );
  });

  it("files are limited by their bytes, and nothing stays of one that is refused", async () => {
    const watch = stopwatch();
    await using app = await openUploads({
      config: limited({ INVIGIL_LIMIT_AUDIO_MIB: "person=1" }),
      monotonic: watch.now,
    });
    // Enough audio for the type to be detected, followed by a megabyte.
    const large = Buffer.concat([wav(), Buffer.alloc(700 * 1024)]);
    const upload = (name: string) => app.send(formOf(["name", name], ["file", large]), TEACHER);
    dataOf(await upload("one"));
    const refused = await upload("two");
    expect(refused.headers["retry-after"]).toMatch(/^\d+$/);
    expect(refusalOf(refused, 429, "TOO_MANY_REQUESTS")).toMatch(
      /^Too many MiB of audio from teacher1, at most 1 per minute/,
    );
    expect(app.kept()).toHaveLength(1);
    watch.pass(120);
    dataOf(await upload("three"));
  });
});

describe("the allowances", () => {
  const settings = parseConfig({ INVIGIL_LIMIT_READS: "person=60" }).limits;
  const caller = { userId: "e1", role: "examinee" } as const;

  it("fill up again evenly, and never beyond a minute's", () => {
    const watch = stopwatch();
    const { take } = createRateLimits({ settings, monotonic: watch.now });
    const read = () => take({ caller }, { reads: 1 });
    for (let n = 0; n < 60; n += 1) read();
    expect(read).toThrow("try again in 1 second.");
    watch.pass(3);
    for (let n = 0; n < 3; n += 1) read();
    expect(read).toThrow();
    watch.pass(86_400);
    for (let n = 0; n < 60; n += 1) read();
    expect(read).toThrow();
  });

  it("are taken from all, or from none", () => {
    const watch = stopwatch();
    const { take } = createRateLimits({
      settings: parseConfig({ INVIGIL_LIMIT_RECORDS: "person=10,room=5" }).limits,
      monotonic: watch.now,
    });
    expect(() => take({ caller, roomId: "r" }, { records: 1, recordBytes: 2 ** 40 })).not.toThrow();
    for (let n = 0; n < 4; n += 1) take({ caller: { ...caller, userId: "e2" }, roomId: "r" }, { records: 1 });
    expect(() => take({ caller: { ...caller, userId: "e3" }, roomId: "r" }, { records: 1 })).toThrow(
      /in the room r/,
    );
    for (let n = 0; n < 10; n += 1) take({ caller: { ...caller, userId: "e3" } }, { records: 1 });
  });

  it("of more owners than are remembered take no more memory, and push out who has not asked for longest", () => {
    const watch = stopwatch();
    const { take } = createRateLimits({ settings, monotonic: watch.now });
    for (let n = 0; n < 60; n += 1) take({ caller }, { reads: 1 });
    for (let n = 0; n < 99_999; n += 1) take({ caller: { userId: `x${n}`, role: "examinee" } }, { reads: 1 });
    expect(() => take({ caller }, { reads: 1 })).toThrow();
    for (let n = 0; n < 100_000; n += 1)
      take({ caller: { userId: `y${n}`, role: "examinee" } }, { reads: 1 });
    expect(() => take({ caller }, { reads: 1 })).not.toThrow();
  });
});
