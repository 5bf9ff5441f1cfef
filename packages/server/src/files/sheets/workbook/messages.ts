/** The data that the worker starts with. */
export interface ThreadData {
  readonly bytes: Uint8Array;
}

/** Why a workbook is refused. */
export type Refusal = "size" | "sheets" | "rows" | "cell" | "time" | "content";

/** Stops reading a workbook. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal);
  }
}

/** A row that is not blank, as the worker sends it. */
export interface SheetRow {
  /** The row number in the spreadsheet, from 1. */
  readonly row: number;
  /** Starting with column A. Empty cells are empty texts. */
  readonly cells: readonly string[];
  readonly hidden?: true;
  /** Cells whose displayed value is ambiguous, by their index, with the reason: "is a date". */
  readonly ambiguities?: readonly (readonly [index: number, reason: string])[];
  /** The indices of cells that hold numbers. */
  readonly numbers?: readonly number[];
}

/** A visible sheet that is not blank. */
export interface SheetSummary {
  readonly name: string;
  /** The number of rows that are not blank. */
  readonly rows: number;
  /** The first rows, with truncated cells, for finding the header. */
  readonly head: readonly (readonly string[])[];
}

/** The first message of the worker, and its message after a failure. */
export type Answer = { readonly sheets: readonly SheetSummary[] } | { readonly refused: Refusal };
/** A request for rows of a sheet. `from` is the index of the first row among those that are not blank. */
export interface RowsWanted {
  readonly sheet: number;
  readonly from: number;
}
export type RowsAnswer = { readonly rows: readonly SheetRow[] } | { readonly refused: Refusal };
