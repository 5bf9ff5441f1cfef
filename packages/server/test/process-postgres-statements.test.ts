import { afterAll, beforeAll, expect, it as test } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { compile, compileInsertion, postgresDialect } from "../src/storage/postgres/dialect.js";
import { createSchema } from "../src/storage/postgres/schema.js";
import { type AnyStatement, type Insertion, madeStatements, partsOf } from "../src/storage/statement.js";
import { isPostgresMissing, openSchemasForTests, type Schemas } from "./support/postgres-schemas.js";

const isSkipped = isPostgresMissing();
const it = test.skipIf(isSkipped);

let schemas: Schemas;
beforeAll(async () => {
  if (isSkipped) return;
  schemas = await openSchemasForTests();
  const { schema } = await schemas.open();
  await schemas.client.query(`SET search_path TO ${schema}`);
  for (const statement of createSchema()) await schemas.client.query(statement);
  // Stores make their statements when they are loaded. The app loads all of them.
  await (await createTestApp()).close();
});
afterAll(() => schemas?.[Symbol.asyncDispose]());

const textOf = (one: AnyStatement | Insertion): string =>
  "table" in one ? compileInsertion(one) : compile(partsOf(one, postgresDialect)).text;

/** What PostgreSQL says of a statement when it prepares it; undefined when it takes it. */
const refusal = async (text: string): Promise<string | undefined> => {
  try {
    await schemas.client.query(`PREPARE probe AS ${text}`);
    await schemas.client.query("DEALLOCATE probe");
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
