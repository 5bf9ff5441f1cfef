import { describe, expect, it } from "vitest";
import { readQr } from "../../test/support/qr.js";
import { type QrCode, qrCode } from "./qr.js";

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
});
