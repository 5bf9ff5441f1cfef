import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";

interface Loopback extends AsyncDisposable {
  readonly url: string;
}

const listen = async (server: Server, close: () => void): Promise<Loopback> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    // The server listens on TCP, so its address is one of a port.
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      close();
      await closed;
    },
  };
};

export interface TcpServer extends Loopback {
  /** One for each connection that brought a request: its first line. */
  readonly requests: readonly string[];
}

/** A raw TCP server: hands over each connection with the first bytes that came on it. */
export const tcpServer = async (
  answer: (socket: Socket, head: Buffer, count: number) => void,
): Promise<TcpServer> => {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", (head) => {
      requests.push(head.toString("latin1").split("\r\n")[0] ?? "");
      answer(socket, head, requests.length);
    });
  });
  const listening = await listen(server, () => {
    for (const socket of sockets) socket.destroy();
  });
  return { ...listening, requests };
};

/** A URL that refuses connections. Until it is disposed of, nothing else can listen there. */
export const refusingUrl = async (): Promise<Loopback> => {
  const server = await tcpServer(() => {});
  // The near end of a connection has a port to itself.
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  await once(socket, "connect");
  return {
    url: `http://127.0.0.1:${socket.localPort}`,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
};

/** Stands before the server at `target`: resets the first connections after reading from them, and passes on the rest. */
export const flakyProxy = (target: string, resets: number): Promise<TcpServer> =>
  tcpServer((socket, head, count) => {
    if (count <= resets) {
      socket.resetAndDestroy();
      return;
    }
    const { hostname, port } = new URL(target);
    const upstream = connect(Number(port), hostname);
    upstream.on("error", () => socket.destroy());
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
  });

/** An HTTP server that is not Invigil. */
export const httpServer = async (answer: RequestListener): Promise<Loopback> => {
  const server = createHttpServer(answer);
  return listen(server, () => server.closeAllConnections());
};

export interface CuttingProxy extends Loopback {
  /** Resets every connection that is open, and returns how many there were. */
  cut(): number;
  /** How WebSockets are answered from now on: passed on, refused, or not at all. */
  webSockets: "pass" | "refuse" | "ignore";
  /** Changes what the server sends. */
  change: (bytes: Buffer) => Buffer;
  /** Resolves when no WebSocket is open. */
  idle(): Promise<void>;
  /** Resolves when the next WebSocket is passed on. */
  opened(): Promise<void>;
  /** The first line of each connection's first request. */
  readonly lines: readonly string[];
  /** The path that each connection asked for first, `ws` or `http` before it. */
  readonly asked: readonly string[];
}

/** A proxy to the server at `target`, which may change. It forwards everything until it cuts the connections. */
export const cuttingProxy = async (target: string | (() => string)): Promise<CuttingProxy> => {
  const open = new Set<Socket>();
  const webSockets = new Set<Socket>();
  const lines: string[] = [];
  let idle: (() => void) | undefined;
  let opened: (() => void) | undefined;
  const asked: string[] = [];
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
    socket.once("data", (head) => {
      const text = head.toString("latin1");
      lines.push(text.split("\r\n")[0] ?? "");
      const isWebSocket = /^upgrade: websocket/im.test(text);
      asked.push(`${isWebSocket ? "ws" : "http"} ${text.split(/[ ?]/)[1]}`);
      if (isWebSocket && proxy.webSockets === "ignore") return;
      if (isWebSocket && proxy.webSockets === "refuse") {
        socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
        return;
      }
      if (isWebSocket) {
        webSockets.add(socket);
        opened?.();
        socket.on("close", () => {
          webSockets.delete(socket);
          if (webSockets.size === 0) idle?.();
        });
      }
      const { hostname, port } = new URL(typeof target === "string" ? target : target());
      const upstream = connect(Number(port), hostname);
      upstream.on("error", () => socket.resetAndDestroy());
      upstream.on("close", () => socket.destroy());
      socket.on("close", () => upstream.destroy());
      upstream.write(head);
      const changed = new Transform({
        transform: (bytes: Buffer, _, done) => done(null, proxy.change(bytes)),
      });
      socket.pipe(upstream).pipe(changed).pipe(socket);
    });
  });
  const listening = await listen(server, () => {
    for (const socket of open) socket.destroy();
  });
  const proxy: CuttingProxy = {
    ...listening,
    webSockets: "pass",
    change: (bytes) => bytes,
    asked,
    lines,
    opened: () =>
      new Promise((resolve) => {
        opened = resolve;
      }),
    idle: () =>
      new Promise((resolve) => {
        if (webSockets.size === 0) resolve();
        else idle = resolve;
      }),
    cut() {
      const { size } = open;
      for (const socket of open) socket.resetAndDestroy();
      return size;
    },
  };
  return proxy;
};
