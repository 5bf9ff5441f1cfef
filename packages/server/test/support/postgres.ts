import { Client } from "pg";
import { startPostgresServer, whyNoPostgresServer } from "./postgres-server.js";

/** An empty schema of a real PostgreSQL. */
export interface TestPostgres {
  readonly client: Client;
  close(): Promise<void>;
}

const given = process.env.INVIGIL_TEST_POSTGRES_URL;

/** Returns why tests have no PostgreSQL, or undefined. */
export const whyNoPostgres = (): string | undefined => (given ? undefined : whyNoPostgresServer());

/** Opens an empty schema at `INVIGIL_TEST_POSTGRES_URL`, or on a server that it starts. */
export const openPostgres = async (): Promise<TestPostgres> => {
  const server = given ? undefined : await startPostgresServer();
  const client = new Client({ connectionString: given ?? server?.url });
  await client.connect();
  const schema = `invigil_test_${process.pid}_${Date.now()}`;
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`SET search_path TO ${schema}`);
  return {
    client,
    async close() {
      await client.query(`DROP SCHEMA ${schema} CASCADE`);
      await client.end();
      await server?.stop();
    },
  };
};
