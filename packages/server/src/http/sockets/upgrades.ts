import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import proxyAddr from "@fastify/proxy-addr";
import type { FastifyInstance } from "fastify";
import type { WebSocketServer } from "ws";
import type { Config } from "../../config/config.js";
import { InvigilError, invalidInput } from "../../platform/errors.js";
import type { Meters } from "../../platform/meters.js";
import { waitAtMost } from "../../platform/wait-at-most.js";
import { bareResponse, formatResponse } from "../failures.js";
import { requestId } from "../logging.js";
import { openServerCheck, originsOf } from "../open-server.js";
import {
  type Connection,
  drainOf,
  type Served,
  type SocketHandler,
  type SocketTiming,
} from "./connection.js";
import { handleWithoutUpgrade, isWebSocket } from "./ignored-upgrades.js";
import { createLiveness, PING_MS } from "./liveness.js";
import { createSendLimiter } from "./send-limiter.js";

/** The maximum size of a message, in bytes: that of a request's body. */
const MAX_FRAME_BYTES = 1024 * 1024;
/**
 * The maximum numbers of chunks of a frame and of frames of a message, so that few bytes cannot create many
 * objects.
 */
const MAX_CHUNKS = 4096;
const MAX_FRAGMENTS = 1024;
/**
 * The time limits for pending work when the server drains, and for the closing handshake afterwards, in
 * milliseconds.
 */
const SETTLE_MS = 5_000;
const HANDSHAKE_MS = 1_000;
/** How long a client may take to answer the closing handshake, in milliseconds. */
const CLOSE_MS = 2_000;
/** The WebSocket close code and reason of a server that stops. */
const GOING_AWAY = 1001;
const STOPPING = "The server is stopping.";

export interface UpgradeOptions {
  readonly config: Pick<Config, "auth" | "corsOrigins" | "publicUrl" | "trustedProxies" | "sendBufferBytes">;
  /** The handlers by path. */
  readonly handlers: Readonly<Partial<Record<string, SocketHandler>>>;
  readonly timing: SocketTiming;
  readonly meters: Meters | undefined;
}

const pathOf = ({ url = "/" }: IncomingMessage): string => url.split("?", 1)[0] ?? "/";

/** Whether the calling page may connect: its origin is allowed, or it is the server's own. */
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
  400: invalidInput("request", "is not a WebSocket handshake"),
  403: new InvigilError("FORBIDDEN", "Pages of this origin may not connect."),
  404: new InvigilError("NOT_FOUND", "There is no WebSocket at this path."),
  503: new InvigilError("OVERLOADED", "The server is stopping."),
};
/** Responds to a request that does not become a WebSocket. */
const refuse = (socket: Duplex, status: keyof typeof REFUSALS, id: string): void => {
  socket.end(formatResponse(bareResponse(REFUSALS[status], status, id)));
};

/**
 * Accepts WebSockets on the paths of `handlers`. Every connection is pinged, is logged when it opens and
 * closes, and is closed with a reason when the server stops.
 */
export const acceptSockets = (
  app: FastifyInstance,
  { config, handlers, meters, timing: { pingMs = PING_MS, settleMs = SETTLE_MS } }: UpgradeOptions,
): void => {
  const isAllowedOrigin = originCheck(config);
  const isProxy = proxyAddr.compile([...config.trustedProxies]);
  const liveness = createLiveness({ pingMs });
  const sendLimiter = createSendLimiter({ mostBytes: config.sendBufferBytes });
  const open = new Map<Connection, Served>();
  let draining = false;
  let server: Promise<WebSocketServer> | undefined;

  /** Imported for the first connection, because commands and many servers never need it. */
  const socketServer = () => {
    server ??= import("ws").then(({ WebSocketServer }) => {
      // A variable, because the types lack `closeTimeout`.
      const bounds = {
        noServer: true,
        clientTracking: false,
        maxPayload: MAX_FRAME_BYTES,
        maxBufferedChunks: MAX_CHUNKS,
        maxFragments: MAX_FRAGMENTS,
        closeTimeout: CLOSE_MS,
        perMessageDeflate: false,
      };
      const made = new WebSocketServer(bounds);
      // The request is not a valid handshake.
      made.on("wsClientError", (_error, socket, request) => refuse(socket, 400, requestId(request)));
      return made;
    });
    return server;
  };

  const closeGracefully = async (connection: Connection, served: Served): Promise<void> => {
    const { socket } = connection;
    await waitAtMost(served.settled(), settleMs);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.close(GOING_AWAY, STOPPING);
    await waitAtMost(closed, HANDSHAKE_MS);
    socket.terminate();
  };

  const serve = (connection: Connection, route: string, handler: SocketHandler): void => {
    const { socket, log } = connection;
    const since = performance.now();
    // After an invalid frame, ws closes the connection with the matching code.
    socket.on("error", (error) => log.debug({ err: error }, "connection failed"));
    const served = handler(connection);
    open.set(connection, served);
    const count = meters?.sockets.of(route);
    if (count) count.value += 1;
    liveness.watch(socket, () => served.isBusy?.() ?? false);
    log.info({ route, address: connection.address }, "connection opened");
    socket.once("close", (code: number) => {
      open.delete(connection);
      if (count) count.value -= 1;
      const ms = Math.round(performance.now() - since);
      log.info({ route, code, ms, ...served.summary?.() }, "connection closed");
    });
    if (draining) void closeGracefully(connection, served);
  };

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    if (!isWebSocket(request)) {
      handleWithoutUpgrade(app.server, request, { socket, head });
      return;
    }
    // Clients may disconnect at any time.
    socket.on("error", () => socket.destroy());
    const id = requestId(request);
    const route = pathOf(request);
    // Safe to look up: paths begin with a slash, so they are no names of Object.prototype.
    const handler = handlers[route];
    const log = app.log.child({ reqId: id });
    const address = proxyAddr(request, isProxy);
    const status = !handler ? 404 : draining ? 503 : isAllowedOrigin(request) ? undefined : 403;
    if (!handler || status !== undefined) {
      log.info({ route: handler ? route : null, status, address }, "connection refused");
      refuse(socket, status ?? 404, id);
      return;
    }
    const made = await socketServer();
    made.handleUpgrade(request, socket, head, (accepted) => {
      const send = sendLimiter.open(accepted, log);
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
  // Not awaited here, because the server must stop listening first. It ends when its last connection has
  // ended.
  app.addHook("preClose", (done) => {
    draining = true;
    for (const [connection, served] of open) void closeGracefully(connection, served);
    done();
  });
};
