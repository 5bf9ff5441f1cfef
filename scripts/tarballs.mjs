#!/usr/bin/env node
// Packs the packages as they are published, to install them before they are: node scripts/tarballs.mjs FOLDER
// The last line is the command that installs them in a project. `npm pack` alone makes a server that asks for `workspace:*`.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
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
  .map((name) => join(root, "packages", name, "package.json"))
  .filter((file) => existsSync(file))
  .map((file) => JSON.parse(readFileSync(file, "utf8")))
  .filter((manifest) => manifest.private !== true);
const tarballOf = ({ name, version }) =>
  join(to, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);

const run = (file, args, options) => spawnSync(file, args, { cwd: root, ...options }).status;
mkdirSync(to, { recursive: true });
for (const manifest of published) rmSync(tarballOf(manifest), { force: true });
const built = run(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
if (built !== 0) process.exit(1);
const filters = published.flatMap(({ name }) => ["--filter", name]);
// What is packed is built, so no package builds it again.
const pack = [...filters, "pack", "--pack-destination", to, "--config.ignore-scripts=true"];
const status = await oneLine("Packing", (stdio) =>
  // On Windows npx is a script, which only a shell starts.
  run("npx", ["-y", "pnpm@12.21.0", "--recursive", ...pack], { shell: windows, stdio }),
);
if (status !== 0) process.exit(1);

/** The name under which the server installs SQLite's binding, and the package that only some versions of Node need. */
const ALIASES = { "@invigil/sqlite-binding": "better-sqlite3@" };
const isNeeded = ({ name }) =>
  name !== "@invigil/sqlite-binding-12" ||
  existsSync(join(root, "packages/sqlite-binding-12/node_modules/better-sqlite3-12"));
const install = (manifests) =>
  `npm install ${manifests.map((manifest) => `"${ALIASES[manifest.name] ?? ""}${tarballOf(manifest)}"`).join(" ")}`;
// tRPC's binding for React wants another version of tRPC than our adapter, and a page needs no adapter.
const REACT = "@invigil/react";
const ofPages = published.filter(({ name }) => [REACT, "@invigil/client"].includes(name));
console.log(`A page with React: ${install(ofPages)}`);
console.log(install(published.filter((manifest) => manifest.name !== REACT && isNeeded(manifest))));
