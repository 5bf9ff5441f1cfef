#!/usr/bin/env node
// Lints all files: node scripts/lint.mjs [--changed]
// With `--changed`, it lints the files that have changed since they last passed. A file may also fail because of another one: if a function
// becomes asynchronous, its callers in unchanged files ignore its promise. Only a run without the flag finds that.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const root = resolve(import.meta.dirname, "..");
const { changed = false } = parseArgs({ options: { changed: { type: "boolean" } } }).values;

const CACHE = join(root, "node_modules/.cache");
const PASSED = join(CACHE, "lint-passed.json");
/** All files are linted again when one of these changes. */
const SETTINGS = [".oxlintrc.json", "scripts/module-state.mjs", "pnpm-lock.yaml", "tsconfig.base.json"];

const hashOf = (paths) => {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(join(root, path)));
  return hash.digest("base64");
};

/** The hashes of all files that oxlint reads, by path. */
const hashes = () => {
  const { stdout } = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const paths = (stdout ?? "")
    .split("\0")
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path) && existsSync(join(root, path)));
  return Object.fromEntries(paths.map((path) => [path, hashOf([path])]));
};

const now = { settings: hashOf(SETTINGS), files: hashes() };
const before = existsSync(PASSED) ? JSON.parse(readFileSync(PASSED, "utf8")) : { files: {} };
const isKnown = (path) => before.settings === now.settings && before.files[path] === now.files[path];
// Without git, no file is listed, and everything is linted.
const isListed = Object.keys(now.files).length > 0;
const paths = changed && isListed ? Object.keys(now.files).filter((path) => !isKnown(path)) : ["."];
const passes =
  paths.length === 0 ||
  spawnSync(join(root, "node_modules/.bin/oxlint"), paths, { cwd: root, stdio: "inherit" }).status === 0;
if (passes) {
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(PASSED, JSON.stringify(now));
}
process.exitCode = passes ? 0 : 1;
