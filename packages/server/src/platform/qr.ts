import { encode } from "uqr";

/**
 * All masks are readable. Choosing the best of the eight takes ten times as long as everything else, for up
 * to 4,000 cards.
 */
const MASK = 2;
/** The white border of a QR code, in modules. Scanners need it. */
const QUIET_ZONE = 4;

/** Draws the dark modules of a row as horizontal strokes of a path. */
const strokePath = (row: readonly boolean[], y: number): string => {
  let path = "";
  let end = 0;
  for (let x = row.indexOf(true); x !== -1; x = row.indexOf(true, end)) {
    path += path === "" ? `M${x} ${y}.5` : `m${x - end} 0`;
    end = row.indexOf(false, x);
    path += `h${end - x}`;
  }
  return path;
};

/** A QR code as a picture: so many units wide and high, and the path to stroke, one unit wide. */
export interface QrCode {
  readonly size: number;
  readonly path: string;
}

// More correction where that costs no larger code: cards get dirty.
const OPTIONS = { ecc: "L", boostEcc: true, border: QUIET_ZONE, maskPattern: MASK } as const;

/** Encodes a text as a QR code. */
export const qrCode = (text: string): QrCode => {
  const { size, data } = encode(text, OPTIONS);
  return { size, path: data.map(strokePath).join("") };
};

/** Black on white in every terminal. */
const [BLACK_ON_WHITE, RESET] = ["\x1b[38;5;16;48;5;231m", "\x1b[0m"];

/** Encodes a text as a QR code of characters for a terminal. Each is one module wide and two high. */
export const terminalQr = (text: string): string => {
  const { data } = encode(text, OPTIONS);
  let lines = "";
  for (let row = 0; row < data.length; row += 2) {
    const characters = data[row]?.map((upper, column) => {
      const lower = data[row + 1]?.[column] ?? false;
      return upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    });
    lines += `${BLACK_ON_WHITE}${characters?.join("")}${RESET}\n`;
  }
  return lines;
};
