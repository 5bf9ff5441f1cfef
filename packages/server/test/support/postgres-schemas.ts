import { Client } from "pg";
import { startPostgresServer, whyNoPostgresServer } from "./postgres-server.js";

/** Empty schemas in a database of PostgreSQL, each of which serves as a database. */
export interface Schemas extends AsyncDisposable {
  /** The URL of the database. */
  readonly url: string;
  /** A session that is in no schema. */
  readonly client: Client;
  /** Creates an empty schema. */
  open(): Promise<{ readonly schema: string; readonly url: string }>;
}

/** Returns the URL with a setting of the sessions, such as `search_path=one`. */
export const withSetting = (url: string, ...settings: readonly string[]): string => {
  const changed = new URL(url);
  changed.searchParams.set("options", settings.map((setting) => `-c ${setting}`).join(" "));
  return changed.href;
};

const given = process.env.INVIGIL_TEST_POSTGRES_URL;

export const openSchemas = async (url: string): Promise<Schemas> => {
  const client = new Client({ connectionString: url });
  // A test may crash the server.
  client.on("error", () => undefined);
  await client.connect();
  const made: string[] = [];
  return {
    url,
    client,
    async open() {
      const schema = `invigil_test_${process.pid}_${Date.now()}_${made.length}`;
      made.push(schema);
      await client.query(`CREATE SCHEMA ${schema}`);
      return { schema, url: withSetting(url, `search_path=${schema}`) };
    },
    [Symbol.asyncDispose]: async () => {
      // A server that tests have started ends with them. One statement for each: together, they would take more locks than a transaction may have.
      if (url === given)
        for (const schema of made) await client.query(`DROP SCHEMA ${schema} CASCADE`).catch(() => undefined);
      await client.end().catch(() => undefined);
    },
  };
};

/** Tests that do not crash the server need no data after a crash. */
const SETTINGS = ["fsync=off", "full_page_writes=off", "max_connections=200"];

/** Opens schemas at `INVIGIL_TEST_POSTGRES_URL`, or on a server that it starts. */
export const openSchemasForTests = async (): Promise<Schemas> => {
  if (given) return openSchemas(given);
  const server = await startPostgresServer(SETTINGS);
  const schemas = await openSchemas(server.url);
  return {
    ...schemas,
    [Symbol.asyncDispose]: async () => {
      await schemas[Symbol.asyncDispose]();
      await server.stop();
    },
  };
};

/** Returns whether tests cannot start a server, and prints why. */
export const isPostgresServerMissing = (): boolean => {
  const missing = whyNoPostgresServer();
  if (missing) console.warn(`These tests are skipped: ${missing}.`);
  return missing !== undefined;
};

/** Returns whether `openSchemasForTests` has no server, and prints why. */
export const isPostgresMissing = (): boolean => !given && isPostgresServerMissing();
