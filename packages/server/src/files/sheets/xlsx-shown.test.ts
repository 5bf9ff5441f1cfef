import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { often } from "../../../test/support/effort.js";
import { type Cell, type SheetOf, workbook } from "../../../test/support/workbooks.js";
import { type Row, rowsOf } from "./rows.js";
import type { ReadOptions } from "./source.js";

const rowsIn = async (bytes: Uint8Array, options: ReadOptions = {}): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const row of rowsOf({ bytes }, options)) rows.push(row);
  return rows;
};
const read = (sheet: SheetOf, options?: { date1904: boolean }) => rowsIn(workbook([sheet], options));
/** The displayed text of each cell, and why it is ambiguous. All cells are in one workbook. */
const shown = async (cells: readonly Cell[]) => {
  const rows = await read({ rows: cells.map((cell) => ["x", cell]) });
  return rows.map((row) => ({ text: row.cells[1] ?? "", ambiguity: row.ambiguities?.get(1) }));
};

describe("a cell is read as it is displayed", () => {
  const CELLS: readonly [what: string, cell: Cell, text: string][] = [
    ["zeros before a number", { value: 777, format: "00000" }, "00777"],
    ["zeros before a number as long as they", { value: 77777, format: "00000" }, "77777"],
    ["a pattern with a text of its own", { value: 7, format: '"2026"0000' }, "20260007"],
    ["a pattern with dashes", { value: 2026001, format: "000-0000" }, "202-6001"],
    ["a pattern for what is below zero", { value: -5, format: "0;(0)" }, "(5)"],
    ["a whole number by the built-in format 1", { value: 15, format: 1 }, "15"],
    ["decimals", { value: 15, format: 2 }, "15.00"],
    ["thousands", { value: 20260001, format: 3 }, "20,260,001"],
    ["percents", { value: 0.15, format: 9 }, "15%"],
    ["no format", 202600000001, "202600000001"],
    ["the format General", { value: 777, format: 0 }, "777"],
    ["WPS's name for it", { value: 777, format: "G/通用格式" }, "777"],
    ["a number in a column of text", { value: 777, format: 49 }, "777"],
    ["a format that hides zero", { value: 0, format: "0;-0;;@" }, ""],
    ["a shared text", "张三", "张三"],
    ["a text that stands in the cell", { inline: "李<四>" }, "李<四>"],
    ["a rich text without its pronunciation", { rich: ["欧阳", "娜娜"], phonetic: "ou yang" }, "欧阳娜娜"],
    ["a formula's text", { formula: 'CONCAT("a","b")', text: "ab" }, "ab"],
    ["a line break as Excel escapes it", "a_x000D_\nb", "a\r\nb"],
    ["a truth value", { boolean: true }, "TRUE"],
  ];
  it("for any type and format", async () => {
    const found = await shown(CELLS.map(([, cell]) => cell));
    expect(CELLS.map(([what], index) => ({ what, ...found[index] }))).toEqual(
      CELLS.map(([what, , text]) => ({ what, text, ambiguity: undefined })),
    );
  });

  it("with leading zeros, for any number and format", async () => {
    const numbers = fc.array(fc.tuple(fc.nat({ max: 999_999_999 }), fc.integer({ min: 1, max: 20 })), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(numbers, async (pairs) => {
        const rows = pairs.map(([value, zeros]) => [{ value, format: "0".repeat(zeros) }]);
        expect((await read({ rows })).map(({ cells }) => cells[0])).toEqual(
          pairs.map(([value, zeros]) => String(value).padStart(zeros, "0")),
        );
      }),
      { numRuns: often(3, 10) },
    );
  });
});

describe("a cell with an ambiguous text", () => {
  const CELLS: readonly [what: string, cell: Cell, text: string, ambiguity: RegExp][] = [
    ["a rounded number", { value: 777.5, format: "0" }, "778", /^shows '778' but contains 777\.5/],
    ["thousands that are left out", { value: 777777, format: "0," }, "778", /but contains 777777/],
    ["a number that is not shown", { value: 777, format: ";;;" }, "", /^shows '' but contains 777/],
    [
      "a number whose last digits an exponent hides",
      { value: 202600000001, format: 11 },
      "2.03E+11",
      /but contains 202600000001/,
    ],
    ["a constant", { value: 777, format: '"id"' }, "id", /^shows 'id' but contains 777/],
    ["a date", { value: 46085, format: 14 }, "2026/03/04", /^is a date of the spreadsheet \(2026\/03\/04\)/],
    ["a date in Chinese", { value: 46085, format: 'yyyy"年"m"月"d"日"' }, "2026/03/04", /^is a date/],
    ["a time", { value: 0.5, format: "h:mm" }, "1900/01/00", /^is a date/],
    ["an error", { error: "#N/A" }, "#N/A", /^shows the error '#N\/A'/],
    [
      "an invalid format",
      { value: 7, format: "0;0;0;0;0;0" },
      "7",
      /^has a number format that cannot be read/,
    ],
    ["a format that is too long", { value: 7, format: `0${"x".repeat(300)}` }, "7", /^has a number format/],
  ];
  it("for any type and format", async () => {
    const found = await shown(CELLS.map(([, cell]) => cell));
    expect(CELLS.map(([what], index) => ({ what, ...found[index] }))).toEqual(
      CELLS.map(([what, , text, ambiguity]) => ({ what, text, ambiguity: expect.stringMatching(ambiguity) })),
    );
  });

  it("counts dates from 1904 if the workbook declares it", async () => {
    const [row] = await read({ rows: [[{ value: 46085 - 1462, format: 14 }]] }, { date1904: true });
    expect(row?.cells).toEqual(["2026/03/04"]);
  });
});

describe("merged cells", () => {
  it("have the same text in every row that they cover, except in rows without other content", async () => {
    const rows = await read({
      rows: [["id", "room"], ["1", "Hall A"], ["2"], [], ["3"], ["4", "Hall B"], [], ["", "note"]],
      merges: ["B2:B5", "B6:B7"],
    });
    expect(rows.map(({ row, cells }) => [row, ...cells])).toEqual([
      [1, "id", "room"],
      [2, "1", "Hall A"],
      [3, "2", "Hall A"],
      [5, "3", "Hall A"],
      [6, "4", "Hall B"],
      [8, "", "note"],
    ]);
  });

  it("mark the columns beside the first as ambiguous", async () => {
    const rows = await read({
      rows: [
        ["id", "name", "room"],
        ["1", "Hall A", null],
        ["2", null, "B"],
      ],
      merges: ["B2:C3"],
    });
    expect(rows.map(({ ambiguities }) => ambiguities?.get(2))).toEqual([
      undefined,
      "is merged with B2: unmerge the cells",
      "is merged with B2: unmerge the cells",
    ]);
    expect(rows.map(({ cells }) => cells[1])).toEqual(["name", "Hall A", "Hall A"]);
  });

  it("can extend to the last row of a sheet", async () => {
    const rows = await read({ rows: [["a", "all"], ["b"]], merges: ["B1:B1048576"] });
    expect(rows.map(({ cells }) => cells[1])).toEqual(["all", "all"]);
  });
});

describe("hidden parts of a workbook", () => {
  it("are reported: rows, and columns of the first rows", async () => {
    const rows = await read({
      rows: [
        ["id", "name"],
        ["1", "A"],
        ["2", "B"],
      ],
      hiddenRows: [3],
      hiddenColumns: [2],
    });
    expect(rows.map(({ hidden }) => hidden)).toEqual([undefined, undefined, true]);
    expect(rows[0]?.ambiguities?.get(1)).toMatch(/^is in the hidden column B: show the column/);
  });
});

describe("of several sheets", () => {
  const isHeader = (cells: readonly string[]) => cells.includes("id");
  const roster = (name: string): SheetOf => ({ name, rows: [["title"], ["id"], ["1"]] });
  const notes: SheetOf = { name: "说明", rows: [["Fill in the other sheet"]] };
  const blank: SheetOf = { name: "Sheet3", rows: [[]] };

  it("the one with a header is read, and others that are not blank are reported", async () => {
    const unread: string[] = [];
    const onUnread = (names: readonly string[]) => void unread.push(...names);
    const rows = await rowsIn(workbook([notes, roster("名单"), blank]), { isHeader, onUnread });
    expect(rows.map(({ sheet, row, cells }) => [sheet, row, ...cells])).toEqual([
      ["名单", 1, "title"],
      ["名单", 2, "id"],
      ["名单", 3, "1"],
    ]);
    expect(unread).toEqual(["说明"]);
  });

  it("the first is read if none has a header", async () => {
    expect((await rowsIn(workbook([blank, notes, notes]), { isHeader }))[0]?.sheet).toBe("说明");
  });

  it("two with a header are refused with their names", async () => {
    const bytes = workbook([roster("一班"), notes, roster("二班"), { ...roster("old"), state: "hidden" }]);
    await expect(rowsIn(bytes, { isHeader })).rejects.toThrow(
      "Several sheets of the workbook contain people: '一班' and '二班'.",
    );
  });
});

it("is read the same with namespace prefixes, which some programs write", async () => {
  const { zipSync, unzipSync } = await import("fflate");
  const parts = unzipSync(workbook([{ rows: [["id", { value: 7, format: "000" }]], merges: ["A1:A2"] }]));
  const prefixed = Object.entries(parts).map(([name, bytes]) => {
    const text = Buffer.from(bytes).toString();
    const isMain = /worksheets|workbook\.xml$|styles|sharedStrings/.test(name);
    return [
      name,
      Buffer.from(isMain ? text.replace(/<(\/?)(?=[a-zA-Z])/g, "<$1x:").replace("xmlns=", "xmlns:x=") : text),
    ];
  });
  const rows = await rowsIn(zipSync(Object.fromEntries(prefixed)));
  expect(rows.map(({ cells }) => cells)).toEqual([["id", "007"]]);
});
