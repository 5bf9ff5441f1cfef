import { describe, expect, it } from "vitest";
import { sample } from "../../../test/support/effort.js";
import { forged, zip } from "../../../test/support/files.js";
import { rowsOf } from "./rows.js";

// Small files that would take much time or memory if they were read naively. Reading or refusing each must take time
// proportional to its size: a test that times out has found an exception.

const read = async (bytes: Uint8Array): Promise<number> => {
  let rows = 0;
  for await (const _ of rowsOf({ bytes })) rows += 1;
  return rows;
};
const cell = (address: string, rest = "<v>1</v>") => `<c r="${address}">${rest}</c>`;
const row = (number: number | string, content: string) => `<row r="${number}">${content}</row>`;
const MAIN = "xl/worksheets/sheet1.xml";
const RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

const TOO_LARGE = /^The workbook is too large: at most 110000 rows can be read/;
const SHEETS = /^The workbook has more than 256 sheets. Save the sheet of people as CSV/;
const UNREADABLE = /^The file is not an XLSX workbook that can be read/;
const CELL = /^A cell of the workbook is longer than 32,767 characters, or farther right than column XFD/;

describe("a forged number", () => {
  const FORGED: readonly [what: string, sheet: string, refusal: RegExp][] = [
    ["of a row that is the thousand millionth", row(1_000_000_000, ""), TOO_LARGE],
    ["of a row beyond what numbers can say", row("9".repeat(400), ""), UNREADABLE],
    ["of a row below one", row(0, ""), UNREADABLE],
    ["of a row that is not whole", row("1.5", ""), UNREADABLE],
    ["of a row with an exponent", row("1e9", ""), UNREADABLE],
    ["of a row that comes again", row(2, cell("A2")) + row(2, cell("A2")), UNREADABLE],
    ["of a cell in another row", row(1, cell("A1000000000")), TOO_LARGE],
    ["of a cell in the row above", row(2, cell("A1")), UNREADABLE],
    ["of a column beyond the last", row(1, cell("XFE1")), CELL],
    ["of a column with many letters", row(1, cell(`${"Z".repeat(100_000)}1`)), CELL],
    ["of a cell without a column", row(1, cell("1")), CELL],
    ["of a shared text", row(1, '<c r="A1" t="s"><v>1000000000</v></c>'), UNREADABLE],
  ];
  it.each(sample(FORGED, 3))("%s is refused", async (_, sheet, refusal) => {
    await expect(read(forged(sheet))).rejects.toThrow(refusal);
  });

  it.each([
    ["merged cells", '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>', 1],
    ["merged cells far below", '<mergeCells><mergeCell ref="A900000000:B999999999"/></mergeCells>', 1],
  ])("of %s creates nothing", async (_, more, rows) => {
    const parts = { [MAIN]: `<worksheet><sheetData>${row(1, cell("A1"))}</sheetData>${more}</worksheet>` };
    expect(await read(forged("", parts))).toBe(rows);
  });
});

describe("a small file with large content", () => {
  const LARGE: readonly [what: string, bytes: () => Uint8Array, refusal: RegExp][] = [
    ["a million empty rows", () => forged("<row/>".repeat(1_000_000)), TOO_LARGE],
    ["a row more than are taken", () => forged("<row/>".repeat(110_001)), TOO_LARGE],
    [
      "a cell in the last column of each row",
      () => forged(Array.from({ length: 300 }, (_, n) => row(n + 1, cell(`XFD${n + 1}`))).join("")),
      TOO_LARGE,
    ],
    [
      "a long text that all cells share",
      () =>
        forged(
          Array.from({ length: 2000 }, (_, n) => row(n + 1, `<c r="A${n + 1}" t="s"><v>0</v></c>`)).join(""),
          {
            "xl/sharedStrings.xml": `<sst><si><t>${"x".repeat(32_000)}</t></si></sst>`,
            "xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="r1" Type="${RELATION}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="${RELATION}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
          },
        ),
      TOO_LARGE,
    ],
    [
      "merged cells over all rows, again and again",
      () => {
        const rows = Array.from({ length: 10_000 }, (_, n) => row(n + 1, cell(`A${n + 1}`))).join("");
        const merges = '<mergeCell ref="A1:C10000"/>'.repeat(10_000);
        return forged("", {
          [MAIN]: `<worksheet><sheetData>${rows}</sheetData><mergeCells>${merges}</mergeCells></worksheet>`,
        });
      },
      TOO_LARGE,
    ],
    [
      "one sheet that is listed ten thousand times",
      () =>
        forged(row(1, cell("A1")), {
          "xl/workbook.xml": `<workbook><sheets>${'<sheet name="S" r:id="r1"/>'.repeat(10_000)}</sheets></workbook>`,
        }),
      SHEETS,
    ],
    [
      "one part that is used as two sheets",
      () =>
        forged(row(1, cell("A1")), {
          "xl/workbook.xml": `<workbook><sheets>${'<sheet name="S" r:id="r1"/>'.repeat(2)}</sheets></workbook>`,
        }),
      UNREADABLE,
    ],
    [
      "eleven thousand parts",
      () => zip(Object.fromEntries(Array.from({ length: 11_000 }, (_, n) => [`${n}.xml`, new Uint8Array()]))),
      TOO_LARGE,
    ],
    ["a part that is packed a thousand times", () => forged(" ".repeat(20_000_000)), TOO_LARGE],
    ["tags inside of tags", () => forged("<a>".repeat(1_000_000)), UNREADABLE],
    ["a tag that does not end", () => forged(`${row(1, "")}<c ${"a ".repeat(2_000_000)}`), UNREADABLE],
    ["a tag with a long blank", () => forged(`<row r="1"><c ${" ".repeat(3_000_000)}/></row>`), CELL],
    ["a long comment", () => forged(`<!--${"-x".repeat(2_000_000)}-->`), CELL],
    [
      "nested entities",
      () =>
        forged("", {
          [MAIN]: `<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><worksheet><sheetData>${row(1, '<c r="A1" t="inlineStr"><is><t>&b;</t></is></c>')}</sheetData></worksheet>`,
        }),
      UNREADABLE,
    ],
    ["an entity that is none", () => forged(row(1, '<c r="A1"><v>&b;</v></c>')), UNREADABLE],
    ["a number that is none", () => forged(row(1, '<c r="A1"><v>Infinity</v></c>')), UNREADABLE],
  ];
  it.each(sample(LARGE, 4))("is refused: %s", async (_, bytes, refusal) => {
    await expect(read(bytes())).rejects.toThrow(refusal);
  });

  it("is refused for its sheets, and not for its rows, if it has 500", async () => {
    const sheets = Array.from({ length: 500 }, (_, n) => `<sheet name="S${n}" r:id="r1"/>`).join("");
    const bytes = forged(row(1, cell("A1")), {
      "xl/workbook.xml": `<workbook><sheets>${sheets}</sheets></workbook>`,
    });
    await expect(read(bytes)).rejects.toThrow(SHEETS);
  });

  it("with one long part is read in time proportional to its length", async () => {
    // A pattern with two runs of blanks backtracked here: three kilobytes took a minute.
    const blank = " ".repeat(900_000);
    expect(await read(forged(`<row r="1"><c${blank}r="A1"><v>1</v></c></row>`))).toBe(1);
    expect(await read(forged(row(1, `<c r="A1"${` s${blank} = "0"`}><v>1</v></c>`)))).toBe(1);
    expect(await read(forged(row(1, cell("A1", `<f>${"(".repeat(900_000)}</f><v>1</v>`))))).toBe(1);
  });
});

it("counts the declared entries of an archive, not the existing ones", async () => {
  const bytes = Buffer.from(forged(row(1, cell("A1"))));
  // The end of the central directory: the number of entries, on this disk and in total.
  const end = bytes.lastIndexOf(Buffer.from("PK\u0005\u0006"));
  bytes.writeUInt16LE(60_000, end + 8);
  bytes.writeUInt16LE(60_000, end + 10);
  await expect(read(bytes)).rejects.toThrow(/^The (file is not|workbook is too large)/);
});
