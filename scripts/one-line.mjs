// The output of the steps of a start. Like scripts/setup.mjs, this file uses only syntax that every Node can read.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Runs a step and reports it on one line: `Installing… done in 12 s`. The output of its processes goes to a file, and is shown only if the
 * step fails.
 * @param {string} title
 * @param {(stdio: ["ignore", number, number]) => number | null | Promise<number | null>} work starts processes with this `stdio`, and
 *   gives the exit code; `null` where a signal ended one
 * @returns {Promise<number>} the exit code
 */
export const oneLine = async (title, work) => {
  const folder = mkdtempSync(join(tmpdir(), "invigil-step-"));
  const file = join(folder, "output");
  const output = openSync(file, "a");
  const start = Date.now();
  process.stdout.write(`${title}… `);
  try {
    const status = await work(["ignore", output, output]);
    process.stdout.write(status === 0 ? `done in ${Math.ceil((Date.now() - start) / 1000)} s\n` : "failed\n");
    if (status !== 0) process.stderr.write(readFileSync(file));
    return status === null ? 1 : status;
  } finally {
    closeSync(output);
    rmSync(folder, { recursive: true, force: true });
  }
};
