import { APPLICATION_NAME, MIGRATIONS, reasonOf } from "./client.js";
import { hasAll, isCompatible, readApplied, readMigrations } from "./migrate.js";
import { createSessions } from "./sessions.js";
import type { PostgresSettings } from "./settings.js";

/** The state of the database at a URL. */
export type InspectedPostgres =
  | {
      readonly state: "current" | "empty" | "older" | "newer";
      readonly version: string;
      readonly connections: InspectedConnections;
    }
  | { readonly state: "unreachable"; readonly reason: string };

/** The connections that PostgreSQL allows to all of its users together, and those that are open. */
export interface InspectedConnections {
  readonly allowed: number;
  readonly open: number;
}

const TIMEOUT_MS = 5_000;

/** Looks at a PostgreSQL database, and changes nothing. */
export const inspectPostgres = async ({ url }: PostgresSettings): Promise<InspectedPostgres> => {
  const sessions = createSessions({
    url,
    connections: 1,
    timeoutMs: TIMEOUT_MS,
    applicationName: `${APPLICATION_NAME} doctor`,
  });
  try {
    return await sessions.use(async (session) => {
      const { rows } = await session.query({
        text: `SELECT current_setting('server_version'), to_regclass('invigil_migrations') IS NOT NULL,
          current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
          (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())`,
      });
      const [shown, hasTables, allowed, open] = rows[0] ?? [];
      const version = String(shown);
      const connections = { allowed: Number(allowed), open: Number(open) };
      if (hasTables !== true) return { state: "empty", version, connections };
      const applied = await readApplied(session);
      const migrations = readMigrations(MIGRATIONS);
      if (!isCompatible(applied, migrations)) return { state: "newer", version, connections };
      return { state: hasAll(applied, migrations) ? "current" : "older", version, connections };
    });
  } catch (error) {
    return { state: "unreachable", reason: reasonOf(error) };
  } finally {
    await sessions.close();
  }
};
