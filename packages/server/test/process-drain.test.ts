import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./support/process.js";

/** The time limit of the server, after which it terminates pending work. */
const DRAIN_MS = 8_000;
const MARKER = "sent while the server drains";

interface RawRequest extends Disposable {
  /** Sends the rest of the body. */
  finish(): void;
  /** The whole response, after the server has closed the connection. */
  answered(): Promise<string>;
  /** Resolves when the response contains a match. */
  seen(text: string): Promise<void>;
}

/** A request whose headers the server has read, and whose body has started. */
const beginRequest = async (url: string, path: string, body: string, token: string): Promise<RawRequest> => {
  const { hostname, port, host } = new URL(url);
  const socket: Socket = connect({ host: hostname, port: Number(port) });
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
  });
  // A terminated connection first ends with an error. The data before it counts.
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) => {
    socket.on("close", () => resolve(received));
  });
  const seen = async (text: string): Promise<void> => {
    while (!received.includes(text)) {
      if (socket.closed) throw new Error(`closed after: ${received}`);
      await Promise.race([once(socket, "data"), closed]);
    }
  };
  const half = Math.floor(body.length / 2);
  socket.write(
    [
      `POST ${path} HTTP/1.1`,
      `host: ${host}`,
      `authorization: ${token}`,
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(body)}`,
      // The server sends status 100 after the headers, so it has the request from then on.
      "expect: 100-continue",
      "\r\n",
    ].join("\r\n"),
  );
  await seen("100 Continue");
  socket.write(body.slice(0, half));
  return {
    finish: () => void socket.write(body.slice(half)),
    answered: () => closed,
    seen,
    [Symbol.dispose]: () => socket.destroy(),
  };
};

/** Whether the address refuses connections. */
const isRefused = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("connect", () => {
      socket.destroy();
      resolve(false);
    });
    // A connection that waits to be accepted when the server stops is reset.
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });

/** Sends the signal. Resolves when the running server refuses new connections. */
const drain = async (server: Server, signal: NodeJS.Signals): Promise<void> => {
  server.kill(signal);
  await server.line('"msg":"draining"');
  while (!(await isRefused(server.url)));
};

const newRoom = async (server: Server, token: string): Promise<string> => {
  const { body } = await server.post("/exam/createRoom", { name: "Drained" }, token);
  return body.data.id;
};

const recordBody = (roomId: string): string =>
  JSON.stringify({
    roomId,
    data: JSON.stringify([
      {
        userId: "teacher1",
        isMainMonitor: true,
        detectType: "manyPeople",
        detectTime: Date.now(),
        extraInfo: MARKER,
      },
    ]),
  });

const begin = (server: Server, roomId: string, token: string): Promise<RawRequest> =>
  beginRequest(server.url, "/exam/cheat/addCheatRecord", recordBody(roomId), token);

describe.concurrent.each(["SIGTERM", "SIGINT"] as const)("the server after %s", (signal) => {
  it("refuses new connections, answers what has begun, closes the database and exits with 0", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    const roomId = await newRoom(server, token);
    using request = await begin(server, roomId, token);

    const signalled = performance.now();
    await drain(server, signal);
    request.finish();
    await request.seen('"success":true');

    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
    expect(performance.now() - signalled).toBeLessThan(10_000);
    const file = join(folder.path, "data/invigil.db");
    expect(existsSync(`${file}-wal`)).toBe(false);
    const database = new Sqlite(file, { readonly: true });
    const kept = database.prepare("SELECT extra_info FROM cheat_records").pluck().all();
    database.close();
    expect(kept).toEqual([MARKER]);
  });
});

describe.concurrent("a draining server", () => {
  it("does not wait for a client that keeps its connection open after its answer", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    using request = await begin(server, await newRoom(server, token), token);

    await drain(server, "SIGTERM");
    request.finish();
    await request.seen('"success":true');
    const answered = performance.now();

    expect(await server.ended()).toMatchObject({ code: 0 });
    // Half of the time limit: nothing was terminated, because nothing was left to do.
    expect(performance.now() - answered).toBeLessThan(DRAIN_MS);
  });

  it("does not wait for connections that are open and idle", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    // The pool of fetch keeps the connection of every finished call open.
    await Promise.all(Array.from({ length: 8 }, () => fetch(`${server.url}/health`).then((it) => it.text())));

    const signalled = performance.now();
    server.kill("SIGTERM");

    expect(await server.ended()).toMatchObject({ code: 0 });
    expect(performance.now() - signalled).toBeLessThan(DRAIN_MS);
  });

  it("does not wait for a connection on which nothing was ever sent", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, "connect");
    // The server has received it when it responds to a later request.
    await server.post("/exam/createRoom", { name: "After" }, await tokenFor("admin", "teacher1"));

    const signalled = performance.now();
    server.kill("SIGTERM");

    expect(await server.ended()).toMatchObject({ code: 0 });
    expect(performance.now() - signalled).toBeLessThan(DRAIN_MS);
    socket.destroy();
  });

  it("cuts off a client that never finishes, and exits with 0", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    using request = await begin(server, await newRoom(server, token), token);

    const signalled = performance.now();
    await drain(server, "SIGTERM");

    expect(await server.ended()).toMatchObject({ code: 0 });
    // It had enough time.
    expect(performance.now() - signalled).toBeGreaterThan(DRAIN_MS / 2);
    expect(existsSync(join(folder.path, "data/invigil.db-wal"))).toBe(false);
    expect(await request.answered()).not.toContain("200 OK");
  });

  it("ends at once, with 1, on a second signal", async () => {
    using folder = tempFolder();
    await using server = await serve({ cwd: folder.path, env: testEnv });
    const token = await tokenFor("admin", "teacher1");
    using request = await begin(server, await newRoom(server, token), token);

    await drain(server, "SIGTERM");
    const again = performance.now();
    server.kill("SIGINT");

    expect(await server.ended()).toMatchObject({ code: 1, signal: null });
    expect(performance.now() - again).toBeLessThan(DRAIN_MS);
    expect(await request.answered()).not.toContain("200 OK");
  });
});
