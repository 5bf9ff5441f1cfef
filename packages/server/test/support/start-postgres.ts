import { startPostgresServer, whyNoPostgresServer } from "./postgres-server.js";

// For a run of the tests on PostgreSQL: INVIGIL_TEST_DATABASE=postgres. The server is that of
// INVIGIL_TEST_POSTGRES_URL, or one that this file starts for the run.

/** Tests need no data after a crash. */
const SETTINGS = ["fsync=off", "full_page_writes=off", "max_connections=400", "shared_buffers=256MB"];

/** Sets the URL of the database in which apps of tests get schemas. */
export const setup = async (): Promise<() => Promise<void>> => {
  const given = process.env.INVIGIL_TEST_POSTGRES_URL;
  if (given) {
    process.env.INVIGIL_TEST_DATABASE_URL = given;
    return async () => undefined;
  }
  const missing = whyNoPostgresServer();
  if (missing) throw new Error(`The tests cannot run on PostgreSQL: ${missing}.`);
  const server = await startPostgresServer(SETTINGS);
  process.env.INVIGIL_TEST_DATABASE_URL = server.url;
  return () => server.stop();
};
