import { expect, expectTypeOf, test } from "vitest";
import { type CallError, createInvigilClient, isInvigilError, isNetworkError } from "../src/index.js";
import { liveWorld, TEACHER, transports, until, untilStatus } from "./live-world.js";
import { httpServer } from "./servers.js";
import { thrownBy } from "./thrown-by.js";

test.each(transports)("after a break it goes on where it stood: $name", async ({ name, WebSocket }) => {
  await using fixture = await liveWorld();
  const { open, fetched } = await fixture.client(TEACHER, { live: { WebSocket } });
  const live = open(fixture.room.id);
  const statuses: string[] = [];
  live.on("status", ({ status, error }) => {
    expectTypeOf(error).toEqualTypeOf<CallError | undefined>();
    statuses.push(error ? `${status}: ${isNetworkError(error)}` : status);
  });
  await live.ready();
  const loop = live[Symbol.asyncIterator]();
  const messages: unknown[] = [];
  for (let n = 1; n <= 9; n += 3) {
    // The first messages are sent while nobody is connected.
    for (const data of [n, n + 1, n + 2])
      await fixture.teacher.im.send({ roomId: fixture.room.id, type: 30_001, data });
    const received = await until(loop, (event) => event.type === "message" && event.message.data === n + 2);
    for (const event of received) if (event.type === "message") messages.push(event.message.data);
    const lost = untilStatus(live, "reconnecting");
    fixture.proxy.cut();
    await lost;
  }
  await untilStatus(live, "live");
  expect(messages).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(statuses.filter((status) => !status.startsWith("reconnecting: true"))).toEqual(
    Array.from({ length: statuses.filter((status) => status === "live").length }, () => "live"),
  );
  const connections =
    name === "WebSocket"
      ? fixture.proxy.lines.filter((line) => line.startsWith("GET /trpc?connectionParams=1 "))
      : fetched.filter((path) => path === "/trpc/room.onEvent");
  expect(connections.length).toBeGreaterThan(3);
  // The token stands in no URL.
  expect(fixture.proxy.lines.join("\n")).not.toMatch(/token|eyJ/i);
});

test("where a WebSocket is refused, events come over HTTP, and over a WebSocket as soon as one opens", async () => {
  await using fixture = await liveWorld();
  fixture.proxy.webSockets = "refuse";
  const { open, fetched } = await fixture.client(TEACHER, { live: { webSocketRetryMs: 1 } });
  const live = open(fixture.room.id);
  await live.ready();
  expect(fetched).toContain("/trpc/room.onEvent");
  const loop = live[Symbol.asyncIterator]();
  const first = until(loop, (event) => event.type === "message");
  await live.send(30_001, "over HTTP");
  await first;

  const opened = fixture.proxy.opened();
  // The stream is ended for it.
  const moved = untilStatus(live, "reconnecting");
  fixture.proxy.webSockets = "pass";
  await opened;
  await moved;
  await untilStatus(live, "live");
  const second = until(loop, (event) => event.type === "message");
  await live.send(30_001, "over a WebSocket");
  expect((await second).at(-1)).toMatchObject({ message: { data: "over a WebSocket" } });
  expect(live.status).toBe("live");
});

test("without a WebSocket class events come over HTTP", async () => {
  await using fixture = await liveWorld();
  const { WebSocket } = globalThis;
  // Node 20 has none, later versions do.
  Reflect.deleteProperty(globalThis, "WebSocket");
  try {
    const { open } = await fixture.client(TEACHER, { live: { WebSocket: undefined } });
    const live = open(fixture.room.id);
    await live.ready();
    const received = until(live[Symbol.asyncIterator](), (event) => event.type === "message");
    await live.send(30_001, "heard");
    await received;
    expect(fixture.proxy.asked.filter((asked) => asked.startsWith("ws"))).toEqual([]);
  } finally {
    if (WebSocket) globalThis.WebSocket = WebSocket;
  }
});

test.each(transports)(
  "each connection asks for the token; one that ran out is replaced: $name",
  async ({ WebSocket }) => {
    let now = Date.parse("2026-01-02T03:04:05Z");
    await using fixture = await liveWorld({ now: () => new Date(now) });
    let asked = 0;
    const { open } = await fixture.client(TEACHER, {
      live: { WebSocket },
      token: () => {
        asked += 1;
        return fixture.app.token(TEACHER, 10);
      },
    });
    const live = open(fixture.room.id);
    await live.ready();
    const loop = live[Symbol.asyncIterator]();
    for (let n = 1; n <= 5; n += 1) {
      const received = until(loop, (event) => event.type === "message");
      // The token is over now, and the message is the first thing that it may not hear.
      now += 11_000;
      await fixture.teacher.im.send({ roomId: fixture.room.id, type: 30_001, data: n });
      expect((await received).at(-1)).toMatchObject({ message: { data: n } });
    }
    expect(asked).toBeGreaterThan(5);
    expect(live.status).toBe("live");
  },
);

test.each(transports)("a token that stays refused closes it: $name", async ({ WebSocket }) => {
  await using fixture = await liveWorld();
  const good = await fixture.app.token(TEACHER);
  let token = good;
  const { open } = await fixture.client(TEACHER, { live: { WebSocket }, token: () => token });
  const live = open(fixture.room.id);
  await live.ready();
  const loop = live[Symbol.asyncIterator]();
  const ended = thrownBy(until(loop, () => false));
  token = "not a token";
  await createInvigilClient({ url: fixture.url, token: good }).auth.logout.mutate();
  const error = await untilStatus(live, "closed");
  expect(isInvigilError(error, "UNAUTHENTICATED")).toBe(true);
  expect(await ended).toBe(error);
  expect(live.error).toBe(error);
});

test.each(transports)("a server that says no closes it: $name", async ({ WebSocket }) => {
  await using fixture = await liveWorld();
  const stranger = await fixture.client({ sub: "x1", role: "examinee" }, { live: { WebSocket } });
  const refused = stranger.open(fixture.room.id);
  expect(isInvigilError(await thrownBy(refused.ready()), "FORBIDDEN")).toBe(true);
  expect(refused.status).toBe("closed");
  const admin = await fixture.client({ sub: "a1", role: "admin" }, { live: { WebSocket } });
  expect(isInvigilError(await thrownBy(admin.open("none").ready()), "ROOM_NOT_FOUND")).toBe(true);
  expect(isInvigilError(await thrownBy(admin.openExam("none").ready()), "EXAM_NOT_FOUND")).toBe(true);

  const e1 = await fixture.client({ sub: "e1", role: "examinee" }, { live: { WebSocket } });
  const live = e1.open(fixture.room.id);
  await live.ready();
  await fixture.teacher.participant.remove({ roomId: fixture.room.id, userId: "e1" });
  expect(isInvigilError(await untilStatus(live, "closed"), "FORBIDDEN")).toBe(true);
});

test("while no server answers it goes on trying, and says why", async () => {
  let answers = 0;
  const seen: unknown[] = [];
  await using server = await httpServer((_, response) => {
    answers += 1;
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
  });
  const invigil = createInvigilClient({ url: server.url, live: { baseMs: 1, maxMs: 1 } });
  const live = invigil.live.room("1");
  await new Promise<void>((resolve) => {
    live.on("status", ({ status, error }) => {
      if (error) seen.push(status, error.message);
      if (answers > 4) resolve();
    });
  });
  live.close();
  expect(new Set(seen.slice(0, 4))).toEqual(
    new Set(["connecting", expect.stringMatching(/^No response from .* 502\.$/)]),
  );
});

test.each(transports)("says that a person has too many connections: $name", async ({ WebSocket }) => {
  await using fixture = await liveWorld({ config: { perPerson: { connections: 1, subscriptions: 10 } } });
  const [first, second] = [
    await fixture.client(TEACHER, { live: { WebSocket } }),
    await fixture.client(TEACHER, { live: { WebSocket, baseMs: 60_000 } }),
  ];
  await first.open(fixture.room.id).ready();
  const live = second.open(fixture.room.id);
  await expect.poll(() => live.error).toMatchObject({ data: { reason: "TOO_MANY_REQUESTS" } });
});
