import { Readable, Writable } from "node:stream";
import { runCommand } from "../../src/cli/program.js";
import type { Ended, Env } from "./process.js";
import { watchLog } from "./secrets.js";

// Runs the commands of `invigil` in the process of the tests, for tests of what commands print and do. Tests of
// what is about processes (signals, pipes, the packed build) start one: see process.ts.

interface CommandOptions {
  readonly cwd: string;
  /** The content of its standard input. */
  readonly input?: string | undefined;
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
  { cwd, input, env = {} }: CommandOptions,
): Promise<Ended> => {
  if (isRunning) throw new Error("Commands run one after the other, because they share the working folder");
  isRunning = true;
  const [stdout, stderr] = [openSink(), openSink()];
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const code = await runCommand(args, {
      env: { INVIGIL_TRPC_ADAPTER: process.env.INVIGIL_TRPC_ADAPTER ?? "", ...env },
      stdin: Readable.from(input === undefined ? [] : [input]),
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
