#!/usr/bin/env node
// Checks that SQLite's binding works under this Node: node scripts/verify-sqlite-binding.mjs
// The binding is an optional package, so an installation does not fail if it cannot be compiled. scripts/setup.mjs fails instead.
import { createRequire } from "node:module";

try {
  const Sqlite = createRequire(import.meta.url)("../packages/sqlite-binding/index.cjs");
  new Sqlite(":memory:").close();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
