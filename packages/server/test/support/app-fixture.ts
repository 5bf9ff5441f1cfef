import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { createDeps, type Deps } from "../../src/api/deps.js";
import { createAppRouter, type ServedRouter } from "../../src/api/router.js";
import { createServices, type Services } from "../../src/api/services.js";
import { type AppOptions, buildApp } from "../../src/app/app.js";
import { startServices, stopServices } from "../../src/app/lifecycle.js";
import type { TestCaller } from "../../src/app/testing.js";
import type { Config } from "../../src/config/config.js";
import { createCoordination } from "../../src/coordination/coordination.js";
import { createPruningClock } from "../../src/domain/pruning-clock.js";
import { signToken } from "../../src/identity/tokens.js";
import { createIds, type Ids } from "../../src/platform/ids.js";
import { createMeters } from "../../src/platform/meters.js";
import type { OpenOptions } from "../../src/storage/open.js";
import { configOfTest, openDatabaseOf, openSharedDatabase, type TestDatabase } from "./database.js";
import { kept, watchLog } from "./secrets.js";

/** The app with its dependencies, for tests that need more than `createTestApp` exposes. */
export interface AppFixture extends AsyncDisposable {
  readonly app: FastifyInstance;
  readonly inject: FastifyInstance["inject"];
  /** All procedures, by name, with their types. */
  readonly procedures: ReadonlyMap<string, "query" | "mutation" | "subscription">;
  readonly services: Services;
  readonly router: ServedRouter;
  readonly db: TestDatabase;
  readonly secret: string;
  readonly clock: () => Date;
  /** The parsed lines of the log so far. */
  readonly lines: Record<string, unknown>[];
  token(caller: TestCaller, ttlSeconds?: number): Promise<string>;
}

const proceduresOf = (router: ServedRouter): AppFixture["procedures"] => {
  // Safe: at run time this is a flat record, although its type is nested.
  const procedures = router._def.procedures as unknown as Record<
    string,
    { _def: { type: "query" | "mutation" | "subscription" } }
  >;
  return new Map(Object.entries(procedures).map(([name, { _def }]) => [name, _def.type]));
};

export interface AppFixtureOptions {
  readonly config?: Partial<Config>;
  readonly change?: (deps: Deps) => Deps;
  readonly now?: () => Date;
  /** Milliseconds of a monotonic clock. Default: derived from `now`. */
  readonly monotonic?: () => number;
  readonly ids?: Ids;
  /** Whether the queue of vendor tasks runs by itself. Default: true. */
  readonly queue?: boolean;
  /** The folders of the pages' builds. Default: those of this package. */
  readonly pageFolders?: AppOptions["pageFolders"];
  readonly createTrpcHandler?: AppOptions["createTrpcHandler"];
  /** Whether the server runs the demo. Default: false. */
  readonly isDemo?: boolean;
  /** Whether other fixtures use the same database of PostgreSQL. Default: the fixture has an empty one. */
  readonly sharesDatabase?: boolean;
  readonly onStatement?: (sql: string) => void;
  readonly onDeclared?: OpenOptions["onDeclared"];
}

export const openAppFixture = async (options: AppFixtureOptions = {}): Promise<AppFixture> => {
  const dataDir = mkdtempSync(join(tmpdir(), "invigil-world-"));
  const clock = options.now ?? (() => new Date("2026-01-02T03:04:05Z"));
  const config = configOfTest({ dataDir, ...options.config });
  const { onStatement, onDeclared } = options;
  const open = options.sharesDatabase ? openSharedDatabase : openDatabaseOf;
  const meters = config.metrics && createMeters();
  const db = await open(config, { onDeclared, onStatement, meters: meters?.storage });
  const secret = kept("auth-secret");
  const lines: Record<string, unknown>[] = [];
  const made = createDeps({
    config,
    db,
    clock,
    monotonic: options.monotonic ?? (() => clock().getTime()),
    // Other tests change the free space of this machine.
    freeSpace: () => Promise.resolve(Number.POSITIVE_INFINITY),
    ids: options.ids ?? createIds({ clock }),
    log: pino(
      { level: "info" },
      {
        write(line: string) {
          watchLog(line);
          lines.push(JSON.parse(line));
        },
      },
    ),
    meters,
    publicUrl: () => "https://invigil.example",
    authSecret: secret,
    ownKey: kept,
  });
  const changed = options.change?.(made);
  // A changed database is what the servers have in common, too.
  const pruning = changed ? createPruningClock({ ...changed, storage: changed.db.control }) : made.pruning;
  const deps = changed
    ? { ...changed, pruning, coordination: createCoordination({ ...changed, pruning }) }
    : made;
  const services = createServices(deps, { isDemo: options.isDemo ?? false });
  const router = createAppRouter(services);
  const { pageFolders, createTrpcHandler } = options;
  const app = await buildApp(deps, services, { router, pageFolders, createTrpcHandler });
  await startServices(deps, services, { queue: options.queue ?? true });
  return {
    app,
    inject: app.inject.bind(app),
    procedures: proceduresOf(router),
    services,
    router,
    db,
    secret,
    clock,
    lines,
    token: ({ sub, role, room, exam, name }, ttlSeconds = 3600) =>
      signToken(
        { userId: sub, role, roomId: room, examId: exam, name, ttlSeconds },
        { secret, clock, jti: deps.ids.next() },
      ),
    async [Symbol.asyncDispose]() {
      await stopServices(app, deps, services, config.vendors.timeoutMs);
      await db.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
