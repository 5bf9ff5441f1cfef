import { createInterface } from "node:readline";
import { SetupError } from "../platform/setup-error.js";
import type { Terminal } from "./password.js";

/**
 * Asks a question and returns the answer from the terminal, or from standard input if a program provides it.
 */
export const readAnswer = async (question: string, { input, output }: Terminal): Promise<string> => {
  output.write(question);
  const lines = createInterface({ input });
  try {
    for await (const line of lines) return line.trim();
  } finally {
    lines.close();
    if (!input.isTTY) output.write("\n");
  }
  throw new SetupError("no answer was given: nothing was deleted");
};
