import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as shapes from "@invigil/schema";
import { getTableName } from "drizzle-orm";
import { expect, it } from "vitest";
import { createRoutes } from "../src/rest/routes.js";
import { createWire } from "../src/rest/wire.js";
import { TABLES } from "../src/storage/inventory.js";
import { errorsOf } from "../src/trpc/procedures.js";
import { apiOf } from "./support/api-shapes.js";
import { runHere } from "./support/command.js";
import { REPOSITORY, tempFolder } from "./support/folders.js";
import { isRefusedToAll, permissions } from "./support/permissions.js";
import { calls, PATHS, procedureOf, urlOf } from "./support/procedure-calls.js";
import { procedureAt, router } from "./support/router.js";
import { sharedTables } from "./support/tables.js";

// Names everything that a new procedure, table, event or command still lacks, and the file to edit. ARCHITECTURE.md ("Adding a feature") has the
// steps. Whether what is there is right, other tests say: those that `npm run write` runs, and those that need a database.

const WRITE = `\`npm run write\` writes what is written.
Then run what looks at rows, statements and plans: erasure-tables, event-examples, charges, query-plans, process-postgres.`;

const read = (path: string): string => readFileSync(join(REPOSITORY, path), "utf8");
/** The text of all files of a folder. */
const readAll = (folder: string, extension: string): string =>
  readdirSync(join(REPOSITORY, folder))
    .filter((name) => name.endsWith(extension))
    .map((name) => read(join(folder, name)))
    .join("\n");
const isSentence = (text: string): boolean => /^[A-Z0-9`"].{5,}\.$/s.test(text);

/** A list of what is missing. */
type Missing = string[];
const lacks = (isMissing: boolean, what: string): Missing => (isMissing ? [what] : []);

const api = apiOf(router);
const clientTypes = read("packages/client/src/procedures.ts");
const trips = Object.keys(JSON.parse(read("packages/server/test/round-trips.json")));

const ofProcedures = (): Missing =>
  [...api.nouns.values()].flat().flatMap(({ path, noun, verb, sentence, kind }) => {
    const own = calls.filter((call) => call.path === path);
    const page = readAll("docs/api", ".md");
    return [
      ...lacks(!isSentence(sentence), `${path}: a sentence in its meta, in the router of its feature`),
      ...lacks(own.length === 0, `${path}: a call in packages/server/test/support/procedure-calls.ts`),
      ...own.flatMap(({ row }) =>
        lacks(!permissions.has(row), `${row}: a row of docs/api/permissions.md, which is written`),
      ),
      ...lacks(
        kind !== "subscription" && !isRefusedToAll(path) && !trips.some((row) => procedureOf(row) === path),
        `${path}: a row of packages/server/test/round-trips.json, which is written`,
      ),
      ...lacks(
        !page.includes(`\n## ${path}\n`),
        `${path}: a section of docs/api/${noun}.md, which is written`,
      ),
      ...lacks(
        !new RegExp(`\\n {2}${noun}: \\{[^}]*\\b${verb}: TRPC`).test(clientTypes.replaceAll(/<\{.*\}>/g, "")),
        `${path}: its types in packages/client/src/procedures.ts, which is written`,
      ),
    ];
  });

/** Shapes without a name of their own are described where they are used. */
const exported = new Set(Object.keys(shapes).map((name) => name.replace(/Schema$/, "").toLowerCase()));
const ofFields = (): Missing =>
  [...api.shapes.values()].flatMap(({ name, sentence, fields = [] }) => [
    ...lacks(
      exported.has(name.toLowerCase()) && !isSentence(sentence),
      `${name}: a sentence (describe), in packages/schema/src`,
    ),
    ...fields.flatMap((field) =>
      lacks(
        !isSentence(field.sentence),
        `${name}.${field.name}: a sentence (describe), in packages/schema/src`,
      ),
    ),
  ]);

const ofPaths = (): Missing => {
  const rows = createRoutes(createWire({ timeZone: "UTC" }));
  const called = new Set(
    PATHS.map(({ path, method, row }) => `${method} ${urlOf(path)} ${procedureOf(row)}`),
  );
  return rows.flatMap(({ path, methods, procedure, ...row }) => [
    ...methods.flatMap((method) =>
      lacks(
        !called.delete(`${method} ${path} ${procedure}`),
        `${method} ${path}: a call in PATHS, in packages/server/test/support/procedure-calls.ts`,
      ),
    ),
    ...("errors" in row ? row.errors : []).flatMap((code) =>
      lacks(
        !errorsOf(procedureAt(procedure)).includes(code),
        `${path}: ${code} among the errors of ${procedure}`,
      ),
    ),
  ]);
};

const ofTables = (): Missing => {
  const guide = read("docs/scale.md").split("**Shared tables.**")[1] ?? "";
  const [onSqlite, onPostgres] = ["drizzle", "drizzle-postgres"].map((folder) =>
    readAll(`packages/server/${folder}`, ".sql"),
  );
  return TABLES.map((table) => getTableName(table)).flatMap((name) => [
    ...lacks(
      !onSqlite?.includes(`CREATE TABLE \`${name}\``),
      `${name}: a migration of SQLite. npm run --prefix packages/server migration -- --name ${name}`,
    ),
    ...lacks(
      !onPostgres?.includes(`CREATE TABLE "${name}"`),
      `${name}: a migration of PostgreSQL, in packages/server/drizzle-postgres and its meta/_journal.json`,
    ),
    ...lacks(
      sharedTables().includes(name) && !new RegExp(`^\\|[^|]*\`${name}\``, "mu").test(guide),
      `${name}: a row among the shared tables of docs/scale.md`,
    ),
  ]);
};

const ofEvents = (): Missing => {
  const page = read("docs/api/events.md");
  return Object.entries(shapes.events).flatMap(([type, { meaning }]) => [
    ...lacks(!isSentence(meaning), `${type}: a sentence (meaning), in packages/schema/src/events.ts`),
    ...lacks(!page.includes(`\`${type}\``), `${type}: a section of docs/api/events.md, which is written`),
    ...lacks(
      !clientTypes.includes(`type: "${type}"`),
      `${type}: its types in packages/client/src/procedures.ts, which is written`,
    ),
  ]);
};

/** The names of the commands in a help. */
const namesIn = async (args: readonly string[]): Promise<string[]> => {
  using folder = tempFolder();
  const { stdout } = await runHere([...args, "--help"], { cwd: folder.path });
  const [, list = ""] = stdout.split("\nCommands:\n");
  return [...list.matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => name !== "help");
};
const ofCommands = async (): Promise<Missing> => {
  const test = read("packages/server/test/process-commands.test.ts");
  const names: string[] = [];
  for (const name of await namesIn([])) {
    const below = await namesIn([name]);
    names.push(...(below.length > 0 ? below.map((one) => `${name} ${one}`) : [name]));
  }
  return names.flatMap((name) =>
    ["does", "fails"].flatMap((how) =>
      lacks(
        !new RegExp(`\\b${how}\\(\\s*"${name}"`).test(test),
        `invigil ${name}: a call of \`${how}\` in packages/server/test/process-commands.test.ts`,
      ),
    ),
  );
};

it("nothing that is declared lacks a part", async () => {
  const missing = [
    ...ofProcedures(),
    ...ofFields(),
    ...ofPaths(),
    ...ofTables(),
    ...ofEvents(),
    ...(await ofCommands()),
  ];
  if (missing.length > 0) throw new Error(`These are missing:\n  ${missing.join("\n  ")}\n\n${WRITE}\n`);
  expect(api.nouns.size * api.shapes.size).toBeGreaterThan(0);
});
