import { expect, it } from "vitest";
import { toCsv } from "./csv.js";

it("writes a line for each row, and quotes what would end a cell", () => {
  expect(
    toCsv([
      ["Name", "Note"],
      ["王芳", 'said "no", then left\nthe room'],
    ]),
  ).toBe('Name,Note\r\n王芳,"said ""no"", then left\nthe room"\r\n');
});

it.each(["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "＝1", "\rx"])(
  "makes %j harmless for spreadsheets",
  (value) => {
    expect(toCsv([[value]]).replaceAll('"', "")).toBe(`'${value}\r\n`);
  },
);

it("leaves other cells as they are, and begins with no byte order mark", () => {
  expect(toCsv([["10:02", "a=b", "3-1", ""]])).toBe("10:02,a=b,3-1,\r\n");
});
