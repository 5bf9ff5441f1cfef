import { headOf, type ReadOptions, SheetError, type Source } from "./source.js";
import { xlsxRows } from "./xlsx.js";

export interface Row {
  /** As the spreadsheet counts: the header is 1, and blank rows count. */
  readonly row: number;
  readonly cells: readonly string[];
}

const ZIP = Buffer.from("PK\u0003\u0004");
/** Old workbooks, and new ones under a password. */
const OLE = Buffer.from("d0cf11e0a1b11ae1", "hex");
const isA = (magic: Buffer, head: Buffer): boolean => head.subarray(0, magic.length).equals(magic);

/**
 * The rows of a sheet, told by its content: XLSX (the first visible sheet), or CSV with commas, tabs or semicolons in UTF-8,
 * UTF-16 or GB18030. A file that is not what it seems to be fails at the row where that shows, if not at the first.
 * @throws SheetError
 */
export async function* rowsOf(source: Source, options: ReadOptions = {}): AsyncGenerator<Row> {
  const { head, size } = await headOf(source, OLE.length);
  if (isA(OLE, head))
    throw new SheetError(
      "The file is an .xls workbook, or one under a password. Save it as XLSX or CSV without a password.",
    );
  const rows = isA(ZIP, head)
    ? xlsxRows(source, size, options)
    : // Loaded with the first sheet: a start does not wait for it.
      (await import("./csv.js")).csvRows(source, { head, size }, options);
  let row = 0;
  for await (const cells of rows) {
    row += 1;
    yield { row, cells };
  }
}
