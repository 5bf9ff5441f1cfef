#!/usr/bin/env node
// Packs the packages as they will be published, so that they can be installed before: node scripts/tarballs.mjs FOLDER The last line is the
// command that installs them in a project. `npm pack` would make a server that depends on `workspace:*`. Packages that only other packages
// need, such as the adapter for tRPC, become overrides. A project that depends on both the adapter and tRPC's binding for React would need
// two versions of tRPC in one place.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { oneLine } from "./one-line.mjs";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("Say which folder to write to: npm run tarballs -- FOLDER");
  process.exit(2);
}
const root = resolve(import.meta.dirname, "..");
const to = resolve(folder);
const windows = process.platform === "win32";

const published = readdirSync(join(root, "packages"))
  .map((name) => join(root, "packages", name))
  .filter((at) => existsSync(join(at, "package.json")))
  .map((at) => ({ at, ...JSON.parse(readFileSync(join(at, "package.json"), "utf8")) }))
  .filter((manifest) => manifest.private !== true);
const tarballOf = ({ name, version }) =>
  join(to, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);

const run = (file, args, options) => spawnSync(file, args, { cwd: root, ...options }).status;
const step = (...args) => {
  if (run(process.execPath, args, { stdio: "inherit" }) !== 0) process.exit(1);
};
mkdirSync(to, { recursive: true });
for (const manifest of published) rmSync(tarballOf(manifest), { force: true });
// `npm start` does not install the tools that build the package for React.
step("scripts/setup.mjs");
step("scripts/build.mjs");
step("scripts/entries.mjs", ...published.map(({ at }) => at));
const filters = published.flatMap(({ name }) => ["--filter", name]);
// The packages are already built, so packing must not build them again.
const pack = [...filters, "pack", "--pack-destination", to, "--config.ignore-scripts=true"];
const status = await oneLine("Packing", (stdio) =>
  // On Windows npx is a script, which only a shell starts.
  run("npx", ["-y", "pnpm@12.21.0", "--recursive", ...pack], { shell: windows, stdio }),
);
if (status !== 0) process.exit(1);

const tarballs = published.map((manifest) => [
  manifest.name,
  `file:${tarballOf(manifest).replaceAll("\\", "/")}`,
]);
const named = ({ names, except = [] }) =>
  Object.fromEntries(tarballs.filter(([name]) => names?.includes(name) ?? !except.includes(name)));
const APPS_NEED = ["@invigil/client", "@invigil/react", "@invigil/server"];
const overrides = named({ except: APPS_NEED });
// The server installs SQLite's binding under another name.
overrides["better-sqlite3"] = overrides["@invigil/sqlite-binding"];
const fields = {
  dependencies: named({ names: [...APPS_NEED, "@invigil/schema"] }),
  // The keys of npm and of Yarn.
  overrides,
  resolutions: overrides,
};
const words = Object.entries(fields).flatMap(([field, packages]) =>
  Object.entries(packages).map(([name, tarball]) => `"${field}.${name}=${tarball}"`),
);
const forPnpm = join(to, "pnpm-workspace.yaml");
const lines = Object.entries(overrides).map(
  ([name, tarball]) => `  ${JSON.stringify(name)}: ${JSON.stringify(tarball)}\n`,
);
writeFileSync(forPnpm, `overrides:\n${lines.join("")}`);
console.log(`pnpm reads the overrides from pnpm-workspace.yaml: put ${forPnpm} into the project.`);
console.log(`npm pkg set ${words.join(" ")} && npm install`);
