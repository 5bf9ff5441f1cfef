import { MAX_COLUMNS, MAX_ROWS } from "./limits.js";
import { Refused } from "./messages.js";

/** The position of a cell. Column and row are 0-based. */
export interface Address {
  readonly column: number;
  readonly row: number;
}

/** A rectangle of cells. The bounds are 0-based and inclusive. */
export interface Range {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const LETTERS = 26;
const ROW_DIGITS = /^[0-9]{1,10}$/;

/**
 * Parses the column letters of an address. Returns the 0-based column and the index after the letters.
 * @throws Refused for a column that no sheet has
 */
const readColumn = (text: string): { column: number; end: number } => {
  let end = 0;
  let column = 0;
  // Four letters are enough to detect that there is no such column.
  for (; end < text.length && end < 4; end += 1) {
    const letter = text.charCodeAt(end) - 0x40;
    if (letter < 1 || letter > LETTERS) break;
    column = column * LETTERS + letter;
  }
  if (column < 1 || column > MAX_COLUMNS) throw new Refused("cell");
  return { column: column - 1, end };
};
const readRow = (text: string): number => {
  if (!ROW_DIGITS.test(text)) throw new Refused("content");
  const row = Number(text);
  if (row < 1) throw new Refused("content");
  return row;
};

/**
 * Parses a 1-based row number. The check of its length precedes the conversion.
 * @throws Refused
 */
export const readRowNumber = (text: string): number => {
  const row = readRow(text);
  if (row > MAX_ROWS) throw new Refused("rows");
  return row;
};

/**
 * Parses `B7`.
 * @throws Refused for an address that no sheet has
 */
export const readAddress = (text: string): Address => {
  const { column, end } = readColumn(text);
  return { column, row: readRowNumber(text.slice(end)) - 1 };
};

/**
 * Parses `B7:C9`. Its rows may exceed the limit, because merged cells may extend to the last row of a sheet.
 * @throws Refused
 */
export const readRange = (text: string): Range => {
  const [first = "", last = first] = text.split(":", 2);
  const [from, to] = [readColumn(first), readColumn(last)];
  return {
    left: from.column,
    top: readRow(first.slice(from.end)) - 1,
    right: to.column,
    bottom: readRow(last.slice(to.end)) - 1,
  };
};

/** The letters of a column. */
export const columnName = (column: number): string => {
  let name = "";
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / LETTERS))
    name = String.fromCharCode(0x41 + ((rest - 1) % LETTERS)) + name;
  return name;
};
