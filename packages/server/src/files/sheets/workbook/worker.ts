import { parentPort, workerData } from "node:worker_threads";
import { openArchive } from "./archive.js";
import { BATCH_CHARACTERS, BATCH_ROWS, HEADER_ROWS } from "./limits.js";
import {
  type Answer,
  Refused,
  type RowsAnswer,
  type RowsWanted,
  type SheetRow,
  type ThreadData,
} from "./messages.js";
import { createNumberFormatter } from "./numbers.js";
import { findParts } from "./parts.js";
import { createBudget, readSheet } from "./sheet.js";
import { readStrings } from "./strings.js";
import { readStyles } from "./styles.js";

// The worker thread that reads a workbook. `xlsx.ts` starts it, and the main thread never parses the file.

interface ReadSheet {
  readonly name: string;
  readonly rows: readonly SheetRow[];
}

const readWorkbook = (bytes: Uint8Array): ReadSheet[] => {
  const archive = openArchive(bytes);
  const { sheets, stylesPath, stringsPath, from1904 } = findParts(archive);
  const given = (paths: readonly (string | undefined)[]) =>
    archive(paths.filter((path) => path !== undefined));
  const common = given([stylesPath, stringsPath]);
  const shared = {
    styles: readStyles(common.get(stylesPath ?? "")),
    strings: readStrings(common.get(stringsPath ?? "")),
    formatNumber: createNumberFormatter({ from1904 }),
    budget: createBudget(),
  };
  return sheets.map(({ name, path }) => {
    // One after the other, so that only one part is in memory.
    const part = given([path]).get(path);
    if (!part) throw new Refused("content");
    return { name, rows: readSheet(part, shared) };
  });
};

/** The number of characters of a cell that are enough to recognize a header. */
const HEAD_CHARACTERS = 100;
const HEAD_COLUMNS = 256;
const headOf = (rows: readonly SheetRow[]): string[][] =>
  rows
    .slice(0, HEADER_ROWS)
    .map(({ cells }) => cells.slice(0, HEAD_COLUMNS).map((cell) => cell.slice(0, HEAD_CHARACTERS)));

/** The next rows of a batch, at least one. */
const batchOf = (rows: readonly SheetRow[], from: number): SheetRow[] => {
  const batch: SheetRow[] = [];
  let characters = 0;
  for (
    let at = from;
    at < rows.length && batch.length < BATCH_ROWS && characters < BATCH_CHARACTERS;
    at += 1
  ) {
    const row = rows[at];
    if (!row) break;
    batch.push(row);
    for (const cell of row.cells) characters += cell.length + 1;
  }
  return batch;
};

const port = parentPort;
// Safe: only `xlsx.ts` starts this worker.
const { bytes } = workerData as ThreadData;
const answer = (message: Answer | RowsAnswer): void => port?.postMessage(message);
try {
  const sheets = readWorkbook(bytes).filter(({ rows }) => rows.length > 0);
  port?.on("message", ({ sheet, from }: RowsWanted) =>
    answer({ rows: batchOf(sheets[sheet]?.rows ?? [], from) }),
  );
  answer({ sheets: sheets.map(({ name, rows }) => ({ name, rows: rows.length, head: headOf(rows) })) });
} catch (error) {
  answer({ refused: error instanceof Refused ? error.refusal : "content" });
}
