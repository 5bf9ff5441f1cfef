import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Role } from "@invigil/schema";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import type { AppCaller } from "../api/app-router.js";
import { createDeps } from "../api/deps.js";
import { createAppRouter } from "../api/router.js";
import { createServices } from "../api/services.js";
import { type Config, testConfig } from "../config/config.js";
import type { SocketTiming } from "../http/sockets/connection.js";
import { signToken } from "../identity/tokens.js";
import { createIds } from "../platform/ids.js";
import { createMeters } from "../platform/meters.js";
import type { OnDeclared } from "../storage/declared-tables.js";
import { isPostgresUrl } from "../storage/postgres/settings.js";
import { openTestDatabase } from "../storage/test-database.js";
import { buildApp } from "./app.js";
import { callInProcess } from "./in-process.js";
import { startServices, stopServices } from "./lifecycle.js";

export type { AppRouter, RouterInputs, RouterOutputs } from "../api/app-router.js";

/** The caller of a test. `room` and `exam` bind the token to that room or exam. */
export interface TestCaller {
  readonly sub: string;
  readonly role: Role;
  readonly room?: string;
  readonly exam?: string;
  readonly name?: string;
}

export interface TestAppOptions {
  /** The current time, or a function that returns it. Default: constantly 2026-01-02T03:04:05Z. */
  readonly now?: Date | (() => Date);
  /**
   * Milliseconds of a monotonic clock. Default: advances with `now`, and stands still while `now` goes back.
   */
  readonly monotonic?: () => number;
  /** Returns the free bytes of a folder's file system. Default: the greatest possible number. */
  readonly freeSpace?: (folder: string) => Promise<number>;
  /** The seed of ids and nonces: the same seed gives the same ids. */
  readonly seed?: number;
  /**
   * The database: `:memory:`, or the URL of a PostgreSQL database such as `postgres://postgres@127.0.0.1/test`, in which the app has a
   * schema of its own until it is closed. Default: `:memory:`.
   */
  readonly database?: string;
  /** Settings that differ from the defaults. */
  readonly config?: Partial<Config>;
  /** Called with every SQL statement that runs. */
  readonly onStatement?: (sql: string) => void;
  /** Called with the tables that statements declare. */
  readonly onDeclared?: OnDeclared | undefined;
  /** The timeouts of WebSocket connections, in milliseconds. */
  readonly timing?: SocketTiming;
  /** Receives the lines of the log. Default: they are dropped. */
  readonly logTo?: { write(line: string): void };
}

export interface TestApp extends AsyncDisposable {
  /**
   * Calls procedures in-process as a caller, through the same checks as over HTTP. Simultaneous calls begin in
   * the order in which they were made, except on PostgreSQL. The signal ends the caller's subscriptions, which last as long as a
   * token. Default lifetime: an hour of the app's time.
   */
  as(
    caller: TestCaller,
    options?: { readonly signal?: AbortSignal; readonly ttlSeconds?: number },
  ): AppCaller;
  /** Signs a token for calls over HTTP. Default lifetime: an hour of the app's time. */
  token(caller: TestCaller, ttlSeconds?: number): Promise<string>;
  /** Sends HTTP requests without a socket. */
  readonly inject: FastifyInstance["inject"];
  /** Listens on a free port of the loopback interface, and returns the URL. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** A small seeded generator, good enough for distinct ids. */
const seededRandom = (seed: number) => {
  let state = seed >>> 0;
  return (size: number): Uint8Array =>
    Uint8Array.from({ length: size }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
};

/** Converts a clock to a monotonic one: setting the clock back has no effect. */
const onlyForward = (clock: () => Date) => {
  let last = clock().getTime();
  let elapsed = 0;
  return () => {
    const now = clock().getTime();
    elapsed += Math.max(0, now - last);
    last = now;
    return elapsed;
  };
};

const configOf = ({ database, config = {} }: TestAppOptions, dataDir: string): Config => {
  const { databaseFile } = config;
  const location =
    database !== undefined && isPostgresUrl(database)
      ? { databaseFile: undefined, postgres: { url: database } }
      : { databaseFile: database ?? databaseFile, postgres: undefined };
  const isGiven = location.postgres !== undefined || location.databaseFile !== undefined;
  return { ...testConfig(), dataDir, ...config, ...(isGiven && location) };
};

/** @throws Error if the environment of the test has replaced classes that the server's libraries compare with, as jsdom does */
const refuseReplacedClasses = (): void => {
  if (Buffer.from("") instanceof Uint8Array) return;
  throw new Error(
    'createTestApp needs Node\'s own classes, and the environment of this test has replaced Uint8Array, as jsdom does. Run the test in the environment "node" (in Vitest: // @vitest-environment node; in Jest: /** @jest-environment node */), or start the app in a global setup, and let the page call its URL.',
  );
};

/**
 * Builds the real app with an in-memory database, and with a clock and ids that the test controls.
 * `await using app = await createTestApp()` cleans up.
 * @throws Error in an environment such as jsdom, which replaces classes of Node
 */
export const createTestApp = async (options: TestAppOptions = {}): Promise<TestApp> => {
  refuseReplacedClasses();
  const { now = new Date("2026-01-02T03:04:05Z"), seed = 1, onStatement, onDeclared } = options;
  const clock = typeof now === "function" ? now : () => now;
  const dataDir = mkdtempSync(join(tmpdir(), "invigil-test-"));
  const config = configOf(options, dataDir);
  const meters = config.metrics && createMeters();
  const db = await openTestDatabase(
    config,
    { onDeclared, onStatement, meters: meters?.storage },
    { keepsSchemas: options.database === undefined },
  );
  const authSecret = config.authSecret ?? "a secret for tests, 32 bytes or more";
  let url = "http://127.0.0.1:7001";
  const deps = createDeps({
    config,
    db,
    clock,
    monotonic: options.monotonic ?? onlyForward(clock),
    freeSpace: options.freeSpace ?? (() => Promise.resolve(Number.POSITIVE_INFINITY)),
    ids: createIds({ clock, random: seededRandom(seed) }),
    log: options.logTo ? pino({ level: "info" }, options.logTo) : pino({ level: "silent" }),
    meters,
    publicUrl: () => config.publicUrl ?? url,
    authSecret,
    ownKey: (name) => `a key for tests: ${name}`,
  });
  const services = createServices(deps);
  const router = createAppRouter(services);
  const app = await buildApp(deps, services, { router, ...(options.timing && { timing: options.timing }) });
  await startServices(deps, services);

  const token: TestApp["token"] = ({ sub, role, room, exam, name }, ttlSeconds = 3600) =>
    signToken(
      { userId: sub, role, roomId: room, examId: exam, name, ttlSeconds },
      { secret: authSecret, clock, jti: deps.ids.next() },
    );

  const close = async (): Promise<void> => {
    await stopServices(app, deps, services, config.vendors.timeoutMs);
    await db.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return {
    as: (caller, { signal, ttlSeconds } = {}) =>
      callInProcess(router, services, (seconds) => token(caller, seconds), {
        clock,
        ttlSeconds,
        signal,
      }),
    token,
    inject: app.inject.bind(app),
    async listen() {
      url = await app.listen({ host: "127.0.0.1", port: 0 });
      return url;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
