import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exams, outboxTasks, roomExams, rooms, streamEvents } from "../src/storage/tables.js";
import type { Happening } from "./simulators/stream-service.js";
import { dataOf, refusalOf, type Sent, send } from "./support/calls.js";
import { cases } from "./support/effort.js";
import { shared } from "./support/shared.js";
import { NOW, openStreamHall, type StreamHall, userInfo } from "./support/stream-hall.js";
import { STREAM_CONFIG, streamHeaders } from "./support/streams.js";
import { insertRows, rowsOf } from "./support/tables.js";

const PATH = "/exam/userAct";
/** Made with md5sum, of `push.example|1767323045|kept-secret-callback-of-this-test-run`. */
const SIGNATURE = "0e9039368ac7d910ddc6bfec02c86993";
const PUBLISHED = '20001 {"userId":"e1"}';
const STOPPED = '20000 {"userId":"e1"}';

const kept = (hall: StreamHall) => rowsOf(hall.db, streamEvents);
const goodQuery = (hall: StreamHall, more: Partial<Happening> = {}): Record<string, string> =>
  Object.fromEntries(
    hall.service.queryOf({ action: "publish", id: hall.nameOf("e1"), time: NOW - 10, ...more }),
  );
/** Sends a raw request, with validly signed headers by default. */
const ask = (hall: StreamHall, query: Sent["query"], headers = streamHeaders()) =>
  send(hall, { method: "GET", path: PATH, query, headers });

/** Shared by tests of refused reports, which leave nothing behind. */
const untouched = shared(() => openStreamHall());

describe("the signature", () => {
  it("lets the stream service in, to the byte as its page has it", async () => {
    await using hall = await openStreamHall();
    const headers = { "ALI-LIVE-TIMESTAMP": "1767323045", "ALI-LIVE-SIGNATURE": SIGNATURE };
    expect(dataOf(await ask(hall, goodQuery(hall), headers))).toBe(true);
    expect(await kept(hall)).toHaveLength(1);
  });

  it.each([
    ["of another key", { key: "another key" }, 0],
    ["of another domain", { pushDomain: "push.example.org" }, 0],
    ["of no key", { key: "" }, 0],
    ["made 301 seconds ago", {}, -301],
    ["made 301 seconds ahead", {}, 301],
  ])("%s is refused", async (_, change, offset) => {
    const hall = untouched();
    const other = hall.serviceWith(change);
    for (const query of [goodQuery(hall), {}])
      refusalOf(await ask(hall, query, other.signed(NOW + offset)), 401, "UNAUTHENTICATED");
    expect(await kept(hall)).toEqual([]);
  });

  it.each([-300, 300])("made at an offset of %d seconds is taken", async (offset) => {
    await using hall = await openStreamHall();
    dataOf(await ask(hall, goodQuery(hall), hall.service.signed(NOW + offset)));
  });

  const { "ali-live-timestamp": timestamp = "", "ali-live-signature": signature = "" } = streamHeaders();
  it.each([
    ["none", {}],
    ["no time", { "ali-live-signature": signature }],
    ["a time alone", { "ali-live-timestamp": timestamp }],
    ["empty texts", { "ali-live-timestamp": "", "ali-live-signature": "" }],
    ["words", { "ali-live-timestamp": "now", "ali-live-signature": "signed" }],
    ["a longer one", { "ali-live-timestamp": timestamp, "ali-live-signature": `${signature}0` }],
    ["a space in it", { "ali-live-timestamp": timestamp, "ali-live-signature": signature.replace(/./, " ") }],
  ])("that is not there or no such thing (%s) is refused before all else", async (_, headers) => {
    const hall = untouched();
    for (const query of [goodQuery(hall), {}, { timestamp, signature, ...goodQuery(hall) }]) {
      const sentence = refusalOf(await ask(hall, query, headers), 401, "UNAUTHENTICATED");
      expect(sentence).toBe("The stream service's signature is missing or wrong.");
    }
    expect(await kept(hall)).toEqual([]);
  });

  it("is needed over tRPC, too", async () => {
    await using hall = await openStreamHall();
    const report = { ...goodQuery(hall), timestamp, signature };
    for (const wrong of [{ signature: "0".repeat(32) }, { timestamp: String(NOW - 1) }, { signature: 7 }]) {
      const { error } = await hall.admin.mutate("stream.report", { ...report, ...wrong });
      expect(error.data).toMatchObject({ reason: "UNAUTHENTICATED", httpStatus: 401 });
    }
    expect(await kept(hall)).toEqual([]);
    expect((await hall.admin.mutate("stream.report", report)).data).toBe(true);
    expect(await kept(hall)).toHaveLength(1);
  });

  it.each([
    ["key", { streamCallbackKey: undefined }],
    ["domains", { streams: { ...STREAM_CONFIG.streams, domains: undefined } }],
  ])("cannot be judged without a %s in the settings: 501, whatever is sent", async (_, config) => {
    await using hall = await openStreamHall({ config });
    for (const headers of [streamHeaders(), {}])
      for (const query of [goodQuery(hall), {}])
        refusalOf(await ask(hall, query, headers), 501, "PROVIDER_NOT_CONFIGURED");
    expect(await kept(hall)).toEqual([]);
  });
});

describe("what is no event of ours", () => {
  it("is of another push domain", async () => {
    await using hall = await openStreamHall();
    const answer = await ask(hall, { ...goodQuery(hall), app: "pull.example" });
    expect(refusalOf(answer, 400, "INVALID_INPUT")).toMatch(/^app must be the push domain/);
    expect(await kept(hall)).toEqual([]);
    // Host names are case-insensitive.
    dataOf(await ask(hall, { ...goodQuery(hall), app: "PUSH.Example" }));
  });

  it.each([
    ["of another app", { appname: "live" }],
    ["of an app in other letters", { appname: "EXAM" }],
    ["of no room", { id: "exam-room-e1" }],
    ["of a copy of no room's", { id: "exam-room-e1_240p" }],
    ["that only begins like one of ours", { id: "+" }],
    ["that differs in letters", { id: "^" }],
  ])("is a stream %s", async (_, change) => {
    const hall = untouched();
    const name = hall.nameOf("e1");
    const { id = name } = { ...change } as { id?: string };
    const query = {
      ...goodQuery(hall),
      ...change,
      id: id.replace("+", `${name}x`).replace("^", name.toUpperCase()),
    };
    expect(refusalOf(await ask(hall, query), 404, "STREAM_NOT_FOUND")).toContain(query.id);
    expect(await kept(hall)).toEqual([]);
  });

  it("is a transcoded copy of one: taken, and not kept", async () => {
    await using hall = await openStreamHall();
    for (const camera of ["main", "pc"] as const)
      dataOf(await ask(hall, goodQuery(hall, { id: `${hall.nameOf("e1", camera)}_240p` })));
    expect(await kept(hall)).toEqual([]);
    expect(await hall.statusOf("e1")).toBe("idle idle");
  });

  it("is the stream of somebody whose id ends like a copy's name", async () => {
    await using hall = await openStreamHall();
    await hall.add("e1_240p");
    await hall.happens("e1_240p", "publish", NOW);
    expect([await hall.statusOf("e1"), await hall.statusOf("e1_240p")]).toEqual([
      "idle idle",
      "publishing idle",
    ]);
  });
});

describe("a field that is wrong", () => {
  it.each([
    ["action", [undefined, "", "unpublish", "PUBLISH"]],
    ["id", [undefined, "", "x".repeat(257), "a\u0000b"]],
    ["app", [undefined, "", "x".repeat(254)]],
    ["appname", [undefined, ""]],
    ["time", [undefined, "", "now", "-1", "1.5", "1767323045123", String(NOW + 301)]],
    ["ip", ["x".repeat(257)]],
    ["node", ["x".repeat(257), "a\u0000"]],
    ["width", ["wide", "-1", "65536", "1.5"]],
    ["height", ["high", "-1", "65536"]],
  ])("%s is named", async (field, values) => {
    const hall = untouched();
    for (const value of values) {
      const { [field]: _, ...others } = goodQuery(hall);
      const query = value === undefined ? others : { ...others, [field]: value };
      expect(refusalOf(await ask(hall, query), 400, "INVALID_INPUT")).toMatch(new RegExp(`^${field} `));
    }
    expect(await kept(hall)).toEqual([]);
    expect(await hall.statusOf("e1")).toBe("idle idle");
  });

  it("may not come twice", async () => {
    const hall = untouched();
    const path = `${PATH}?${new URLSearchParams(goodQuery(hall)).toString()}&id=other`;
    const answer = await send(hall, { method: "GET", path, headers: streamHeaders() });
    expect(refusalOf(answer, 400, "INVALID_INPUT")).toMatch(/^id /);
  });

  it.each(["ip", "node", "width", "height", "usrargs"])("%s may be left out, or empty", async (field) => {
    await using hall = await openStreamHall();
    const { [field]: _, ...others } = goodQuery(hall);
    dataOf(await ask(hall, others));
    dataOf(await ask(hall, { ...others, [field]: "", time: String(NOW) }));
    expect(await kept(hall)).toHaveLength(2);
  });
});

describe("a camera", () => {
  it("publishes and stops, and the room is told so once each", async () => {
    await using hall = await openStreamHall();
    expect((await userInfo(hall, "e1")).publishStatus).toBe(0);
    expect(await hall.happens("e1", "publish", NOW)).toBe(true);
    expect([await hall.statusOf("e1"), await hall.statusOf("e2")]).toEqual(["publishing idle", "idle idle"]);
    expect((await userInfo(hall, "e1")).publishStatus).toBe(1);
    expect(await hall.announced()).toEqual([PUBLISHED]);
    expect(await hall.happens("e1", "publish_done", NOW + 60)).toBe(true);
    expect((await userInfo(hall, "e1")).publishStatus).toBe(2);
    expect(await hall.announced()).toEqual([PUBLISHED, STOPPED]);
    expect(await hall.happens("e1", "publish", NOW + 61)).toBe(true);
    expect(await hall.statusOf("e1")).toBe("publishing idle");
    expect(await hall.announced()).toEqual([PUBLISHED, STOPPED, PUBLISHED]);
  });

  it("is one of two: the PC's has a status of its own, and is announced by the person's plain id", async () => {
    await using hall = await openStreamHall();
    await hall.happens("e1", "publish", NOW, { camera: "pc" });
    expect(await hall.statusOf("e1")).toBe("idle publishing");
    expect((await userInfo(hall, "e1")).publishStatus).toBe(0);
    await hall.happens("e1", "publish", NOW);
    await hall.happens("e1", "publish_done", NOW + 1, { camera: "pc" });
    expect(await hall.statusOf("e1")).toBe("publishing stopped");
    expect(await hall.announced()).toEqual([PUBLISHED, PUBLISHED, STOPPED]);
    expect((await hall.eventsOf()).map(({ camera }) => camera)).toEqual(["pc", "main", "pc"]);
  });

  it("that goes on publishing over another node is no news", async () => {
    await using hall = await openStreamHall();
    await hall.happens("e1", "publish", NOW);
    await hall.happens("e1", "publish", NOW + 5, { node: "node2", ip: "203.0.113.8" });
    expect(await hall.announced()).toEqual([PUBLISHED]);
    expect(await hall.eventsOf()).toHaveLength(2);
  });

  it("of the teacher has a status as well", async () => {
    await using hall = await openStreamHall();
    await hall.happens("root", "publish", NOW);
    expect(await hall.statusOf("root")).toBe("publishing idle");
    expect(await hall.announced()).toEqual(['20001 {"userId":"root"}']);
  });

  it("changes when its person was changed last, and nothing else of it", async () => {
    await using hall = await openStreamHall();
    const before = await userOf(hall, "e1");
    hall.time.now += 7;
    await hall.happens("e1", "publish", NOW + 1);
    const { publishStatus, updatedAt, ...after } = await userOf(hall, "e1");
    expect(after).toEqual({ ...before, publishStatus: undefined, updatedAt: undefined });
    expect([publishStatus.main, updatedAt]).toEqual(["publishing", new Date((NOW + 7) * 1000)]);
  });
});
const userOf = async ({ admin, room }: StreamHall, userId: string) =>
  // The URLs contain the time of their expiry.
  ({ ...(await admin.query("participant.get", { roomId: room.id, userId })).data, streams: undefined });

describe("a stream's name", () => {
  it("is looked up: ids may hold hyphens, and endings that mean something", async () => {
    await using hall = await openStreamHall();
    const now = new Date(NOW * 1000);
    const times = { startTime: now, endTime: now, createdAt: now, updatedAt: now };
    const examId = "2026-01-maths";
    const rows = ["room-1", "room-1-2"].map((id) => ({ id, examId }));
    await insertRows(hall.db, exams, [{ id: examId, name: "n", createdBy: "root", ...times }]);
    await insertRows(
      hall.db,
      roomExams,
      rows.map(({ id: roomId }) => ({ roomId, examId })),
    );
    const made = { name: "n", status: "in_progress", audioStatus: "silent", createTeacher: "root" } as const;
    await insertRows(
      hall.db,
      rooms,
      rows.map(({ id }) => ({
        id,
        examId,
        ...made,
        imServer: ["aliyun_new"],
        createdAt: now,
        updatedAt: now,
      })),
    );
    const ids = ["zhang-san", "2-zhang-san", "-", "x_pc_", "a.b_publish"];
    for (const room of rows)
      for (const userId of ids.filter((id) => room.id !== "room-1" || id !== "2-zhang-san")) {
        const participants = [{ userId, name: userId, role: "examinee" }];
        expect(
          (await hall.admin.mutate("participant.add", { roomId: room.id, participants })).error,
        ).toBeUndefined();
        expect(await hall.happens(userId, "publish", NOW, { room })).toBe(true);
        expect(await hall.happens(userId, "publish_done", NOW, { room, camera: "pc" })).toBe(true);
        expect(await hall.statusOf(userId, room)).toBe("publishing stopped");
        expect((await hall.announced(room)).slice(-2)).toEqual(
          [20_001, 20_000].map((type) => `${type} ${JSON.stringify({ userId })}`),
        );
      }
  });
});

describe("the same event again", () => {
  it("is answered true, and changes and announces nothing", async () => {
    await using hall = await openStreamHall();
    const begun = { action: "publish", id: hall.nameOf("e1"), time: NOW } as const;
    for (let n = 0; n < 3; n += 1) expect((await hall.service.report(begun)).body.data).toBe(true);
    await hall.happens("e1", "publish_done", NOW);
    expect(await hall.statusOf("e1")).toBe("stopped idle");
    // A repetition of an event with the newest time does not count as newer.
    expect((await hall.service.report(begun)).body.data).toBe(true);
    expect(await hall.statusOf("e1")).toBe("stopped idle");
    expect(await hall.announced()).toEqual([PUBLISHED, STOPPED]);
    expect((await hall.eventsOf()).map(({ action }) => action)).toEqual(["publish_done", "publish"]);
  });

  it("five times at once is one event and one announcement", async () => {
    await using hall = await openStreamHall();
    const events = ["publish", "publish_done"] as const;
    for (const [n, action] of events.entries()) {
      const answers = await hall.service.reportManyTimes({ action, id: hall.nameOf("e1"), time: NOW + n });
      expect(answers.map(({ status, body }) => [status, body.data])).toEqual(Array(5).fill([200, true]));
    }
    expect(await hall.eventsOf()).toHaveLength(2);
    expect(await hall.announced()).toEqual([PUBLISHED, STOPPED]);
  });

  it("is not sent by the service once it was taken, and is sent until then", async () => {
    await using hall = await openStreamHall();
    await hall.happens("e1", "publish", NOW);
    expect(hall.service.requests).toHaveLength(1);
    const other = hall.serviceWith({ key: "another key" });
    const last = await other.report({ action: "publish_done", id: hall.nameOf("e1"), time: NOW });
    expect(last).toMatchObject({ status: 401, body: { success: false, errorCode: "401" } });
    expect(other.requests).toHaveLength(6);
    expect(await hall.statusOf("e1")).toBe("publishing idle");
  });
});

describe("events out of order", () => {
  const DAY: readonly Pick<Happening, "action" | "time">[] = [
    { action: "publish", time: NOW + 1 },
    { action: "publish_done", time: NOW + 2 },
    { action: "publish", time: NOW + 3 },
    { action: "publish_done", time: NOW + 4 },
  ];
  const permutations = <T>(items: readonly T[]): T[][] =>
    items.length === 0
      ? [[]]
      : items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));

  it("leave what the newest of them means, in whatever order they come", async () => {
    await using hall = await openStreamHall();
    const orders = [DAY, DAY.slice(0, 3)].flatMap((day) => permutations(day));
    expect(orders).toHaveLength(30);
    await hall.add(...orders.map((_, n) => `o${n}`));
    for (const [n, order] of orders.entries()) {
      for (const { action, time } of order) expect(await hall.happens(`o${n}`, action, time)).toBe(true);
      const expected = order.length === 4 ? "stopped idle" : "publishing idle";
      expect({ order, status: await hall.statusOf(`o${n}`) }).toEqual({ order, status: expected });
    }
  });

  it("do as a model says: late ones are kept and undo nothing, of equals the later arrival wins", async () => {
    await using hall = await openStreamHall();
    const event = fc.record({
      action: fc.constantFrom("publish" as const, "publish_done" as const),
      time: fc.integer({ min: 0, max: 4 }).map((seconds) => NOW + seconds),
      camera: fc.constantFrom("main" as const, "main" as const, "pc" as const),
      node: fc.constantFrom("n1", "n1", "n2"),
    });
    let person = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 8 }), async (events) => {
        person += 1;
        const userId = `m${person}`;
        await hall.add(userId);
        const before = (await hall.announced()).length;
        const model = { main: { status: "idle", time: 0 }, pc: { status: "idle", time: 0 } };
        const seen = new Set<string>();
        const expectedSignals: string[] = [];
        for (const { action, time, camera, node } of events) {
          expect(await hall.happens(userId, action, time, { camera, node })).toBe(true);
          const key = `${action} ${time} ${camera} ${node}`;
          if (seen.has(key)) continue;
          seen.add(key);
          const state = model[camera];
          if (time < state.time) continue;
          state.time = time;
          const status = action === "publish" ? "publishing" : "stopped";
          if (status !== state.status)
            expectedSignals.push(`${action === "publish" ? 20_001 : 20_000} ${JSON.stringify({ userId })}`);
          state.status = status;
        }
        expect(await hall.statusOf(userId)).toBe(`${model.main.status} ${model.pc.status}`);
        expect((await hall.announced()).slice(before)).toEqual(expectedSignals);
        const all = (await kept(hall)).filter((row) => row.userId === userId);
        expect(all).toHaveLength(seen.size);
      }),
      { numRuns: cases(100), seed: 20_260_102 },
    );
  });
});

describe("what is announced", () => {
  it("is written for each of the room's message services, to be sent within half a minute", async () => {
    await using hall = await openStreamHall();
    await hall.happens("e1", "publish", NOW);
    const sent = {
      kind: "send",
      key: hall.room.id,
      payload: { signal: { type: 20_001, data: '{"userId":"e1"}' } },
      dueAt: new Date(NOW * 1000),
      expiresAt: new Date((NOW + 30) * 1000),
    };
    expect(await rowsOf(hall.db, outboxTasks)).toMatchObject([
      { ...sent, queue: "aliyun_new" },
      { ...sent, queue: "rong_cloud" },
    ]);
  });

  it("is nothing where the service is the built-in one, which has no vendor to be asked", async () => {
    await using hall = await openStreamHall({ silent: true });
    await hall.happens("e1", "publish", NOW);
    expect([await hall.statusOf("e1"), await hall.announced()]).toEqual(["publishing idle", []]);
  });
});

describe("somebody who is not in the room any more", () => {
  const move = (hall: StreamHall, from: { id: string }, to: { id: string }) =>
    hall.admin.mutate("participant.move", { roomId: from.id, userId: "e1", toRoomId: to.id });

  it("and moved: what its old stream does is kept, and touches nobody", async () => {
    await using hall = await openStreamHall();
    const { room, sibling } = hall;
    await hall.happens("e1", "publish", NOW);
    expect((await move(hall, room, sibling)).data).toBe(true);
    const before = await hall.announced();
    expect(await hall.happens("e1", "publish_done", NOW + 1)).toBe(true);
    expect(await hall.statusOf("e1", sibling)).toBe("idle idle");
    expect(await hall.announced()).toEqual(before);
    expect(await hall.announced(sibling)).toEqual([]);
    expect(await hall.eventsOf()).toHaveLength(2);
    // Their new stream belongs to the new room.
    expect(await hall.happens("e1", "publish", NOW + 2, { room: sibling })).toBe(true);
    expect(await hall.statusOf("e1", sibling)).toBe("publishing idle");
    expect(await hall.announced(sibling)).toEqual([PUBLISHED]);
    expect(await hall.eventsOf(sibling)).toHaveLength(1);
  });

  it("and came back: its cameras have the status that was reported meanwhile", async () => {
    await using hall = await openStreamHall();
    const { room, sibling } = hall;
    await hall.happens("e1", "publish", NOW);
    await hall.happens("e1", "publish", NOW, { camera: "pc" });
    await move(hall, room, sibling);
    await hall.happens("e1", "publish_done", NOW, { camera: "pc" });
    await hall.happens("e1", "publish_done", NOW - 1);
    await move(hall, sibling, room);
    expect(await hall.statusOf("e1")).toBe("publishing stopped");
    await move(hall, room, sibling);
    expect(await hall.statusOf("e1", sibling)).toBe("idle idle");
  });

  it("and was removed: its streams are unknown, and what they did is kept", async () => {
    await using hall = await openStreamHall();
    await hall.happens("e1", "publish", NOW);
    const ref = { roomId: hall.room.id, userId: "e1" };
    expect((await hall.admin.mutate("participant.remove", ref)).data).toEqual({ records: 0 });
    expect(await hall.happens("e1", "publish_done", NOW + 1)).toBe("200 STREAM_NOT_FOUND");
    expect(await hall.eventsOf()).toHaveLength(1);
    await hall.add("e1");
    expect(await hall.statusOf("e1")).toBe("idle idle");
    await hall.happens("e1", "publish", NOW + 2);
    expect(await hall.statusOf("e1")).toBe("publishing idle");
    expect(await hall.eventsOf()).toHaveLength(2);
  });

  it.each([
    ["participant.remove", (hall: StreamHall) => ({ roomId: hall.room.id })],
    ["participant.removeFromExam", (hall: StreamHall) => ({ examId: hall.room.examId })],
  ])(
    "and was removed with its records (%s): nothing is kept of it, and all of others",
    async (path, where) => {
      await using hall = await openStreamHall();
      for (const userId of ["e1", "e2"]) await hall.happens(userId, "publish", NOW);
      const input = { ...where(hall), userId: "e1" };
      await hall.admin.mutate(path, { ...input, withRecords: false });
      expect((await hall.eventsOf()).map(({ userId }) => userId)).toEqual(["e2", "e1"]);
      await hall.add("e1");
      expect((await hall.admin.mutate(path, { ...input, withRecords: true })).status).toBe(200);
      expect((await hall.eventsOf()).map(({ userId }) => userId)).toEqual(["e2"]);
    },
  );
});

describe("a room that has ended", () => {
  it("still takes the history and the status, and is told nothing", async () => {
    await using hall = await openStreamHall();
    await hall.happens("e1", "publish", NOW);
    await hall.admin.mutate("room.end", { roomId: hall.room.id });
    const before = await hall.announced();
    // There is also the signal that the room has ended.
    expect([before[0], before.length]).toEqual([PUBLISHED, 2]);
    expect(await hall.happens("e1", "publish_done", NOW + 5)).toBe(true);
    expect(await hall.statusOf("e1")).toBe("stopped idle");
    expect(await hall.announced()).toEqual(before);
    expect(await hall.eventsOf()).toHaveLength(2);
  });

  it("is gone with its exam, and its events too", async () => {
    await using hall = await openStreamHall();
    await hall.happens("e1", "publish", NOW);
    const other = (
      await hall.admin.mutate("room.create", {
        name: "Other",
        participants: [{ userId: "e1", name: "E", role: "examinee" }],
      })
    ).data;
    await hall.happens("e1", "publish", NOW, { room: other });
    const { examId } = hall.room;
    expect((await hall.admin.mutate("exam.delete", { examId, withRooms: true, erase: "now" })).status).toBe(
      200,
    );
    expect((await kept(hall)).map(({ roomId }) => roomId)).toEqual([other.id]);
    expect(await hall.happens("e1", "publish_done", NOW)).toBe("200 STREAM_NOT_FOUND");
  });
});

describe("the history of a room", () => {
  it("has all that was reported, the last that came first, each as it was", async () => {
    await using hall = await openStreamHall();
    await hall.happens("e1", "publish", NOW - 100, { node: "n-1", ip: "2001:db8::1" });
    hall.time.now += 3;
    await hall.happens("e1", "publish", NOW - 50);
    await hall.happens("e1", "publish_done", NOW - 200, { camera: "pc" });
    const about = { roomId: hall.room.id, userId: "e1" };
    const came = new Date((NOW + 3) * 1000);
    const where = { ip: "203.0.113.7", node: "node1" };
    expect(await hall.eventsOf()).toStrictEqual([
      {
        id: 3,
        ...about,
        ...where,
        camera: "pc",
        action: "publish_done",
        eventTime: at(-200),
        createdAt: came,
      },
      { id: 2, ...about, ...where, camera: "main", action: "publish", eventTime: at(-50), createdAt: came },
      {
        id: 1,
        ...about,
        camera: "main",
        action: "publish",
        eventTime: at(-100),
        ip: "2001:db8::1",
        node: "n-1",
        width: 640,
        height: 480,
        createdAt: at(0),
      },
    ]);
    expect(await hall.eventsOf(hall.sibling)).toEqual([]);
  });

  it("comes in pages, none twice and none missed, whatever is added in between", async () => {
    await using hall = await openStreamHall();
    for (let n = 0; n < 5; n += 1) await hall.happens("e1", "publish", NOW - n);
    await hall.happens("root", "publish", NOW, { room: hall.sibling });
    const pages: number[][] = [];
    let cursor: number | undefined;
    do {
      const { data } = await hall.admin.query("stream.listEvents", {
        roomId: hall.room.id,
        pageSize: 2,
        cursor,
      });
      pages.push(data.events.map(({ id }: { id: number }) => id));
      cursor = data.nextCursor;
      await hall.happens("e2", "publish", NOW - pages.length);
    } while (cursor !== undefined);
    expect(pages).toEqual([[5, 4], [3, 2], [1]]);
  });

  it("is a page of twenty by default", async () => {
    await using hall = await openStreamHall();
    for (let n = 0; n < 21; n += 1) await hall.happens("e1", "publish", NOW - n);
    const { data } = await hall.admin.query("stream.listEvents", { roomId: hall.room.id });
    expect([data.events.length, data.nextCursor]).toEqual([20, 2]);
  });
});
const at = (seconds: number) => new Date((NOW + seconds) * 1000);

it("keeps and logs no push URL's signature, and no key", async () => {
  await using hall = await openStreamHall();
  await hall.happens("e1", "publish", NOW, { usrargs: "auth_key=canary-key" });
  await hall.serviceWith({ key: "canary" }).report({ action: "publish", id: "x", time: NOW });
  const texts = [JSON.stringify(await kept(hall)), JSON.stringify(hall.lines)];
  expect(hall.lines).not.toEqual([]);
  for (const text of texts) {
    expect(text).not.toMatch(/canary|auth_key|usrargs/);
    expect(text).not.toContain(STREAM_CONFIG.streamCallbackKey);
    expect(text).not.toContain(SIGNATURE);
  }
});
