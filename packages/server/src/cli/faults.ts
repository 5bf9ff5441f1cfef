import type { FaultyFile } from "../features/import/service.js";
import { count, print, table } from "./output.js";

/** Prints the problems of a file's rows and the outcome, and sets the exit code to 1. */
export const printFaults = (faulty: FaultyFile, json: true | undefined, outcome: string): void => {
  process.exitCode = 1;
  if (json) {
    print(json, faulty, () => "");
    return;
  }
  const { faults, more } = faulty;
  const lines = faults.map(({ row, column, reason }) => [row, column, reason]);
  process.stderr.write(`${table(["ROW", "COLUMN", "REASON"], lines)}\n`);
  if (more > 0) process.stderr.write(`and ${count(more, "more fault")}\n`);
  process.stderr.write(`invigil: ${count(faults.length + more, "fault")}; ${outcome}\n`);
};
