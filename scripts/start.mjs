#!/usr/bin/env node
// Implements `npm start`: node scripts/start.mjs [options of `invigil serve`]
// Installs, builds and serves a demo. The build takes a minute, so errors that would stop the server are reported before it: a Node that is
// too old, an unknown option, a bad setting, an address that is in use.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { refuseOldNode } from "./node-version.mjs";

refuseOldNode();
const root = fileURLToPath(new URL("..", import.meta.url));
const serve = ["serve", "--demo", ...process.argv.slice(2)];

/** Runs a step. If it fails, this process ends in the same way. */
const step = (file, args, options = {}) => {
  const { status, stdout } = spawnSync(file, args, { stdio: ["ignore", "inherit", "inherit"], ...options });
  if (status !== 0) process.exit(status === null ? 1 : status);
  return stdout;
};

process.chdir(root);
step(process.execPath, ["scripts/setup.mjs", "--build-only"]);

// The program that will serve, run from its sources.
const checked = step(
  process.execPath,
  ["--import", "tsx", "packages/server/src/cli.ts", ...serve, "--check"],
  {
    stdio: ["ignore", "pipe", "inherit"],
    env: Object.assign({}, process.env, { TSX_TSCONFIG_PATH: "scripts/tsconfig.sources.json" }),
  },
);

if (serve.some((option) => ["--help", "-h", "--check"].includes(option))) process.stdout.write(checked);
else {
  step(process.execPath, ["scripts/build.mjs"]);
  process.stdout.write("Serving…\n");
  const program = new URL("../packages/server/dist/cli.js", import.meta.url);
  process.argv.splice(1, Number.POSITIVE_INFINITY, fileURLToPath(program), ...serve);
  await import(program.href);
}
