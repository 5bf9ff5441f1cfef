#!/usr/bin/env node
// Installs what the lock file names, with the pnpm that wrote it: node scripts/setup.mjs
// This file and the one it imports keep to what every Node can read, so that an old one is told its version and no syntax error.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode();
const root = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";
const run = (file, args, options) => spawnSync(file, args, { cwd: root, stdio: "inherit", ...options });

// On Windows npx is a script, which only a shell starts.
const install = (...options) =>
  run("npx", ["-y", "pnpm@12.21.0", "install", "--frozen-lockfile", ...options], { shell: windows }).status;
const bindingWorks = () =>
  run(process.execPath, ["packages/sqlite-binding/verify.cjs"], { stdio: "ignore" }).status === 0;

let status = install();
// pnpm takes an installation for complete that was made under another Node, for which another SQLite binding fits.
if (status === 0 && !bindingWorks()) status = install("--force");
process.exitCode = status === null ? 1 : status;
