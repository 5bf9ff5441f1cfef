import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { bytesOf, type ReadOptions, SheetError, type Source } from "./source.js";

/** What a cell holds, as the library gives it. */
type Cell = string | number | boolean | Date | null;
type Answer = { rows: Cell[][]; all: number } | { refused: "size" | "rows" | "content" };

/** Of the file: as much as tRPC takes, several times over. */
const MAX_BYTES = 50 * 1024 * 1024;
/** Of what is in it once it is unpacked: five times what 100,000 rows of five columns take. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;
const MAX_HEAP_MB = 384;
const MAX_ROWS = 110_000;

const TOO_LARGE = `The workbook is too large: at most ${MAX_ROWS} rows can be read. Save the sheet as CSV.`;
const REFUSALS = {
  size: TOO_LARGE,
  rows: TOO_LARGE,
  content: "The file is not an XLSX workbook that can be read.",
} as const;

/**
 * The worker is text, because a file of it would be another one in `dist/` than under vitest, which runs `src/`; and
 * it finds its libraries by path, because text has no place to look from. The library unpacks whatever comes, so
 * the parts are unpacked here first, each to no more than it declares, and given to it as a file without compression.
 */
const CODE = `
  const { parentPort, workerData } = require("node:worker_threads");
  const { unzipSync, zipSync } = require(workerData.zip);
  const { readSheet } = require(workerData.reader);
  const answer = (message) => parentPort.postMessage(message);

  const unpack = () => {
    let size = 0;
    const parts = unzipSync(workerData.bytes, {
      filter({ name, originalSize }) {
        if (!/\\.(xml|rels)$/.test(name)) return false;
        size += originalSize;
        return size <= workerData.maxBytes;
      },
    });
    return size <= workerData.maxBytes ? Buffer.from(zipSync(parts, { level: 0 }).buffer) : undefined;
  };

  const read = async () => {
    const file = unpack();
    if (!file) return answer({ refused: "size" });
    const rows = await readSheet(file, { trim: false });
    if (rows.length > workerData.maxRows) return answer({ refused: "rows" });
    let sent = 0;
    const send = () => {
      answer({ rows: rows.slice(sent, sent + 1000), all: rows.length });
      sent += 1000;
    };
    parentPort.on("message", send);
    send();
  };
  read().catch(() => answer({ refused: "content" }));
`;

const startWorker = (bytes: Uint8Array): Worker => {
  const require = createRequire(import.meta.url);
  return new Worker(CODE, {
    eval: true,
    workerData: {
      bytes,
      zip: require.resolve("fflate"),
      reader: require.resolve("read-excel-file/node"),
      maxBytes: MAX_UNPACKED_BYTES,
      maxRows: MAX_ROWS,
    },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    // Nothing of the server is the worker's to see or to write to.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
  });
};

const answerOf = async (worker: Worker, signal: AbortSignal | undefined): Promise<Answer> => {
  try {
    // Safe: only the code above answers.
    const [answer] = (await once(worker, "message", { signal })) as [Answer];
    return answer;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY")
      return { refused: "size" };
    throw error;
  }
};

/** Digits that a spreadsheet keeps of a number. */
const EXACT = 1e15;
/**
 * A cell as text. A number that a spreadsheet does not keep exactly looks as in the sheet (`3.3E+17`) and a date has
 * slashes: neither is an id, so nobody gets a wrong one.
 */
const textOf = (cell: Cell): string => {
  if (cell === null) return "";
  if (typeof cell === "string") return cell;
  if (typeof cell === "boolean") return cell ? "TRUE" : "FALSE";
  if (cell instanceof Date)
    return Number.isNaN(cell.getTime()) ? "" : cell.toISOString().slice(0, 10).replaceAll("-", "/");
  if (Math.abs(cell) >= EXACT) return cell.toExponential().replace("e", "E");
  const text = String(Number(cell.toPrecision(15)));
  return text.includes("e") ? "0" : text;
};

/** The rows of a workbook's first sheet, read in a thread of its own. @throws SheetError */
export async function* xlsxRows(
  source: Source,
  size: number,
  { signal, onProgress }: ReadOptions,
): AsyncGenerator<string[]> {
  if (size > MAX_BYTES) throw new SheetError(TOO_LARGE);
  const worker = startWorker(await bytesOf(source));
  try {
    for (let sent = 0, all = 1; sent < all; ) {
      const answer = await answerOf(worker, signal);
      if ("refused" in answer) throw new SheetError(REFUSALS[answer.refused]);
      for (const row of answer.rows) yield row.map(textOf);
      sent += Math.max(answer.rows.length, 1);
      all = answer.all;
      onProgress?.(Math.round((size * Math.min(sent, all)) / Math.max(all, 1)), size);
      worker.postMessage("more");
    }
  } finally {
    await worker.terminate();
  }
}
