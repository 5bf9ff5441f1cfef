import { MAX_COLUMNS, MAX_ROWS } from "./limits.js";
import { Refused } from "./messages.js";

/** A cell's place, both from 0. */
export interface Address {
  readonly column: number;
  readonly row: number;
}

/** A rectangle of cells, all from 0, the last ones included. */
export interface Range {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const LETTERS = 26;
const ROW_DIGITS = /^[0-9]{1,10}$/;

/** Where the letters of an address end, and the column that they name, from 0. @throws Refused for one that no sheet has */
const readColumn = (text: string): { column: number; end: number } => {
  let end = 0;
  let column = 0;
  // One letter more than there are columns for is enough to see that there is no such column.
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

/** Reads a row's number, from 1. Nothing is made of a number before it was found to be small. @throws Refused */
export const readRowNumber = (text: string): number => {
  const row = readRow(text);
  if (row > MAX_ROWS) throw new Refused("rows");
  return row;
};

/** Reads `B7`. @throws Refused for a place that is on no sheet */
export const readAddress = (text: string): Address => {
  const { column, end } = readColumn(text);
  return { column, row: readRowNumber(text.slice(end)) - 1 };
};

/** Reads `B7:C9`, whose rows may be beyond those that are read: a column is merged down to the last row. @throws Refused */
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

/** A column's letters. */
export const columnName = (column: number): string => {
  let name = "";
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / LETTERS))
    name = String.fromCharCode(0x41 + ((rest - 1) % LETTERS)) + name;
  return name;
};
