#!/usr/bin/env node
// Implements `npm run dev`: node scripts/dev.mjs [options of `invigil serve`]
// Serves a demo from the sources, and restarts it when one of them changes. The compiler and the bundler also rebuild the files that are
// read from dist/: the client, the drop-in script, and the thread that reads workbooks. Type errors appear beside the server's log.
import { spawn, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { serveRestarting } from "./restarting.mjs";

const root = resolve(import.meta.dirname, "..");
process.chdir(root);
for (const step of [["scripts/setup.mjs", "--build-only"], ["scripts/build.mjs"]]) {
  const { status } = spawnSync(process.execPath, step, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

console.log("Serving, and watching for changes…");
const serve = "packages/server/src/cli.ts serve --demo".split(" ");
const stopServer = serveRestarting({
  args: ["--import", "tsx", ...serve, ...process.argv.slice(2)],
  env: { ...process.env, TSX_TSCONFIG_PATH: "scripts/tsconfig.sources.json" },
  folders: ["packages/server/src", "packages/server/drizzle", "packages/schema/src"],
  files: [".env"],
});

const compile =
  "node_modules/typescript/bin/tsc -b packages/client packages/im-script --watch --preserveWatchOutput";
const compiler = spawn(process.execPath, compile.split(" "), { stdio: ["ignore", "pipe", "inherit"] });
// The compiler's messages if there is no error.
const PROGRESS = / - (Starting compilation|File change detected|Found 0 errors)/;
createInterface({ input: compiler.stdout }).on("line", (line) => {
  if (line.trim() !== "" && !PROGRESS.test(line)) console.log(line);
});

for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    compiler.kill();
    void stopServer().then(() => process.exit());
  });

const { build } = await import("tsdown");
for (const name of ["im-script", "media-server", "client"])
  await build({ cwd: join(root, "packages", name), watch: true, logLevel: "error" });
