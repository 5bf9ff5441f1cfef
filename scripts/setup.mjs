#!/usr/bin/env node
// Installs what the lock file names, with the pnpm that wrote it: node scripts/setup.mjs
// It does nothing, and asks no network, where that was done before for the same files and the same Node.
// This file and the one it imports keep to what every Node can read, so that an old one is told its version and no syntax error.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
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

/** A digest of everything that decides what an installation holds. */
const wanted = () => {
  const packages = readdirSync(join(root, "packages")).map((name) => join("packages", name));
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", ".pnpmfile.cjs", "scripts/setup.mjs"].concat(
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
const installed = () => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted() && bindingWorks();

if (!installed()) {
  let status = install();
  // pnpm takes an installation for complete that was made under another Node, for which another SQLite binding fits.
  if (status === 0 && !bindingWorks()) status = install("--force");
  if (status === 0) writeFileSync(stamp, wanted());
  process.exitCode = status === null ? 1 : status;
}
