import type { FaultyFile, RowFault } from "../features/import/service.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";

/** Formats what is wrong with cells of a file. */
export const faultTable = (
  faults: readonly Pick<RowFault, "row" | "column" | "value" | "person" | "reason">[],
): string =>
  table(
    ["ROW", "COLUMN", "VALUE", "PERSON", "REASON"],
    faults.map(({ row, column, value, person, reason }) => [row, column, value, person, reason]),
  );

/** Prints the problems of a file's rows and the outcome, and sets the exit code to 1. */
export const printFaults = (
  run: CommandRun,
  { faults, more }: FaultyFile,
  json: true | undefined,
  outcome: string,
): void => {
  run.exitCode = 1;
  const { stderr } = run.io;
  if (json) {
    print(run, json, { faults, more }, () => "");
    return;
  }
  stderr.write(`${faultTable(faults)}\n`);
  if (more > 0) stderr.write(`and ${count(more, "more fault")}\n`);
  stderr.write(`invigil: ${count(faults.length + more, "fault")}; ${outcome}\n`);
};
