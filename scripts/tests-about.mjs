#!/usr/bin/env node
// Lists the tests about storage, or those about Node: node scripts/tests-about.mjs storage | node
// Parts of `.ci/run` run only these on PostgreSQL, and under another Node. Imports show what a test is about. Where they do not, a test has
// a line `// Also on PostgreSQL: WHY` or `// Also under another Node: WHY`.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Opens databases itself, or listens to the event log. */
const ABOUT_STORAGE = /\/support\/(database|listening|live-fixture)\.js"|^\/\/ Also on PostgreSQL: /m;
/** Has cases that only full effort runs all of, or says that it depends on Node. */
const ABOUT_NODE = /\/effort\.js"|TEST_EFFORT|^\/\/ Also under another Node: /m;

const testsOf = (packages, isChosen) =>
  packages
    .flatMap((name) => ["src", "test"].map((part) => join(root, "packages", name, part)))
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter(({ name }) => /\.test\.tsx?$/.test(name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => isChosen(path.split("/").at(-1), readFileSync(path, "utf8")))
    .map((path) => relative(root, path))
    .toSorted();

/** Other tests that start processes choose their database themselves. */
export const storageTests = () =>
  testsOf(
    ["server"],
    (name, text) =>
      name.startsWith("process-postgres-") || (!name.startsWith("process-") && ABOUT_STORAGE.test(text)),
  );

/** Tests of processes that follow documents, call commands or look at rows: what they find is the same under each Node. */
const SAME_UNDER_EACH_NODE =
  /^process-(accounts|attempts|audit|demo|deploy|erasure|examples|exams|groups|.*guide|message-logins|readme|room|seat-links|workflows)\.test\.ts$/;

/** Also tests that start processes. */
const nodeTests = () =>
  testsOf(
    ["client", "media-server", "server", "trpc-fastify"],
    (name, text) =>
      !name.startsWith("process-postgres-") &&
      (ABOUT_NODE.test(text) || (name.startsWith("process-") && !SAME_UNDER_EACH_NODE.test(name))),
  );

if (import.meta.filename === process.argv[1]) {
  const lists = { storage: storageTests, node: nodeTests };
  const list = lists[process.argv[2]];
  if (!list) {
    console.error(`node scripts/tests-about.mjs ${Object.keys(lists).join(" | ")}`);
    process.exit(2);
  }
  console.log(list().join("\n"));
}
