import { describe, expect, it } from "vitest";
import { table } from "./output.js";

describe("a table", () => {
  it("has columns as wide as their widest cells, with Chinese characters counting twice", () => {
    expect(
      table(
        ["id", "n"],
        [
          ["王芳", 1],
          ["abcdef", 22],
        ],
      ).split("\n"),
    ).toEqual(["id      n", "王芳    1", "abcdef  22"]);
  });

  it("holds more rows than a call can have arguments", () => {
    const lines = table(
      ["id"],
      Array.from({ length: 130_000 }, (_, n) => [n]),
    ).split("\n");
    expect([lines.length, lines.at(-1)]).toEqual([130_001, "129999"]);
  });

  it("marks characters that could move the cursor, turn the direction of a line, or hide", () => {
    expect(table(["name", "x"], [["a\u001b[2Jb\r\n\u009bc", 1]])).toBe(
      "name        x\na\uFFFD[2Jb\uFFFD\uFFFD\uFFFDc  1",
    );
  });
});
