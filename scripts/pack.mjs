#!/usr/bin/env node
// Packs the compiled server into a few files, packages/server/dist/packed, which `invigil` starts from: looking up and loading
// 600 modules takes longer than all else that a start does. Run after the compiler: node scripts/pack.mjs
// It does nothing where it was done before for the same compiled server and the same Node.
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
  // V8 takes over the code that is kept from no other version of itself.
  salt: [sourceState(), process.version].join(" "),
});
if (isPacked() && state.holds()) process.exit();

const { build } = await import("tsdown");

// The bundler takes calls of these for free of effects and drops them where nobody uses what they return, also where they are made to see
// whether they throw. No option changes that; as members of an object they are calls like any other.
const THROWING = ["decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "String"];

await build({
  config: false,
  define: Object.fromEntries(THROWING.map((name) => [name, `globalThis.${name}`])),
  cwd: server,
  entry: { program: "dist/cli/program.js" },
  outDir: PACKED,
  // Not ES modules: V8 takes over kept code of scripts alone.
  format: "cjs",
  platform: "node",
  target: "node20.19",
  dts: false,
  // Half the text to parse. Functions keep their names, which the log's stacks have.
  minify: { compress: true, mangle: { keepNames: true }, codegen: true },
  outputOptions: {
    // As it was in ES modules.
    strict: true,
    dynamicImportInCjs: false,
    // As `packedFiles` calls them.
    postBanner: "(function (exports, require, module, __filename) {",
    postFooter: "})",
  },
  plugins: [
    thirdPartyLicenses((text) => writeFileSync(join(server, "dist/third-party-licenses.txt"), `${text}\n`)),
  ],
  logLevel: "error",
  // Compiled code is no longer what it was compiled from.
  clean: true,
  // Packages with machine code of their own, and those that are loaded only when somebody needs them.
  deps: { alwaysBundle: [/^[^.]/], neverBundle: ["better-sqlite3", "@node-rs/argon2", /^@alicloud\//] },
});

// V8 keeps two bytes for each character of a text that is not plain; such characters stand in strings and patterns only.
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
    // Its first line says that it listens.
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
