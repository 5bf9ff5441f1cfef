import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Server, serve, tempFolder, testEnv, tokenFor } from "./process.js";

// Helpers for tests of a draining server: it takes no new connections, and responds to the requests that have started.

/** What a request of `begin` stores in the database. */
export const MARKER = "sent while the server drains";

export interface RawRequest extends Disposable {
  /** Sends the rest of the body. */
  finish(): void;
  /** The whole response, after the server has closed the connection. */
  answered(): Promise<string>;
  /** Resolves when the response contains `text`. */
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
export const drain = async (server: Server, signal: NodeJS.Signals): Promise<void> => {
  server.kill(signal);
  await server.line('"msg":"draining"');
  while (!(await isRefused(server.url)));
};

export const newRoom = async (server: Server, token: string): Promise<string> => {
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

/** Starts a request that adds a record with `MARKER`. */
export const begin = (server: Server, roomId: string, token: string): Promise<RawRequest> =>
  beginRequest(server.url, "/exam/cheat/addCheatRecord", recordBody(roomId), token);

/** A server with a client that never finishes its request. When it drains, it ends at its deadline, which tests compare others with. */
export interface HeldUp extends AsyncDisposable {
  readonly server: Server;
  readonly request: RawRequest;
  readonly folder: string;
}

export const openHeldUp = async (): Promise<HeldUp> => {
  const folder = tempFolder();
  const server = await serve({ cwd: folder.path, env: testEnv });
  const token = await tokenFor("admin", "teacher1");
  const request = await begin(server, await newRoom(server, token), token);
  return {
    server,
    request,
    folder: folder.path,
    async [Symbol.asyncDispose]() {
      request[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
};

/** The name of the server that ends first. */
export const firstToEnd = <Name extends string>(servers: Readonly<Record<Name, Server>>): Promise<Name> =>
  Promise.race(
    // Safe: the keys are names.
    (Object.keys(servers) as Name[]).map(async (name) => {
      await servers[name].ended();
      return name;
    }),
  );
