import type { ImportResult } from "@invigil/client";

type Faults = NonNullable<ImportResult["faults"]>;
export type Fault = Faults[number];

interface SheetCell {
  readonly text: string;
  readonly faults: readonly Fault[];
}
/** A row of the piece of a sheet. `gap`: rows between it and the one above are left out. */
interface SheetRow {
  readonly row: number;
  readonly gap: boolean;
  readonly cells: readonly SheetCell[];
  readonly faults: readonly Fault[];
}

/** The part of a sheet that has faults, with each fault at its cell. */
export const sheetOf = (
  sheet: NonNullable<ImportResult["sheet"]>,
  faults: readonly Fault[],
): readonly SheetRow[] => {
  const byRow = new Map<number, Fault[]>();
  for (const fault of faults) byRow.set(fault.row, [...(byRow.get(fault.row) ?? []), fault]);
  return sheet.rows.map(({ row, cells }, index) => {
    const own = byRow.get(row) ?? [];
    const above = sheet.rows[index - 1];
    return {
      row,
      gap: above !== undefined && above.row < row - 1,
      faults: own,
      cells: cells.map((text, at) => ({ text, faults: own.filter(({ cell }) => cell === at) })),
    };
  });
};

/** A spreadsheet's name of a column: A, B, … AA. */
export const columnName = (at: number): string =>
  at < 26 ? String.fromCharCode(65 + at) : columnName(Math.floor(at / 26) - 1) + columnName(at % 26);
