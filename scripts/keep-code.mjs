// Runs a command of the packed server and keeps V8's code of it when told to end: node scripts/keep-code.mjs serve
// For scripts/pack.mjs.
import { PACKED } from "../packages/server/dist/cli/packed.js";
import { packedFiles } from "../packages/server/dist/cli/packed-files.js";

const { load, writeCodeCache } = packedFiles(PACKED);
process.once("SIGTERM", () => {
  writeCodeCache();
  process.exit();
});
load("./program.cjs");
