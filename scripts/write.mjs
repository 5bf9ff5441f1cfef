#!/usr/bin/env node
// Writes all generated files: node scripts/write.mjs
// Most of them are written by the tests that compare them.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { tsImport } from "tsx/esm/api";
import { oneLine } from "./one-line.mjs";

const root = resolve(import.meta.dirname, "..");
const bin = (name) => join(root, "node_modules/.bin", name);
const vitest = [bin("vitest"), "run", "--config", "vitest.workspace.ts", "-u", "--project"];
const { whyNoPostgresServer } = await tsImport(
  "../packages/server/test/support/postgres-server.ts",
  import.meta.url,
);
const noPostgres = process.env.INVIGIL_TEST_POSTGRES_URL ? undefined : whyNoPostgresServer();

const steps = {
  Compiling: [bin("tsc"), "-b", "packages/schema", "packages/trpc-fastify"],
  "Writing the demo's clips": [process.execPath, "scripts/make-demo-audio.mjs"],
  // The next steps read them.
  "Writing permissions": [...vitest, "server", "permissions.test"],
  "Writing client types, API reference and examples": [
    ...vitest,
    "server",
    "client-types",
    "api-reference",
    "openapi-examples",
  ],
  ...(!noPostgres && {
    "Writing round trips": [...vitest, "server-postgres-ci", "process-postgres-round-trips"],
  }),
};
const env = { ...process.env, TEST_EFFORT: "full", INVIGIL_TEST_ROUND_TRIPS: "lower" };
for (const [title, [file, ...args]] of Object.entries(steps)) {
  const work = (stdio) => spawnSync(file, args, { cwd: root, env, stdio }).status;
  process.exitCode = await oneLine(title, work);
  if (process.exitCode !== 0) process.exit();
}
if (noPostgres)
  console.log(
    `Round trips were left out: ${noPostgres}. With an installed PostgreSQL: INVIGIL_TEST_POSTGRES_BIN=/usr/lib/postgresql/15/bin npm run write`,
  );
