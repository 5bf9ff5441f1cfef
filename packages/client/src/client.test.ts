import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createTestApp } from "@invigil/server/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { httpServer, tcpServer } from "../test/servers.js";
import { thrownBy } from "../test/thrown-by.js";
import { createInvigilClient, type InvigilClientOptions } from "./client.js";
import { isInvigilError, isNetworkError } from "./errors.js";

/** A real server with a room in it, and a client whose requests are noted. */
const setUp = async (options: Partial<InvigilClientOptions> = {}) => {
  const app = await createTestApp();
  const url = await app.listen();
  const token = await app.token({ sub: "t1", role: "teacher" });
  const requests: { method: string; url: URL; headers: Headers }[] = [];
  const invigil = createInvigilClient({
    url,
    token,
    fetch: (target, init) => {
      requests.push({
        method: init.method ?? "GET",
        url: new URL(target),
        headers: new Headers(init.headers),
      });
      return fetch(target, init);
    },
    ...options,
  });
  const room = await app.as({ sub: "t1", role: "teacher" }).room.create({ name: "Algebra" });
  return { app, url, token, requests, invigil, room, [Symbol.asyncDispose]: () => app.close() };
};

test("calls the server, and dates arrive as dates", async () => {
  await using fixture = await setUp();
  const { invigil } = fixture;
  const room = await invigil.room.create.mutate({ name: "Physics" });
  expect(room.createdAt).toEqual(new Date("2026-01-02T03:04:05Z"));
  expect(await invigil.room.get.query({ roomId: room.id })).toEqual(room);

  const endTime = new Date("2026-01-02T06:00:00Z");
  const exam = await invigil.exam.update.mutate({ examId: room.examId, endTime });
  expect(exam.endTime).toEqual(endTime);
});

test.each(["/", "//"])("the url may end in %s", async (end) => {
  await using fixture = await setUp();
  const { url, token, room } = fixture;
  const invigil = createInvigilClient({ url: url + end, token });
  expect(await invigil.room.get.query({ roomId: room.id })).toMatchObject({ name: "Algebra" });
});

test("the url may be a URL and have a path", async () => {
  await using fixture = await setUp({ url: new URL("http://127.0.0.1:1/school/") });
  await thrownBy(fixture.invigil.room.end.mutate({ roomId: "1" }));
  expect(fixture.requests.map(({ url }) => url.href)).toEqual(["http://127.0.0.1:1/school/trpc/room.end"]);
});

test.each(["127.0.0.1:7001", "localhost:7001", "ftp://host", "/trpc", ""])("refuses the url '%s'", (url) => {
  const refusal = new TypeError(`url must begin with http:// or https://: ${url}`);
  expect(() => createInvigilClient({ url })).toThrow(refusal);
});

test.each(["/trpc", "/school/trpc/"])("refuses a url with the path %s, which the client adds", (path) => {
  const url = `http://127.0.0.1${path}`;
  const refusal = new TypeError(`url must not end with /trpc: ${url}`);
  expect(() => createInvigilClient({ url })).toThrow(refusal);
});

test.each([0, -1, Number.NaN])("refuses the timeout %s", (timeoutMs) => {
  expect(() => createInvigilClient({ url: "http://127.0.0.1", timeoutMs })).toThrow(RangeError);
});

test("a timeout that is longer than a timer can wait does not fire at once", async () => {
  await using fixture = await setUp({ timeoutMs: Number.POSITIVE_INFINITY });
  expect(await fixture.invigil.auth.whoami.query()).toMatchObject({ userId: "t1" });
});

test("without a token the server refuses, and no header is sent", async () => {
  for (const token of [undefined, "", () => null]) {
    await using fixture = await setUp({ token });
    const error = await thrownBy(fixture.invigil.auth.whoami.query());
    expect(isInvigilError(error, "UNAUTHENTICATED")).toBe(true);
    expect(fixture.requests.map(({ headers }) => headers.get("authorization"))).toEqual([null]);
  }
});

test("a token function is asked before each request, and may be async", async () => {
  await using fixture = await setUp();
  const { app, url } = fixture;
  for (const wrap of [(text: string) => text, (text: string) => Promise.resolve(text)]) {
    const tokens = await Promise.all(["a", "b"].map((sub) => app.token({ sub, role: "inspector" })));
    const invigil = createInvigilClient({ url, token: () => wrap(tokens.shift() ?? "") });
    expect((await invigil.auth.whoami.query()).userId).toBe("a");
    expect((await invigil.auth.whoami.query()).userId).toBe("b");
  }
});

test("what a token function throws reaches the caller, and is not tried again", async () => {
  let asked = 0;
  const cause = new TypeError("signed out");
  await using fixture = await setUp({
    token: () => {
      asked += 1;
      throw cause;
    },
    retry: { baseMs: 0 },
  });
  const error = await thrownBy(fixture.invigil.auth.whoami.query());
  expect(error).toMatchObject({ message: "signed out", cause });
  expect(isNetworkError(error)).toBe(false);
  expect(asked).toBe(1);
});

test("a token function that calls its own client is refused at once, not asked without end", async () => {
  await using fixture = await setUp();
  let asked = 0;
  const invigil = createInvigilClient({
    url: fixture.url,
    token: async () => {
      asked += 1;
      return (await invigil.auth.refresh.mutate()).token;
    },
  });
  for (const call of [
    () => invigil.auth.whoami.query(),
    () => invigil.room.create.mutate({ name: "Algebra" }),
  ])
    expect(await thrownBy(call())).toMatchObject({
      message: "The token function calls its own client: auth.refresh.",
    });
  expect(asked).toBe(2);
});

test("a token function that calls its own client later is asked once, and the call's time-out says what it waited for", async () => {
  await using fixture = await setUp();
  let asked = 0;
  const invigil = createInvigilClient({
    url: fixture.url,
    timeoutMs: 50,
    token: async () => {
      asked += 1;
      await Promise.resolve();
      return (await invigil.auth.refresh.mutate()).token;
    },
  });
  const error = await thrownBy(invigil.auth.whoami.query());
  expect(error).toMatchObject({ cause: { kind: "timeout" }, message: expect.stringContaining("token") });
  expect(asked).toBe(1);
});

test("requests that are made while the token function answers wait for the same answer", async () => {
  await using fixture = await setUp({ batch: false });
  const { app, url } = fixture;
  let give = (_token: string): void => undefined;
  const given = new Promise<string>((resolve) => {
    give = resolve;
  });
  let asked = 0;
  const invigil = createInvigilClient({
    url,
    batch: false,
    token: () => {
      asked += 1;
      return given;
    },
  });
  const calls = [invigil.auth.whoami.query(), invigil.auth.whoami.query(), invigil.room.list.query({})];
  give(await app.token({ sub: "t1", role: "teacher" }));
  await Promise.all(calls);
  expect(asked).toBe(1);
  await invigil.auth.whoami.query();
  expect(asked).toBe(2);
});

test("sends more headers, from an object or a function; the token comes before them", async () => {
  await using fixture = await setUp();
  const { url, token } = fixture;
  const more = { "X-Request-Id": "device-7", Authorization: "Bearer of nothing" };
  for (const headers of [more, () => more, () => Promise.resolve(more)]) {
    const invigil = createInvigilClient({ url, token, headers });
    // The server answers under the id that it was given.
    const error = await thrownBy(invigil.exam.get.query({ examId: "none" }));
    expect(isInvigilError(error) && error.data.requestId).toBe("device-7");
    expect(isInvigilError(error, "UNAUTHENTICATED")).toBe(false);
  }
});

test("queries of one tick share a request; mutations do not", async () => {
  await using fixture = await setUp();
  const { invigil, requests, room } = fixture;
  const [me, got, page] = await Promise.all([
    invigil.auth.whoami.query(),
    invigil.room.get.query({ roomId: room.id }),
    invigil.room.list.query({}),
  ]);
  expect([me.userId, got.id, page.rooms.length]).toEqual(["t1", room.id, 1]);
  expect(requests.map(({ url }) => url.pathname)).toEqual(["/trpc/auth.whoami,room.get,room.list"]);

  requests.length = 0;
  await Promise.all([
    invigil.room.setAudioStatus.mutate({ roomId: room.id, audioStatus: "speaking" }),
    invigil.exam.update.mutate({ examId: room.examId, name: "Algebra 2" }),
  ]);
  expect(requests.map(({ method }) => method)).toEqual(["POST", "POST"]);
});

test("one failure in a batch is one call's failure", async () => {
  await using fixture = await setUp();
  const { invigil, requests, room } = fixture;
  const results = await Promise.allSettled([
    invigil.room.get.query({ roomId: room.id }),
    invigil.exam.get.query({ examId: "none" }),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(requests).toHaveLength(1);
});

test("more calls than the server takes in a batch, or than fit a URL, go in several", async () => {
  await using fixture = await setUp();
  const { invigil, requests, room } = fixture;
  const many = Array.from({ length: 150 }, () => invigil.room.get.query({ roomId: room.id }));
  expect((await Promise.all(many)).every(({ id }) => id === room.id)).toBe(true);
  expect(requests.length).toBeGreaterThan(1);
  expect(requests.length).toBeLessThan(15);
  expect(Math.max(...requests.map(({ url }) => url.href.length))).toBeLessThanOrEqual(4000);

  requests.length = 0;
  await Promise.all(Array.from({ length: 101 }, () => invigil.auth.whoami.query()));
  expect(Math.max(...requests.map(({ url }) => url.pathname.split(",").length))).toBeLessThanOrEqual(100);
});

test("the longest query that the server takes fits a URL", async () => {
  await using fixture = await setUp();
  const audio = await fixture.invigil.audio.list.query({ name: "听力".repeat(32), classify: 7, pageNum: 1 });
  expect(audio.total).toBe(0);
});

test("without batching each call is a request", async () => {
  await using fixture = await setUp({ batch: false });
  const { invigil, requests, room } = fixture;
  await Promise.all([invigil.auth.whoami.query(), invigil.room.get.query({ roomId: room.id })]);
  expect(requests.map(({ url }) => url.pathname)).toEqual(["/trpc/auth.whoami", "/trpc/room.get"]);
});

test("mutations that together exceed what a body may measure pass side by side", async () => {
  await using fixture = await setUp();
  const { invigil, room } = fixture;
  const data = "x".repeat(65_536);
  const calls = Array.from({ length: 20 }, () =>
    invigil.cheat.setConfig.mutate({ examId: room.examId, data }),
  );
  expect(new Set(await Promise.all(calls))).toEqual(new Set([true]));
});

test.each([true, false])(
  "a call without an answer times out once, and its request is aborted (batch: %s)",
  async (batch) => {
    const closed: Promise<unknown>[] = [];
    await using silent = await tcpServer((socket) => {
      closed.push(new Promise((done) => socket.once("close", done)));
    });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const timeoutMs = 15_000;
    const invigil = createInvigilClient({ url: silent.url, timeoutMs, batch, retry: { baseMs: 0 } });
    const failing = [invigil.auth.whoami.query(), invigil.room.end.mutate({ roomId: "1" })].map(thrownBy);
    // The batches of a turn are sent by a timer.
    vi.advanceTimersByTime(0);
    while (silent.requests.length < 2) await nextTurn();
    vi.advanceTimersByTime(timeoutMs);
    for (const error of await Promise.all(failing))
      expect(isNetworkError(error) && error.cause.kind).toBe("timeout");
    expect(silent.requests).toHaveLength(2);
    await Promise.all(closed);
  },
);

test("the time counts until the whole answer is there", async () => {
  await using slow = await httpServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).write('[{"result":');
  });
  const invigil = createInvigilClient({ url: slow.url, timeoutMs: 30 });
  const error = await thrownBy(invigil.auth.whoami.query());
  expect(isNetworkError(error) && error.cause.kind).toBe("timeout");
});

test("the time counts while a token function waits", async () => {
  await using fixture = await setUp({ token: () => new Promise<string>(() => {}), timeoutMs: 30 });
  const error = await thrownBy(fixture.invigil.auth.whoami.query());
  expect(isNetworkError(error) && error.cause.kind).toBe("timeout");
});

test("a caller can abort a call, even one of a batch", async () => {
  const controller = new AbortController();
  const reason = new Error("left the page");
  // The server is asked; the answer does not come until the abort.
  await using silent = await tcpServer(() => controller.abort(reason));
  const invigil = createInvigilClient({ url: silent.url, retry: { baseMs: 0 } });
  const other = new AbortController();
  const calls = [
    invigil.auth.whoami.query(undefined, { signal: controller.signal }),
    invigil.auth.whoami.query(undefined, { signal: other.signal }),
  ].map(thrownBy);
  const error = await calls[0];
  expect(error).toMatchObject({ message: "left the page", cause: reason });
  expect(isNetworkError(error)).toBe(false);
  other.abort(reason);
  expect(await calls[1]).toMatchObject({ cause: reason });
  expect(silent.requests).toHaveLength(1);
});

test("a call that was aborted before is not sent", async () => {
  await using fixture = await setUp();
  const reason = new Error("too late");
  const signal = AbortSignal.abort(reason);
  expect(await thrownBy(fixture.invigil.auth.whoami.query(undefined, { signal }))).toMatchObject({
    cause: reason,
  });
  expect(fixture.requests).toHaveLength(0);
});

test("a call leaves nothing behind: no timer, no listener on its signal", async () => {
  await using fixture = await setUp();
  const { signal } = new AbortController();
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  await fixture.invigil.auth.whoami.query(undefined, { signal });
  await thrownBy(fixture.invigil.room.end.mutate({ roomId: "none" }, { signal }));
  // Others of the same process begin and end, but a timer of a call would stay for the time limit of calls.
  while (timers() > before) await new Promise((resolve) => setImmediate(resolve));
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("an answer that is not the server's says so", async () => {
  let count = 0;
  await using proxy = await httpServer((_request, response) => {
    count += 1;
    response.writeHead(404, { "content-type": "text/html" }).end("<h1>Not found</h1>");
  });
  const invigil = createInvigilClient({ url: proxy.url, retry: { baseMs: 0 } });
  const error = await thrownBy(invigil.auth.whoami.query());
  const { message } = error as Error;
  for (const part of [proxy.url, "404", "text/html"]) expect(message).toContain(part);
  expect([isInvigilError(error), isNetworkError(error), count]).toEqual([false, false, 1]);
});
