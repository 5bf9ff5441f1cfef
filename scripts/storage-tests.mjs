#!/usr/bin/env node
// Lists the server's tests about storage, which `npm run check -- --only postgres` runs on PostgreSQL: node scripts/storage-tests.mjs
// Imports show that a test is one of them: it opens databases itself, or listens to the event log. A test without such imports has the line
// `// Also on PostgreSQL: WHY`. `scripts/ci/postgres.sh` runs all tests there.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const ABOUT_STORAGE = /\/support\/(database|listening|live-fixture)\.js"|^\/\/ Also on PostgreSQL: /m;

const folder = resolve(import.meta.dirname, "../packages/server");

/** Their paths within the package. Tests that start processes choose their database themselves. */
export const storageTests = () =>
  ["src", "test"]
    .flatMap((name) => readdirSync(join(folder, name), { recursive: true, withFileTypes: true }))
    .filter(({ name }) => name.endsWith(".test.ts") && !name.startsWith("process-"))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => ABOUT_STORAGE.test(readFileSync(path, "utf8")))
    .map((path) => relative(folder, path))
    .toSorted();

if (import.meta.filename === process.argv[1]) console.log(storageTests().join("\n"));
