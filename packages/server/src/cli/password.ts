import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { SetupError } from "../setup-error.js";

// How a password gets from a person into a command: never as an argument, which every process list shows.

const LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const GENERATED_LENGTH = 20;

export const generatePassword = (): string =>
  Array.from(
    { length: GENERATED_LENGTH },
    () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)],
  ).join("");

/** The first line of what was piped into the command. */
const pipedLine = async (): Promise<string> => {
  for await (const line of createInterface({ input: process.stdin })) return line;
  throw new SetupError("no password was given: write it as a line on standard input, or use --generate");
};

/** Asks on the terminal, which stays silent while it is answered. */
const ask = (question: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
    const end = (settle: () => void): void => {
      terminal.removeAllListeners("close");
      terminal.close();
      process.stderr.write("\n");
      settle();
    };
    const giveUp = () => end(() => reject(new SetupError("no password was given")));
    process.stderr.write(question);
    terminal.on("SIGINT", giveUp).on("close", giveUp);
    terminal.on("line", (line) => end(() => resolve(line)));
  });

/** A new password: made, or piped into the command, or asked for twice on a terminal. */
export const newPassword = async ({ generate }: { generate?: true | undefined }): Promise<string> => {
  if (generate) return generatePassword();
  if (!process.stdin.isTTY) return pipedLine();
  const password = await ask("Password: ");
  if ((await ask("Again: ")) !== password) throw new SetupError("the two passwords are not the same");
  return password;
};
