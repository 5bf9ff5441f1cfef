import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { createRoutes } from "../src/rest/routes.js";
import { createWire } from "../src/rest/wire.js";
import { refusalOf, type Sent, send } from "./support/calls.js";
import { sendRaw } from "./support/raw.js";
import { sharedApps } from "./support/shared.js";

const nextApp = sharedApps();

const ADMIN = { sub: "root", role: "admin" } as const;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MIB = 1024 * 1024;
const PATH = "/exam/v2/createRoom";
const raw = (type: string, body: string | Buffer) => ({ method: "POST", path: PATH, raw: { type, body } });
const json = (body: string | Buffer) => raw("application/json", body);

/** Requests that reach no procedure, with the expected code and reason. */
const FAILURES: readonly (readonly [string, Sent, number, string])[] = [
  ["an unknown path", { method: "GET", path: "/exam/nothing" }, 404, "NOT_FOUND"],
  ["the start page with a wrong method", { method: "POST", path: "/", json: {} }, 405, "METHOD_NOT_ALLOWED"],
  ["a slash at the end", { method: "GET", path: "/exam/roomInfo/" }, 404, "NOT_FOUND"],
  ["another letter case", { method: "GET", path: "/exam/roominfo" }, 404, "NOT_FOUND"],
  ["the name of a parameter", { method: "GET", path: "/exam/:a(((" }, 404, "NOT_FOUND"],
  ["a path of 10,000 characters", { method: "GET", path: `/${"x".repeat(10_000)}` }, 404, "NOT_FOUND"],
  ["an audio file that is not there", { method: "GET", path: "/audio/nothing.wav" }, 404, "NOT_FOUND"],
  ["the way out of a folder", { method: "GET", path: "/audio/..%2f..%2fetc%2fpasswd" }, 404, "NOT_FOUND"],
  ["a body for no path", { method: "POST", path: "/none", json: {} }, 404, "NOT_FOUND"],
  ["a wrong method", { method: "DELETE", path: "/exam/roomInfo" }, 405, "METHOD_NOT_ALLOWED"],
  ["a path that cannot be read", { method: "GET", path: "/%zz" }, 400, "INVALID_INPUT"],
  ["a known path that cannot be read", { method: "GET", path: "/exam/roomInfo%ff" }, 400, "INVALID_INPUT"],
  ["broken JSON", json("{nope"), 400, "INVALID_INPUT"],
  ["half a JSON", json('{"name":"a'), 400, "INVALID_INPUT"],
  ["a list", json("[1,2]"), 400, "INVALID_INPUT"],
  ["a text", json('"text"'), 400, "INVALID_INPUT"],
  ["a number", json("5"), 400, "INVALID_INPUT"],
  ["null", json("null"), 400, "INVALID_INPUT"],
  ["white space", json("  "), 400, "INVALID_INPUT"],
  ["bytes that are no UTF-8", json(Buffer.from([0x7b, 0xff, 0xfe, 0x7d])), 400, "INVALID_INPUT"],
  ["a byte order mark and nothing", json("\ufeff"), 400, "INVALID_INPUT"],
  ["__proto__", json('{"name":"a","__proto__":{"role":"admin"}}'), 400, "INVALID_INPUT"],
  ["constructor.prototype", json('{"constructor":{"prototype":{"a":1}}}'), 400, "INVALID_INPUT"],
  ["deep nesting", json(`{"name":${"[".repeat(400_000)}${"]".repeat(400_000)}}`), 400, "INVALID_INPUT"],
  ["plain text", raw("text/plain", "name=a"), 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["XML", raw("application/xml", "<name/>"), 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["a multipart form", raw("multipart/form-data; boundary=x", "--x--"), 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["a content type that is none", raw("nonsense", "{}"), 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["JSON over 1 MiB", json(`"${"x".repeat(MIB - 1)}"`), 413, "PAYLOAD_TOO_LARGE"],
  [
    "a form over 1 MiB",
    raw("application/x-www-form-urlencoded", `name=${"x".repeat(MIB)}`),
    413,
    "PAYLOAD_TOO_LARGE",
  ],
  [
    "a body over 1 MiB for no path",
    { ...json("x".repeat(MIB + 1)), path: "/none" },
    413,
    "PAYLOAD_TOO_LARGE",
  ],
];

const SECURITY = {
  "content-security-policy": "default-src 'none';frame-ancestors 'none'",
  "cross-origin-resource-policy": "cross-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "SAMEORIGIN",
  "referrer-policy": "no-referrer",
  "strict-transport-security": expect.stringMatching(/^max-age=\d{7,}/),
};

describe("a failure that never reaches a procedure", () => {
  // No call changed anything.
  let app: TestApp;
  let strict: TestApp;
  beforeAll(async () => {
    app = await createTestApp();
    strict = await createTestApp({ config: { restStatus: "http" } });
  });
  afterAll(async () => {
    await app.close();
    await strict.close();
  });

  it.each(FAILURES)("%s: comes in the envelope", async (_, sent, code, reason) => {
    refusalOf(await send(app, sent, await app.token(ADMIN)), code, reason);
  });

  it.each(FAILURES)("%s: can be read by a browser, and has a request id", async (_, sent) => {
    const headers = { origin: "https://exam.example" };
    const answer = await send(app, { ...sent, headers }, await app.token(ADMIN));
    expect(answer.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "access-control-allow-origin": "*",
      "access-control-expose-headers": expect.stringContaining("x-request-id"),
      "x-request-id": expect.stringMatching(UUID),
    });
  });

  it.each(FAILURES)("%s: has the security headers, and does not name the software", async (_, sent) => {
    const { headers, text } = await send(app, sent, await app.token(ADMIN));
    expect(headers).toMatchObject(SECURITY);
    expect(headers).not.toHaveProperty("x-powered-by");
    expect(headers).not.toHaveProperty("server");
    expect(text).not.toMatch(/fastify|FST_|zod|node_modules|at .*:\d+:\d+/i);
  });

  it.each(FAILURES)("%s: has its own HTTP status when the setting says so", async (_, sent, code, reason) => {
    refusalOf(await send(strict, sent, await strict.token(ADMIN)), code, reason, "http");
  });

  it.each(FAILURES)("%s: without a token is no 500 either", async (_, sent) => {
    const { body, headers } = await send(app, sent);
    expect([400, 401, 404, 405, 413, 415]).toContain(body.code);
    expect(body.requestId).toBe(headers["x-request-id"]);
  });

  it("a body of exactly 1 MiB is read", async () => {
    const body = `{"imServer":["aliyun_new"],"name":"${"x".repeat(MIB - 37)}"}`;
    expect(Buffer.byteLength(body)).toBe(MIB);
    const sentence = refusalOf(await send(app, json(body), await app.token(ADMIN)), 400, "INVALID_INPUT");
    expect(sentence).toBe("name must be at most 63 characters");
  });

  it.each([
    ["no body", undefined],
    ["an empty body", ""],
  ])("%s with the content type of JSON counts as no fields", async (_, body) => {
    const headers = { "content-type": "application/json" };
    const sent = body === undefined ? { method: "POST", path: PATH, headers } : json(body);
    expect(refusalOf(await send(app, sent, await app.token(ADMIN)), 400, "INVALID_INPUT")).toMatch(
      /^name is required; imServer is required$/,
    );
  });
});

const ROWS = [
  ...createRoutes(createWire({ timeZone: "UTC" })),
  { path: "/", methods: ["GET"] },
  { path: "/health", methods: ["GET"] },
  { path: "/ready", methods: ["GET"] },
];
describe("a wrong method is 405, and Allow names the right ones", () => {
  it.each(ROWS)("$path", async ({ path, methods }) => {
    await using app = await nextApp();
    const allowed = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"]) {
      if (allowed.includes(method)) continue;
      const answer = await send(app, { method, path, query: { a: 1 } }, await app.token(ADMIN));
      const sentence = refusalOf(answer, 405, "METHOD_NOT_ALLOWED");
      expect({ method, allow: answer.headers.allow }).toEqual({ method, allow: allowed.join(", ") });
      expect(sentence).toContain(allowed[0]);
    }
  });
});

const HOST = "Host: x\r\n";
/** Bytes that Node refuses or cannot parse as a request. */
const BYTES: readonly (readonly [string, string | Buffer, number])[] = [
  ["a TLS greeting", Buffer.from("16030100c8010000c40303", "hex"), 400],
  ["words", "hello, is anybody there?\r\n\r\n", 400],
  ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["a header without a name", `GET /health HTTP/1.1\r\n${HOST}: x\r\n\r\n`, 400],
  ["a line feed in a header", `GET /health HTTP/1.1\r\n${HOST}a: b\rc\r\n\r\n`, 400],
  ["a length below zero", `POST ${PATH} HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`, 400],
  [
    "two lengths",
    `POST ${PATH} HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ["headers of 20 KB", `GET /health HTTP/1.1\r\n${HOST}a: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ["a path of 20 KB", `GET /${"x".repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431],
];

describe("bytes that are no request", () => {
  it.each(BYTES)("%s: are answered in the envelope", async (_, bytes, status) => {
    await using app = await nextApp();
    const answer = await sendRaw(await app.listen(), bytes);
    expect({ ...answer.body, status: answer.status }).toStrictEqual({
      status,
      success: false,
      code: status,
      errorCode: String(status),
      errorMsg: expect.stringMatching(/^\S.{3,}/),
      reason: "INVALID_INPUT",
      requestId: answer.headers["x-request-id"],
    });
    expect(answer.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "x-request-id": expect.stringMatching(UUID),
    });
  });

  it.each(BYTES)("%s: can be read by a browser", async (_, bytes) => {
    await using app = await nextApp();
    const { headers } = await sendRaw(await app.listen(), bytes);
    expect(headers).toMatchObject({ "access-control-allow-origin": "*" });
  });

  it("a request without a host is answered in JSON, and can be read by a browser", async () => {
    await using app = await nextApp();
    const bytes = "GET /exam/nothing HTTP/1.1\r\nConnection: close\r\n\r\n";
    const { headers, body } = await sendRaw(await app.listen(), bytes);
    expect(headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "access-control-allow-origin": "*",
    });
    expect(body).toMatchObject({ success: false, requestId: headers["x-request-id"] });
  });

  it("leave the server well", async () => {
    await using app = await nextApp();
    const url = await app.listen();
    for (const [, bytes] of BYTES) await sendRaw(url, bytes).catch(() => undefined);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it.each(["https://exam.example/exam/nothing", "http://x/exam/:a(("])(
    "the absolute path %s is 404",
    async (path) => {
      await using app = await nextApp();
      const bytes = `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;
      const { status, body } = await sendRaw(await app.listen(), bytes);
      expect({ status, reason: body.reason }).toEqual({ status: 404, reason: "NOT_FOUND" });
    },
  );

  it("a body that breaks off is no 500, and the server lives on", async () => {
    await using app = await nextApp();
    const url = await app.listen();
    const authorization = await app.token(ADMIN);
    const bytes = `POST ${PATH} HTTP/1.1\r\n${HOST}authorization: ${authorization}\r\ncontent-type: application/json\r\nContent-Length: 50\r\n\r\n{"name"`;
    expect((await sendRaw(url, bytes)).status).toBe(400);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
  });
});

describe("the browser's questions", () => {
  const preflight = (path: string, origin: string, method: string, headers: string) => ({
    method: "OPTIONS" as const,
    url: path,
    headers: {
      origin,
      "access-control-request-method": method,
      "access-control-request-headers": headers,
    },
  });

  it.each([
    ["/exam/roomInfo?roomId=x", "GET", "authorization"],
    ["/exam/v2/createRoom", "POST", "authorization,content-type"],
    ["/trpc/room.get", "GET", "authorization,content-type"],
    ["/trpc/room.get", "POST", "authorization,trpc-accept,x-request-id"],
    ["/exam/nothing", "GET", "authorization"],
    ["/audio/x.wav", "GET", "range"],
  ])("preflight of %s (%s, %s)", async (path, method, headers) => {
    await using app = await nextApp();
    const answer = await app.inject(preflight(path, "https://exam.example", method, headers));
    expect({ status: answer.statusCode, body: answer.body }).toEqual({ status: 204, body: "" });
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-max-age": expect.stringMatching(/^\d+$/),
      "x-request-id": expect.stringMatching(UUID),
    });
    const list = (name: string) => String(answer.headers[name]).toLowerCase().split(/,\s*/);
    expect(list("access-control-allow-methods")).toContain(method.toLowerCase());
    if (headers !== "range")
      expect(list("access-control-allow-headers")).toEqual(expect.arrayContaining(headers.split(",")));
    expect(answer.headers).not.toHaveProperty("access-control-allow-credentials");
  });

  it("OPTIONS without a question is answered too", async () => {
    await using app = await nextApp();
    expect((await app.inject({ method: "OPTIONS", url: "/exam/roomInfo" })).statusCode).toBe(204);
  });

  it.each([
    ["https://exam.example", true],
    ["https://other.example", false],
    ["https://exam.example.evil.example", false],
    ["null", false],
  ])("with a list of origins, %s is allowed: %s", async (origin, allowed) => {
    await using app = await createTestApp({
      config: { corsOrigins: ["https://exam.example", "https://second.example"] },
    });
    for (const path of ["/exam/roomInfo", "/exam/nothing", "/trpc/nothing", "/health"])
      for (const request of [
        { method: "GET" as const, url: path, headers: { origin } },
        preflight(path, origin, "GET", "authorization"),
      ]) {
        const { headers } = await app.inject(request);
        expect({ path, origin: headers["access-control-allow-origin"] }).toEqual({
          path,
          origin: allowed ? origin : undefined,
        });
      }
  });

  it.each(["/exam/roomInfo", "/exam/nothing", "/health", "/trpc/auth.whoami", "/trpc/nothing"])(
    "with a list of origins, %s tells caches that the answer depends on it",
    async (url) => {
      await using app = await createTestApp({ config: { corsOrigins: ["https://exam.example"] } });
      const { headers } = await app.inject({ url, headers: { origin: "https://exam.example" } });
      expect(String(headers.vary).toLowerCase().split(/,\s*/)).toContain("origin");
    },
  );

  it("successes can be read by a browser too", async () => {
    await using app = await nextApp();
    for (const path of ["/health", "/ready", "/trpc/auth.whoami"]) {
      const headers = { origin: "https://exam.example" };
      const answer = await send(app, { method: "GET", path, headers }, await app.token(ADMIN));
      expect({ path, status: answer.status }).toEqual({ path, status: 200 });
      expect(answer.headers).toMatchObject({ "access-control-allow-origin": "*", ...SECURITY });
    }
  });
});

describe("the request id", () => {
  it.each(["abc", "A.b_c:d-1", "x".repeat(64), "550e8400-e29b-41d4-a716-446655440000"])(
    "%s is kept",
    async (id) => {
      await using app = await nextApp();
      const sent = { method: "GET", headers: { "x-request-id": id } };
      for (const path of ["/health", "/exam/roomInfo", "/exam/nothing", "/trpc/nothing"])
        expect((await send(app, { ...sent, path })).headers["x-request-id"]).toBe(id);
      const { body } = await send(app, { ...sent, path: "/exam/roomInfo" });
      expect(body.requestId).toBe(id);
    },
  );

  it.each([
    "",
    " ",
    "x".repeat(65),
    "a b",
    "a\tb",
    "<script>",
    '"quoted"',
    "a,b",
    "../../etc",
    "é",
    "{$ne:1}",
  ])("%j is replaced", async (id) => {
    await using app = await nextApp();
    const url = new URL(await app.listen());
    const got = await new Promise((resolve, reject) => {
      request(url, { path: "/health", headers: { "x-request-id": id } }, (response) => {
        response.resume();
        resolve(response.headers["x-request-id"]);
      })
        .on("error", reject)
        .end();
    });
    expect(got).toMatch(UUID);
  });

  it("sent twice is replaced, and each request has its own", async () => {
    await using app = await nextApp();
    const bytes = `GET /health HTTP/1.1\r\n${HOST}x-request-id: a\r\nx-request-id: b\r\nConnection: close\r\n\r\n`;
    const url = await app.listen();
    const [first, second] = [await sendRaw(url, bytes), await sendRaw(url, bytes)];
    expect(first.headers["x-request-id"]).toMatch(UUID);
    expect(second.headers["x-request-id"]).not.toBe(first.headers["x-request-id"]);
  });
});
