import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isFull } from "./support/effort.js";
import { isPackedStart } from "./support/packed.js";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";
import { sendRaw } from "./support/raw.js";
import { rawSocket, socketUrl } from "./support/sockets.js";

// Hostile input against the packed program, in its own process with little memory.

const MIB = 1024 * 1024;
/**
 * The maximum growth of the process during any attack: its heap limit, the buffers for bodies, and the same
 * amount again for memory that is not yet collected, which depends on the version of Node. Without limits,
 * the attacks take gigabytes.
 */
const MOST_GROWTH = 512 * MIB;

/** A server that is to be attacked. When it is disposed of, it must be as well as before. */
const openServer = async (): Promise<AsyncDisposable & { readonly server: Server }> => {
  const folder = tempFolder();
  const server = await serve({
    cwd: folder.path,
    env: { ...testEnv, NODE_OPTIONS: "--max-old-space-size=256" },
  });
  expect(isPackedStart()).toBe(true);
  const before = residentBytes(server);
  return {
    server,
    async [Symbol.asyncDispose]() {
      try {
        expect(residentBytes(server) - before).toBeLessThan(MOST_GROWTH);
        expect((await fetch(`${server.url}/ready`)).status).toBe(200);
        expect(server.stdout()).not.toContain('"msg":"fault"');
      } finally {
        await server[Symbol.asyncDispose]();
        folder[Symbol.dispose]();
      }
    },
  };
};
const withServer = async (attack: (server: Server) => Promise<void>): Promise<void> => {
  await using opened = await openServer();
  await attack(opened.server);
};
const residentBytes = ({ pid }: Server): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;

const open = async (url: string): Promise<Socket> => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
};
/** Writes while the server reads, and everything that remains. */
const pour = async (socket: Socket, part: Buffer, times: number): Promise<void> => {
  for (let count = 0; count < times && !socket.destroyed; count++)
    if (!socket.write(part))
      await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => undefined);
};
const chunkedHead = (path: string, token?: string): string =>
  [
    `POST ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    "content-type: application/json",
    ...(token === undefined ? [] : [`authorization: ${token}`]),
    "transfer-encoding: chunked",
    "\r\n",
  ].join("\r\n");
const TINY = Buffer.from("1\r\n \r\n".repeat(10_000));

describe("the packed server stands", () => {
  it.skipIf(process.platform !== "linux" || !isFull)(
    "bodies in chunks of one byte that never end",
    async () => {
      await withServer(async ({ url }) => {
        const token = await tokenFor("teacher", "teacher1");
        const sockets = await Promise.all(Array.from({ length: 30 }, () => open(url)));
        const paths = ["/exam/login", "/exam/cheat/addCheatRecord", "/trpc/im.send", "/no/such/path"];
        await Promise.all(
          sockets.map(async (socket, index) => {
            socket.resume();
            socket.write(
              chunkedHead(paths[index % paths.length] ?? "/", index % 2 === 0 ? undefined : token),
            );
            await pour(socket, TINY, 10);
          }),
        );
        expect((await fetch(`${url}/health`)).status).toBe(200);
        for (const socket of sockets) socket.destroy();
      });
    },
  );

  it.skipIf(process.platform !== "linux")(
    "frames of a million messages, from anybody, read or not",
    async () => {
      await withServer(async ({ url }) => {
        const frame = `[${"1,".repeat(MIB / 2 - 2)}1 ]`;
        const authorization = await tokenFor("teacher", "teacher1");
        for (const headers of [{}, { authorization: "a.b.c" }, { authorization }]) {
          const clients = await Promise.all(
            Array.from({ length: 6 }, () => rawSocket(socketUrl(url), { headers })),
          );
          for (const client of clients) client.ask(frame);
          for (const client of clients) {
            expect([1008, 1009]).toContain((await client.closed).code);
            expect(client.received.length).toBeLessThan(2);
          }
        }
        const tiny = await rawSocket(socketUrl(url), { headers: { authorization } });
        for (let count = 0; count < 5_000; count++) tiny.socket.send("", { fin: false });
        expect((await tiny.closed).code).toBe(1008);
        const page = await rawSocket(socketUrl(url).replace("/trpc", "/im"));
        page.ask(frame);
        expect((await page.closed).code).toBe(1009);
      });
    },
  );

  it.skipIf(process.platform !== "linux" || !isFull)(
    "messages and pings without end from clients that do not read",
    async () => {
      await withServer(async ({ url }) => {
        const authorization = await tokenFor("teacher", "teacher1");
        const frame = JSON.stringify(Array.from({ length: 20 }, (_, id) => ({ id })));
        const clients = await Promise.all(
          Array.from({ length: 6 }, () => rawSocket(socketUrl(url), { headers: { authorization } })),
        );
        for (const { socket } of clients) {
          socket.pause();
          for (let count = 0; count < 20_000; count++) socket.send(frame);
          for (let count = 0; count < 20_000; count++) socket.ping("x".repeat(125));
        }
        using other = await rawSocket(socketUrl(url), { headers: { authorization } });
        other.ask({ id: 1, method: "query", params: { path: "auth.whoami" } });
        expect(await other.message(({ id }) => id === 1)).toHaveProperty("result");
        for (const { socket } of clients) socket.terminate();
      });
    },
  );
});

describe("the packed server answers in the form of its entry point", () => {
  let opened: Awaited<ReturnType<typeof openServer>>;
  beforeAll(async () => {
    opened = await openServer();
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());

  it.each([
    ["GET /exam/%ff", 400],
    ["GET /%zz", 400],
    [`GET /exam/${"x".repeat(9_000)}`, 404],
    [`GET /${"x".repeat(20_000)}`, 431],
    ["nonsense", 400],
  ])("to request %#", async (line, code) => {
    const { body, headers } = await sendRaw(
      opened.server.url,
      `${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    );
    expect(body).toMatchObject({ success: false, code, requestId: headers["x-request-id"] });
    expect(Object.keys(body).sort()).toEqual([
      "code",
      "errorCode",
      "errorMsg",
      "reason",
      "requestId",
      "success",
    ]);
  });

  it("over tRPC, too", async () => {
    const { url } = opened.server;
    for (const [path, status] of [
      ["%ff", 400],
      ["x".repeat(9_000), 404],
      ["auth.whoami?input=%7Bbroken", 401],
    ] as const) {
      const answer = await fetch(`${url}/trpc/${path}`);
      const { error } = (await answer.json()) as { error: { json: { data: object } } };
      expect([answer.status, error.json.data]).toMatchObject([
        status,
        { httpStatus: status, requestId: answer.headers.get("x-request-id") },
      ]);
    }
    const head = await fetch(`${url}/trpc/auth.whoami`, { method: "HEAD" });
    expect(head.status).toBe(204);
    const broken = await fetch(`${url}/trpc/auth.login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"password":"hunter2',
    });
    expect([broken.status, await broken.text()]).toEqual([400, expect.not.stringContaining("hunter")]);
  });
});
