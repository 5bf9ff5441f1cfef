#!/usr/bin/env node
// Says whether SQLite's binding works under this Node: node scripts/verify-sqlite-binding.mjs
// It is an optional package, so that an installation does not fail where its other version cannot be compiled. scripts/setup.mjs fails then.
import { createRequire } from "node:module";

try {
  const Sqlite = createRequire(import.meta.url)("../packages/sqlite-binding/index.cjs");
  new Sqlite(":memory:").close();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
