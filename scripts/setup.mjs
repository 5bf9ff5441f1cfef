#!/usr/bin/env node
// Installs what the lock file names, with the pnpm that wrote it: node scripts/setup.mjs [--build-only] With `--build-only`, it installs
// what building and serving need: the `dependencies` of the packages and of the root. It leaves out `devDependencies`, which only tests and
// checks need. It removes nothing if everything is installed. It does nothing, and uses no network, if that was done before for the same
// files and the same Node. This file and its imports use only syntax that every Node can read. So an old Node reports its version instead
// of a syntax error.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { refuseOldNode } from "./node-version.mjs";
import { oneLine } from "./one-line.mjs";

refuseOldNode();
const root = fileURLToPath(new URL("..", import.meta.url));
const windows = process.platform === "win32";
const run = (file, args, options) => spawnSync(file, args, Object.assign({ cwd: root }, options)).status;

// On Windows npx is a script, which only a shell starts.
const install = (stdio, ...options) =>
  run("npx", ["-y", "pnpm@12.21.0", "install", "--frozen-lockfile", ...options], { shell: windows, stdio });
const verifyBinding = (stdio) => run(process.execPath, ["scripts/verify-sqlite-binding.mjs"], { stdio });

/** A digest of everything that an installation depends on. */
const wanted = () => {
  const packages = readdirSync(join(root, "packages")).map((name) => join("packages", name));
  const patches = readdirSync(join(root, "patches")).map((name) => join("patches", name));
  const files = [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    ".pnpmfile.cjs",
    "scripts/setup.mjs",
    ...patches,
  ].concat(
    [".", ...packages]
      .map((folder) => join(folder, "package.json"))
      .filter((file) => existsSync(join(root, file))),
  );
  const digest = createHash("sha256").update(
    [process.platform, process.arch, process.versions.modules].join(" "),
  );
  for (const file of files) digest.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  return digest.digest("hex");
};

const stamp = join(root, "node_modules", ".invigil-setup");
/** The installed scope, `all` or `build`, and the digest that it was installed for. */
const [installed, installedFor] = existsSync(stamp) ? readFileSync(stamp, "utf8").split(" ") : [];
const set = process.argv.includes("--build-only") && installed !== "all" ? "build" : "all";

if (installed !== set || installedFor !== wanted() || verifyBinding("ignore") !== 0) {
  process.exitCode = await oneLine("Installing", (stdio) => {
    const options = set === "build" ? ["--prod"] : [];
    const status = install(stdio, ...options);
    if (status !== 0 || verifyBinding("ignore") === 0) return status;
    // pnpm treats an installation as complete even if it was made under another Node, which needs another SQLite binding.
    return install(stdio, "--force", ...options) || verifyBinding(stdio);
  });
  if (process.exitCode === 0) writeFileSync(stamp, [set, wanted()].join(" "));
}
