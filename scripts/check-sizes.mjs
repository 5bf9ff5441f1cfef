#!/usr/bin/env node
// Checks the sizes of what people load and install: node scripts/check-sizes.mjs
// It measures the output of the build. Exit 1 with a line for each size that is over its limit.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { clientSizes } from "../bench/lib/client-size.mjs";

const root = resolve(import.meta.dirname, "..");
const server = join(root, "packages/server");
const consoleFolder = join(server, "dist/console");
const candidateFolder = join(server, "dist/candidate");

const KB = 1000;
const MB = 1000 * KB;

/** The files that a page names, and their imports. `add` adds a file with its imports. */
const firstLoadOf = (folder) => {
  const assets = readdirSync(join(folder, "assets"));
  const page = readFileSync(join(folder, "index.html"), "utf8");
  const read = (name) => readFileSync(join(folder, "assets", name), "utf8");
  const found = new Set();
  const add = (name) => {
    if (found.has(name)) return;
    found.add(name);
    if (!name.endsWith(".js")) return;
    // The bundler writes `import{a}from"./x.js"` and `import"./x.js"`, and `import("./x.js")` for what is loaded later.
    for (const [, imported] of read(name).matchAll(/(?:from|import)\s*["`]\.\/([^"`]+)["`]/g)) add(imported);
  };
  const named = [...page.matchAll(/(?:src|href)="\.\/assets\/([^"]+)"/g)].map(([, name]) => name);
  for (const name of named) add(name);
  const size = (name) => gzipSync(read(name)).length;
  const addLongest = (pattern) =>
    add(
      assets
        .filter((name) => pattern.test(name))
        .reduce((one, other) => (size(other) > size(one) ? other : one)),
    );
  return { read, add, named, found, addLongest };
};
const sizeOfLoad = (folder, files) =>
  [join(folder, "index.html"), ...files.map((name) => join(folder, "assets", name))]
    .map((file) => gzipSync(readFileSync(file), { level: 9 }).length)
    .reduce((sum, bytes) => sum + bytes, 0);

/**
 * What a browser without a cache loads to show the sign-in form, in the language with the longer texts: the page, its icon and the files
 * that it names, the form, the texts, and their imports. docs/performance.md has the figures of Chromium.
 */
const firstLoadOfConsole = () => {
  const { read, add, named, found, addLongest } = firstLoadOf(consoleFolder);
  // Each file that is loaded later has numbers beside it. They refer to its scripts and styles, in a list at the beginning of the file.
  const [entry = ""] = named.filter((name) => name.endsWith(".js"));
  const code = read(entry);
  const listed = /__vite__mapDeps=.*?=\[([^\]]*)\]/s.exec(code)?.[1];
  const form = /import\(["`]\.\/sign-in-[^)]*\),__vite__mapDeps\(\[([\d,]*)\]/.exec(code)?.[1];
  if (listed === undefined || form === undefined)
    throw new Error(`${entry} does not load the form to sign in.`);
  const names = [...listed.matchAll(/\.\/([^"`]+)/g)].map(([, name]) => name);
  for (const number of form.split(",")) add(names[Number(number)]);
  addLongest(/^common-.*\.js$/);
  return [...found];
};

/** The same until the candidate's page says something: its screens, and all that needs a camera, are loaded later. */
const firstLoadOfCandidate = () => {
  const { addLongest, found } = firstLoadOf(candidateFolder);
  addLongest(/^(en|zh)-.*\.js$/);
  return [...found];
};

const isPublished = (path) => !/\.map$|\.tsbuildinfo|^packed\/.*\.code$/.test(path);
/** The size of the part of `dist` that is published, in bytes. */
const publishedBytes = (folder, below = "") =>
  readdirSync(folder, { withFileTypes: true }).reduce((bytes, entry) => {
    const path = `${below}${entry.name}`;
    const at = join(folder, entry.name);
    if (entry.isDirectory()) return bytes + publishedBytes(at, `${path}/`);
    return bytes + (isPublished(path) ? readFileSync(at).length : 0);
  }, 0);

for (const folder of [consoleFolder, candidateFolder])
  if (!existsSync(join(folder, "index.html"))) {
    console.error("The pages are not built: npm run build");
    process.exit(2);
  }
const first = firstLoadOfConsole();
const candidate = firstLoadOfCandidate();
const client = await clientSizes(join(root, "packages/client"));
const sizes = [
  {
    what: `the first load of the console, the page and ${first.length} files until the form to sign in, gzip`,
    bytes: sizeOfLoad(consoleFolder, first),
    most: 200 * KB,
  },
  {
    what: `the first load of the candidate's page, the page and ${candidate.length} files, gzip`,
    bytes: sizeOfLoad(candidateFolder, candidate),
    most: 130 * KB,
  },
  {
    what: "the console, all files with their compressed copies",
    bytes: publishedBytes(consoleFolder),
    most: 4 * MB,
  },
  {
    what: "dist of @invigil/server, as it is published",
    bytes: publishedBytes(join(server, "dist")),
    most: 13 * MB,
  },
  { what: "the client's own code, gzip", bytes: client.atOnce * KB, most: 4.35 * KB },
  { what: "what the client loads for `live`, gzip", bytes: client.forLive * KB, most: 5.8 * KB },
  { what: "what the client loads for `uploadAudio`, gzip", bytes: client.forUpload * KB, most: 1.2 * KB },
  { what: "`@invigil/client/media`, gzip", bytes: client.forMedia * KB, most: 3 * KB },
];

for (const { what, bytes, most } of sizes) {
  const isSmall = bytes <= most;
  const said = `${what}: ${(bytes / KB).toFixed(bytes < 10 * KB ? 2 : 0)} kB of ${most / KB} kB`;
  console.log(`${isSmall ? "ok  " : "FAIL"} ${said}`);
  if (!isSmall) process.exitCode = 1;
}
