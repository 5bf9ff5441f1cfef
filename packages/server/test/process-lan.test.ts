import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type Agent, request as send } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { selfSigned } from "@invigil/media-server/certificate";
import { newPublisher } from "@invigil/media-server/peers";
import { describe, expect, it } from "vitest";
import {
  type Env,
  invigil,
  run,
  type Server,
  serve,
  tempFolder,
  testEnv,
  tokenFor,
} from "./support/process.js";
import { rawSocket } from "./support/sockets.js";

// `invigil serve --lan`: https beside http, on an address that every machine has.

const ADDRESS = "127.0.0.1";
const FILE = "lan-certificate.pem";

interface Lan extends Server {
  readonly lan: string;
  readonly ca: string;
}
const start = async (cwd: string, more: Env = {}, ...args: readonly string[]): Promise<Lan> => {
  const env = { ...testEnv, INVIGIL_MEDIA_PORTS: "18400-18499", ...more };
  const server = await serve({ cwd, env }, "--lan", ADDRESS, ...args);
  try {
    const { lan } = JSON.parse(await server.line('"msg":"listening"')) as { lan: string };
    const own = join(cwd, "data", FILE);
    return { ...server, lan, ca: existsSync(own) ? readFileSync(own, "utf8") : "" };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
};

interface Sent {
  readonly method?: string;
  readonly token?: string;
  readonly body?: string;
  readonly type?: string;
  readonly agent?: Agent;
}
/** Asks over https, and trusts the certificate of the server alone. */
const ask = async ({ lan, ca }: Pick<Lan, "lan" | "ca">, path: string, sent: Sent = {}) => {
  const { method = "GET", token, body, type = "application/json", agent } = sent;
  const request = send(`${lan}${path}`, {
    method,
    ca,
    ...(agent && { agent }),
    headers: {
      ...(token !== undefined && { authorization: token }),
      ...(body !== undefined && { "content-type": type }),
    },
  });
  request.end(body);
  const [response] = await once(request, "response");
  return { status: response.statusCode as number, headers: response.headers, text: await text(response) };
};
const call = async (server: Lan, path: string, json: object, token: string) => {
  const answer = await ask(server, `/trpc/${path}`, {
    method: "POST",
    token,
    body: JSON.stringify({ json }),
  });
  expect(answer.status, answer.text).toBe(200);
  return JSON.parse(answer.text).result.data.json;
};
/** A room with one examinee. */
const newRoom = async (server: Server): Promise<string> => {
  const json = { name: "R", participants: [{ userId: "e1", name: "E", role: "examinee" }] };
  const { body } = await server.post("/trpc/room.create", { json }, await tokenFor("admin", "root"));
  return body.result.data.json.id;
};
/** Connects to the port of https, and does nothing. */
const openTls = async ({ lan, ca }: Lan): Promise<TLSSocket> => {
  const { hostname, port } = new URL(lan);
  const socket = connectTls({ host: hostname, port: Number(port), ca });
  await once(socket, "secureConnect");
  return socket;
};

describe("https on the local network", () => {
  it("serves what http serves, also over WebSockets, with a certificate for its address", async () => {
    using folder = tempFolder();
    await using server = await start(folder.path);
    expect(server.lan).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect((await ask(server, "/health")).status).toBe(200);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    await expect(
      ask(
        { ...server, ca: (await selfSigned({ address: ADDRESS, from: new Date(), until: new Date() })).cert },
        "/health",
      ),
    ).rejects.toThrow(/self-signed/);

    const roomId = await newRoom(server);
    const headers = { authorization: await tokenFor("admin", "root"), origin: server.lan };
    using socket = await rawSocket(`${server.lan.replace("http", "ws")}/trpc`, { ca: server.ca, headers });
    socket.ask({
      id: 1,
      method: "subscription",
      params: { path: "room.onEvent", input: { json: { roomId } } },
    });
    await socket.message(({ result }) => result?.type === "started");
    await server.post("/exam/setAudioStatus", {}, headers.authorization);
    await call(server, "im.send", { roomId, type: 30_001, data: "heard" }, headers.authorization);
    await socket.message(({ id, result }) => id === 1 && JSON.stringify(result ?? {}).includes("heard"));
  });

  it("leads media sessions and codes to the address at which each page was opened, and sends streams to that of the network", async () => {
    using folder = tempFolder();
    const apps = { INVIGIL_EXAMINEE_APP_URL: "https://apps.example/" };
    await using server = await start(folder.path, apps);
    const roomId = await newRoom(server);
    const token = await tokenFor("examinee", "e1");
    const grant = await call(server, "stream.publish", { roomId }, token);
    expect(new URL(grant.url).origin).toBe(server.lan);
    const { body } = await server.post("/trpc/stream.publish", { json: { roomId } }, token);
    expect(new URL(body.result.data.json.url).origin).toBe(server.url);
    await using peer = await newPublisher();
    const { status, text: answer } = await ask(server, new URL(grant.url).pathname, {
      method: "POST",
      token: `Bearer ${grant.token}`,
      body: peer.offer,
      type: "application/sdp",
    });
    expect(status).toBe(201);
    const addresses = [...answer.matchAll(/^a=candidate:\S+ \d+ \S+ \d+ (\S+)/gm)].map(
      ([, address]) => address,
    );
    expect(new Set(addresses)).toEqual(new Set([ADDRESS]));
    // Codes are for everyone on the network.
    const [code] = await call(
      server,
      "room.joinCodes",
      { roomId, role: "examinee" },
      await tokenFor("admin", "root"),
    );
    expect(new URL(code.url).origin).toBe(server.lan);
  });

  it("keeps its certificate for the next start, readable by its owner, and makes one for another address, or when it expires or is damaged", async () => {
    using folder = tempFolder();
    const file = join(folder.path, "data", FILE);
    const started = async () => {
      await using server = await start(folder.path);
      expect((await ask(server, "/health")).status).toBe(200);
      return server.ca;
    };
    const first = await started();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await started()).toBe(first);
    const soon = new Date(Date.now() + 3600_000);
    const expiring = await selfSigned({ address: ADDRESS, from: new Date(0), until: soon });
    const elsewhere = await selfSigned({
      address: "192.0.2.7",
      from: new Date(0),
      until: new Date("2100-01-01"),
    });
    for (const replaced of [
      expiring.cert + expiring.key,
      elsewhere.cert + elsewhere.key,
      "no certificate",
      first.slice(0, 200),
    ]) {
      writeFileSync(file, replaced);
      const made = await started();
      expect(made).not.toBe(replaced);
      expect(new X509Certificate(made).checkIP(ADDRESS)).toBe(ADDRESS);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
  });

  it("takes a certificate of one's own", async () => {
    using folder = tempFolder();
    const own = await selfSigned({ address: ADDRESS, from: new Date(0), until: new Date("2049-01-01") });
    writeFileSync(join(folder.path, "c.pem"), own.cert);
    writeFileSync(join(folder.path, "k.pem"), own.key);
    const files = ["--lan-cert", "c.pem", "--lan-key", "k.pem"];
    await using server = await start(folder.path, {}, ...files);
    expect(server.ca).toBe("");
    expect((await ask({ ...server, ca: own.cert }, "/health")).status).toBe(200);
  });

  it("counts the connections of both together", async () => {
    using folder = tempFolder();
    await using server = await start(folder.path, { INVIGIL_MAX_CONNECTIONS: "10" });
    const sockets: Socket[] = [];
    const plain = async (): Promise<Socket> => {
      const { hostname, port } = new URL(server.url);
      const socket = connect({ host: hostname, port: Number(port) });
      await once(socket, "connect");
      return socket;
    };
    try {
      for (let n = 0; n < 5; n += 1) sockets.push(await plain(), await openTls(server));
      // Node accepts one more, and the server closes it at once.
      const more = await plain();
      sockets.push(more);
      await once(more.resume(), "close");
      await expect(openTls(server)).rejects.toThrow();
      sockets[1]?.destroy();
      // A place is free.
      await expect
        .poll(
          () =>
            plain().then(async (socket) => {
              sockets.push(socket);
              socket.write("GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
              return String(await Promise.race([once(socket, "data"), once(socket, "close")]));
            }),
          { timeout: 60_000 },
        )
        .toContain("200 OK");
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe("a draining server with https", () => {
  it("answers what has begun, tells WebSockets, closes what is unused on both, and exits with 0", async () => {
    using folder = tempFolder();
    await using server = await start(folder.path);
    const token = await tokenFor("admin", "root");
    const roomId = await newRoom(server);
    const { hostname, port } = new URL(server.lan);
    using socket = await rawSocket(`${server.lan.replace("http", "ws")}/trpc`, {
      ca: server.ca,
      headers: { authorization: token },
    });
    socket.ask({
      id: 1,
      method: "subscription",
      params: { path: "room.onEvent", input: { json: { roomId } } },
    });
    await socket.message(({ result }) => result?.type === "started");
    const [unused, idle, busy] = [await openTls(server), await openTls(server), await openTls(server)];
    // Its handshake never ends.
    const silent = connect({ host: hostname, port: Number(port) });
    await once(silent, "connect");
    idle.write("GET /health HTTP/1.1\r\nhost: a\r\n\r\n");
    expect(String(await once(idle, "data"))).toContain("200 OK");
    const body = JSON.stringify({ json: { name: "Made while it drains" } });
    busy.write(
      `POST /trpc/room.create HTTP/1.1\r\nhost: a\r\nauthorization: ${token}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    expect(String(await once(busy, "data"))).toContain("100 Continue");

    const closed = Promise.all([unused, idle].map((one) => once(one.resume(), "close")));
    const answer = text(busy);
    server.kill("SIGTERM");
    await server.line('"msg":"draining"');
    expect(await socket.closed).toMatchObject({ code: 1001 });
    await closed;
    await expect(openTls(server)).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
    busy.write(body);
    expect(await answer).toMatch(/200 OK[\s\S]*Made while it drains/);
    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
    for (const one of [unused, idle, busy, silent]) one.destroy();
  });
});

describe("the demo on the local network", () => {
  it("prints a link for a phone, which leads into its exam over https, and lets no other machine enter it without a password", async () => {
    using folder = tempFolder();
    await using server = await start(folder.path, { INVIGIL_LOG_LEVEL: "info" }, "--demo");
    await server.line("Ctrl-C stops the server.");
    const [, link = ""] = /^On a phone of the same network: (\S+)$/m.exec(server.stdout()) ?? [];
    const { origin, pathname } = new URL(link);
    expect(origin).toBe(server.lan);
    const { status, headers } = await ask(server, pathname);
    expect(status).toBe(303);
    const to = new URL(headers.location ?? "");
    expect([to.origin, to.pathname]).toEqual([server.lan, "/sit"]);
    // A terminal gets the QR code, and a file does not.
    expect(server.stdout()).not.toContain("▀");
  });
});

describe("faults", () => {
  const refused = async (cwd: string, args: readonly string[], env: Env = {}) => {
    const { code, stderr } = await run(["serve", "--check", ...args], { cwd, env: { ...testEnv, ...env } });
    expect(code).not.toBe(0);
    return stderr;
  };
  it("names what is wrong with the options", async () => {
    using folder = tempFolder();
    writeFileSync(join(folder.path, "c.pem"), "no certificate");
    const own = await selfSigned({ address: ADDRESS, from: new Date(0), until: new Date("2049-01-01") });
    writeFileSync(join(folder.path, "cert.pem"), own.cert);
    const other = await selfSigned({ address: ADDRESS, from: new Date(0), until: new Date("2049-01-01") });
    writeFileSync(join(folder.path, "other.pem"), other.key);
    for (const [args, said] of [
      [["--lan", "school.example"], "IPv4 address"],
      [["--lan", "192.0.2.99"], "--lan 192.0.2.99 is no address of this machine"],
      [["--lan-cert", "c.pem", "--lan-key", "c.pem"], "belong together"],
      [["--lan", ADDRESS, "--lan-cert", "c.pem"], "belong together"],
      [["--lan", ADDRESS, "--lan-cert", "none.pem", "--lan-key", "c.pem"], "none.pem cannot be read"],
      [
        ["--lan", ADDRESS, "--lan-cert", "c.pem", "--lan-key", "c.pem"],
        "no certificate or key in PEM format",
      ],
      [
        ["--lan", ADDRESS, "--lan-cert", "cert.pem", "--lan-key", "other.pem"],
        "is not the key of the certificate",
      ],
    ] as const)
      expect(await refused(folder.path, args)).toContain(said);
    expect(await refused(folder.path, ["--lan", ADDRESS], { INVIGIL_AUTH: "off" })).toContain(
      "INVIGIL_AUTH is 'off'",
    );
    expect(existsSync(join(folder.path, "data"))).toBe(false);
  });

  it("says which port of which address is in use, and which one to take", async () => {
    using folder = tempFolder();
    await using server = await start(folder.path);
    const port = Number(new URL(server.lan).port) - 1;
    await using second = invigil(["serve", "--lan", ADDRESS, "--port", String(port)], {
      cwd: folder.path,
      env: { ...testEnv, INVIGIL_DATABASE_URL: ":memory:" },
    });
    const { code, stderr } = await second.ended();
    expect(code).toBe(1);
    expect(stderr).toMatch(/Port \d+ of 127\.0\.0\.1 is in use\. Take another one: invigil serve --port \d+/);
  });
});
