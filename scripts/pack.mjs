#!/usr/bin/env node
// Packs the compiled server into a few files, packages/server/dist/packed, which `invigil` starts from: looking up and loading
// 600 modules takes longer than all else that a start does. Run after the compiler: node scripts/pack.mjs
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "tsdown";

const server = resolve(import.meta.dirname, "../packages/server");
const packed = join(server, "dist/packed");
const { sourceState } = await import(join(server, "dist/cli/packed.js"));

await build({
  config: false,
  cwd: server,
  entry: { program: "dist/cli/program.js" },
  outDir: packed,
  format: "esm",
  platform: "node",
  target: "node20.19",
  fixedExtension: false,
  dts: false,
  // Half the text to parse. Functions keep their names, which the log's stacks have.
  minify: { compress: true, mangle: { keepNames: true }, codegen: true },
  logLevel: "warn",
  // Compiled code is no longer what it was compiled from.
  clean: true,
  // Packages with machine code of their own, and those that are loaded only when somebody needs them.
  deps: { alwaysBundle: [/^[^.]/], neverBundle: ["better-sqlite3", "@node-rs/argon2", /^@alicloud\//] },
});
writeFileSync(join(packed, "packed-from"), sourceState());
