#!/usr/bin/env node
// Whether what people load and install stays small: node scripts/check-sizes.mjs
// It measures what the build wrote. Exit 1 with a line for each size that is over its limit.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { clientSizes } from "../bench/lib/client-size.mjs";

const root = resolve(import.meta.dirname, "..");
const server = join(root, "packages/server");
const consoleFolder = join(server, "dist/console");

const KB = 1000;
const MB = 1000 * KB;

/** The files that the page names, and what they import statically. A browser loads those of the first screen as well: docs/performance.md. */
const filesOfFirstLoad = () => {
  const page = readFileSync(join(consoleFolder, "index.html"), "utf8");
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    if (!name.endsWith(".js")) return;
    const code = readFileSync(join(consoleFolder, "assets", name), "utf8");
    // The bundler writes `import{a}from"./x.js"` and `import"./x.js"`, and `import("./x.js")` for what is loaded later.
    for (const [, imported] of code.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) add(imported);
  };
  for (const [, name] of page.matchAll(/(?:src|href)="\.\/assets\/([^"]+\.(?:js|css))"/g)) add(name);
  return [...found];
};

const isPublished = (path) => !/\.map$|\.tsbuildinfo|^packed\/.*\.code$/.test(path);
/** What the published package has of `dist`, in bytes. */
const publishedBytes = (folder, below = "") =>
  readdirSync(folder, { withFileTypes: true }).reduce((bytes, entry) => {
    const path = `${below}${entry.name}`;
    const at = join(folder, entry.name);
    if (entry.isDirectory()) return bytes + publishedBytes(at, `${path}/`);
    return bytes + (isPublished(path) ? readFileSync(at).length : 0);
  }, 0);

if (!existsSync(join(consoleFolder, "index.html"))) {
  console.error("The console is not built: npm run build");
  process.exit(2);
}
const first = filesOfFirstLoad();
const client = await clientSizes(join(root, "packages/client"));
const sizes = [
  {
    what: `the page of the console and the ${first.length} files that it names, gzip`,
    bytes: [join(consoleFolder, "index.html"), ...first.map((name) => join(consoleFolder, "assets", name))]
      .map((file) => gzipSync(readFileSync(file), { level: 9 }).length)
      .reduce((sum, bytes) => sum + bytes, 0),
    most: 220 * KB,
  },
  {
    what: "the console, all files with their compressed copies",
    bytes: publishedBytes(consoleFolder),
    most: 4 * MB,
  },
  {
    what: "dist of @invigil/server, as it is published",
    bytes: publishedBytes(join(server, "dist")),
    most: 11 * MB,
  },
  { what: "the client's own code, gzip", bytes: client.atOnce * KB, most: 5.5 * KB },
  { what: "what the client loads for `live`, gzip", bytes: client.forLive * KB, most: 5.2 * KB },
  { what: "what the client loads for `uploadAudio`, gzip", bytes: client.forUpload * KB, most: 1.2 * KB },
];

for (const { what, bytes, most } of sizes) {
  const isSmall = bytes <= most;
  const said = `${what}: ${(bytes / KB).toFixed(bytes < 10 * KB ? 2 : 0)} kB of ${most / KB} kB`;
  console.log(`${isSmall ? "ok  " : "FAIL"} ${said}`);
  if (!isSmall) process.exitCode = 1;
}
