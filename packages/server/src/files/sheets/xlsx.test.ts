import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { forged, type XlsxCell, xlsx } from "../../../test/support/files.js";
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
  it("gives its cells as text, blank rows counted", async () => {
    const rows = await read([
      ["学号", "姓名", "加时"],
      [20260001, " 张三 ", 15],
      [null, null, null],
      ["007", "it\nhas two lines", 0.1 + 0.2],
      [true, false, -3.5],
    ]);
    expect(rows).toEqual([
      { sheet: "Sheet1", row: 1, cells: ["学号", "姓名", "加时"] },
      { sheet: "Sheet1", row: 2, cells: ["20260001", " 张三 ", "15"] },
      { sheet: "Sheet1", row: 4, cells: ["007", "it\nhas two lines", "0.3"] },
      { sheet: "Sheet1", row: 5, cells: ["TRUE", "FALSE", "-3.5"] },
    ]);
  });

  it("gives numbers without exponent, but for those whose last digits it does not have", async () => {
    // Eighteen digits, as of an identity card.
    const rows = await read([[202600000001, 999_999_999_999_999, Number("330102200801011234")]]);
    expect(rows[0]?.cells).toEqual(["202600000001", "999999999999999", "3.3010220080101126E+17"]);
  });

  it("makes no other number of one that is not whole: it could be somebody's id", async () => {
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

  it("gives its first sheet that is not hidden", async () => {
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

  it("gives dates with slashes, so that none is taken for an id", async () => {
    const rows = await read([["id"], [new Date("2026-03-04T00:00:00Z")]]);
    expect(rows[1]?.cells).toEqual(["2026/03/04"]);
  });

  it("is read to its last row, and says how far it is", async () => {
    const bytes = await xlsx(Array.from({ length: 3500 }, (_, n) => [n, `Name ${n}`]));
    const seen: number[] = [];
    const rows = await rowsIn(bytes, { onProgress: (done) => seen.push(done) });
    expect(rows).toHaveLength(3500);
    expect(rows.at(-1)).toEqual({ sheet: "Sheet1", row: 3500, cells: ["3499", "Name 3499"] });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it("lets the server answer others meanwhile", async () => {
    const calledOff = new AbortController();
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (turns < 10_000) setImmediate(turn);
      else calledOff.abort();
    };
    turn();
    // On this thread, the loop would not turn once before it is parsed.
    const cells = Array.from({ length: 100_000 }, (_, n) => cellOf(n + 1)).join("");
    const reading = rowsIn(forged(cells), { signal: calledOff.signal });
    await expect(reading).rejects.toThrow(/abort/i);
  });

  it("can be left in the middle, and called off", async () => {
    const bytes = await xlsx(Array.from({ length: 3000 }, (_, n) => [n]));
    for await (const { row } of rowsOf({ bytes })) if (row === 5) break;
    await expect(rowsIn(bytes, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });
});

describe("a workbook that is made to do harm", () => {
  it("is one that can be forged: this one is read", async () => {
    expect(await rowsIn(forged(cellOf(1)))).toEqual([{ sheet: "S", row: 1, cells: ["1"] }]);
  });

  it.each([
    ["one part unpacks to 140 MB", () => forged(cellOf(1), { "xl/big.xml": " ".repeat(140_000_000) })],
    ["it has more rows than are taken", () => forged(cellOf(1) + cellOf(120_000))],
    ["a row says that it is the thousand millionth", () => forged(cellOf(1) + cellOf(1_000_000_000))],
  ])("is refused: %s", async (_, bytes) => {
    await expect(rowsIn(bytes())).rejects.toThrow(/too large: at most 110000 rows/);
  });

  const longCell = () =>
    forged(`<row r="1"><c r="A1" t="inlineStr"><is><t>${"x".repeat(16_000_000)}</t></is></c></row>`);
  it.each([
    ["has 16 million characters", longCell],
    ["is beyond the last column", () => forged('<row r="1"><c r="XFE1"><v>1</v></c></row>')],
    ["says that it is far to the right", () => forged('<row r="2"><c s="0" r="ZZZZZZZ2"><v>1</v></c></row>')],
    ["says so in XML's own way", () => forged("<row r='2'><c r='&#90;ZZZZZZ2'><v>1</v></c></row>")],
  ])("is refused: a cell %s", async (_, bytes) => {
    await expect(rowsIn(bytes())).rejects.toThrow(/A cell of the workbook is longer than 32,767 characters/);
  });

  it("is read as far as a sheet goes, also where a text looks like a cell that is beyond", async () => {
    const text = '<c r="B1" t="inlineStr"><is><t>the r="ZZZZZ1" of &lt;c r="ZZZZZ1"</t></is></c>';
    const [row] = await rowsIn(forged(`<row r="1">${text}<c r="XFD1"><v>1</v></c></row>`));
    expect(row?.cells).toHaveLength(16_384);
    expect(row?.cells[1]).toBe('the r="ZZZZZ1" of <c r="ZZZZZ1"');
    expect(row?.cells.at(-1)).toBe("1");
  });

  it("is refused when it takes too long", async () => {
    await expect(rowsIn(forged(cellOf(1)), { timeoutMs: 1 })).rejects.toThrow(/takes too long to read/);
  });

  it("is refused when a part unpacks to more than it declares", async () => {
    const bytes = Buffer.from(forged(`${cellOf(1)}${" ".repeat(50_000_000)}`));
    // The sizes of the sheet, in its own header and in the list at the end.
    const name = Buffer.from("xl/worksheets/sheet1.xml");
    const at = [bytes.indexOf(name) - 30 + 22, bytes.lastIndexOf(name) - 46 + 24];
    for (const offset of at) bytes.writeUInt32LE(500, offset);
    await expect(rowsIn(bytes)).rejects.toThrow(/XLSX workbook that can be read/);
  });

  it.each([
    ["it has no sheet", () => zipSync({ "a.xml": Buffer.from("<a/>") })],
    ["it is broken XML", () => forged("<row><c")],
    ["it is a document", () => zipSync({ "word/document.xml": Buffer.from("<w/>") })],
  ])("is refused: %s", async (_, bytes) => {
    await expect(rowsIn(bytes())).rejects.toThrow(/not an XLSX workbook that can be read/);
  });
});
