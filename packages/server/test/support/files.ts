import { zipSync } from "fflate";
import writeXlsx from "write-excel-file/node";

// Files in the formats of spreadsheet programs.

export type Encoding = "utf-8" | "utf-8 with BOM" | "utf-16le" | "utf-16be" | "gb18030";

/** All characters with one or two bytes in GB18030: the inverse of `TextDecoder`. */
const gb18030 = ((): ReadonlyMap<string, readonly number[]> => {
  const decoder = new TextDecoder("gb18030", { fatal: true });
  const codes = new Map<string, readonly number[]>();
  for (let byte = 0; byte < 0x80; byte += 1) codes.set(String.fromCharCode(byte), [byte]);
  for (let lead = 0x81; lead <= 0xfe; lead += 1)
    for (let trail = 0x40; trail <= 0xfe; trail += 1) {
      if (trail === 0x7f) continue;
      const character = decoder.decode(Uint8Array.of(lead, trail));
      if (!codes.has(character)) codes.set(character, [lead, trail]);
    }
  return codes;
})();

/** Characters that exist in all of these encodings. */
export const COMMON_CHARACTERS: readonly string[] = [...gb18030.keys()].filter(
  (character) => character.length === 1 && character !== "\u0000",
);

const bytesOf = (character: string): readonly number[] => {
  const bytes = gb18030.get(character);
  if (!bytes) throw new Error(`'${character}' is not among the characters of two bytes`);
  return bytes;
};

export const encode = (text: string, encoding: Encoding): Buffer => {
  switch (encoding) {
    case "utf-8":
      return Buffer.from(text);
    case "utf-8 with BOM":
      return Buffer.from(`\ufeff${text}`);
    case "utf-16le":
      return Buffer.from(`\ufeff${text}`, "utf16le");
    case "utf-16be":
      return Buffer.from(`\ufeff${text}`, "utf16le").swap16();
    case "gb18030":
      return Buffer.from(Array.from(text).flatMap(bytesOf));
  }
};

/** Writes CSV with quotes only where necessary. */
export const csv = (
  rows: readonly (readonly string[])[],
  { delimiter = ",", newline = "\r\n" }: { delimiter?: string; newline?: string } = {},
): string =>
  rows
    .map((cells) =>
      cells.map((cell) => (/[",;\t\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)),
    )
    .map((cells) => `${cells.join(delimiter)}${newline}`)
    .join("");

export type XlsxCell = string | number | boolean | Date | null;

/** Writes a workbook with one sheet. */
export const xlsx = async (rows: readonly (readonly XlsxCell[])[]): Promise<Buffer> => {
  const cells = rows.map((row) =>
    row.map((value) => (value === null || value === "" ? null : { value, ...formatOf(value) })),
  );
  return writeXlsx(cells).toBuffer();
};
const formatOf = (value: XlsxCell) => (value instanceof Date ? { format: "yyyy-mm-dd" } : {});

/** Packs files into an archive. The lowest level is enough: workbooks of tests are large and repeat themselves. */
export const zip = (files: Readonly<Record<string, string | Uint8Array>>): Buffer => {
  const contents = Object.entries(files).map(([name, content]) => [name, Buffer.from(content)] as const);
  return Buffer.from(zipSync(Object.fromEntries(contents), { level: 1 }));
};

/** Writes a workbook from raw XML parts, including ones that no spreadsheet program writes. */
export const forged = (sheet: string, more: Record<string, string> = {}): Uint8Array => {
  const parts = {
    "[Content_Types].xml": "<Types/>",
    "xl/_rels/workbook.xml.rels":
      '<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/worksheets/sheet1.xml": `<worksheet><sheetData>${sheet}</sheetData></worksheet>`,
    ...more,
  };
  return zip(parts);
};
