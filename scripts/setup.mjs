#!/usr/bin/env node
// Installs what the lock file names, with the pnpm that wrote it: node scripts/setup.mjs [--build-only]
// With `--build-only`, it installs what building and serving need, the `dependencies` of the packages and of the root, and leaves out what
// only tests and checks need, their `devDependencies`. It takes nothing away where everything is installed.
// It does nothing, and asks no network, where that was done before for the same files and the same Node.
// This file and those it imports keep to what every Node can read, so that an old one is told its version and no syntax error.
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

/** A digest of everything that decides what an installation holds. */
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
/** What is installed, `all` or `build`, and the digest that it was installed for. */
const [installed, installedFor] = existsSync(stamp) ? readFileSync(stamp, "utf8").split(" ") : [];
const set = process.argv.includes("--build-only") && installed !== "all" ? "build" : "all";

if (installed !== set || installedFor !== wanted() || verifyBinding("ignore") !== 0) {
  process.exitCode = await oneLine("Installing", (stdio) => {
    const options = set === "build" ? ["--prod"] : [];
    const status = install(stdio, ...options);
    if (status !== 0 || verifyBinding("ignore") === 0) return status;
    // pnpm takes an installation for complete that was made under another Node, for which another SQLite binding fits.
    return install(stdio, "--force", ...options) || verifyBinding(stdio);
  });
  if (process.exitCode === 0) writeFileSync(stamp, [set, wanted()].join(" "));
}
