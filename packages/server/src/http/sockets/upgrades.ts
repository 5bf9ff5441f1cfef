import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import proxyAddr from "@fastify/proxy-addr";
import type { FastifyInstance } from "fastify";
import type { WebSocketServer } from "ws";
import type { Config } from "../../config/config.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";
import { waitAtMost } from "../../platform/wait-at-most.js";
import { asBytes, bareAnswer } from "../failures.js";
import { requestId } from "../logging.js";
import { openServerCheck, originsOf } from "../open-server.js";
import {
  type Connection,
  drainOf,
  type Served,
  type SocketHandler,
  type SocketTiming,
} from "./connection.js";
import { createLiveness, PING_MS } from "./liveness.js";
import { createOutlets } from "./outlet.js";
import { answerPlainly, isWebSocket } from "./plain.js";

/** The largest frame that is read: as much as the body of a request. */
const MAX_FRAME_BYTES = 1024 * 1024;
/** Pieces of a frame, and frames of a message, at most: a small number of bytes must not come as a large number of objects. */
const MAX_PIECES = 4096;
const MAX_FRAGMENTS = 1024;
/** How long what is under way may take once the server drains, and then how long the client to say goodbye. */
const SETTLE_MS = 5_000;
const GOODBYE_MS = 1_000;
/** How long a client may take to close a connection that the server has closed. */
const CLOSE_MS = 2_000;
/** The WebSocket code for a server that goes away, and what is said with it. */
const GOING_AWAY = 1001;
const GOODBYE = "The server is stopping.";

export interface UpgradeOptions {
  readonly config: Pick<Config, "auth" | "corsOrigins" | "publicUrl" | "trustedProxies" | "sendBufferBytes">;
  /** Who serves the connections of each path. */
  readonly handlers: Readonly<Partial<Record<string, SocketHandler>>>;
  readonly timing: SocketTiming;
}

const pathOf = ({ url = "/" }: IncomingMessage): string => url.split("?", 1)[0] ?? "/";

/** Whether the page that connects may: one of the origins that may call, or a page of this very host. */
const originCheck = (config: UpgradeOptions["config"]) => {
  const origins = originsOf(config);
  const refusalOf = openServerCheck(config);
  return ({ headers }: IncomingMessage): boolean => {
    const { origin, host } = headers;
    if (refusalOf(headers)) return false;
    return (
      origin === undefined ||
      origins.allows(origin) ||
      (host !== undefined && [`http://${host}`, `https://${host}`].includes(origin))
    );
  };
};

const REFUSALS: Readonly<Record<400 | 403 | 404 | 503, InvigilError>> = {
  400: invalidInput("request", "is no handshake of a WebSocket"),
  403: new InvigilError("FORBIDDEN", "Pages of this origin may not connect."),
  404: new InvigilError("NOT_FOUND", "There is no WebSocket at this path."),
  503: new InvigilError("OVERLOADED", "The server is stopping."),
};
/** Ends a connection that does not become a WebSocket. */
const refuse = (socket: Duplex, status: keyof typeof REFUSALS, id: string): void => {
  socket.end(asBytes(bareAnswer(REFUSALS[status], status, id)));
};

/**
 * Makes WebSockets of the requests that ask for it on the paths of `handlers`. Each is pinged, has a log line when it
 * opens and one when it closes, and is told when the server goes.
 */
export const acceptSockets = (
  app: FastifyInstance,
  { config, handlers, timing: { pingMs = PING_MS, settleMs = SETTLE_MS } }: UpgradeOptions,
): void => {
  const isKnownOrigin = originCheck(config);
  const isProxy = proxyAddr.compile([...config.trustedProxies]);
  const liveness = createLiveness({ pingMs });
  const outlets = createOutlets({ mostBytes: config.sendBufferBytes });
  const open = new Map<Connection, Served>();
  let draining = false;
  let server: Promise<WebSocketServer> | undefined;

  /** Loaded with the first connection: most starts are of commands, and of servers that nobody listens to yet. */
  const socketServer = () => {
    server ??= import("ws").then(({ WebSocketServer }) => {
      // Named first: the types do not know the time for closing yet.
      const bounds = {
        noServer: true,
        clientTracking: false,
        maxPayload: MAX_FRAME_BYTES,
        maxBufferedChunks: MAX_PIECES,
        maxFragments: MAX_FRAGMENTS,
        closeTimeout: CLOSE_MS,
        perMessageDeflate: false,
      };
      const made = new WebSocketServer(bounds);
      // What is not a handshake.
      made.on("wsClientError", (_error, socket, request) => refuse(socket, 400, requestId(request)));
      return made;
    });
    return server;
  };

  const goodbye = async (connection: Connection, served: Served): Promise<void> => {
    const { socket } = connection;
    await waitAtMost(served.settled(), settleMs);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.close(GOING_AWAY, GOODBYE);
    await waitAtMost(closed, GOODBYE_MS);
    socket.terminate();
  };

  const serve = (connection: Connection, route: string, handler: SocketHandler): void => {
    const { socket, log } = connection;
    const since = performance.now();
    // Broken frames: the library closes the connection with the code that says so.
    socket.on("error", (error) => log.debug({ err: error }, "connection failed"));
    const served = handler(connection);
    open.set(connection, served);
    liveness.watch(socket, () => served.isBusy?.() ?? false);
    log.info({ route, address: connection.address }, "connection opened");
    socket.once("close", (code: number) => {
      open.delete(connection);
      const ms = Math.round(performance.now() - since);
      log.info({ route, code, ms, ...served.summary?.() }, "connection closed");
    });
    if (draining) void goodbye(connection, served);
  };

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    if (!isWebSocket(request)) {
      answerPlainly(app.server, request, { socket, head });
      return;
    }
    // Clients go away at any moment.
    socket.on("error", () => socket.destroy());
    const id = requestId(request);
    const route = pathOf(request);
    // Paths begin with a slash, so that none is a name that every object has.
    const handler = handlers[route];
    const log = app.log.child({ reqId: id });
    const address = proxyAddr(request, isProxy);
    const status = !handler ? 404 : draining ? 503 : isKnownOrigin(request) ? undefined : 403;
    if (!handler || status !== undefined) {
      log.info({ route: handler ? route : null, status, address }, "connection refused");
      refuse(socket, status ?? 404, id);
      return;
    }
    const made = await socketServer();
    made.handleUpgrade(request, socket, head, (accepted) => {
      const send = outlets.open(accepted, log);
      const close: Connection["close"] = (code, reason) => {
        accepted.close(code, reason);
        accepted.resume();
      };
      const drained = drainOf(socket);
      const connection = { socket: accepted, request, id, address, log, send, close, drained };
      serve(connection, route, handler);
    });
  };

  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(request, socket, head).catch((error: unknown) => {
      app.log.error({ err: error }, "fault");
      socket.destroy();
    });
  });
  // Not waited for here: the server must stop to listen meanwhile, and ends when its last connection has.
  app.addHook("preClose", (done) => {
    draining = true;
    for (const [connection, served] of open) void goodbye(connection, served);
    done();
  });
};
