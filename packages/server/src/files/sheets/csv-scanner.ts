import { SheetError } from "./source.js";

/** A row is as long as this at most, in characters: a quote that is never closed must not gather the whole file. */
export const MAX_ROW_CHARACTERS = 64 * 1024;

const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;

/** Where in a cell the scanner is. `closed` follows a quote that may end the cell, or be the first of two. */
type State = "start" | "plain" | "quoted" | "closed";

export interface CsvScanner {
  /** Takes the next piece of the file. Returns the rows that it completes. @throws SheetError */
  push(text: string): string[][];
  /** Returns the last row, where the file does not end with a line end. @throws SheetError */
  end(): string[][];
}

/**
 * Splits text into the rows and cells of RFC 4180, with any of the three line ends. Each character is looked at once and a
 * row costs the same whatever its width, so a file takes time by its length alone. (csv-parse makes an error with a stack
 * for each row that is not as wide as the first, which is a hundred times what the row itself costs.)
 */
export const createCsvScanner = (delimiter: string): CsvScanner => {
  const separator = delimiter.charCodeAt(0);
  let state: State = "start";
  let cells: string[] = [];
  let cell = "";
  let length = 0;
  let rows = 0;
  /** Whether the line end that comes next belongs to the one before. */
  let afterReturn = false;

  const refuse = (reason: string): never => {
    throw new SheetError(`Row ${rows + 1} cannot be read: ${reason}.`);
  };
  const endCell = (): void => {
    cells.push(cell);
    cell = "";
    state = "start";
  };
  const endRow = (): string[] => {
    endCell();
    const row = cells;
    cells = [];
    length = 0;
    rows += 1;
    return row;
  };

  return {
    push(text) {
      const found: string[][] = [];
      /** From here on the text belongs to the cell, and is not in it yet. */
      let from = 0;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        if (afterReturn) {
          afterReturn = false;
          if (code === LF) {
            from = at + 1;
            continue;
          }
        }
        length += 1;
        if (length > MAX_ROW_CHARACTERS) refuse("it is too long, or a quote is not closed");
        if (state === "quoted") {
          if (code !== QUOTE) continue;
          cell += text.slice(from, at);
          from = at + 1;
          state = "closed";
          continue;
        }
        if (state === "closed" && code === QUOTE) {
          // The second of two, which is a quote of the text: it comes with what follows.
          from = at;
          state = "quoted";
          continue;
        }
        if (code === separator || code === CR || code === LF) {
          if (state === "plain") cell += text.slice(from, at);
          from = at + 1;
          if (code === separator) endCell();
          else {
            found.push(endRow());
            afterReturn = code === CR;
          }
          continue;
        }
        if (state === "closed") refuse("something follows a closing quote");
        if (code !== QUOTE) {
          if (state === "start") from = at;
          state = "plain";
          continue;
        }
        if (state === "plain") refuse("a quote stands inside of a text that is not quoted");
        state = "quoted";
        from = at + 1;
      }
      if (state === "plain" || state === "quoted") cell += text.slice(from);
      return found;
    },
    end() {
      if (state === "quoted") refuse("a quote is not closed");
      return state === "start" && cells.length === 0 ? [] : [endRow()];
    },
  };
};
