import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { openSocketFixture, type SocketFixture } from "./support/socket-fixture.js";
import { call, connectAs, rawSocket, reasonOf, socketUrl } from "./support/sockets.js";

// Limits on what a connection can cost the server.

const MIB = 1024 * 1024;
const numbers = (bytes: number): string => `[${"1,".repeat(bytes / 2 - 2)}1 ]`;
const unreadBytes = (fixture: SocketFixture): number =>
  [...fixture.sockets()].reduce((sum, { writableLength }) => sum + writableLength, 0);
const expectServes = async (fixture: SocketFixture): Promise<void> => {
  using other = await connectAs(fixture);
  other.ask(call("other"));
  expect(await other.message(({ id }) => id === "other")).toHaveProperty("result");
};

describe("a frame of very many messages", () => {
  it("is refused once, and its connection closed", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    client.ask(numbers(MIB));
    expect((await client.closed).code).toBe(1008);
    expect(client.received.map((text) => JSON.parse(text).error.json.message)).toEqual([
      "frame must contain at most 2000 messages",
    ]);
    await expectServes(fixture);
  });

  it("is not even read before it is known who sends it", async () => {
    await using fixture = await openSocketFixture();
    for (const [url, options] of [
      [socketUrl(fixture.url), {}],
      [socketUrl(fixture.url), { headers: { authorization: "a.b.c" } }],
      [`${socketUrl(fixture.url)}?connectionParams=1`, {}],
    ] as const) {
      using client = await rawSocket(url, options);
      client.ask(numbers(MIB));
      expect((await client.closed).code).toBe(1009);
      expect(client.received).toEqual([]);
    }
    await expectServes(fixture);
  });

  it("holds no more than a few messages that are no calls", async () => {
    await using fixture = await openSocketFixture();
    for (const message of [1, {}, { id: 1 }, { id: "x", method: "other" }]) {
      using client = await connectAs(fixture);
      client.ask(Array.from({ length: 1_000 }, () => message));
      expect((await client.closed).code).toBe(1008);
      expect(client.received.length).toBeLessThan(30);
    }
    await expectServes(fixture);
  });
});

describe("a connection without a valid token", () => {
  it("is closed after a few hundred messages, in however many frames", async () => {
    await using fixture = await openSocketFixture();
    using client = await rawSocket(socketUrl(fixture.url));
    for (let id = 0; id < 1_000; id++) client.ask(call(id));
    expect(await client.closed).toEqual({ code: 1008, reason: "No valid token was received." });
    expect(client.received.length).toBeLessThan(400);
  });

  it("may log in, and is told of each of its calls that it needs a token", async () => {
    await using fixture = await openSocketFixture();
    using client = await rawSocket(`${socketUrl(fixture.url)}?connectionParams=1`);
    client.ask({ method: "connectionParams", data: { token: "a.b.c" } });
    client.ask(Array.from({ length: 100 }, (_, id) => call(id)));
    for (let wanted = 0; wanted < 100; wanted++)
      expect(reasonOf(await client.message(({ id }) => id === wanted))).toBe("UNAUTHENTICATED");
  });
});

describe("a client that does not read", () => {
  it("cannot make refusals pile up", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    client.socket.pause();
    const frame = JSON.stringify(Array.from({ length: 20 }, (_, id) => ({ id })));
    for (let count = 0; count < 40_000; count++) client.ask(frame);
    // Of 15 MB of frames, whose refusals take 240 MB, some remain at the client.
    for (let before = -1; before !== client.socket.bufferedAmount; ) {
      before = client.socket.bufferedAmount;
      for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(client.socket.bufferedAmount).toBeGreaterThan(0);
    expect(unreadBytes(fixture)).toBeLessThan(16 * MIB);
    await expectServes(fixture);
  });

  it("is cut off when too much waits for it", async () => {
    await using fixture = await openSocketFixture({ config: { sendBufferBytes: 16 * MIB } });
    using client = await connectAs(fixture);
    client.socket.pause();
    client.ask(Array.from({ length: 20 }, (_, id) => call(id, "test.big", { bytes: MIB })));
    expect(await fixture.line("connection terminated: the client does not read")).toMatchObject({
      level: 40,
    });
    await fixture.line("connection closed");
    expect(unreadBytes(fixture)).toBeLessThan(MIB);
    await expectServes(fixture);
  });
});

describe("a message that comes in very small pieces", () => {
  it("ends its connection when there are too many of them", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    for (let count = 0; count < 2_000; count++) client.socket.send("", { fin: false });
    expect((await client.closed).code).toBe(1008);
    await expectServes(fixture);
  });
});

describe("the connections of one person", () => {
  it("are a bounded number, and as many again as have closed", async () => {
    await using fixture = await openSocketFixture({
      config: { perPerson: { connections: 2, subscriptions: 10 } },
    });
    using first = await connectAs(fixture);
    using second = await connectAs(fixture);
    for (const one of [first, second]) {
      one.ask(call(1));
      await one.message(({ id }) => id === 1);
    }
    using third = await connectAs(fixture);
    third.ask([call(1), call(2)]);
    for (const id of [1, 2])
      expect((await third.message((answer) => answer.id === id)).error?.json).toMatchObject({
        message: "A person may have 2 connections open at a time.",
        data: { reason: "TOO_MANY_REQUESTS", retryAfterSeconds: 10 },
      });
    expect(await third.closed).toEqual({
      code: 1013,
      reason: "A person may have 2 connections open at a time.",
    });
    expect(await fixture.line("connection refused")).toMatchObject({
      userId: "t1",
      reason: "TOO_MANY_REQUESTS",
    });
    // Other clients are not affected.
    const authorization = await fixture.token({ sub: "t2", role: "teacher" });
    using other = await rawSocket(socketUrl(fixture.url), { headers: { authorization } });
    other.ask(call(1));
    expect(await other.message(({ id }) => id === 1)).toHaveProperty("result");

    first.socket.close();
    await once(first.socket, "close");
    await fixture.line("connection closed");
    using again = await connectAs(fixture);
    again.ask(call(1));
    expect(await again.message(({ id }) => id === 1)).toHaveProperty("result");
  });
});
