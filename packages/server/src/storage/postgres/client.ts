import { fileURLToPath } from "node:url";
import type { StorageMeters } from "../../platform/meters.js";
import { PACKAGE_ROOT } from "../../platform/package-root.js";
import { SetupError } from "../../platform/setup-error.js";
import type { Database } from "../database.js";
import { DatabaseUnavailableError } from "../errors.js";
import { createDatabaseClock } from "./clock.js";
import { followOrigin } from "./epoch.js";
import { isDenied, isRefusal } from "./errors.js";
import { fitsVersion, migrate, readMigrations } from "./migrate.js";
import { createSchemaCheck } from "./schema-check.js";
import { createSessions, type Session, type Sessions } from "./sessions.js";
import { connectionShares, type PostgresSettings, shownUrl } from "./settings.js";
import { createPostgresStorage } from "./storage.js";

/** The folder of the migrations. */
export const MIGRATIONS = fileURLToPath(new URL("drizzle-postgres", PACKAGE_ROOT));

export const APPLICATION_NAME = "invigil";
const DEFAULT_TIMEOUT_MS = 10_000;
/** Migrations may rewrite large tables. */
export const MIGRATION_TIMEOUT_MS = 24 * 60 * 60 * 1000;
const RETRY_MS = 500;
/** How often the server's clock, schema and identity are checked. */
const CHECK_MS = 5_000;
/** PostgreSQL 15. */
const LEAST_VERSION = 150_000;

export interface OpenPostgresOptions extends PostgresSettings {
  readonly migrations?: string;
  /** The time limit for one statement and for the wait for a lock, in milliseconds. Default: 10 seconds. */
  readonly timeoutMs?: number;
  readonly onStatement?: ((sql: string) => void) | undefined;
  /** Called when writes begin to be refused because another process has changed the schema. */
  readonly onSchemaChanged?: (() => void) | undefined;
  /** Called when the database is not the one that was used before: a backup was restored, or a standby took over. */
  readonly onNewEpoch?: (() => void) | undefined;
  readonly meters?: StorageMeters | undefined;
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The reason that the driver or the server gave. */
export const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  return cause instanceof Error ? cause.message : String(cause);
};

/** Runs work once the server accepts connections. @throws SetupError when it does not in time, or refuses them */
export const whenReachable = async <Result>(
  sessions: Sessions,
  { url, waitSeconds = 0 }: Pick<OpenPostgresOptions, "url" | "waitSeconds">,
  work: (session: Session) => Promise<Result>,
): Promise<Result> => {
  const deadline = performance.now() + waitSeconds * 1000;
  for (;;)
    try {
      return await sessions.use(work);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error;
      if (isRefusal(error.cause))
        throw new SetupError(
          `The database ${shownUrl(url)} refuses the connection: ${reasonOf(error)}. Check INVIGIL_DATABASE_URL.`,
        );
      if (performance.now() + RETRY_MS > deadline)
        throw new SetupError(`The database ${shownUrl(url)} cannot be reached: ${reasonOf(error)}`);
      await delay(RETRY_MS);
    }
};

/** @throws SetupError when the server or its database cannot be used */
export const assertUsable = async (session: Session, url: string): Promise<void> => {
  const { rows } = await session.query({
    text: "SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding')",
  });
  const [number, version, encoding] = rows[0] ?? [];
  if (Number(number) < LEAST_VERSION)
    throw new SetupError(
      `The database ${shownUrl(url)} is PostgreSQL ${String(version)}: version 15 or newer is needed`,
    );
  if (encoding !== "UTF8")
    throw new SetupError(
      `The database ${shownUrl(url)} has the encoding ${String(encoding)}: UTF8 is needed`,
    );
};

/**
 * Connects to a PostgreSQL database and applies missing migrations.
 * @throws SetupError when the server cannot be reached or used, or the schema was made by a newer version
 */
export const openPostgres = async ({
  url,
  directUrl = url,
  connections,
  prepared = true,
  waitSeconds,
  migrations: folder = MIGRATIONS,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  onStatement,
  onSchemaChanged,
  onNewEpoch,
  meters,
}: OpenPostgresOptions): Promise<Database> => {
  const migrations = readMigrations(folder);
  const direct = createSessions({
    url: directUrl,
    connections: 1,
    timeoutMs: MIGRATION_TIMEOUT_MS,
    applicationName: APPLICATION_NAME,
  });
  try {
    await whenReachable(direct, { url: directUrl, waitSeconds }, async (session) => {
      await assertUsable(session, directUrl);
      await migrate(session, migrations, directUrl);
    });
  } catch (error) {
    if (!isDenied(error)) throw error;
    throw new SetupError(
      `The database ${shownUrl(directUrl)} does not let its user create tables: ${error.message}`,
    );
  } finally {
    await direct.close();
  }

  const schema = createSchemaCheck((session) => fitsVersion(session, migrations), onSchemaChanged);
  const follow = async (session: Session): Promise<void> => {
    // Beginning an epoch writes, too.
    if ((await schema.fits(session)) && (await followOrigin(session))) onNewEpoch?.();
  };
  const shares = connectionShares(connections);
  const sessionsFor = (number: number): Sessions =>
    createSessions({
      url,
      connections: number,
      timeoutMs,
      applicationName: APPLICATION_NAME,
      prepared,
      onStatement,
      onConnect: follow,
    });
  const writes = sessionsFor(shares.writes);
  const reads = sessionsFor(shares.reads);
  const control = sessionsFor(shares.control);
  const close = () => Promise.all([writes, reads, control].map((sessions) => sessions.close()));
  const common = { schema, prepared, timeoutMs };
  const clock = createDatabaseClock();
  const check = async (session: Session): Promise<void> => {
    // Behind a pooler, a connection outlives its server.
    await Promise.all([clock.measure(session), follow(session)]);
  };
  let checking: Promise<boolean> | undefined;
  try {
    await whenReachable(control, { url, waitSeconds }, clock.measure);
    const timer = setInterval(() => {
      // Without an answer, what was last found remains the best guess.
      control.use(check).catch(() => undefined);
    }, CHECK_MS);
    // The timer keeps no process running.
    timer.unref();
    return {
      kind: "postgres",
      storage: createPostgresStorage({ reads, writes, meters, ...common }),
      control: createPostgresStorage({ reads: control, writes: control, ...common }),
      requestArrived: () => undefined,
      clock: clock.now,
      unchecked: [],
      fault: () => undefined,
      migrationsAreCurrent() {
        // Calls at the same time share the answer, so that they do not keep the connection from others.
        checking ??= control
          .use((session) => schema.fits(session))
          .finally(() => {
            checking = undefined;
          });
        return checking;
      },
      size: () =>
        control.use(async (session) => {
          const { rows } = await session.query({ text: "SELECT pg_database_size(current_database())" });
          return Number(rows[0]?.[0] ?? 0);
        }),
      async close() {
        clearInterval(timer);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
};
