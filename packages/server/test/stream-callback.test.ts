import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exams, outboxTasks, roomExams, rooms, streamEvents } from "../src/storage/tables.js";
import type { Happening } from "./simulators/stream-service.js";
import { dataOf, refusalOf, type Sent, send } from "./support/calls.js";
import { cases } from "./support/effort.js";
import { shared } from "./support/shared.js";
import { NOW, openStreamFixture, type StreamFixture, userInfo } from "./support/stream-fixture.js";
import { STREAM_CONFIG, streamHeaders } from "./support/streams.js";
import { insertRows, rowsOf } from "./support/tables.js";

const PATH = "/exam/userAct";
/** Made with md5sum, of `push.example|1767323045|kept-secret-callback-of-this-test-run`. */
const SIGNATURE = "0e9039368ac7d910ddc6bfec02c86993";
const PUBLISHED = '20001 {"userId":"e1"}';
const STOPPED = '20000 {"userId":"e1"}';

const kept = (fixture: StreamFixture) => rowsOf(fixture.db, streamEvents);
const goodQuery = (fixture: StreamFixture, more: Partial<Happening> = {}): Record<string, string> =>
  Object.fromEntries(
    fixture.service.queryOf({ action: "publish", id: fixture.nameOf("e1"), time: NOW - 10, ...more }),
  );
/** Sends a raw request, with validly signed headers by default. */
const ask = (fixture: StreamFixture, query: Sent["query"], headers = streamHeaders()) =>
  send(fixture, { method: "GET", path: PATH, query, headers });

/** Shared by tests of refused reports, which leave nothing behind. */
const untouched = shared(() => openStreamFixture());

describe("the signature", () => {
  it("lets the stream service in, to the byte as its page has it", async () => {
    await using fixture = await openStreamFixture();
    const headers = { "ALI-LIVE-TIMESTAMP": "1767323045", "ALI-LIVE-SIGNATURE": SIGNATURE };
    expect(dataOf(await ask(fixture, goodQuery(fixture), headers))).toBe(true);
    expect(await kept(fixture)).toHaveLength(1);
  });

  it.each([
    ["of another key", { key: "another key" }, 0],
    ["of another domain", { pushDomain: "push.example.org" }, 0],
    ["of no key", { key: "" }, 0],
    ["made 301 seconds ago", {}, -301],
    ["made 301 seconds ahead", {}, 301],
  ])("%s is refused", async (_, change, offset) => {
    const fixture = untouched();
    const other = fixture.serviceWith(change);
    for (const query of [goodQuery(fixture), {}])
      refusalOf(await ask(fixture, query, other.signed(NOW + offset)), 401, "UNAUTHENTICATED");
    expect(await kept(fixture)).toEqual([]);
  });

  it.each([-300, 300])("made at an offset of %d seconds is taken", async (offset) => {
    await using fixture = await openStreamFixture();
    dataOf(await ask(fixture, goodQuery(fixture), fixture.service.signed(NOW + offset)));
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
    const fixture = untouched();
    for (const query of [goodQuery(fixture), {}, { timestamp, signature, ...goodQuery(fixture) }]) {
      const sentence = refusalOf(await ask(fixture, query, headers), 401, "UNAUTHENTICATED");
      expect(sentence).toBe("The stream service's signature is missing or wrong.");
    }
    expect(await kept(fixture)).toEqual([]);
  });

  it("is needed over tRPC, too", async () => {
    await using fixture = await openStreamFixture();
    const report = { ...goodQuery(fixture), timestamp, signature };
    for (const wrong of [{ signature: "0".repeat(32) }, { timestamp: String(NOW - 1) }, { signature: 7 }]) {
      const { error } = await fixture.admin.mutate("stream.report", { ...report, ...wrong });
      expect(error.data).toMatchObject({ reason: "UNAUTHENTICATED", httpStatus: 401 });
    }
    expect(await kept(fixture)).toEqual([]);
    expect((await fixture.admin.mutate("stream.report", report)).data).toBe(true);
    expect(await kept(fixture)).toHaveLength(1);
  });

  it.each([
    ["key", { streamCallbackKey: undefined }],
    ["domains", { streams: { ...STREAM_CONFIG.streams, domains: undefined } }],
  ])("cannot be judged without a %s in the settings: 501, whatever is sent", async (_, config) => {
    await using fixture = await openStreamFixture({ config });
    for (const headers of [streamHeaders(), {}])
      for (const query of [goodQuery(fixture), {}])
        refusalOf(await ask(fixture, query, headers), 501, "PROVIDER_NOT_CONFIGURED");
    expect(await kept(fixture)).toEqual([]);
  });
});

describe("what is no event of ours", () => {
  it("is of another push domain", async () => {
    await using fixture = await openStreamFixture();
    const answer = await ask(fixture, { ...goodQuery(fixture), app: "pull.example" });
    expect(refusalOf(answer, 400, "INVALID_INPUT")).toMatch(/^app must be the push domain/);
    expect(await kept(fixture)).toEqual([]);
    // Host names are case-insensitive.
    dataOf(await ask(fixture, { ...goodQuery(fixture), app: "PUSH.Example" }));
  });

  it.each([
    ["of another app", { appname: "live" }],
    ["of an app in other letters", { appname: "EXAM" }],
    ["of no room", { id: "exam-room-e1" }],
    ["of a copy of no room's", { id: "exam-room-e1_240p" }],
    ["that only begins like one of ours", { id: "+" }],
    ["that differs in letters", { id: "^" }],
  ])("is a stream %s", async (_, change) => {
    const fixture = untouched();
    const name = fixture.nameOf("e1");
    const { id = name } = { ...change } as { id?: string };
    const query = {
      ...goodQuery(fixture),
      ...change,
      id: id.replace("+", `${name}x`).replace("^", name.toUpperCase()),
    };
    expect(refusalOf(await ask(fixture, query), 404, "STREAM_NOT_FOUND")).toContain(query.id);
    expect(await kept(fixture)).toEqual([]);
  });

  it("is a transcoded copy of one: taken, and not kept", async () => {
    await using fixture = await openStreamFixture();
    for (const camera of ["main", "pc"] as const)
      dataOf(await ask(fixture, goodQuery(fixture, { id: `${fixture.nameOf("e1", camera)}_240p` })));
    expect(await kept(fixture)).toEqual([]);
    expect(await fixture.statusOf("e1")).toBe("idle idle");
  });

  it("is the stream of somebody whose id ends like a copy's name", async () => {
    await using fixture = await openStreamFixture();
    await fixture.add("e1_240p");
    await fixture.happens("e1_240p", "publish", NOW);
    expect([await fixture.statusOf("e1"), await fixture.statusOf("e1_240p")]).toEqual([
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
    const fixture = untouched();
    for (const value of values) {
      const { [field]: _, ...others } = goodQuery(fixture);
      const query = value === undefined ? others : { ...others, [field]: value };
      expect(refusalOf(await ask(fixture, query), 400, "INVALID_INPUT")).toMatch(new RegExp(`^${field} `));
    }
    expect(await kept(fixture)).toEqual([]);
    expect(await fixture.statusOf("e1")).toBe("idle idle");
  });

  it("may not come twice", async () => {
    const fixture = untouched();
    const path = `${PATH}?${new URLSearchParams(goodQuery(fixture)).toString()}&id=other`;
    const answer = await send(fixture, { method: "GET", path, headers: streamHeaders() });
    expect(refusalOf(answer, 400, "INVALID_INPUT")).toMatch(/^id /);
  });

  it.each(["ip", "node", "width", "height", "usrargs"])("%s may be left out, or empty", async (field) => {
    await using fixture = await openStreamFixture();
    const { [field]: _, ...others } = goodQuery(fixture);
    dataOf(await ask(fixture, others));
    dataOf(await ask(fixture, { ...others, [field]: "", time: String(NOW) }));
    expect(await kept(fixture)).toHaveLength(2);
  });
});

describe("a camera", () => {
  it("publishes and stops, and the room is told so once each", async () => {
    await using fixture = await openStreamFixture();
    expect((await userInfo(fixture, "e1")).publishStatus).toBe(0);
    expect(await fixture.happens("e1", "publish", NOW)).toBe(true);
    expect([await fixture.statusOf("e1"), await fixture.statusOf("e2")]).toEqual([
      "publishing idle",
      "idle idle",
    ]);
    expect((await userInfo(fixture, "e1")).publishStatus).toBe(1);
    expect(await fixture.announced()).toEqual([PUBLISHED]);
    expect(await fixture.happens("e1", "publish_done", NOW + 60)).toBe(true);
    expect((await userInfo(fixture, "e1")).publishStatus).toBe(2);
    expect(await fixture.announced()).toEqual([PUBLISHED, STOPPED]);
    expect(await fixture.happens("e1", "publish", NOW + 61)).toBe(true);
    expect(await fixture.statusOf("e1")).toBe("publishing idle");
    expect(await fixture.announced()).toEqual([PUBLISHED, STOPPED, PUBLISHED]);
  });

  it("is one of two: the PC's has a status of its own, and is announced by the person's plain id", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW, { camera: "pc" });
    expect(await fixture.statusOf("e1")).toBe("idle publishing");
    expect((await userInfo(fixture, "e1")).publishStatus).toBe(0);
    await fixture.happens("e1", "publish", NOW);
    await fixture.happens("e1", "publish_done", NOW + 1, { camera: "pc" });
    expect(await fixture.statusOf("e1")).toBe("publishing stopped");
    expect(await fixture.announced()).toEqual([PUBLISHED, PUBLISHED, STOPPED]);
    expect((await fixture.eventsOf()).map(({ camera }) => camera)).toEqual(["pc", "main", "pc"]);
  });

  it("that goes on publishing over another node is no news", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW);
    await fixture.happens("e1", "publish", NOW + 5, { node: "node2", ip: "203.0.113.8" });
    expect(await fixture.announced()).toEqual([PUBLISHED]);
    expect(await fixture.eventsOf()).toHaveLength(2);
  });

  it("of the teacher has a status as well", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("root", "publish", NOW);
    expect(await fixture.statusOf("root")).toBe("publishing idle");
    expect(await fixture.announced()).toEqual(['20001 {"userId":"root"}']);
  });

  it("changes when its person was changed last, and nothing else of it", async () => {
    await using fixture = await openStreamFixture();
    const before = await userOf(fixture, "e1");
    fixture.time.now += 7;
    await fixture.happens("e1", "publish", NOW + 1);
    const { publishStatus, updatedAt, ...after } = await userOf(fixture, "e1");
    expect(after).toEqual({ ...before, publishStatus: undefined, updatedAt: undefined });
    expect([publishStatus.main, updatedAt]).toEqual(["publishing", new Date((NOW + 7) * 1000)]);
  });
});
const userOf = async ({ admin, room }: StreamFixture, userId: string) =>
  // The URLs contain the time of their expiry.
  ({ ...(await admin.query("participant.get", { roomId: room.id, userId })).data, streams: undefined });

describe("a stream's name", () => {
  it("is looked up: ids may hold hyphens, and endings that mean something", async () => {
    await using fixture = await openStreamFixture();
    const now = new Date(NOW * 1000);
    const times = { startTime: now, endTime: now, createdAt: now, updatedAt: now };
    const examId = "2026-01-maths";
    const rows = ["room-1", "room-1-2"].map((id) => ({ id, examId }));
    await insertRows(fixture.db, exams, [{ id: examId, name: "n", createdBy: "root", ...times }]);
    await insertRows(
      fixture.db,
      roomExams,
      rows.map(({ id: roomId }) => ({ roomId, examId })),
    );
    const made = { name: "n", status: "in_progress", audioStatus: "silent", createTeacher: "root" } as const;
    await insertRows(
      fixture.db,
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
          (await fixture.admin.mutate("participant.add", { roomId: room.id, participants })).error,
        ).toBeUndefined();
        expect(await fixture.happens(userId, "publish", NOW, { room })).toBe(true);
        expect(await fixture.happens(userId, "publish_done", NOW, { room, camera: "pc" })).toBe(true);
        expect(await fixture.statusOf(userId, room)).toBe("publishing stopped");
        expect((await fixture.announced(room)).slice(-2)).toEqual(
          [20_001, 20_000].map((type) => `${type} ${JSON.stringify({ userId })}`),
        );
      }
  });
});

describe("the same event again", () => {
  it("is answered true, and changes and announces nothing", async () => {
    await using fixture = await openStreamFixture();
    const begun = { action: "publish", id: fixture.nameOf("e1"), time: NOW } as const;
    for (let n = 0; n < 3; n += 1) expect((await fixture.service.report(begun)).body.data).toBe(true);
    await fixture.happens("e1", "publish_done", NOW);
    expect(await fixture.statusOf("e1")).toBe("stopped idle");
    // A repetition of an event with the newest time does not count as newer.
    expect((await fixture.service.report(begun)).body.data).toBe(true);
    expect(await fixture.statusOf("e1")).toBe("stopped idle");
    expect(await fixture.announced()).toEqual([PUBLISHED, STOPPED]);
    expect((await fixture.eventsOf()).map(({ action }) => action)).toEqual(["publish_done", "publish"]);
  });

  it("five times at once is one event and one announcement", async () => {
    await using fixture = await openStreamFixture();
    const events = ["publish", "publish_done"] as const;
    for (const [n, action] of events.entries()) {
      const answers = await fixture.service.reportManyTimes({
        action,
        id: fixture.nameOf("e1"),
        time: NOW + n,
      });
      expect(answers.map(({ status, body }) => [status, body.data])).toEqual(Array(5).fill([200, true]));
    }
    expect(await fixture.eventsOf()).toHaveLength(2);
    expect(await fixture.announced()).toEqual([PUBLISHED, STOPPED]);
  });

  it("is not sent by the service once it was taken, and is sent until then", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW);
    expect(fixture.service.requests).toHaveLength(1);
    const other = fixture.serviceWith({ key: "another key" });
    const last = await other.report({ action: "publish_done", id: fixture.nameOf("e1"), time: NOW });
    expect(last).toMatchObject({ status: 401, body: { success: false, errorCode: "401" } });
    expect(other.requests).toHaveLength(6);
    expect(await fixture.statusOf("e1")).toBe("publishing idle");
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
    await using fixture = await openStreamFixture();
    const orders = [DAY, DAY.slice(0, 3)].flatMap((day) => permutations(day));
    expect(orders).toHaveLength(30);
    await fixture.add(...orders.map((_, n) => `o${n}`));
    for (const [n, order] of orders.entries()) {
      for (const { action, time } of order) expect(await fixture.happens(`o${n}`, action, time)).toBe(true);
      const expected = order.length === 4 ? "stopped idle" : "publishing idle";
      expect({ order, status: await fixture.statusOf(`o${n}`) }).toEqual({ order, status: expected });
    }
  });

  it("do as a model says: late ones are kept and undo nothing, of equals the later arrival wins", async () => {
    await using fixture = await openStreamFixture();
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
        await fixture.add(userId);
        const before = (await fixture.announced()).length;
        const model = { main: { status: "idle", time: 0 }, pc: { status: "idle", time: 0 } };
        const seen = new Set<string>();
        const expectedSignals: string[] = [];
        for (const { action, time, camera, node } of events) {
          expect(await fixture.happens(userId, action, time, { camera, node })).toBe(true);
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
        expect(await fixture.statusOf(userId)).toBe(`${model.main.status} ${model.pc.status}`);
        expect((await fixture.announced()).slice(before)).toEqual(expectedSignals);
        const all = (await kept(fixture)).filter((row) => row.userId === userId);
        expect(all).toHaveLength(seen.size);
      }),
      { numRuns: cases(100), seed: 20_260_102 },
    );
  });
});

describe("what is announced", () => {
  it("is written for each of the room's message services, to be sent within half a minute", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW);
    const sent = {
      kind: "send",
      key: fixture.room.id,
      payload: { signal: { type: 20_001, data: '{"userId":"e1"}' } },
      dueAt: new Date(NOW * 1000),
      expiresAt: new Date((NOW + 30) * 1000),
    };
    expect(await rowsOf(fixture.db, outboxTasks)).toMatchObject([
      { ...sent, queue: "aliyun_new" },
      { ...sent, queue: "rong_cloud" },
    ]);
  });

  it("is nothing where the service is the built-in one, which has no vendor to be asked", async () => {
    await using fixture = await openStreamFixture({ silent: true });
    await fixture.happens("e1", "publish", NOW);
    expect([await fixture.statusOf("e1"), await fixture.announced()]).toEqual(["publishing idle", []]);
  });
});

describe("somebody who is not in the room any more", () => {
  const move = (fixture: StreamFixture, from: { id: string }, to: { id: string }) =>
    fixture.admin.mutate("participant.move", { roomId: from.id, userId: "e1", toRoomId: to.id });

  it("and moved: what its old stream does is kept, and touches nobody", async () => {
    await using fixture = await openStreamFixture();
    const { room, sibling } = fixture;
    await fixture.happens("e1", "publish", NOW);
    expect((await move(fixture, room, sibling)).data).toBe(true);
    const before = await fixture.announced();
    expect(await fixture.happens("e1", "publish_done", NOW + 1)).toBe(true);
    expect(await fixture.statusOf("e1", sibling)).toBe("idle idle");
    expect(await fixture.announced()).toEqual(before);
    expect(await fixture.announced(sibling)).toEqual([]);
    expect(await fixture.eventsOf()).toHaveLength(2);
    // Their new stream belongs to the new room.
    expect(await fixture.happens("e1", "publish", NOW + 2, { room: sibling })).toBe(true);
    expect(await fixture.statusOf("e1", sibling)).toBe("publishing idle");
    expect(await fixture.announced(sibling)).toEqual([PUBLISHED]);
    expect(await fixture.eventsOf(sibling)).toHaveLength(1);
  });

  it("and came back: its cameras have the status that was reported meanwhile", async () => {
    await using fixture = await openStreamFixture();
    const { room, sibling } = fixture;
    await fixture.happens("e1", "publish", NOW);
    await fixture.happens("e1", "publish", NOW, { camera: "pc" });
    await move(fixture, room, sibling);
    await fixture.happens("e1", "publish_done", NOW, { camera: "pc" });
    await fixture.happens("e1", "publish_done", NOW - 1);
    await move(fixture, sibling, room);
    expect(await fixture.statusOf("e1")).toBe("publishing stopped");
    await move(fixture, room, sibling);
    expect(await fixture.statusOf("e1", sibling)).toBe("idle idle");
  });

  it("and was removed: its streams are unknown, and what they did is kept", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW);
    const ref = { roomId: fixture.room.id, userId: "e1" };
    expect((await fixture.admin.mutate("participant.remove", ref)).data).toEqual({ records: 0 });
    expect(await fixture.happens("e1", "publish_done", NOW + 1)).toBe("200 STREAM_NOT_FOUND");
    expect(await fixture.eventsOf()).toHaveLength(1);
    await fixture.add("e1");
    expect(await fixture.statusOf("e1")).toBe("idle idle");
    await fixture.happens("e1", "publish", NOW + 2);
    expect(await fixture.statusOf("e1")).toBe("publishing idle");
    expect(await fixture.eventsOf()).toHaveLength(2);
  });

  it.each([
    ["participant.remove", (fixture: StreamFixture) => ({ roomId: fixture.room.id })],
    ["participant.removeFromExam", (fixture: StreamFixture) => ({ examId: fixture.room.examId })],
  ])(
    "and was removed with its records (%s): nothing is kept of it, and all of others",
    async (path, where) => {
      await using fixture = await openStreamFixture();
      for (const userId of ["e1", "e2"]) await fixture.happens(userId, "publish", NOW);
      const input = { ...where(fixture), userId: "e1" };
      await fixture.admin.mutate(path, { ...input, withRecords: false });
      expect((await fixture.eventsOf()).map(({ userId }) => userId)).toEqual(["e2", "e1"]);
      await fixture.add("e1");
      expect((await fixture.admin.mutate(path, { ...input, withRecords: true })).status).toBe(200);
      expect((await fixture.eventsOf()).map(({ userId }) => userId)).toEqual(["e2"]);
    },
  );
});

describe("a room that has ended", () => {
  it("still takes the history and the status, and is told nothing", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW);
    await fixture.admin.mutate("room.end", { roomId: fixture.room.id });
    const before = await fixture.announced();
    // There is also the signal that the room has ended.
    expect([before[0], before.length]).toEqual([PUBLISHED, 2]);
    expect(await fixture.happens("e1", "publish_done", NOW + 5)).toBe(true);
    expect(await fixture.statusOf("e1")).toBe("stopped idle");
    expect(await fixture.announced()).toEqual(before);
    expect(await fixture.eventsOf()).toHaveLength(2);
  });

  it("is gone with its exam, and its events too", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW);
    const other = (
      await fixture.admin.mutate("room.create", {
        name: "Other",
        participants: [{ userId: "e1", name: "E", role: "examinee" }],
      })
    ).data;
    await fixture.happens("e1", "publish", NOW, { room: other });
    const { examId } = fixture.room;
    expect(
      (await fixture.admin.mutate("exam.delete", { examId, withRooms: true, erase: "now" })).status,
    ).toBe(200);
    expect((await kept(fixture)).map(({ roomId }) => roomId)).toEqual([other.id]);
    expect(await fixture.happens("e1", "publish_done", NOW)).toBe("200 STREAM_NOT_FOUND");
  });
});

describe("the history of a room", () => {
  it("has all that was reported, the last that came first, each as it was", async () => {
    await using fixture = await openStreamFixture();
    await fixture.happens("e1", "publish", NOW - 100, { node: "n-1", ip: "2001:db8::1" });
    fixture.time.now += 3;
    await fixture.happens("e1", "publish", NOW - 50);
    await fixture.happens("e1", "publish_done", NOW - 200, { camera: "pc" });
    const about = { roomId: fixture.room.id, userId: "e1" };
    const came = new Date((NOW + 3) * 1000);
    const where = { ip: "203.0.113.7", node: "node1" };
    expect(await fixture.eventsOf()).toStrictEqual([
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
    expect(await fixture.eventsOf(fixture.sibling)).toEqual([]);
  });

  it("comes in pages, none twice and none missed, whatever is added in between", async () => {
    await using fixture = await openStreamFixture();
    for (let n = 0; n < 5; n += 1) await fixture.happens("e1", "publish", NOW - n);
    await fixture.happens("root", "publish", NOW, { room: fixture.sibling });
    const pages: number[][] = [];
    let cursor: number | undefined;
    do {
      const { data } = await fixture.admin.query("stream.listEvents", {
        roomId: fixture.room.id,
        pageSize: 2,
        cursor,
      });
      pages.push(data.events.map(({ id }: { id: number }) => id));
      cursor = data.nextCursor;
      await fixture.happens("e2", "publish", NOW - pages.length);
    } while (cursor !== undefined);
    expect(pages).toEqual([[5, 4], [3, 2], [1]]);
  });

  it("is of one person, among many of others", async () => {
    await using fixture = await openStreamFixture();
    for (let n = 0; n < 9; n += 1) await fixture.happens(n % 3 === 0 ? "e1" : "e2", "publish", NOW - n);
    const ids: number[] = [];
    let cursor: number | undefined;
    do {
      const input = { roomId: fixture.room.id, userId: "e1", pageSize: 2, cursor };
      const { data } = await fixture.admin.query("stream.listEvents", input);
      ids.push(...data.events.map(({ id }: { id: number }) => id));
      cursor = data.nextCursor;
    } while (cursor !== undefined);
    expect(ids).toEqual([7, 4, 1]);
    const input = { roomId: fixture.room.id, userId: "stranger" };
    expect((await fixture.admin.query("stream.listEvents", input)).data).toEqual({ events: [] });
  });

  it("is a page of twenty by default", async () => {
    await using fixture = await openStreamFixture();
    for (let n = 0; n < 21; n += 1) await fixture.happens("e1", "publish", NOW - n);
    const { data } = await fixture.admin.query("stream.listEvents", { roomId: fixture.room.id });
    expect([data.events.length, data.nextCursor]).toEqual([20, 2]);
  });
});
const at = (seconds: number) => new Date((NOW + seconds) * 1000);

it("keeps and logs no push URL's signature, and no key", async () => {
  await using fixture = await openStreamFixture();
  await fixture.happens("e1", "publish", NOW, { usrargs: "auth_key=canary-key" });
  await fixture.serviceWith({ key: "canary" }).report({ action: "publish", id: "x", time: NOW });
  const texts = [JSON.stringify(await kept(fixture)), JSON.stringify(fixture.lines)];
  expect(fixture.lines).not.toEqual([]);
  for (const text of texts) {
    expect(text).not.toMatch(/canary|auth_key|usrargs/);
    expect(text).not.toContain(STREAM_CONFIG.streamCallbackKey);
    expect(text).not.toContain(SIGNATURE);
  }
});
