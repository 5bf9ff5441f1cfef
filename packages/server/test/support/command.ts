import { Readable, Writable } from "node:stream";
import { expect } from "vitest";
import { runCommand } from "../../src/cli/program.js";
import type { Parsed } from "./calls.js";
import type { Ended, Env } from "./process.js";
import { watchLog } from "./secrets.js";

// Runs the commands of `invigil` in the process of the tests, for tests of what commands print and do. Tests of
// what is about processes (signals, pipes, the packed build) start one: see process.ts.

export interface CommandOptions {
  readonly cwd: string;
  /** The content of its standard input. */
  readonly input?: string | undefined;
  /** Whether the standard input is a terminal, at which a person types the input. */
  readonly isTerminal?: boolean;
  readonly env?: Env;
}

/** A stream that keeps what is written to it. */
const openSink = () => {
  let text = "";
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream, text: () => text };
};

let isRunning = false;

/** Runs `invigil` with these arguments, and with the settings in `env` only. */
export const runHere = async (
  args: readonly string[],
  { cwd, input, isTerminal = false, env = {} }: CommandOptions,
): Promise<Ended> => {
  if (isRunning) throw new Error("Commands run one after the other, because they share the working folder");
  isRunning = true;
  const [stdout, stderr] = [openSink(), openSink()];
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const code = await runCommand(args, {
      env,
      stdin: Object.assign(Readable.from(input === undefined ? [] : [input]), { isTTY: isTerminal }),
      stdout: stdout.stream,
      stderr: stderr.stream,
    });
    for (const { text } of [stdout, stderr]) watchLog(text());
    return { code, signal: null, stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    process.chdir(before);
    isRunning = false;
  }
};

/** Runs `invigil`, which must succeed without a complaint. Returns what it prints. */
export const runWell = async (args: readonly string[], options: CommandOptions): Promise<string> => {
  const { code, stdout, stderr } = await runHere(args, options);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
  return stdout;
};

/** Runs a command for a program, which must succeed. Returns the JSON that it prints. */
export const runJson = async (args: readonly string[], options: CommandOptions): Promise<Parsed> =>
  JSON.parse(await runWell([...args, "--json"], options));

/** Runs `invigil token`, which must succeed. Returns the token. */
export const issueToken = async (cwd: string, ...args: readonly string[]): Promise<string> =>
  (await runWell(["token", ...args], { cwd, env: { INVIGIL_PORT: "0" } })).trim();
