import { describe, expect, it } from "vitest";
import { cases, sample } from "../../../test/support/effort.js";
import { forged, type XlsxCell, xlsx, zip } from "../../../test/support/files.js";
import { type Row, rowsOf } from "./rows.js";
import type { ReadOptions } from "./source.js";

const rowsIn = async (bytes: Uint8Array, options: ReadOptions = {}): Promise<Row[]> => {
  const rows: Row[] = [];
  for await (const row of rowsOf({ bytes }, options)) rows.push(row);
  return rows;
};
const read = async (rows: readonly (readonly XlsxCell[])[]) => rowsIn(await xlsx(rows));

const cellOf = (number: number) => `<row r="${number}"><c r="A${number}"><v>1</v></c></row>`;

describe("a workbook", () => {
  it("returns its cells as text, and counts blank rows", async () => {
    const rows = await read([
      ["学号", "姓名", "加时"],
      [20260001, " 张三 ", 15],
      [null, null, null],
      ["007", "it\nhas two lines", 0.1 + 0.2],
      [true, false, -3.5],
    ]);
    expect(rows).toEqual([
      { sheet: "Sheet1", row: 1, cells: ["学号", "姓名", "加时"] },
      { sheet: "Sheet1", row: 2, cells: ["20260001", " 张三 ", "15"], numbers: [0, 2] },
      { sheet: "Sheet1", row: 4, cells: ["007", "it\nhas two lines", "0.3"], numbers: [2] },
      { sheet: "Sheet1", row: 5, cells: ["TRUE", "FALSE", "-3.5"], numbers: [2] },
    ]);
  });

  it("returns numbers without an exponent, unless their last digits are lost", async () => {
    // Eighteen digits, like the number of an identity card.
    const rows = await read([[202600000001, 999_999_999_999_999, Number("330102200801011234")]]);
    expect(rows[0]?.cells).toEqual(["202600000001", "999999999999999", "3.3010220080101126E+17"]);
  });

  it("never rounds a number to a whole one, which could be an id", async () => {
    const rows = await read([[0.0000001, 999_999_999_999_999.9, 0.1 + 0.2, 3 + 2 ** -51, -0.0000001, 1e15]]);
    expect(rows[0]?.cells).toEqual([
      "1E-7",
      "999999999999999.9",
      "0.3",
      "3.0000000000000004",
      "-1E-7",
      "1E+15",
    ]);
  });

  it("returns its first visible sheet", async () => {
    const sheets = (states: string[]) =>
      forged(cellOf(1), {
        "xl/workbook.xml": `<workbook><sheets>${states.map((state, n) => `<sheet name="S${n}" sheetId="${n + 1}"${state} r:id="r${n + 1}"/>`).join("")}</sheets></workbook>`,
        "xl/_rels/workbook.xml.rels": `<Relationships>${states
          .map(
            (_, n) =>
              `<Relationship Id="r${n + 1}" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet${n + 1}.xml"/>`,
          )
          .join("")}</Relationships>`,
        "xl/worksheets/sheet2.xml": `<worksheet><sheetData><row r="1"><c r="A1"><v>2</v></c></row></sheetData></worksheet>`,
        "xl/worksheets/sheet3.xml": `<worksheet><sheetData><row r="1"><c r="A1"><v>3</v></c></row></sheetData></worksheet>`,
      });
    const first = async (...states: string[]) => (await rowsIn(sheets(states)))[0]?.cells[0];
    expect(await first("", "")).toBe("1");
    expect(await first(' state="visible"', "")).toBe("1");
    expect(await first(' state="hidden"', " state='veryHidden'", "")).toBe("3");
    expect(await first(' state="hidden"', ' state="hidden"')).toBe("1");
  });

  it("returns dates with slashes, which no id contains", async () => {
    const rows = await read([["id"], [new Date("2026-03-04T00:00:00Z")]]);
    expect(rows[1]?.cells).toEqual(["2026/03/04"]);
  });

  it("is read to its last row, and reports the progress", async () => {
    const bytes = await xlsx(Array.from({ length: 3500 }, (_, n) => [n, `Name ${n}`]));
    const seen: number[] = [];
    const rows = await rowsIn(bytes, { onProgress: (done) => seen.push(done) });
    expect(rows).toHaveLength(3500);
    expect(rows.at(-1)).toEqual({ sheet: "Sheet1", row: 3500, cells: ["3499", "Name 3499"], numbers: [0] });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it("does not block the event loop", async () => {
    const calledOff = new AbortController();
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (turns < 10_000) setImmediate(turn);
      else calledOff.abort();
    };
    turn();
    // If this thread parsed the workbook, the event loop would not run until the end.
    const cells = Array.from({ length: 100_000 }, (_, n) => cellOf(n + 1)).join("");
    const reading = rowsIn(forged(cells), { signal: calledOff.signal });
    await expect(reading).rejects.toThrow(/abort/i);
  });

  it("can be stopped early and aborted", async () => {
    const bytes = await xlsx(Array.from({ length: 3000 }, (_, n) => [n]));
    for await (const { row } of rowsOf({ bytes })) if (row === 5) break;
    await expect(rowsIn(bytes, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

describe("a hostile workbook", () => {
  it("is built by this function, and is valid without changes", async () => {
    expect(await rowsIn(forged(cellOf(1)))).toEqual([{ sheet: "S", row: 1, cells: ["1"], numbers: [0] }]);
  });

  const TOO_LARGE = [
    ["one part unpacks to 140 MB", () => forged(cellOf(1), { "xl/big.xml": " ".repeat(140_000_000) })],
    ["it has more rows than are taken", () => forged(cellOf(1) + cellOf(120_000))],
    ["a row says that it is the thousand millionth", () => forged(cellOf(1) + cellOf(1_000_000_000))],
  ] as const;
  it.each(sample(TOO_LARGE, 3, 1))("is refused: %s", async (_, bytes) => {
    await expect(rowsIn(bytes())).rejects.toThrow(/too large: at most 110000 rows/);
  });

  const longCell = () =>
    forged(`<row r="1"><c r="A1" t="inlineStr"><is><t>${"x".repeat(16_000_000)}</t></is></c></row>`);
  const CELLS = [
    ["has 16 million characters", longCell],
    ["is beyond the last column", () => forged('<row r="1"><c r="XFE1"><v>1</v></c></row>')],
    ["says that it is far to the right", () => forged('<row r="2"><c s="0" r="ZZZZZZZ2"><v>1</v></c></row>')],
    ["says so in XML's own way", () => forged("<row r='2'><c r='&#90;ZZZZZZ2'><v>1</v></c></row>")],
  ] as const;
  it.each(sample(CELLS, 3, 1))("is refused: a cell %s", async (_, bytes) => {
    await expect(rowsIn(bytes())).rejects.toThrow(/A cell of the workbook is longer than 32,767 characters/);
  });

  it("is read up to the limits of a sheet, even if a text looks like a cell beyond them", async () => {
    const text = '<c r="B1" t="inlineStr"><is><t>the r="ZZZZZ1" of &lt;c r="ZZZZZ1"</t></is></c>';
    const [row] = await rowsIn(forged(`<row r="1">${text}<c r="XFD1"><v>1</v></c></row>`));
    expect(row?.cells).toHaveLength(16_384);
    expect(row?.cells[1]).toBe('the r="ZZZZZ1" of <c r="ZZZZZ1"');
    expect(row?.cells.at(-1)).toBe("1");
  });

  it("is refused if it takes too long", async () => {
    await expect(rowsIn(forged(cellOf(1)), { timeoutMs: 1 })).rejects.toThrow(/takes too long to read/);
  });

  it("is refused if a part unpacks to more than its declared size", async () => {
    const bytes = Buffer.from(forged(`${cellOf(1)}${" ".repeat(cases(50_000_000))}`));
    // The declared sizes of the sheet, in its local header and in the central directory.
    const name = Buffer.from("xl/worksheets/sheet1.xml");
    const at = [bytes.indexOf(name) - 30 + 22, bytes.lastIndexOf(name) - 46 + 24];
    for (const offset of at) bytes.writeUInt32LE(500, offset);
    await expect(rowsIn(bytes)).rejects.toThrow(/XLSX workbook that can be read/);
  });

  it.each([
    ["it has no sheet", () => zip({ "a.xml": "<a/>" })],
    ["it is broken XML", () => forged("<row><c")],
    ["it is a document", () => zip({ "word/document.xml": "<w/>" })],
  ])("is refused: %s", async (_, bytes) => {
    await expect(rowsIn(bytes())).rejects.toThrow(/not an XLSX workbook that can be read/);
  });
});
