import { createServer } from "node:http";
import Fastify from "fastify";
import { describe, expect, it } from "vitest";
import { openAppFixture } from "./support/app-fixture.js";
import { portOf } from "./support/ports.js";
import { given, kept, takeLeaks, watchLog } from "./support/secrets.js";

// Tests of the check of all responses and logs for secrets (support/watch-secrets.ts).

const KEY = kept("key");

describe("a secret is seen", () => {
  it.each<[string, (send: (chunk: string | Buffer) => void, end: (chunk?: string) => void) => void]>([
    ["at the end of an answer", (_, end) => end(KEY)],
    ["in a part of an answer", (send, end) => [send(KEY), end()]],
    ["in bytes", (send, end) => [send(Buffer.from(KEY)), end()]],
  ])("%s over a socket", async (_, answer) => {
    const server = createServer((_request, response) =>
      answer(
        (chunk) => response.write(chunk),
        (chunk) => response.end(chunk),
      ),
    );
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const port = portOf(server);
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe(KEY);
    expect(takeLeaks()).toHaveLength(1);
    server.close();
    server.closeAllConnections();
  });

  it("in a header and a body without a socket", async () => {
    const app = Fastify();
    app.get("/header", (_request, reply) => reply.header("x-key", KEY).send("ok"));
    app.get("/body", () => ({ key: KEY }));
    await app.inject("/header");
    expect(takeLeaks().length).toBeGreaterThan(0);
    await app.inject("/body");
    expect(takeLeaks().length).toBeGreaterThan(0);
    await app.close();
  });

  it("in a log, also one that somebody may be sent", async () => {
    await using fixture = await openAppFixture();
    for (const secret of [KEY, given("token")]) {
      fixture.app.log.info({ secret }, "leak");
      expect(takeLeaks()).toHaveLength(1);
    }
    watchLog(`before ${given("credential")} after`);
    expect(takeLeaks()).toEqual(["a log: …before given-secret-credential after…"]);
  });

  it("not in an answer to whom it was given", async () => {
    const app = Fastify();
    app.get("/", () => ({ token: given("token") }));
    await app.inject("/");
    expect(takeLeaks()).toEqual([]);
    await app.close();
  });
});
