import { expect, it } from "vitest";
import { CLI, paste, tempFolder, testEnv } from "./support/process.js";

// Commands that cannot write their output.

const INVIGIL = `'${process.execPath}' '${CLI}'`;
const shell = (text: string) => {
  const folder = tempFolder();
  return paste(text, { cwd: folder.path, env: testEnv }).finally(() => folder[Symbol.dispose]());
};

it("exits quietly when the reader closes the pipe", async () => {
  // The reader has closed the pipe before the command starts.
  const piped = `exec 3> >(true); wait $!; ${INVIGIL} exam list >&3`;
  expect(await shell(piped)).toMatchObject({ code: 0, stderr: "" });
});

it("says in one line that the output cannot be written", async () => {
  expect(await shell(`${INVIGIL} exam list > /dev/full`)).toMatchObject({
    code: 1,
    stderr: "invigil: cannot write the output: no space left on device\n",
  });
});
