import { APPLICATION_NAME, MIGRATIONS, reasonOf } from "./client.js";
import { hasAll, isCompatible, readApplied, readMigrations } from "./migrate.js";
import { createSessions } from "./sessions.js";
import type { PostgresSettings } from "./settings.js";

/** What is found at the URL of a database. */
export type InspectedPostgres =
  | { readonly state: "current" | "empty" | "older" | "newer"; readonly version: string }
  | { readonly state: "unreachable"; readonly reason: string };

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
        text: "SELECT current_setting('server_version'), to_regclass('invigil_migrations') IS NOT NULL",
      });
      const version = String(rows[0]?.[0]);
      if (rows[0]?.[1] !== true) return { state: "empty", version };
      const applied = await readApplied(session);
      const migrations = readMigrations(MIGRATIONS);
      if (!isCompatible(applied, migrations)) return { state: "newer", version };
      return { state: hasAll(applied, migrations) ? "current" : "older", version };
    });
  } catch (error) {
    return { state: "unreachable", reason: reasonOf(error) };
  } finally {
    await sessions.close();
  }
};
