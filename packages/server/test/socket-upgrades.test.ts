import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { openSocketFixture } from "./support/socket-fixture.js";
import { rawSocket, socketUrl } from "./support/sockets.js";

// Also under another Node: Node parses upgrades.

/** The status of the response to an upgrade request. 101 is a WebSocket. */
const statusOf = (url: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.on("open", () => {
      socket.terminate();
      resolve(101);
    });
    socket.on("unexpected-response", (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.on("error", reject);
  });

/** Sends bytes, and returns everything that the server sends until it closes. */
const exchange = async (url: string, text: string): Promise<string> => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let received = "";
  socket.setEncoding("latin1").on("data", (part: string) => {
    received += part;
  });
  socket.write(text, "latin1");
  await once(socket, "close");
  return received;
};

describe("a request for a WebSocket", () => {
  it("is granted at /trpc and is unknown anywhere else", async () => {
    await using fixture = await openSocketFixture();
    const base = socketUrl(fixture.url);
    expect(await statusOf(base)).toBe(101);
    expect(await statusOf(`${base}?connectionParams=1`)).toBe(101);
    for (const path of ["/trpc/", "/trpc/auth.whoami", "/health", "/constructor", "/"])
      expect([path, await statusOf(base.replace("/trpc", path))]).toEqual([path, 404]);
    // A normal request of the path still gets its response.
    expect((await fetch(`${fixture.url}/trpc`)).status).toBe(404);
    expect(fixture.lines().filter(({ msg }) => msg === "connection refused")).toMatchObject(
      Array.from({ length: 5 }, () => ({ status: 404, route: null })),
    );
  });

  it("comes from a page that may call, from a page of the same host, or from no page", async () => {
    await using fixture = await openSocketFixture({ config: { corsOrigins: ["https://exam.example"] } });
    const url = socketUrl(fixture.url);
    const own = new URL(fixture.url).host;
    for (const [origin, status] of [
      ["https://exam.example", 101],
      [`http://${own}`, 101],
      [`https://${own}`, 101],
      ["http://exam.example", 403],
      ["https://exam.example.evil.example", 403],
      ["https://evil.example", 403],
      ["null", 403],
    ] as const)
      expect([origin, await statusOf(url, { origin })]).toEqual([origin, status]);
    expect(await statusOf(url)).toBe(101);
  });

  it("may come from any page where all may call", async () => {
    await using fixture = await openSocketFixture();
    expect(await statusOf(socketUrl(fixture.url), { origin: "https://evil.example" })).toBe(101);
  });

  it("is refused when it is no handshake", async () => {
    await using fixture = await openSocketFixture();
    const { host } = new URL(fixture.url);
    const head = `GET /trpc HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n`;
    for (const rest of [
      "\r\n",
      "sec-websocket-version: 13\r\nsec-websocket-key: short\r\n\r\n",
      `sec-websocket-version: 7\r\nsec-websocket-key: ${Buffer.alloc(16).toString("base64")}\r\n\r\n`,
    ])
      expect(await exchange(fixture.url, head + rest)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    const posted = head.replace("GET", "POST");
    expect(await exchange(fixture.url, `${posted}content-length: 0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("does not compress: what is small on the way is small when it is read", async () => {
    await using fixture = await openSocketFixture();
    using client = await rawSocket(socketUrl(fixture.url), { perMessageDeflate: true });
    expect(client.socket.extensions).toBe("");
  });

  it("is refused while the server drains", async () => {
    await using fixture = await openSocketFixture();
    const { hostname, port, host } = new URL(fixture.url);
    const socket = connect({ host: hostname, port: Number(port) });
    let received = "";
    socket.setEncoding("latin1").on("data", (part: string) => {
      received += part;
    });
    // A request that has started when the server is asked to stop.
    const key = Buffer.alloc(16).toString("base64");
    socket.write(`GET /trpc HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n`);
    while (![...fixture.sockets()].some(({ bytesRead }) => bytesRead > 0))
      await new Promise((resolve) => setImmediate(resolve));
    const closed = fixture.close();
    for (let isOpen = true; isOpen; ) {
      const late = connect({ host: hostname, port: Number(port) });
      isOpen = await once(late, "connect").then(
        () => true,
        () => false,
      );
      late.destroy();
    }
    socket.write(`sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`);
    await once(socket, "close");
    expect(received).toMatch(/^HTTP\/1\.1 503 /);
    await closed;
  });
});

describe("a request that asks for another protocol, as Java's client does for HTTP/2", () => {
  it("is answered as if it had not, with its body and whatever comes after it", async () => {
    await using fixture = await openSocketFixture();
    const { host } = new URL(fixture.url);
    const token = await fixture.token({ sub: "t1", role: "teacher" });
    const body = JSON.stringify({ json: { text: "é" } });
    const wish = "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n";
    const { hostname, port } = new URL(fixture.url);
    const socket = connect({ host: hostname, port: Number(port) });
    let received = "";
    socket.setEncoding("latin1").on("data", (part: string) => {
      received += part;
    });
    socket.write(
      [
        `POST /trpc/test.change HTTP/1.1\r\nhost: ${host}\r\nauthorization: ${token}\r\n${wish}`,
        `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`,
        Buffer.from(body).toString("latin1"),
      ].join(""),
      "latin1",
    );
    // Newer versions of Node lose data that arrives together with such a request. Clients wait for the
    // response first.
    while (!received.includes('"result"')) await once(socket, "data");
    socket.write(`GET /health HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    await once(socket, "close");
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
    expect(Buffer.from(received, "latin1").toString()).toContain('{"result":{"data":{"json":"é"}}}');
    expect(received).toContain('{"status":"ok"');
  });

  it("is answered also when its body comes later, in parts", async () => {
    await using fixture = await openSocketFixture();
    const token = await fixture.token({ sub: "t1", role: "teacher" });
    const sent = httpRequest(`${fixture.url}/trpc/test.change`, {
      method: "POST",
      headers: {
        authorization: token,
        "content-type": "application/json",
        connection: "Upgrade, HTTP2-Settings",
        upgrade: "h2c",
        "http2-settings": "AAMAAABk",
      },
    });
    sent.flushHeaders();
    sent.write('{"json":{"te');
    await new Promise((resolve) => setImmediate(resolve));
    sent.end('xt":"parts"}}');
    const [response] = await once(sent, "response");
    let text = "";
    for await (const part of response) text += String(part);
    expect(text).toBe('{"result":{"data":{"json":"parts"}}}');
  });
});

describe("where a client calls from", () => {
  it("is what a trusted proxy says, so that failed logins count for whoever made them", async () => {
    await using fixture = await openSocketFixture({
      config: {
        trustedProxies: ["127.0.0.1"],
        login: { ttlSeconds: 60, maxSeconds: 60, failuresPerAddress: 1 },
      },
    });
    const login = async (address: string) => {
      using client = await rawSocket(socketUrl(fixture.url), { headers: { "x-forwarded-for": address } });
      client.ask({
        id: 1,
        method: "mutation",
        params: {
          path: "auth.login",
          input: { json: { username: `u-${address}`, password: "a wrong password" } },
        },
      });
      return (await client.message(({ id }) => id === 1)).error?.json.data.reason;
    };
    expect(await login("192.0.2.1")).toBe("UNAUTHENTICATED");
    expect(await login("192.0.2.1")).toBe("TOO_MANY_REQUESTS");
    expect(await login("192.0.2.2")).toBe("UNAUTHENTICATED");
  });
});
