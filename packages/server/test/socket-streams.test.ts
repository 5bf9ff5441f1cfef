import { once } from "node:events";
import { connect } from "node:net";
import { TRPCClientError } from "@trpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSocketFixture, type SocketFixture } from "./support/socket-fixture.js";
import { connectStream, hearThroughResets, inputOf, openStream } from "./support/sockets.js";

// Also under another Node: it closes streams of events.

describe("an event stream", () => {
  let fixture: SocketFixture;
  beforeAll(async () => {
    fixture = await openSocketFixture();
    for (const text of ["one", "two", "three"]) fixture.log.add(text);
  });
  afterAll(() => fixture[Symbol.asyncDispose]());
  const streamUrl = (input: object = {}) => `${fixture.url}/trpc/test.events?input=${inputOf(input)}`;
  const authorization = () => fixture.token({ sub: "t1", role: "teacher" });

  it("tells its client when to come back if nothing is heard, may be read by pages, and is held up nowhere", async () => {
    const headers = { authorization: await authorization(), origin: "https://school.example" };
    using stream = await openStream(streamUrl(), headers);
    expect(stream.response.status).toBe(200);
    expect(Object.fromEntries(stream.response.headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "cache-control": "no-store, no-transform",
      connection: "close",
      "content-type": "text/event-stream",
      "x-accel-buffering": "no",
    });
    expect(await stream.until("\n\n\n")).toBe(
      'retry: 1000\n\nevent: connected\ndata: {"reconnectAfterInactivityMs":14000}\n\n\n',
    );
  });

  it.each([
    ["the header of an EventSource that comes back", {}, { "last-event-id": "1" }],
    ["the input", { lastEventId: "1" }, {}],
  ])("goes on after the event that is named by %s", async (_, input, header) => {
    using stream = await openStream(streamUrl(input), { authorization: await authorization(), ...header });
    const text = await stream.until("three");
    expect(text.match(/^id: .*$/gm)).toEqual(["id: 2", "id: 3"]);
    expect(text).not.toContain("one");
  });

  it("lets pages ask for the header of an EventSource that comes back", async () => {
    const preflight = await fetch(streamUrl(), {
      method: "OPTIONS",
      headers: {
        origin: "https://school.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization,last-event-id",
      },
    });
    expect(preflight.headers.get("access-control-allow-headers")).toMatch(/authorization.*last-event-id/);
  });

  it("says why there is none, and ends", async () => {
    using stream = await openStream(streamUrl(), {});
    const text = await stream.rest();
    expect(text).toContain("event: serialized-error");
    expect(text).toContain('"reason":"UNAUTHENTICATED"');
  });

  it("ends with the reason when the server stops its subscriptions, and its connection with it", async () => {
    await using stopping = await openSocketFixture();
    const token = await stopping.token({ sub: "t1", role: "teacher" });
    const url = `${stopping.url}/trpc/test.events?input=${inputOf({})}`;
    using stream = await openStream(url, { authorization: token });
    await stopping.log.heard(1);
    const closed = stopping.close();
    stopping.log.stop();
    const text = await stream.rest();
    await closed;
    expect(text).toContain("event: serialized-error");
    expect(text).toContain('"reason":"OVERLOADED"');
  });

  it("stops listening when its client leaves", async () => {
    await fixture.log.heard(0);
    {
      using stream = await openStream(streamUrl(), { authorization: await authorization() });
      await stream.until("connected");
      await fixture.log.heard(1);
    }
    await fixture.log.heard(0);
  });
});

describe("the official client for event streams", () => {
  it.each(["header", "url"] as const)(
    "resumes by itself after its connection was reset, with the token in the %s, which no log shows",
    async (where) => {
      await using fixture = await openSocketFixture();
      const token = await fixture.token({ sub: "t1", role: "teacher" });
      const api = connectStream(fixture.url, token, where);
      const total = 25;
      const seen = await hearThroughResets(api, fixture, total);
      expect(seen).toEqual(Array.from({ length: total }, (_, at) => `${at}`));
      await fixture.log.heard(0);
      expect(JSON.stringify(fixture.lines())).not.toContain(token.slice(-40));
      for (const msg of ["stream opened", "stream closed"])
        expect(fixture.lines().filter((line) => line.msg === msg).length).toBeGreaterThan(2);
      expect(await fixture.line("stream opened")).toMatchObject({
        route: "/trpc/:path",
        procedure: "test.events",
        userId: "t1",
      });
    },
  );

  it("is told why it may not listen", async () => {
    await using fixture = await openSocketFixture();
    const api = connectStream(fixture.url, "no token", "url");
    const refused = new Promise((_, reject) => api.test.events.subscribe({}, { onError: reject }));
    await expect(refused).rejects.toBeInstanceOf(TRPCClientError);
  });
});

describe("a client that does not read its event stream", () => {
  it("is waited for, and gets all of it when it reads again", async () => {
    await using fixture = await openSocketFixture();
    fixture.log.add("before");
    const token = await fixture.token({ sub: "t1", role: "teacher" });
    const { hostname, port, host } = new URL(fixture.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, "connect");
    const path = `/trpc/test.events?input=${inputOf({ lastEventId: "1" })}`;
    socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${token}\r\n\r\n`);
    socket.pause();
    await fixture.log.heard(1);
    // 30 MB, of which the kernel buffers a few.
    const big = "x".repeat(100_000);
    const total = 300;
    for (let at = 0; at < total; at++) fixture.log.add(big);
    let before = -1;
    // Until no more events are delivered, because the transport waits.
    while (before !== fixture.log.sent()) {
      before = fixture.log.sent();
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(fixture.log.sent()).toBeLessThan(total / 2);
    let bytes = 0;
    socket.on("data", (data) => {
      bytes += data.length;
      if (bytes > total * big.length) socket.destroy();
    });
    socket.resume();
    await once(socket, "close");
    expect(fixture.log.sent()).toBe(total);
  });
});
