import type { Server as TlsServer } from "node:tls";
import cors from "@fastify/cors";
import Fastify, { type FastifyInstance, LogController } from "fastify";
import type { Deps } from "../api/deps.js";
import { createAppRouter, type ServedRouter } from "../api/router.js";
import type { Services } from "../api/services.js";
import { examineeUrlOf } from "../features/join/rules.js";
import { batchWrites } from "../http/batched-writes.js";
import { bodyTooLarge, createBodies, discardUnreadBodies, MAX_BODY_BYTES } from "../http/bodies.js";
import { CANDIDATE_PAGE, CONSOLE, serveBuiltPage } from "../http/built-pages.js";
import { createContextFactory } from "../http/context.js";
import { endConnectionsOnClose } from "../http/drain.js";
import {
  answerExpectations,
  answerFailures,
  answerUnrouted,
  brokenRequestAnswerer,
  readableUrl,
  TRPC_PREFIX,
} from "../http/failures.js";
import { serveAudioFiles } from "../http/files.js";
import { healthRoutes } from "../http/health.js";
import { joinPage } from "../http/join-page.js";
import { writeLargeAnswersAsBytes } from "../http/large-answers.js";
import { logRequests, REQUEST_ID_HEADER, requestId } from "../http/logging.js";
import { mediaRoutes } from "../http/media.js";
import { guardOpenServer, openServerCheck, originsOf, reachedAtOf } from "../http/open-server.js";
import { holdRefusals } from "../http/refusals.js";
import { serveScript } from "../http/sdk.js";
import { setSecurityHeaders } from "../http/security-headers.js";
import type { SocketTiming } from "../http/sockets/connection.js";
import { dropInSockets } from "../http/sockets/drop-in.js";
import { upgradeOptions } from "../http/sockets/ignored-upgrades.js";
import { trpcSockets } from "../http/sockets/trpc.js";
import { acceptSockets } from "../http/sockets/upgrades.js";
import { startPage } from "../http/start-page.js";
import { acceptTls } from "../http/tls.js";
import { type CreateHandler, trpcPlugin } from "../http/trpc.js";
import { audioUploads } from "../http/uploads.js";
import { restPlugin } from "../rest/plugin.js";
import type { Router } from "../trpc/root.js";
import { cannotServeMetrics } from "./address.js";

/** The headers that a page of another origin may read when it fetches an audio file in parts. */
const FILE_HEADERS = ["content-range", "accept-ranges", "content-length", "etag"];

export interface AppOptions {
  /** The router of the services, if the caller has created it. Default: a new one. */
  readonly router?: ServedRouter;
  /** The router behind tRPC, for tests of the transports. Default: the router of the services. */
  readonly trpcRouter?: Router;
  /** See `TrpcOptions.createHandler`. */
  readonly createTrpcHandler?: CreateHandler | undefined;
  /** The folders of the pages' builds. Default: those of this package. */
  readonly pageFolders?: { readonly console?: string; readonly candidate?: string } | undefined;
  /** The timeouts of WebSocket connections, in milliseconds. */
  readonly timing?: SocketTiming;
  /** A server for https, whose connections the app takes, too. */
  readonly tls?: TlsServer | undefined;
  /** How long open connections may still bring requests when the app closes, in milliseconds. Default: not at all. */
  readonly lastRequestsMs?: number;
}

/**
 * Builds the Fastify app with all entry points. It does not listen yet and does not own the database: close the
 * database after it.
 */
export const buildApp = async (
  deps: Deps,
  services: Services,
  {
    router = createAppRouter(services),
    trpcRouter,
    createTrpcHandler,
    pageFolders,
    timing = {},
    lastRequestsMs,
    tls,
  }: AppOptions = {},
): Promise<FastifyInstance> => {
  const { config, db, meters } = deps;
  const measuring = meters && (await import("../http/metrics.js"));
  const origins = originsOf(config);
  const anyOrigin = origins.any;
  const app = Fastify({
    loggerInstance: deps.log,
    // `logRequests` writes one line for each request instead of Fastify's two.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    clientErrorHandler: brokenRequestAnswerer({ anyOrigin, log: deps.log }),
    frameworkErrors: answerUnrouted,
    rewriteUrl: readableUrl,
    http: {
      ...upgradeOptions,
      // `answerFailures` refuses a request without a host in the envelope; Node would respond without a body.
      requireHostHeader: false,
      // The headers of a request must arrive within this time. Node checks its timeouts at this interval.
      headersTimeout: 20_000,
      connectionsCheckingInterval: 5_000,
    },
    // The proxies whose `X-Forwarded-For` header names the client's address.
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    // The maximum time for receiving a request: an audio file over a slow line takes minutes.
    requestTimeout: 300_000,
    // A draining server still answers requests on open connections.
    return503OnClosing: false,
    // The path of a long tRPC batch is one parameter. The limit is that of a request's headers.
    routerOptions: { maxParamLength: 16_384 },
  });

  // Before the listener of Fastify.
  app.server.prependListener("request", db.requestArrived);
  logRequests(app);
  if (meters) measuring?.countRequests(app, meters);
  writeLargeAnswersAsBytes(app);
  holdRefusals(app);
  batchWrites(app);
  endConnectionsOnClose(app, { lastRequestsMs, tls });
  discardUnreadBodies(app);
  const bodies = createBodies(config.bodies);
  // Each entry point parses its own bodies. Bodies of requests to unknown paths are not read.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", ({ headers }, _payload, done) => {
    const isTooLarge = Number(headers["content-length"]) > MAX_BODY_BYTES;
    done(isTooLarge ? bodyTooLarge(MAX_BODY_BYTES) : null, undefined);
  });
  await app.register(cors, {
    origin: anyOrigin
      ? "*"
      : (origin, answer) => answer(null, origin === undefined ? false : origins.allows(origin)),
    methods: ["GET", "HEAD", "POST"],
    allowedHeaders: [
      "authorization",
      "content-type",
      "range",
      "trpc-accept",
      "last-event-id",
      REQUEST_ID_HEADER,
    ],
    exposedHeaders: [REQUEST_ID_HEADER, "retry-after", ...FILE_HEADERS],
    maxAge: 600,
    strictPreflight: false,
  });
  setSecurityHeaders(app);

  answerFailures(app, config);
  if (config.auth === "off") guardOpenServer(app, openServerCheck(config));
  answerExpectations(app);
  // Node closes further connections at once.
  app.server.maxConnections = config.maxConnections;
  if (tls) acceptTls(app, tls, config.maxConnections);
  startPage(app, config);
  healthRoutes(app, deps);
  if (meters)
    measuring?.serveMetrics(app, deps, {
      ...services,
      meters,
      procedures: Object.keys(router._def.procedures),
      cannotListen: cannotServeMetrics(config),
    });

  const reachedAt = reachedAtOf(config);
  const createContext = createContextFactory({ ...services, reachedAt });
  const { timeZone, restStatus } = config;
  await app.register(restPlugin, { router, createContext, bodies, timeZone, restStatus });
  const served = trpcRouter ?? router;
  await app.register(trpcPlugin, {
    prefix: TRPC_PREFIX,
    router: served,
    createContext,
    bodies,
    anyOrigin,
    createHandler: createTrpcHandler,
  });
  const handlers = {
    "/trpc": trpcSockets({
      router: served,
      auth: services.auth,
      gate: services.gate,
      accessLog: services.accessLog,
      meters,
      subscriptions: services.subscriptions,
      timing,
    }),
    "/im": dropInSockets({ dropIn: services.dropIn, clock: deps.clock, timing, meters }),
  };
  acceptSockets(app, { config, handlers, timing, meters });
  await app.register(serveAudioFiles, { files: deps.audioFiles });
  await app.register(serveScript);
  if (config.servesConsole)
    await app.register(serveBuiltPage, {
      page: { ...CONSOLE, folder: pageFolders?.console ?? CONSOLE.folder },
      config,
    });
  await app.register(joinPage, {
    codes: services.codes,
    gate: services.gate,
    apps: [config.apps.watchUrl, examineeUrlOf(config, deps.publicUrl)],
    reachedAt,
  });
  if (deps.providers.media) {
    await app.register(mediaRoutes, { media: services.media });
    await app.register(serveBuiltPage, {
      page: { ...CANDIDATE_PAGE, folder: pageFolders?.candidate ?? CANDIDATE_PAGE.folder },
      config,
    });
  }
  await app.register(audioUploads, { audio: services.audio, createContext, bodies });
  return app;
};
