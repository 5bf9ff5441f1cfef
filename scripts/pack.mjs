#!/usr/bin/env node
// Packs the compiled server into a few files, packages/server/dist/packed, which `invigil` starts from: looking up and loading 600 modules
// takes longer than all else that a start does. Run after the compiler: node scripts/pack.mjs It does nothing if it was done before for the
// same compiled server and the same Node.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { thirdPartyLicenses } from "./third-party-licenses.mjs";
import { upToDate } from "./up-to-date.mjs";

const server = resolve(import.meta.dirname, "../packages/server");
const { isPacked, PACKED, sourceState } = await import(join(server, "dist/cli/packed.js"));
const state = upToDate("packed", {
  from: ["scripts/pack.mjs", "scripts/third-party-licenses.mjs", "scripts/write-code-cache.mjs"],
  makes: "packages/server/dist/packed",
  // V8 accepts a code cache only from the same version of V8.
  salt: [sourceState(), process.version].join(" "),
});
if (isPacked() && state.holds()) process.exit();

const { build } = await import("tsdown");

// The bundler assumes that calls of these have no effects. It drops calls whose result is unused, including those that check whether the
// function throws. No option changes that. Calls of an object's members are kept.
const THROWING = ["decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "String"];

await build({
  config: false,
  define: Object.fromEntries(THROWING.map((name) => [name, `globalThis.${name}`])),
  cwd: server,
  entry: { program: "dist/cli/program.js" },
  outDir: PACKED,
  // The output is not ES modules, because V8 accepts a code cache only for scripts.
  format: "cjs",
  platform: "node",
  target: "node20.19",
  dts: false,
  // This halves the text to parse. Functions keep their names, which appear in stack traces.
  minify: { compress: true, mangle: { keepNames: true }, codegen: true },
  outputOptions: {
    // ES modules are strict, too.
    strict: true,
    dynamicImportInCjs: false,
    // `packedFiles` calls them with these parameters.
    postBanner: "(function (exports, require, module, __filename) {",
    postFooter: "})",
  },
  plugins: [
    thirdPartyLicenses((text) => writeFileSync(join(server, "dist/third-party-licenses.txt"), `${text}\n`)),
  ],
  logLevel: "error",
  // Code caches of earlier files are no longer valid.
  clean: true,
  // Packages with native code, and packages that are loaded only on demand.
  deps: { alwaysBundle: [/^[^.]/], neverBundle: ["better-sqlite3", "@node-rs/argon2", /^@alicloud\//] },
});

// V8 uses two bytes for each character of a text that is not ASCII. Such characters only occur in strings and patterns.
const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
for (const name of readdirSync(PACKED)) {
  const file = join(PACKED, name);
  writeFileSync(file, readFileSync(file, "utf8").replace(/[^\0-\x7f]/g, escaped));
}

/** Starts the packed server once without a code cache, and writes the cache of the code that a start runs. */
const writeCodeCache = async () => {
  const folder = mkdtempSync(join(tmpdir(), "invigil-pack-"));
  try {
    const child = spawn(process.execPath, [join(import.meta.dirname, "write-code-cache.mjs"), "serve"], {
      cwd: folder,
      env: { INVIGIL_DATABASE_URL: ":memory:", INVIGIL_DATA_DIR: folder, INVIGIL_PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    // Its first line reports that it listens.
    child.stdout.once("data", () => child.kill());
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error("the packed server did not start");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
await writeCodeCache();
writeFileSync(join(PACKED, "packed-from"), sourceState());
state.keep();
