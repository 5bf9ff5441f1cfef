import { setImmediate } from "node:timers/promises";
import { headOf, type ReadOptions, type Row, SheetError, type Source } from "./source.js";

export type { Row };

const ZIP = Buffer.from("PK\u0003\u0004");
/** Workbooks of old Excel versions, and password-protected ones. */
const OLE = Buffer.from("d0cf11e0a1b11ae1", "hex");
const startsWith = (magic: Buffer, head: Buffer): boolean => head.subarray(0, magic.length).equals(magic);

/** The number of cells after which other tasks may run. A row counts as ten additional cells. */
const CELLS_PER_TURN = 5000;

async function* numbered(rows: AsyncIterable<string[]>): AsyncGenerator<Row> {
  let row = 0;
  for await (const cells of rows) {
    row += 1;
    yield { row, cells };
  }
}

/**
 * The rows of a sheet. The content determines the format: XLSX, or CSV with commas, tabs or semicolons in
 * UTF-8, UTF-16 or GB18030. Blank rows of a workbook are omitted. Of its visible sheets, the one with a
 * header (`isHeader`) is read, or else the first that is not blank. An invalid file may fail only at the
 * invalid row. Other tasks may run between rows.
 * @throws SheetError
 */
export async function* rowsOf(source: Source, options: ReadOptions = {}): AsyncGenerator<Row> {
  const { head, size } = await headOf(source, OLE.length);
  if (startsWith(OLE, head))
    throw new SheetError(
      "The file is an .xls workbook or password-protected. Save it as XLSX or CSV without a password.",
    );
  // Imported on first use, so that it does not delay the start.
  const rows = startsWith(ZIP, head)
    ? (await import("./xlsx.js")).xlsxRows(source, size, options)
    : numbered((await import("./csv.js")).csvRows(source, { head, size }, options));
  let cells = 0;
  for await (const row of rows) {
    yield row;
    cells += row.cells.length + 10;
    if (cells < CELLS_PER_TURN) continue;
    cells = 0;
    await setImmediate(undefined, { signal: options.signal });
  }
}
