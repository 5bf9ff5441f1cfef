import { afterAll, beforeAll, expect, it as test } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import "../src/features/auth/throttle-store.js";
import { compile, compileInsertion, postgresDialect } from "../src/storage/postgres/dialect.js";
import { createSchema } from "../src/storage/postgres/schema.js";
import { type Insertion, madeStatements, partsOf, type Statement } from "../src/storage/statement.js";
import * as tables from "../src/storage/tables.js";
import { openPostgres, type TestPostgres, whyNoPostgres } from "./support/postgres.js";

const missing = whyNoPostgres();
if (missing) console.warn(`These tests are skipped: ${missing}.`);
const it = test.skipIf(missing !== undefined);

let postgres: TestPostgres | undefined;
beforeAll(async () => {
  if (missing) return;
  postgres = await openPostgres();
  for (const statement of createSchema(tables)) await postgres.client.query(statement);
  // Stores make their statements when they are loaded. The app loads all of them but the throttle's, see above.
  await (await createTestApp()).close();
}, 60_000);
afterAll(() => postgres?.close());

const textOf = (one: Statement | Insertion): string =>
  "table" in one ? compileInsertion(one) : compile(partsOf(one, postgresDialect)).text;

/** What PostgreSQL says of a statement when it prepares it; undefined when it takes it. */
const refusal = async (text: string): Promise<string | undefined> => {
  try {
    await postgres?.client.query(`PREPARE probe AS ${text}`);
    await postgres?.client.query("DEALLOCATE probe");
    return undefined;
  } catch (error) {
    return `${String(error)}: ${text}`;
  }
};

it("every statement of every store is one that PostgreSQL prepares", async () => {
  const texts = [...new Set(madeStatements().map(textOf))];
  expect(texts.length).toBeGreaterThan(10);
  const refusals: string[] = [];
  for (const text of texts) {
    const message = await refusal(text);
    if (message) refusals.push(message);
  }
  expect(refusals).toEqual([]);
});

it("a statement that PostgreSQL does not take is noticed", async () => {
  expect(await refusal('SELECT "seq" FROM "participants" WHERE "no_such_column" = $1')).toContain(
    "no_such_column",
  );
});
