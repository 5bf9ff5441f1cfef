import { MAX_CELL_CHARACTERS } from "./limits.js";
import { Refused } from "./messages.js";
import { readXml } from "./xml.js";

const ESCAPED = /_x([0-9A-Fa-f]{4})_/g;

/** Decodes the escapes of spreadsheet programs for characters that XML does not allow, such as `_x000D_`. */
export const unescapeText = (text: string): string =>
  text.includes("_x")
    ? text.replace(ESCAPED, (whole, digits: string) => {
        const code = Number.parseInt(digits, 16);
        return code === 0 ? whole : String.fromCharCode(code);
      })
    : text;

/** Whether the text at this path is displayed: the text of a string or of a run, but not a pronunciation. */
export const isDisplayedText = (path: readonly string[], holder: "si" | "is"): boolean => {
  const length = path.length;
  if (path[length - 1] !== "t") return false;
  return path[length - 2] === holder || (path[length - 2] === "r" && path[length - 3] === holder);
};

/**
 * Appends to the text of a cell.
 * @throws Refused above the limit
 */
export const appendText = (text: string, piece: string): string => {
  if (text.length + piece.length > MAX_CELL_CHARACTERS) throw new Refused("cell");
  return text + piece;
};

/**
 * The shared strings, which cells reference by their index.
 * @throws Refused
 */
export const readStrings = (part: Uint8Array | undefined): readonly string[] => {
  const strings: string[] = [];
  if (!part) return strings;
  let text = "";
  readXml(part, {
    open({ name }) {
      if (name === "si") text = "";
    },
    text(piece, path) {
      if (isDisplayedText(path, "si")) text = appendText(text, piece);
    },
    close(name) {
      if (name === "si") strings.push(unescapeText(text));
    },
  });
  return strings;
};
