import { createInterface } from "node:readline";
import { Option } from "commander";
import { SetupError } from "../platform/setup-error.js";
import { type Terminal, terminalOf } from "./password.js";
import type { CommandRun } from "./run.js";

// Commands that destroy something ask for its name, so that a wrong argument or a wrong line of the history destroys nothing. A name on
// standard input would not show that a person has read the question, so without a terminal only `--yes` will do.

/** The subject that a command is about to destroy. */
export interface Destruction {
  /** A sentence with what the command does, and whether it can be undone. */
  readonly does: string;
  /** The kind of what is destroyed: "exam". */
  readonly of: string;
  readonly name: string;
}

/** The option of commands that destroy something. */
export const yesOption = (): Option => new Option("-y, --yes", "do not ask for the name (for scripts)");

/** Characters that could move the cursor of a terminal, and that cannot be typed. */
const CURSOR_CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const shown = (text: string): string => text.replace(CURSOR_CONTROLS, "");
/** Returns a name as it is typed. */
const typeable = (name: string): string => shown(name).normalize("NFC").trim();

const readLine = async ({ input }: Terminal): Promise<string | undefined> => {
  const lines = createInterface({ input });
  try {
    for await (const line of lines) return line;
  } finally {
    lines.close();
  }
  return undefined;
};

/**
 * Asks for the name of what a command destroys, unless `--yes` was given.
 * @throws SetupError if another name is typed, or without a terminal
 */
export const confirmByName = async (
  run: CommandRun,
  { yes }: { readonly yes?: true | undefined },
  { does, of, name }: Destruction,
): Promise<void> => {
  if (yes) return;
  const terminal = terminalOf(run);
  if (!terminal.input.isTTY)
    throw new SetupError(
      `${shown(does)} Nothing was changed, because there is no terminal to ask for the name of the ${of}: add --yes`,
    );
  terminal.output.write(`${shown(does)}\nType the name of the ${of} to continue (${typeable(name)}): `);
  const answer = await readLine(terminal);
  if (answer === undefined) terminal.output.write("\n");
  if (answer === undefined || typeable(answer) !== typeable(name))
    throw new SetupError(`That is not the name of the ${of}: nothing was changed`);
};
