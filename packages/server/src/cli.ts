#!/usr/bin/env node
import { isPacked, PACKED } from "./cli/packed.js";
import { packedFiles } from "./cli/packed-files.js";

// The packed program starts in less than half the time.
const { runCommand } = (
  isPacked() ? packedFiles(PACKED).load("./program.cjs") : await import("./cli/program.js")
) as typeof import("./cli/program.js"); // Safe: scripts/pack.mjs packs this module.

// Not awaited: Node warns about a module that waits when the process ends, as when a terminal is closed.
void runCommand(process.argv.slice(2), process).then((exitCode) => {
  process.exitCode = exitCode;
});
