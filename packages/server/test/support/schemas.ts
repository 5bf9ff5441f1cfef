import { Client } from "pg";
import { whyNoPostgres } from "./postgres.js";
import { startPostgresServer } from "./postgres-server.js";

// Empty schemas of a PostgreSQL for tests in which several servers share a database.

/** Tests of servers in this process need no data after a crash. */
const SETTINGS = ["fsync=off", "full_page_writes=off", "max_connections=200"];

export interface Schemas extends AsyncDisposable {
  /** Creates an empty schema. Returns the URL of a database that consists of it. */
  create(): Promise<string>;
}

/** Opens the database of `INVIGIL_TEST_POSTGRES_URL`, or one of a server that it starts. */
export const openSchemas = async (): Promise<Schemas> => {
  const given = process.env.INVIGIL_TEST_POSTGRES_URL;
  const server = given ? undefined : await startPostgresServer(SETTINGS);
  const base = given ?? server?.url ?? "";
  const client = new Client({ connectionString: base });
  await client.connect();
  const made: string[] = [];
  return {
    async create() {
      const schema = `invigil_servers_${process.pid}_${Date.now()}_${made.length}`;
      made.push(schema);
      await client.query(`CREATE SCHEMA ${schema}`);
      const url = new URL(base);
      url.searchParams.set("options", `-c search_path=${schema}`);
      return url.href;
    },
    async [Symbol.asyncDispose]() {
      for (const schema of made) await client.query(`DROP SCHEMA ${schema} CASCADE`);
      await client.end();
      await server?.stop();
    },
  };
};

/** Prints why the tests of a file are skipped, if there is no PostgreSQL for them. */
export const isPostgresMissing = (): boolean => {
  const missing = whyNoPostgres();
  if (missing) console.warn(`These tests are skipped: ${missing}.`);
  return missing !== undefined;
};
