import type { FaultyFile } from "../features/import/service.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";

/** Prints the problems of a file's rows and the outcome, and sets the exit code to 1. */
export const printFaults = (
  run: CommandRun,
  faulty: FaultyFile,
  json: true | undefined,
  outcome: string,
): void => {
  run.exitCode = 1;
  const { stderr } = run.io;
  if (json) {
    print(run, json, faulty, () => "");
    return;
  }
  const { faults, more } = faulty;
  const lines = faults.map(({ row, column, reason }) => [row, column, reason]);
  stderr.write(`${table(["ROW", "COLUMN", "REASON"], lines)}\n`);
  if (more > 0) stderr.write(`and ${count(more, "more fault")}\n`);
  stderr.write(`invigil: ${count(faults.length + more, "fault")}; ${outcome}\n`);
};
