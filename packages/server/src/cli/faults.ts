import { stringify } from "csv-stringify/sync";
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

/** The problems as a file for a spreadsheet program. */
export const faultsCsv = ({ faults, more }: FaultyFile): string =>
  stringify(
    [
      ...faults.map(({ row, column, value, person, reason }) => [row, column, value, person, reason]),
      ...(more > 0 ? [["", "", "", "", `and ${count(more, "more fault")}`]] : []),
    ],
    {
      header: true,
      columns: ["row", "column", "value", "person", "fault"],
      bom: true,
      // A cell of the file could otherwise be interpreted as a formula.
      escape_formulas: true,
      record_delimiter: "windows",
    },
  );

/** The maximum number of problems that are printed. */
const PRINTED = 100;

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
  const printed = faults.slice(0, PRINTED);
  const all = faults.length + more;
  stderr.write(`${faultTable(printed)}\n`);
  if (all > PRINTED) stderr.write(`and ${count(all - PRINTED, "more fault")}\n`);
  stderr.write(`invigil: ${count(all, "fault")}; ${outcome}\n`);
};
