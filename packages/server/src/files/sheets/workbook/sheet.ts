import { quoted } from "../quoted.js";
import { columnName, type Range, readAddress, readRange, readRowNumber } from "./address.js";
import { HEADER_ROWS, MAX_CELLS, MAX_CHARACTERS, MAX_COLUMNS, MAX_ROWS } from "./limits.js";
import { Refused, type SheetRow } from "./messages.js";
import { dateAmbiguity, type FormatNumber } from "./numbers.js";
import { appendText, isDisplayedText, unescapeText } from "./strings.js";
import { readXml, type Tag } from "./xml.js";

/** The common data of a workbook's sheets. */
export interface Shared {
  readonly strings: readonly string[];
  /** The number format of each style. */
  readonly styles: readonly string[];
  readonly formatNumber: FormatNumber;
  readonly budget: Budget;
}

export type Budget = ReturnType<typeof createBudget>;

/**
 * Counts rows, cells and characters against the limits of a workbook.
 * @throws Refused above a limit
 */
export const createBudget = () => {
  const left = { rows: MAX_ROWS, cells: MAX_CELLS, characters: MAX_CHARACTERS };
  const take = (what: keyof typeof left, count: number): void => {
    left[what] -= count;
    if (left[what] < 0) throw new Refused(what === "rows" ? "rows" : "size");
  };
  return {
    row: (): void => take("rows", 1),
    cells: (count: number): void => take("cells", count),
    characters: (count: number): void => take("characters", count),
  };
};

/** A row while its sheet is read. */
interface Draft {
  readonly cells: string[];
  readonly ambiguities: Map<number, string>;
  /** The indices of cells that hold numbers. */
  readonly numbers: number[];
  hidden: boolean;
}

/** A cell while it is read. */
interface OpenCell {
  readonly column: number;
  readonly type: string;
  readonly format: string | undefined;
  value: string;
  text: string;
}

const isTrue = (value: string | undefined): boolean => value === "1" || value === "true";
const isZero = (size: string | undefined): boolean => size !== undefined && Number(size) === 0;
const isText = (cell: string): boolean => cell.trim() !== "";

/**
 * Returns the displayed text of a cell, and the reason if it is ambiguous.
 * @throws Refused
 */
const displayedText = (
  { type, format, value, text }: OpenCell,
  { strings, formatNumber }: Shared,
): { text: string; ambiguity?: string } => {
  if (type === "inlineStr") return { text: unescapeText(text) };
  if (value.trim() === "") return { text: "" };
  switch (type) {
    case "s": {
      const found = strings[Number(value)];
      if (found === undefined) throw new Refused("content");
      return { text: found };
    }
    case "str":
      return { text: unescapeText(value) };
    case "b":
      return { text: isTrue(value.trim()) ? "TRUE" : "FALSE" };
    case "e":
      return { text: value, ambiguity: `shows the error ${quoted(value)}: correct its formula` };
    case "d": {
      const day = value.slice(0, 10).replaceAll("-", "/");
      return { text: day, ambiguity: dateAmbiguity(day) };
    }
    default: {
      const number = Number(value);
      if (!Number.isFinite(number)) throw new Refused("content");
      return formatNumber(number, format ?? "");
    }
  }
};

/**
 * Copies the text of merged cells to the first column of every row that they cover, as readers see it. The
 * other columns are ambiguous, because they display the text of the first one.
 */
const spreadMergedCells = (
  drafts: ReadonlyMap<number, Draft>,
  merges: readonly Range[],
  budget: Budget,
): void => {
  let [lastRow, lastColumn] = [-1, -1];
  for (const [row, { cells }] of drafts) {
    lastRow = row;
    lastColumn = Math.max(lastColumn, cells.length - 1);
  }
  for (const { left, top, right, bottom } of merges) {
    const anchor = drafts.get(top);
    const text = anchor?.cells[left] ?? "";
    const ambiguity = anchor?.ambiguities.get(left);
    const reason = `is merged with ${columnName(left)}${top + 1}: unmerge the cells`;
    const last = Math.min(right, lastColumn);
    for (let at = top; at <= Math.min(bottom, lastRow); at += 1) {
      budget.cells(1);
      const draft = drafts.get(at);
      // A row without content of its own is not a person.
      if (!draft) continue;
      budget.cells(Math.max(last - left, 0));
      for (let column = left + 1; column <= last; column += 1) draft.ambiguities.set(column, reason);
      if (text === "") continue;
      budget.cells(Math.max(left - draft.cells.length, 0));
      budget.characters(text.length);
      while (draft.cells.length < left) draft.cells.push("");
      draft.cells[left] = text;
      if (ambiguity !== undefined) draft.ambiguities.set(left, ambiguity);
    }
  }
};

/** Marks the cells of hidden columns as ambiguous, in the rows that may be the header. */
const markHiddenColumns = (rows: readonly Draft[], hidden: readonly Range[], budget: Budget): void => {
  for (const { cells, ambiguities } of rows)
    for (const { left, right } of hidden) {
      const last = Math.min(right, cells.length - 1);
      budget.cells(Math.max(last - left, 0) + 1);
      for (let column = left; column <= last; column += 1)
        if (cells[column] !== "")
          ambiguities.set(
            column,
            `is in the hidden column ${columnName(column)}: show the column, or delete it`,
          );
    }
};

/**
 * The rows of a sheet that are not blank, in order, with the displayed texts of their cells.
 * @throws Refused
 */
export const readSheet = (part: Uint8Array, shared: Shared): SheetRow[] => {
  const { styles, budget } = shared;
  const drafts = new Map<number, Draft>();
  const merges: Range[] = [];
  const hiddenColumns: Range[] = [];
  let previousRow = -1;
  let row = -1;
  let draft: Draft = { cells: [], ambiguities: new Map(), numbers: [], hidden: false };
  let cell: OpenCell | undefined;
  let nextColumn = 0;

  const openRow = ({ attribute }: Tag): void => {
    budget.row();
    const number = attribute("r");
    row = number === undefined ? previousRow + 1 : readRowNumber(number) - 1;
    if (row <= previousRow) throw new Refused("content");
    if (row >= MAX_ROWS) throw new Refused("rows");
    previousRow = row;
    const hidden = isTrue(attribute("hidden")) || isZero(attribute("ht"));
    draft = { cells: [], ambiguities: new Map(), numbers: [], hidden };
    nextColumn = 0;
  };
  const openCell = ({ attribute }: Tag): void => {
    const address = attribute("r");
    const place = address === undefined ? { column: nextColumn, row } : readAddress(address);
    if (place.row !== row || place.column < nextColumn) throw new Refused("content");
    if (place.column >= MAX_COLUMNS) throw new Refused("cell");
    nextColumn = place.column + 1;
    const format = styles[Number(attribute("s") ?? 0)];
    cell = { column: place.column, type: attribute("t") ?? "n", format, value: "", text: "" };
  };
  const closeCell = (open: OpenCell): void => {
    const { text, ambiguity } = displayedText(open, shared);
    if (text === "" && ambiguity === undefined) return;
    budget.cells(open.column + 1 - draft.cells.length);
    budget.characters(text.length);
    while (draft.cells.length < open.column) draft.cells.push("");
    draft.cells.push(text);
    if (ambiguity !== undefined) draft.ambiguities.set(open.column, ambiguity);
    if (open.type === "n") draft.numbers.push(open.column);
  };
  const addMerge = (reference: string): void => {
    budget.cells(1);
    merges.push(readRange(reference));
  };
  const addColumns = ({ attribute }: Tag): void => {
    if (!isTrue(attribute("hidden")) && !isZero(attribute("width"))) return;
    budget.cells(1);
    const [left, right] = [Number(attribute("min")) - 1, Number(attribute("max")) - 1];
    if (!(left >= 0 && left <= right && right < MAX_COLUMNS)) throw new Refused("content");
    hiddenColumns.push({ left, right, top: 0, bottom: 0 });
  };

  readXml(part, {
    open(tag) {
      const { name, path } = tag;
      const around = path.at(-1);
      if (name === "row" && around === "sheetData") openRow(tag);
      else if (name === "c" && around === "row") openCell(tag);
      else if (name === "mergeCell" && around === "mergeCells") addMerge(tag.attribute("ref") ?? "");
      else if (name === "col" && around === "cols") addColumns(tag);
    },
    text(piece, path) {
      if (!cell) return;
      if (path.at(-1) === "v" && path.at(-2) === "c") cell.value = appendText(cell.value, piece);
      else if (isDisplayedText(path, "is")) cell.text = appendText(cell.text, piece);
    },
    close(name, path) {
      if (name === "c" && cell && path.at(-1) === "row") {
        closeCell(cell);
        cell = undefined;
      }
      if (name === "row" && path.at(-1) === "sheetData" && draft.cells.some(isText)) drafts.set(row, draft);
    },
  });

  spreadMergedCells(drafts, merges, budget);
  markHiddenColumns([...drafts.values()].slice(0, HEADER_ROWS), hiddenColumns, budget);
  return [...drafts].map(([at, { cells, ambiguities, numbers, hidden }]) => ({
    row: at + 1,
    cells,
    ...(hidden && { hidden }),
    ...(ambiguities.size > 0 && { ambiguities: [...ambiguities] }),
    ...(numbers.length > 0 && { numbers }),
  }));
};
