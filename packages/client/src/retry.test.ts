import { createTestApp } from "@invigil/server/testing";
import { expect, test } from "vitest";
import { flakyProxy, httpServer, refusingUrl, tcpServer } from "../test/servers.js";
import { thrownBy } from "../test/thrown-by.js";
import { createInvigilClient, type InvigilClientOptions } from "./client.js";
import { isInvigilError, isNetworkError } from "./errors.js";
import { backoffMs } from "./retry.js";

/** A real server behind a proxy that resets its first connections. */
const setUp = async (resets: number, options: Partial<InvigilClientOptions> = {}) => {
  const app = await createTestApp();
  const proxy = await flakyProxy(await app.listen(), resets);
  const token = await app.token({ sub: "t1", role: "teacher" });
  const invigil = createInvigilClient({ url: proxy.url, token, retry: { baseMs: 1 }, ...options });
  const close = async () => {
    await proxy[Symbol.asyncDispose]();
    await app.close();
  };
  return { app, invigil, requests: proxy.requests, [Symbol.asyncDispose]: close };
};

test.each([true, false])("a query survives lost connections (batch: %s)", async (batch) => {
  await using fixture = await setUp(2, { batch });
  expect(await fixture.invigil.auth.whoami.query()).toMatchObject({ userId: "t1" });
  expect(fixture.requests).toHaveLength(3);
});

test("the token is asked for again before each attempt", async () => {
  const tokens: string[] = [];
  await using fixture = await setUp(2, { token: () => tokens.shift() });
  tokens.push("stale", "stale", await fixture.app.token({ sub: "fresh", role: "teacher" }));
  expect(await fixture.invigil.auth.whoami.query()).toMatchObject({ userId: "fresh" });
});

test.each([
  { retry: {}, sent: 3 },
  { retry: { attempts: 5 }, sent: 5 },
  { retry: { attempts: 1 }, sent: 1 },
  { retry: false as const, sent: 1 },
])("a query is given up after $sent attempts: $retry", async ({ retry, sent }) => {
  await using fixture = await setUp(99, { retry: retry && { ...retry, baseMs: 1 } });
  const error = await thrownBy(fixture.invigil.auth.whoami.query());
  expect(isNetworkError(error) && error.cause.kind).toBe("lost");
  expect(isInvigilError(error)).toBe(false);
  expect(error).toMatchObject({ message: expect.stringMatching(/^No response from http:.*: \w+/) });
  expect(fixture.requests).toHaveLength(sent);
});

test("a mutation is sent once, whatever happens", async () => {
  await using fixture = await setUp(1);
  const error = await thrownBy(fixture.invigil.room.create.mutate({ name: "Algebra" }));
  expect(isNetworkError(error) && error.cause.kind).toBe("lost");
  expect(fixture.requests).toEqual(["POST /trpc/room.create HTTP/1.1"]);
});

test("a failure that the server reports is not asked for again", async () => {
  for (const batch of [true, false]) {
    await using fixture = await setUp(0, { batch });
    const failed = { roomId: "none" };
    expect(isInvigilError(await thrownBy(fixture.invigil.room.get.query(failed)))).toBe(true);
    expect(fixture.requests).toHaveLength(1);
  }
});

test("an answer that breaks off counts as lost", async () => {
  await using server = await tcpServer((socket) => {
    const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n";
    socket.end(`${head}[{"result":`);
  });
  const invigil = createInvigilClient({ url: server.url, retry: { baseMs: 1 } });
  const error = await thrownBy(invigil.auth.whoami.query());
  expect(isNetworkError(error) && error.cause.kind).toBe("lost");
  expect(server.requests).toHaveLength(3);
});

test.each([502, 503, 504])(
  "a proxy that answers with a page and %s did not reach the server",
  async (status) => {
    await using app = await createTestApp();
    const server = await app.listen();
    let answers = 0;
    await using proxy = await httpServer(({ url, headers }, response) => {
      answers += 1;
      if (answers <= 2) {
        response.writeHead(status, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>");
        return;
      }
      // Safe: the client sends a path and a token.
      fetch(server + url, { headers: { authorization: headers.authorization as string } })
        .then(async (answer) =>
          response.setHeader("content-type", "application/json").end(await answer.text()),
        )
        .catch(() => response.destroy());
    });
    const token = await app.token({ sub: "t1", role: "teacher" });
    const clientOf = (attempts: number) =>
      createInvigilClient({ url: proxy.url, token, retry: { attempts, baseMs: 1 } });
    const error = await thrownBy(clientOf(1).auth.whoami.query());
    expect(isNetworkError(error) && error.cause.kind).toBe("lost");
    expect(error).toMatchObject({
      message: `No response from ${proxy.url}: a proxy responded with status ${status}.`,
    });
    expect(await clientOf(2).auth.whoami.query()).toMatchObject({ userId: "t1" });
    expect(answers).toBe(3);
  },
);

test("where nothing listens the message says why", async () => {
  await using nobody = await refusingUrl();
  const invigil = createInvigilClient({ url: nobody.url, retry: false });
  expect(await thrownBy(invigil.auth.whoami.query())).toMatchObject({
    message: expect.stringMatching(`${nobody.url}.*ECONNREFUSED`),
  });
});

test("a caller who aborts does not wait for the next attempt", async () => {
  const controller = new AbortController();
  const reason = new Error("left the page");
  await using server = await tcpServer((socket) => {
    socket.on("close", () => controller.abort(reason));
    socket.resetAndDestroy();
  });
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const hour = 3_600_000;
  const invigil = createInvigilClient({ url: server.url, retry: { baseMs: hour, maxMs: hour } });
  const error = await thrownBy(invigil.auth.whoami.query(undefined, { signal: controller.signal }));
  expect(error).toMatchObject({ cause: reason });
  expect(server.requests).toHaveLength(1);
  // Other timers of the process begin and end, but one of the next attempt would stay for an hour.
  while (timers() > before) await new Promise((resolve) => setImmediate(resolve));
});

test("pauses are random, below a bound that doubles up to a limit", () => {
  const bound = (failures: number) => backoffMs(failures, { baseMs: 200, maxMs: 1000 }, () => 1);
  expect([1, 2, 3, 4, 50, 2000].map(bound)).toEqual([200, 400, 800, 1000, 1000, 1000]);
  expect(backoffMs(3, { baseMs: 200, maxMs: 1000 }, () => 0.25)).toBe(200);
  expect(backoffMs(3, {}, () => 0)).toBe(0);
  expect(backoffMs(9, {}, () => 1)).toBe(2000);
});
