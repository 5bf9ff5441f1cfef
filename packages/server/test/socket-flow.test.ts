import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocket } from "ws";
import { PING_MS } from "../src/http/sockets/liveness.js";
import { openSocketFixture, type SocketFixture } from "./support/socket-fixture.js";
import { connectSocket, hearThroughResets, rawSocket, socketUrl } from "./support/sockets.js";

// Also under another Node: it fills and empties sockets.

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
};
/** Waits until a number no longer changes. */
const settled = async (value: () => number): Promise<number> => {
  for (let before = Number.NaN; ; before = value()) {
    if (before === value()) return before;
    await turns();
  }
};
const connectAs = async (fixture: SocketFixture) => {
  const authorization = await fixture.token({ sub: "t1", role: "teacher" });
  return rawSocket(socketUrl(fixture.url), { headers: { authorization } });
};
/** The number of bytes that the server could not yet pass to the kernel. */
const waitingBytes = (fixture: SocketFixture): number =>
  [...fixture.sockets()].reduce((sum, { writableLength }) => sum + writableLength, 0);

const BIG = "x".repeat(100_000);

describe("a client that does not read", () => {
  it("is waited for by its subscriptions, and gets all of it when it reads again", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    using other = await connectAs(fixture);
    const listen = { id: 1, method: "subscription", params: { path: "test.events", input: { json: {} } } };
    client.ask(listen);
    other.ask(listen);
    await fixture.log.heard(2);
    client.socket.pause();
    const total = 300;
    for (let at = 0; at < total; at++) fixture.log.add(BIG);
    while (other.received.length < total + 1) await once(other.socket, "message");
    const sent = (await settled(() => fixture.log.sent())) - total;
    // The kernel buffers a few MB of 30.
    expect(sent).toBeLessThan(total / 2);
    expect(waitingBytes(fixture)).toBeLessThan(64 * 1024 + 2 * BIG.length);

    client.socket.resume();
    while (client.received.length < total + 1) await once(client.socket, "message");
    const ids = client.received.slice(1).map((text) => JSON.parse(text).result.id);
    expect(ids).toEqual(Array.from({ length: total }, (_, at) => `${at + 1}`));
  });

  const big = (id: number) => ({
    id,
    method: "query",
    params: { path: "test.big", input: { json: { bytes: 1_000_000 } } },
  });
  const made = (fixture: SocketFixture) => fixture.lines().filter(({ msg }) => msg === "call").length;
  const readAll = async ({ socket, received }: Awaited<ReturnType<typeof connectAs>>, total: number) => {
    socket.resume();
    while (received.length < total) await once(socket, "message");
    const ids = received.map((text) => JSON.parse(text).id as number);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, id) => id));
  };

  it("is waited for before its calls are made", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    client.socket.pause();
    const total = 100;
    client.ask(Array.from({ length: total }, (_, id) => big(id)));
    await fixture.line("call");
    await settled(() => made(fixture));
    // Each has one megabyte: what the kernel buffers, and two times the twenty concurrent calls.
    expect(made(fixture)).toBeLessThan(70);
    expect(waitingBytes(fixture)).toBeLessThan(45_000_000);
    await readAll(client, total);
  });

  it("is read no more while it asks and asks", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    client.socket.pause();
    const total = 300;
    for (let id = 0; id < total; id++) client.ask({ ...big(id), padding: BIG });
    await fixture.line("call");
    await settled(() => made(fixture));
    expect(made(fixture)).toBeLessThan(total / 2);
    // Of 30 MB of requests, some remain at the client.
    expect(client.socket.bufferedAmount).toBeGreaterThan(0);
    await readAll(client, total);
  });
});

describe("a connection without a sign of life", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] }));
  afterEach(() => void vi.useRealTimers());

  /** Lets the server ping, and the newest of its connections answer. */
  const pingsOf = (fixture: SocketFixture, { socket }: { readonly socket: WebSocket }) => {
    const server = [...fixture.sockets()].at(-1);
    return async (): Promise<void> => {
      const before = server?.bytesRead ?? 0;
      const pinged = once(socket, "ping");
      vi.advanceTimersByTime(PING_MS);
      await pinged;
      await expect.poll(() => server?.bytesRead).toBeGreaterThan(before);
    };
  };
  /** Opens a WebSocket manually, which never responds. */
  const openDead = async (fixture: SocketFixture): Promise<Socket> => {
    const { hostname, port, host } = new URL(fixture.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(
      `GET /trpc HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`,
    );
    await once(socket, "data");
    return socket;
  };

  it("is cut off, and one that answers pings is not", async () => {
    await using fixture = await openSocketFixture();
    using alive = await connectAs(fixture);
    const pingAlive = pingsOf(fixture, alive);
    const dead = await openDead(fixture);
    await pingAlive();
    expect(dead.closed).toBe(false);
    const closed = once(dead.resume(), "close");
    await pingAlive();
    await closed;
    expect(await fixture.line("connection closed")).toMatchObject({ route: "/trpc", code: 1006 });
    await pingAlive();
    expect(alive.socket.readyState).toBe(WebSocket.OPEN);
  });

  it("is what a client counts as alive that says anything", async () => {
    await using fixture = await openSocketFixture();
    const authorization = await fixture.token({ sub: "t1", role: "teacher" });
    using client = await rawSocket(socketUrl(fixture.url), { headers: { authorization }, autoPong: false });
    const ping = pingsOf(fixture, client);
    client.socket.on("ping", () => client.ask("PONG"));
    for (let pings = 0; pings < 4; pings += 1) await ping();
    client.socket.removeAllListeners("ping");
    vi.advanceTimersByTime(2 * PING_MS);
    expect((await client.closed).code).toBe(1006);
  });
});

describe("the official client over a WebSocket", () => {
  it("resumes by itself after its connection was reset, with nothing lost and nothing twice", async () => {
    await using fixture = await openSocketFixture();
    await using client = connectSocket(fixture.url, await fixture.token({ sub: "t1", role: "teacher" }));
    const total = 200;
    const seen = await hearThroughResets(client.api, fixture, total);
    expect(seen).toEqual(Array.from({ length: total }, (_, at) => `${at}`));
    await fixture.log.heard(0);
    expect(fixture.lines().filter(({ msg }) => msg === "connection opened").length).toBeGreaterThan(15);
  });
});

describe("a server that drains", () => {
  it("answers what is under way, tells listeners why they hear no more, and only then closes", async () => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    client.ask({ id: 1, method: "subscription", params: { path: "test.events", input: { json: {} } } });
    client.ask({ id: 2, method: "query", params: { path: "test.wait" } });
    await fixture.log.heard(1);
    await fixture.gate.waited(1);

    const closed = fixture.close();
    fixture.log.stop();
    const ended = await client.message(({ id, error }) => id === 1 && error !== undefined);
    expect(ended.error?.json).toMatchObject({
      message: "The server is stopping.",
      data: { reason: "OVERLOADED", httpStatus: 503 },
    });
    expect(client.received.some((text) => text.includes("waited"))).toBe(false);
    fixture.gate.open();
    expect(await client.closed).toEqual({ code: 1001, reason: "The server is stopping." });
    expect(await client.message(({ id }) => id === 2)).toMatchObject({
      result: { data: { json: "waited" } },
    });
    await closed;
  });

  it("does not wait for what does not end, nor for clients that do not answer", async () => {
    await using fixture = await openSocketFixture({ timing: { settleMs: 50, pingMs: 600_000 } });
    using client = await connectAs(fixture);
    client.ask({ id: 2, method: "query", params: { path: "test.wait" } });
    await fixture.gate.waited(1);
    client.socket.pause();
    await fixture.close();
    expect(await fixture.line("connection closed")).toMatchObject({ code: 1006 });
  });
});
