import { expect } from "vitest";
import type { Parsed } from "./calls.js";
import { runHere, runJson, runWell } from "./command.js";
import { tempFolder, testEnv } from "./process.js";

/** Runs commands in a folder of its own. */
export const shop = () => {
  const folder = tempFolder();
  const options = { cwd: folder.path, env: testEnv };
  const fine = async (...args: string[]): Promise<string> => (await runWell(args, options)).trim();
  const json = (...args: string[]): Promise<Parsed> => runJson(args, options);
  const refusal = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await runHere(args, options);
    // 2: the command line is wrong.
    expect({ args, code, stdout }).toEqual({ args, code: expect.toBeOneOf([1, 2]), stdout: "" });
    return stderr.trim();
  };
  return { ...folder, fine, json, refusal, [Symbol.dispose]: () => folder[Symbol.dispose]() };
};
