import { randomBytes } from "node:crypto";
import { count, getTableName, sql } from "drizzle-orm";
import pg from "pg";
import type { Database } from "./database.js";
import { TABLES } from "./inventory.js";
import type { DatabaseLocation } from "./location.js";
import { type OpenOptions, openDatabase } from "./open.js";
import { query } from "./statement.js";

/** Schemas that closed apps have left, by the URL of the database. They are emptied before they are used again. */
// oxlint-disable-next-line invigil/no-module-state -- The apps of a test run, one after the other.
const freeSchemas = new Map<string, string[]>();

const execute = async (url: string, text: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
};

/**
 * Empties all tables. Most have few rows or none, and truncating one recreates it and its indexes, which takes longer than many tests.
 * Large tables are truncated nevertheless, together with the tables that refer to them.
 */
const EMPTY_TABLES = `DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['${TABLES.map(getTableName).toReversed().join("', '")}'] LOOP
    IF pg_relation_size(name::regclass) > 1000000 THEN EXECUTE format('TRUNCATE %I CASCADE', name);
    ELSIF pg_relation_size(name::regclass) > 0 THEN EXECUTE format('DELETE FROM %I', name);
    END IF;
  END LOOP;
  PERFORM setval(quote_ident(sequencename), 1, false) FROM pg_sequences
  WHERE schemaname = current_schema AND last_value IS NOT NULL;
END $$`;

/** The number of tables of a schema that no test has damaged, with the one of the migrations. */
const COMPLETE = TABLES.length + 1;

const isComplete = async (db: Database): Promise<boolean> => {
  const select = query
    .select({ tables: count() })
    .from(sql`pg_tables`)
    .where(sql`schemaname = current_schema`);
  return (await db.storage.get<{ tables: number }>({ build: () => select }))?.tables === COMPLETE;
};

const inSchema = (url: string, schema: string): string => {
  const found = new URL(url);
  found.searchParams.set("options", `-c search_path=${schema}`);
  return found.href;
};

/** Returns the URL of an empty schema, in which tests see nothing of each other. */
const takeSchema = async (url: string): Promise<{ schema: string; url: string }> => {
  const used = freeSchemas.get(url)?.pop();
  if (used !== undefined) {
    await execute(inSchema(url, used), EMPTY_TABLES);
    return { schema: used, url: inSchema(url, used) };
  }
  const schema = `invigil_test_${process.pid}_${Date.now()}_${randomBytes(4).toString("hex")}`;
  await execute(url, `CREATE SCHEMA ${schema}`);
  return { schema, url: inSchema(url, schema) };
};

/**
 * Opens the database of a test: a temporary one on SQLite, or an empty schema in a database of PostgreSQL.
 * @param keepsSchemas whether a schema is kept for the next test. Otherwise, closing drops it.
 */
export const openTestDatabase = async (
  { databaseFile, postgres }: DatabaseLocation,
  options: OpenOptions = {},
  { keepsSchemas = false }: { readonly keepsSchemas?: boolean } = {},
): Promise<Database> => {
  if (!postgres) return openDatabase({ databaseFile, postgres }, options);
  const { schema, url } = await takeSchema(postgres.url);
  const db = await openDatabase({ databaseFile, postgres: { ...postgres, url } }, options);
  let isClosed = false;
  return {
    ...db,
    async close() {
      if (isClosed) return;
      isClosed = true;
      const isKept = keepsSchemas && (await isComplete(db).catch(() => false));
      await db.close();
      if (isKept) freeSchemas.set(postgres.url, [...(freeSchemas.get(postgres.url) ?? []), schema]);
      else await execute(postgres.url, `DROP SCHEMA ${schema} CASCADE`);
    },
  };
};
