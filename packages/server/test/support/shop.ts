import { expect } from "vitest";
import type { Parsed } from "./calls.js";
import { runHere } from "./command.js";
import { type Ended, tempFolder, testEnv } from "./process.js";

/** Runs commands in a folder of its own. */
export const shop = () => {
  const folder = tempFolder();
  const command = (...args: string[]) => runHere(args, { cwd: folder.path, env: testEnv });
  const fine = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await command(...args);
    expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
    return stdout.trim();
  };
  const json = async (...args: string[]): Promise<Parsed> => JSON.parse(await fine(...args, "--json"));
  const refusal = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr }: Ended = await command(...args);
    expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: "" });
    return stderr.trim();
  };
  return { ...folder, fine, json, refusal, [Symbol.dispose]: () => folder[Symbol.dispose]() };
};
