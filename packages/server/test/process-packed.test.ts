import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { tempFolder } from "./support/process.js";

// The launcher as it was compiled: it is its own place that tells it where the program lies.
const launcher = new URL("../dist/cli/packed.js", import.meta.url).href;
const { programToRun, sourceState }: typeof import("../src/cli/packed.js") = await import(launcher);

const packedWith = (folder: string, from?: string): URL => {
  if (from !== undefined) writeFileSync(join(folder, "packed-from"), from);
  return programToRun(pathToFileURL(`${folder}/`));
};

it("starts from the files that the build packed, as long as they are of what was compiled last", () => {
  expect(programToRun().href).toBe(new URL("../dist/packed/program.js", import.meta.url).href);

  using folder = tempFolder();
  expect(packedWith(folder.path, sourceState()).href).toBe(
    pathToFileURL(join(folder.path, "program.js")).href,
  );
});

it.each([
  ["were packed from something else", "0".repeat(64)],
  ["say nothing", ""],
  ["are not there", undefined],
])("starts from the compiled files when the packed ones %s", (_, from) => {
  using folder = tempFolder();
  expect(packedWith(folder.path, from).href).toBe(new URL("program.js", launcher).href);
});
