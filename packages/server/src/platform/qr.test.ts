import { describe, expect, it } from "vitest";
import { readQr } from "../../test/support/qr.js";
import { type QrCode, qrCode, terminalQr } from "./qr.js";

/** Renders a path of horizontal strokes, with some pixels per module. */
const paint = ({ size: modules, path }: QrCode, scale = 4) => {
  const size = modules * scale;
  const rgba = new Uint8Array(size * size * 4).fill(255);
  let [x, y] = [0, 0];
  for (const [, command, numbers = ""] of path.matchAll(/([Mmh])([\d. ]+)/g)) {
    const [first = 0, second = 0] = numbers.split(" ").map(Number);
    if (command === "M") [x, y] = [first, second - 0.5];
    else if (command === "m") x += first;
    else {
      for (let row = y * scale; row < (y + 1) * scale; row++)
        for (let column = x * scale; column < (x + first) * scale; column++)
          rgba.fill(0, (row * size + column) * 4, (row * size + column) * 4 + 3);
      x += first;
    }
  }
  return { rgba, size };
};
const read = (text: string) => {
  const { rgba, size } = paint(qrCode(text));
  return readQr(rgba, size, size);
};

describe("a QR code", () => {
  it("encodes the text", () => {
    const link = `https://exam.example/sit/?roomId=${"0".repeat(32)}&userId=20260001&token=${"aB3_-.".repeat(48)}`;
    for (const text of ["A", "https://exam.example/", link]) expect(read(text)).toBe(text);
  });

  it("has a border of four white modules, and 21 modules for a short text", () => {
    const { size, path } = qrCode("A");
    expect(size).toBe(29);
    // The first row: two finder patterns with data between them, from the fifth to the 25th module.
    const [, first] = /^M(.*?)M/.exec(path) ?? [];
    expect(first).toMatch(/^4 4\.5h7m.*h7$/);
    expect(first?.match(/[hm]\d+/g)?.reduce((width, step) => width + Number(step.slice(1)), 0)).toBe(21);
  });

  it("is drawn for a terminal as black on white, whatever the terminal's colours are", () => {
    const link = "https://192.168.1.7:7002/j/QUX7-4TV3-HMM8";
    const [start, end] = ["\u001b[38;5;16;48;5;231m", "\u001b[0m"];
    const lines = terminalQr(link).trimEnd().split("\n");
    const rows = lines.flatMap((line) => {
      expect([line.startsWith(start), line.endsWith(end)]).toEqual([true, true]);
      const drawn = line.slice(start.length, -end.length);
      return ["▀█", "▄█"].map((dark) => Array.from(drawn, (character) => dark.includes(character)));
    });
    const size = rows[0]?.length ?? 0;
    const scale = 4;
    const rgba = new Uint8Array((size * scale) ** 2 * 4).fill(255);
    for (const [y, row] of rows.slice(0, size).entries())
      for (const [x, isDark] of row.entries())
        for (let pixel = 0; isDark && pixel < scale ** 2; pixel += 1) {
          const at = (y * scale + Math.floor(pixel / scale)) * size * scale + x * scale + (pixel % scale);
          rgba.fill(0, at * 4, at * 4 + 3);
        }
    expect(readQr(rgba, size * scale, size * scale)).toBe(link);
  });
});
