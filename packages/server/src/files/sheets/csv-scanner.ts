import { SheetError } from "./source.js";

/**
 * The maximum length of a row, in characters, so that a missing closing quote does not collect the whole
 * file.
 */
export const MAX_ROW_CHARACTERS = 64 * 1024;

const QUOTE = 0x22;
const CR = 0x0d;
const LF = 0x0a;

/**
 * The position of the scanner in a cell. In `closed`, the previous quote either ends the cell or is the first
 * of two.
 */
type State = "start" | "plain" | "quoted" | "closed";

/**
 * Splits text into rows and cells by RFC 4180, with all three kinds of line breaks. Every character is
 * scanned once, and the cost of a row does not depend on its number of cells. (csv-parse creates an error
 * with a stack trace for every row whose width differs from the first, which takes a hundred times as long.)
 */
export const createCsvScanner = (delimiter: string) => {
  const separator = delimiter.charCodeAt(0);
  let state: State = "start";
  let cells: string[] = [];
  let cell = "";
  let length = 0;
  let rows = 0;
  /** Whether a following LF belongs to the previous CR. */
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
    /**
     * Scans the next part of the file. Returns the rows that it completes.
     * @throws SheetError
     */
    push(text: string): string[][] {
      const found: string[][] = [];
      /** The start of the text of the current cell that was not added to it yet. */
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
          // The second of two quotes, which stands for a quote. It is added with the following text.
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
        if (state === "plain") refuse("an unquoted text contains a quote");
        state = "quoted";
        from = at + 1;
      }
      if (state === "plain" || state === "quoted") cell += text.slice(from);
      return found;
    },
    /**
     * Returns the last row if the file does not end with a line break.
     * @throws SheetError
     */
    end(): string[][] {
      if (state === "quoted") refuse("a quote is not closed");
      return state === "start" && cells.length === 0 ? [] : [endRow()];
    },
  };
};
