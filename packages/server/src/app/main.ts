import { once } from "node:events";
import { writeSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { type DestinationStream, pino } from "pino";
import type { Deps } from "../api/deps.js";
import { createServices, type Services } from "../api/services.js";
import type { Config } from "../config/config.js";
import { bufferLines } from "../platform/log-lines.js";
import type { Meters } from "../platform/meters.js";
import { SetupError } from "../platform/setup-error.js";
import { storedFileOf } from "../storage/location.js";
import { connectionShares } from "../storage/postgres/settings.js";
import { lockForServer } from "../storage/sqlite/server-lock.js";
import { cannotListen, cannotListenOnLan } from "./address.js";
import { buildApp } from "./app.js";
import { hostInUrl, type OpenLog, openDeps } from "./installation.js";
import { startServices, stopServices } from "./lifecycle.js";

/** The deadline for open requests after the signal to stop, in milliseconds. */
const DRAIN_MS = 8_000;
/** How long open connections may still bring requests after the signal to stop, in milliseconds. */
const LAST_REQUESTS_MS = 1_000;

export interface RunningServer {
  readonly url: string;
  readonly deps: Deps;
  readonly services: Services;
  /** Stops accepting connections, finishes open requests, and closes the database. */
  close(): Promise<void>;
}

const addressOf = (app: FastifyInstance, config: Config): string => {
  // Safe: a server that listens on a TCP port has an AddressInfo.
  const { port } = app.server.address() as AddressInfo;
  return `http://${hostInUrl(config.host)}:${port}`;
};

/** Logs what an administrator must know before the first request. */
const logStartup = ({ log, config }: Deps, url: string, isDemo: boolean): void => {
  log.info({ url, lan: config.lan?.url }, "listening");
  for (const warning of config.warnings) log.warn(warning);
  if (config.auth === "off") log.warn("INVIGIL_AUTH is off: every caller is the administrator teacher1");
  if (!config.authSecret && config.auth === "required")
    log.info(
      { file: "auth-secret", dataDir: config.dataDir },
      "tokens are signed with a secret that was made for this installation",
    );
  if (config.streamService === "embedded")
    log.info(
      config.media,
      "browsers publish and watch through the embedded media server; apps that take stream URLs need stream domains",
    );
  // The demo has no cameras of the vendor's apps.
  else if (!config.streams.domains && !isDemo) {
    log.warn(
      "no stream domains are set: stream URLs name push.invigil.invalid and pull.invigil.invalid, signed with a key that was made for this installation",
    );
  }
  if (config.aliyunIm && !config.aliyun.credentials) {
    log.warn(
      "message tokens are signed for the configured app, but no credentials are set to make its groups with: make each room's group at the vendor by hand, by the room's id",
    );
  }
  const { connections } = config.postgres ?? {};
  const { all } = connectionShares(connections);
  if (connections !== undefined && connections < all)
    log.warn(
      `INVIGIL_DATABASE_CONNECTIONS is ${connections}: the server uses ${all}, the fewest it can work with`,
    );
  if (!config.publicUrl && config.host !== "127.0.0.1")
    log.warn({ url }, "INVIGIL_PUBLIC_URL is not set: clients use this address to reach the server");
};

const LEVELS: Readonly<Partial<Record<string, string>>> = { 4: "warn", 5: "error", 6: "fatal" };
/** Counts the lines of the log that are about problems. A line begins with its level. */
const countingLines = (lines: DestinationStream, { logLines }: Meters): DestinationStream => {
  for (const level of Object.values(LEVELS)) if (level) logLines.of(level);
  return {
    write(line) {
      const level = LEVELS[line.charAt('{"level":'.length)];
      if (level) logLines.of(level).value += 1;
      lines.write(line);
    },
  };
};

/** Logs to standard output. Buffered lines are written when the process ends. */
const openLog = ({ logLevel }: Config, meters: Meters | undefined): OpenLog => {
  const lines = bufferLines({
    write: (bytes) => writeSync(process.stdout.fd, bytes),
    onDropped: (count) => log.error({ lines: count }, "log lines could not be written"),
  });
  const log = pino({ level: logLevel }, meters ? countingLines(lines, meters) : lines);
  process.once("exit", lines.end);
  return { log, logFault: lines.fault };
};

/** Makes the https server of the local network. Most servers need none, so it is imported here. */
const openTls = async ({ lan, dataDir }: Config) => {
  if (!lan) return undefined;
  const [{ createTlsServer }, { certificateFor }] = await Promise.all([
    import("../http/tls.js"),
    import("./lan.js"),
  ]);
  const server = createTlsServer(await certificateFor(lan, { dataDir, now: new Date() }));
  return {
    server,
    async listen(): Promise<void> {
      server.listen({ host: lan.address, port: lan.port });
      await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
        throw cannotListenOnLan(lan, error);
      });
    },
  };
};

/** Opens the database, builds the app, and listens. */
const openServer = async (
  config: Config,
  { isDemo = false }: { isDemo?: boolean },
): Promise<RunningServer> => {
  let address: string | undefined;
  const meters = config.metrics && (await import("../platform/meters.js")).createMeters();
  const deps = await openDeps(config, { ...openLog(config, meters), address: () => address, meters });
  const { db } = deps;
  try {
    const services = createServices(deps, { isDemo });
    const tls = await openTls(config);
    const app = await buildApp(deps, services, { lastRequestsMs: LAST_REQUESTS_MS, tls: tls?.server });
    await app.listen({ host: config.host, port: config.port }).catch((error: NodeJS.ErrnoException) => {
      throw error instanceof SetupError ? error : cannotListen(config, error);
    });
    address = addressOf(app, config);
    await tls?.listen().catch(async (error: unknown) => {
      await app.close();
      throw error;
    });
    logStartup(deps, address, isDemo);
    const both = {
      async close(): Promise<void> {
        // The app closes the other server, but waits only for its own connections.
        const closed = tls && once(tls.server, "close");
        await app.close();
        await closed;
      },
    };
    await startServices(deps, services, { isOnlyServer: config.streamService === "embedded" }).catch(
      async (error: unknown) => {
        await stopServices(both, deps, services, DRAIN_MS);
        throw error;
      },
    );

    const close = async (): Promise<void> => {
      const deadline = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
      await stopServices(both, deps, services, DRAIN_MS);
      clearTimeout(deadline);
      await db.close();
    };
    return { url: address, deps, services, close };
  } catch (error) {
    await db.close();
    throw error;
  }
};

/**
 * Starts the only server of a SQLite file, or one of the servers of PostgreSQL.
 * @throws SetupError
 */
export const startServer = async (
  config: Config,
  options: { isDemo?: boolean } = {},
): Promise<RunningServer> => {
  const databaseFile = storedFileOf(config);
  const unlock = databaseFile === undefined ? () => undefined : lockForServer(databaseFile);
  try {
    const server = await openServer(config, options);
    return { ...server, close: () => server.close().finally(unlock) };
  } catch (error) {
    unlock();
    throw error;
  }
};

/** Waits for SIGTERM or SIGINT, then drains the server. A second signal ends the process at once. */
export const untilSignal = (server: Pick<RunningServer, "close" | "deps">): Promise<void> =>
  new Promise((resolve, reject) => {
    let draining = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (draining) process.exit(1);
      draining = true;
      server.deps.log.info({ signal }, "draining");
      server.close().then(resolve, reject);
    };
    process.on("SIGTERM", stop).on("SIGINT", stop);
  });
