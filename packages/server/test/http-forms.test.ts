import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { send, trpc } from "./support/calls.js";
import { sendRaw } from "./support/raw.js";
import { openSocketFixture } from "./support/socket-fixture.js";
import { connectAs, rawSocket, socketUrl } from "./support/sockets.js";

// Every response has the format of its API, including responses to requests that no API recognizes.

const ADMIN = { sub: "root", role: "admin" } as const;
const LONG = "x".repeat(9_000);

describe("what is answered at the typed entry point", () => {
  it.each(["auth.whoami", "room.list", "auth.whoami,room.list?batch=1", "room.onEvent", "im.send"])(
    "HEAD of %s is answered without a body",
    async (path) => {
      await using app = await createTestApp();
      for (const authorization of ["", await app.token(ADMIN)]) {
        const answer = await app.inject({ method: "HEAD", url: `/trpc/${path}`, headers: { authorization } });
        expect([answer.statusCode, answer.body]).toEqual([204, ""]);
        expect(answer.headers).toHaveProperty("x-request-id");
      }
    },
  );

  it.each(["no.such", "__proto__", "auth.whoami,no.such?batch=1", "%ff", "a/b"])(
    "HEAD of %s is refused",
    async (path) => {
      await using app = await createTestApp();
      const { statusCode } = await app.inject({ method: "HEAD", url: `/trpc/${path}` });
      expect([400, 404]).toContain(statusCode);
    },
  );

  it.each([
    ["a path that cannot be decoded", "/trpc/%ff", 400, "INVALID_INPUT"],
    ["a long path", `/trpc/${LONG}`, 404, "NOT_FOUND"],
    ["a long batch", `/trpc/${Array(800).fill("auth.whoami").join(",")}?batch=1`, 400, "INVALID_INPUT"],
  ])("%s is refused in tRPC's form", async (_, path, status, reason) => {
    await using app = await createTestApp();
    const answer = await send(app, { method: "GET", path }, await app.token(ADMIN));
    expect([answer.status, answer.body.error.json.data]).toMatchObject([
      status,
      { reason, requestId: answer.headers["x-request-id"] },
    ]);
  });
});

describe("what is answered in the envelope", () => {
  it.each([
    ["a path that cannot be decoded", "GET /exam/%ff", 200, 400],
    ["the same with a query", "GET /%zz?a=%ff", 200, 400],
    ["a long path", `GET /exam/${LONG}`, 404, 404],
    ["a long path to a file", `GET /audio/${LONG}`, 404, 404],
    ["an expectation", "GET /health HTTP/1.1\r\nexpect: wonders\r\nx: ", 417, 417],
    [
      "a handshake elsewhere",
      "GET /x HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nx: ",
      404,
      404,
    ],
    ["no handshake", "GET /trpc HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nx: ", 400, 400],
    ["too long a head", `GET /${LONG}${LONG}`, 431, 431],
  ])("%s", async (_, line, status, code) => {
    await using app = await createTestApp();
    const answer = await sendRaw(
      await app.listen(),
      `${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`.replace(
        "connection: close\r\n",
        line.includes("upgrade") ? "" : "connection: close\r\n",
      ),
    );
    expect({ ...answer.body, status: answer.status }).toMatchObject({
      status,
      success: false,
      code,
      errorCode: String(code),
      requestId: answer.headers["x-request-id"],
    });
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.text).not.toContain("xxxx");
  });
});

describe("an input that is no JSON", () => {
  const SECRET = "hunter2";
  const BROKEN = [`{"password":"${SECRET}`, SECRET, `{"a":${SECRET}}`];

  it.each(BROKEN)("is not repeated in the refusal (%s)", async (body) => {
    await using app = await createTestApp();
    const token = await app.token(ADMIN);
    const raw = { type: "application/json", body };
    for (const path of ["/exam/login", "/exam/createRoom", "/trpc/auth.login", "/trpc/room.create"]) {
      const { text } = await send(app, { method: "POST", path, raw }, token);
      expect(text).toContain("INVALID_INPUT");
      expect(text).not.toContain(SECRET.slice(0, 4));
    }
    const read = await send(
      app,
      { method: "GET", path: `/trpc/room.get?input=${encodeURIComponent(body)}` },
      token,
    );
    expect(read.text).not.toContain(SECRET.slice(0, 4));
    expect(read.body.error.json.message).toBe("input must be JSON");
    const records = { roomId: "x", data: body };
    const sent = await send(
      app,
      { method: "POST", path: "/exam/cheat/addCheatRecord", json: records },
      token,
    );
    expect(sent.text).not.toContain(SECRET.slice(0, 4));
    const answer = await trpc(app, token).mutate("im.send", { roomId: "x", type: 30_001, text: body });
    expect(answer.text).not.toContain(SECRET.slice(0, 4));
  });

  it.each(BROKEN)("nor over a WebSocket (%s)", async (frame) => {
    await using fixture = await openSocketFixture();
    using client = await connectAs(fixture);
    client.ask(frame);
    const { error } = await client.message(({ id }) => id === null);
    expect(error?.json.message).toBe("input must be JSON");
    using params = await rawSocket(`${socketUrl(fixture.url)}?connectionParams=1`);
    params.ask(frame);
    await params.closed;
    for (const text of [...client.received, ...params.received])
      expect(text).not.toContain(SECRET.slice(0, 4));
  });
});

describe("the log", () => {
  it("says where a request came from, also one that was refused before it was one", async () => {
    await using fixture = await openSocketFixture();
    await fetch(`${fixture.url}/exam/roomInfo`);
    expect(await fixture.line("request")).toMatchObject({ status: 401, address: "127.0.0.1" });
    await sendRaw(fixture.url, "nonsense\r\n\r\n");
    expect(await fixture.line("request refused")).toMatchObject({ status: 400, address: "127.0.0.1" });
    using client = await connectAs(fixture);
    expect(await fixture.line("connection opened")).toMatchObject({ address: "127.0.0.1" });
    client.socket.close();
    await expect(rawSocket(`${socketUrl(fixture.url)}x`)).rejects.toThrow("404");
    expect(await fixture.line("connection refused")).toMatchObject({ status: 404, address: "127.0.0.1" });
  });

  it("says what a trusted proxy says", async () => {
    await using fixture = await openSocketFixture({ config: { trustedProxies: ["127.0.0.1"] } });
    await fetch(`${fixture.url}/health`, { headers: { "x-forwarded-for": "192.0.2.7" } });
    expect(await fixture.line("request")).toMatchObject({ address: "192.0.2.7" });
  });
});
