import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { promisify } from "node:util";
import type { FastifyInstance } from "fastify";
import type { Deps } from "../api/deps.js";
import type { Services } from "../api/services.js";
import { createMetrics, type Metrics } from "../metrics/metrics.js";
import { InvigilError } from "../platform/errors.js";
import type { Count, Meters } from "../platform/meters.js";
import { version } from "../platform/version.js";
import { refuseOtherMethods } from "./read-only.js";

// Imported only if the metrics are on.

const PATH = "/metrics";
/** The label of requests that reach no route. */
const NO_ROUTE = "none";
/** A scraper needs few connections to the port. */
const MAX_CONNECTIONS = 20;
const TIMEOUT_MS = 10_000;

/** Counts answers, refused connections, and requests that fail before they make a call. */
export const countRequests = (app: FastifyInstance, meters: Meters): void => {
  /** By route, then by the first digit of the status. */
  const routes = new Map<string, (Count | undefined)[]>();
  app.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? NO_ROUTE;
    const digit = Math.floor(reply.statusCode / 100);
    const counts = routes.get(route) ?? [];
    const count = counts[digit] ?? meters.requests.of(route, `${digit}xx`);
    counts[digit] = count;
    routes.set(route, counts);
    count.value += 1;
    if (request.refusal) meters.refused(request.refusal);
    done();
  });
  app.server.on("drop", () => {
    meters.connectionsDropped.value += 1;
  });
};

const hashOf = (text: string): Buffer => createHash("sha256").update(text).digest();
/** Creates a function that returns whether an authorization header has the token, in a time that tells nothing about it. */
const tokenCheck = (token: string) => {
  const expected = hashOf(`Bearer ${token}`);
  return (authorization = ""): boolean => timingSafeEqual(hashOf(authorization), expected);
};
type TokenCheck = ReturnType<typeof tokenCheck>;

export interface MetricsRoutes extends Pick<Services, "figures" | "gate"> {
  readonly meters: Meters;
  readonly procedures: readonly string[];
  /** Throws the error of a port that cannot be listened on. */
  readonly cannotListen: (error: NodeJS.ErrnoException) => never;
}

const HEADERS = { "cache-control": "no-store" };

/** Serves the metrics on a port of their own, while the app runs. */
const listenWith = (
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
  {
    metrics,
    hasToken,
    cannotListen,
  }: { readonly metrics: Metrics; readonly hasToken: TokenCheck } & Pick<MetricsRoutes, "cannotListen">,
): void => {
  const server = createServer(
    { requestTimeout: TIMEOUT_MS, headersTimeout: TIMEOUT_MS },
    (request, response) => {
      const end = (status: number, headers: Readonly<Record<string, string>> = {}, body = ""): void => {
        response.writeHead(status, { ...HEADERS, ...headers }).end(body);
      };
      if (request.url?.split("?", 1)[0] !== PATH) return end(404);
      if (request.method !== "GET") return end(405, { allow: "GET" });
      if (!hasToken(request.headers.authorization)) return end(401, { "www-authenticate": "Bearer" });
      metrics.text().then(
        (text) => end(200, { "content-type": metrics.contentType }, text),
        (error: unknown) => {
          app.log.error({ err: error }, "fault");
          end(500);
        },
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  app.addHook("onReady", async () => {
    server.listen({ host, port });
    await once(server, "listening").catch(cannotListen);
  });
  app.addHook("onClose", async () => {
    server.close();
    server.closeAllConnections();
  });
};

/** Serves the metrics as the settings say. */
export const serveMetrics = (
  app: FastifyInstance,
  { config, clock, monotonic, log }: Pick<Deps, "config" | "clock" | "monotonic" | "log">,
  { meters, figures, gate, procedures, cannotListen }: MetricsRoutes,
): void => {
  meters.bind(procedures);
  const connections = promisify<number>((done) => app.server.getConnections(done));
  const metrics = createMetrics({
    meters,
    figures,
    version,
    diskReserveBytes: config.diskReserveBytes,
    clock,
    monotonic,
    connections,
    log,
  });
  const { listen, token } = config.metrics ?? {};
  const hasToken = token === undefined ? () => true : tokenCheck(token);
  if (listen) listenWith(app, listen, { metrics, hasToken, cannotListen });
  if (token === undefined) return;
  refuseOtherMethods(app, PATH);
  app.get(PATH, async (request, reply) => {
    if (!hasToken(request.headers.authorization)) {
      gate.admitAnonymous(request.ip);
      throw new InvigilError(
        "UNAUTHENTICATED",
        "The authorization header must contain INVIGIL_METRICS_TOKEN.",
      );
    }
    return reply.headers({ ...HEADERS, "content-type": metrics.contentType }).send(await metrics.text());
  });
};
