import { SetupError } from "../../platform/setup-error.js";
import { APPLICATION_NAME, MIGRATION_TIMEOUT_MS, MIGRATIONS, reasonOf } from "./client.js";
import { beginEpochNow } from "./epoch.js";
import { migrate, readApplied, readMigrations } from "./migrate.js";
import { createSessions } from "./sessions.js";
import { type PostgresSettings, shownUrl } from "./settings.js";

/**
 * Begins a new epoch of the event log of a database, also while servers use it, and applies missing migrations.
 * @throws SetupError when the server cannot be reached, the database has no tables of Invigil, or it was made by a newer version
 */
export const beginEpochAt = async ({ url, directUrl = url }: PostgresSettings): Promise<void> => {
  const sessions = createSessions({
    url: directUrl,
    connections: 1,
    timeoutMs: MIGRATION_TIMEOUT_MS,
    applicationName: APPLICATION_NAME,
  });
  try {
    await sessions.use(async (session) => {
      // Fails in a database without tables, which would be the wrong one.
      await readApplied(session);
      await migrate(session, readMigrations(MIGRATIONS), url);
      await beginEpochNow(session);
    });
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError(`The database ${shownUrl(url)} cannot be used: ${reasonOf(error)}`);
  } finally {
    await sessions.close();
  }
};
