import { SetupError } from "../../platform/setup-error.js";
import { APPLICATION_NAME, reasonOf } from "./client.js";
import { beginEpochNow } from "./epoch.js";
import { createSessions } from "./sessions.js";
import { type PostgresSettings, shownUrl } from "./settings.js";

const TIMEOUT_MS = 10_000;

/**
 * Begins a new epoch of the event log of a database, also while servers use it.
 * @throws SetupError when the server cannot be reached, or the database has no tables of Invigil
 */
export const beginEpochAt = async ({ url, directUrl = url }: PostgresSettings): Promise<void> => {
  const sessions = createSessions({
    url: directUrl,
    connections: 1,
    timeoutMs: TIMEOUT_MS,
    applicationName: APPLICATION_NAME,
  });
  try {
    await sessions.use(beginEpochNow);
  } catch (error) {
    throw new SetupError(`The database ${shownUrl(url)} cannot be used: ${reasonOf(error)}`);
  } finally {
    await sessions.close();
  }
};
