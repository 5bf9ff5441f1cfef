// Runs a command of the packed server, and writes its code cache on SIGTERM: node scripts/write-code-cache.mjs serve
// scripts/pack.mjs runs it.
import { readdirSync } from "node:fs";
import { PACKED } from "../packages/server/dist/cli/packed.js";
import { packedFiles } from "../packages/server/dist/cli/packed-files.js";

const { load, writeCodeCache } = packedFiles(PACKED);
process.once("SIGTERM", () => {
  // Other commands load these files.
  for (const name of readdirSync(PACKED)) if (name.endsWith(".cjs")) load(`./${name}`);
  writeCodeCache();
  process.exit();
});
load("./program.cjs").runCommand(process.argv.slice(2), process);
