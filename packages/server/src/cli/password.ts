import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { generatePassword } from "../identity/passwords.js";
import { SetupError } from "../platform/setup-error.js";
import type { CommandRun } from "./run.js";

// Commands read passwords from a terminal or standard input, never from arguments, which are visible in
// process lists.

/** The streams for the question and the answer. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/** The streams of a run. */
export const terminalOf = ({ io }: CommandRun): Terminal => ({ input: io.stdin, output: io.stderr });

/** The first line of standard input. */
const pipedLine = async ({ input }: Terminal): Promise<string> => {
  for await (const line of createInterface({ input })) return line;
  throw new SetupError("no password was given: provide it on standard input, or use --generate");
};

/** Asks for a password twice, without echo. */
const askTwice = async ({ input, output }: Terminal): Promise<string> => {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: silent, terminal: true });
  const answers = lines[Symbol.asyncIterator]();
  // Ctrl-C and Ctrl-D cancel the question.
  lines.on("SIGINT", () => lines.close());
  const ask = async (question: string): Promise<string> => {
    output.write(question);
    const answer = await answers.next();
    output.write("\n");
    if (answer.done) throw new SetupError("no password was given");
    return answer.value;
  };
  try {
    const password = await ask("Password: ");
    if ((await ask("Again: ")) !== password) throw new SetupError("the passwords do not match");
    return password;
  } finally {
    lines.close();
  }
};

/** A new password: generated, read from standard input, or entered twice on a terminal. */
export const newPassword = async (
  { generate }: { generate?: true | undefined },
  terminal: Terminal,
): Promise<string> => {
  if (generate) return generatePassword();
  return terminal.input.isTTY ? askTwice(terminal) : pipedLine(terminal);
};
