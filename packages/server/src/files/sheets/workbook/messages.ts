/** What the thread is started with. */
export interface ThreadData {
  readonly bytes: Uint8Array;
}

/** Why a workbook is not read. */
export type Refusal = "size" | "rows" | "cell" | "time" | "content";

/** Ends the reading of a workbook. */
export class Refused extends Error {
  constructor(readonly refusal: Refusal) {
    super(refusal);
  }
}

/** A row that is not blank, as it goes from thread to thread. */
export interface SheetRow {
  /** As the spreadsheet counts, from 1. */
  readonly row: number;
  /** From column A on; empty cells are empty texts. */
  readonly cells: readonly string[];
  /** Whether the spreadsheet hides it. */
  readonly hidden?: true;
  /** Cells that do not say for certain what they show, by their index, and why: "is a date". */
  readonly doubts?: readonly (readonly [index: number, reason: string])[];
}

/** A visible sheet that is not blank. */
export interface SheetSummary {
  readonly name: string;
  /** How many of its rows are not blank. */
  readonly rows: number;
  /** Its first rows, for finding the header: with cells that are cut short. */
  readonly head: readonly (readonly string[])[];
}

/** What the thread answers first, and whenever it cannot go on. */
export type Answer = { readonly sheets: readonly SheetSummary[] } | { readonly refused: Refusal };
/** What it is asked for then: rows of a sheet, the first of them by its place among those that are not blank. */
export interface RowsWanted {
  readonly sheet: number;
  readonly from: number;
}
export type RowsAnswer = { readonly rows: readonly SheetRow[] } | { readonly refused: Refusal };
