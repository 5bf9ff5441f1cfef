import type { ImportResult } from "@invigil/schema";
import { rowsOf } from "../../files/sheets/rows.js";
import type { Source } from "../../files/sheets/source.js";
import type { FaultyRoster } from "./apply-import.js";
import { isHeader, type Meanings } from "./columns.js";
import { shownCell } from "./faults.js";

/** The most columns of a piece. */
const WIDTH = 30;
/** The most faults of a piece. */
const FAULTS = 100;

/**
 * Reads the part of a sheet with its first faults: their rows, and those beside them. It reads the file again, so that a file without faults
 * costs nothing.
 */
export const readPiece = async (
  source: Source,
  { faults: all, columns: { header, width } }: FaultyRoster,
  { meanings = [], signal }: { meanings?: Meanings | undefined; signal: AbortSignal | undefined },
): Promise<NonNullable<ImportResult["sheet"]>> => {
  const faults = all.slice(0, FAULTS);
  const wanted = new Set(faults.flatMap(({ row }) => [row - 1, row, row + 1]));
  const last = Math.max(...wanted);
  const columns = Math.min(WIDTH, Math.max(width, ...faults.map(({ cell }) => cell + 1)));
  const shown = (cells: readonly string[]) =>
    Array.from({ length: columns }, (_, at) => shownCell(cells[at]?.trim() ?? ""));
  const rows: { row: number; cells: string[] }[] = [];
  for await (const { row, cells } of rowsOf(source, {
    isHeader: (cells) => isHeader(cells, meanings),
    signal,
  })) {
    if (row > last) break;
    if (row > header.row && wanted.has(row)) rows.push({ row, cells: shown(cells) });
  }
  return { header: shown(header.cells), rows };
};
