import { Client } from "pg";

/** Empty schemas in a database of PostgreSQL, each of which serves as a database. */
export interface Schemas extends AsyncDisposable {
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

export const openSchemas = async (url: string): Promise<Schemas> => {
  const client = new Client({ connectionString: url });
  // A test may crash the server.
  client.on("error", () => undefined);
  await client.connect();
  const made: string[] = [];
  return {
    client,
    async open() {
      const schema = `invigil_test_${process.pid}_${Date.now()}_${made.length}`;
      made.push(schema);
      await client.query(`CREATE SCHEMA ${schema}`);
      return { schema, url: withSetting(url, `search_path=${schema}`) };
    },
    [Symbol.asyncDispose]: async () => {
      // One statement for each: together, they would take more locks than a transaction may have.
      for (const schema of made) await client.query(`DROP SCHEMA ${schema} CASCADE`).catch(() => undefined);
      await client.end().catch(() => undefined);
    },
  };
};
