import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { bytesOf, type ReadOptions, SheetError, type Source } from "./source.js";

/** What a cell holds, as the library gives it. */
type Cell = string | number | boolean | Date | null;
type Answer = { rows: Cell[][]; all: number } | { refused: keyof typeof REFUSALS };

/** Of the file: as much as tRPC takes, several times over. */
const MAX_BYTES = 50 * 1024 * 1024;
/** Of what is in it once it is unpacked: five times what 100,000 rows of five columns take. */
const MAX_UNPACKED_BYTES = 128 * 1024 * 1024;
const MAX_HEAP_MB = 384;
const MAX_ROWS = 110_000;
/** Between two tags, in bytes: a cell holds 32,767 characters. The library may loop for ever over a longer text. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** How long parsing may take. */
const MAX_MS = 60_000;

const TOO_LARGE = `The workbook is too large: at most ${MAX_ROWS} rows can be read. Save the sheet as CSV.`;
const REFUSALS = {
  size: TOO_LARGE,
  rows: TOO_LARGE,
  cell: "A cell of the workbook is longer than 32,767 characters, or farther right than column XFD.",
  time: "The workbook takes too long to read. Save the sheet as CSV.",
  content: "The file is not an XLSX workbook that can be read.",
} as const;

/**
 * The worker is text, because a file of it would be another one in `dist/` than under vitest, which runs `src/`; and
 * it finds its libraries by path, because text has no place to look from. The library unpacks whatever comes, so
 * the parts are unpacked here first, each to no more than it declares, and given to it as a file without compression.
 */
const CODE = String.raw`
  const { parentPort, workerData } = require("node:worker_threads");
  const { unzipSync, zipSync } = require(workerData.zip);
  const { readSheet } = require(workerData.reader);
  const answer = (message) => parentPort.postMessage(message);

  const unpack = () => {
    let size = 0;
    const parts = unzipSync(workerData.bytes, {
      filter({ name, originalSize }) {
        if (!/\.(xml|rels)$/.test(name)) return false;
        size += originalSize;
        return size <= workerData.maxBytes;
      },
    });
    return size <= workerData.maxBytes ? parts : undefined;
  };

  // A cell whose address is none from A to XFD. The library fills up the row before it.
  const far = /<(?:\w+:)?c\s(?:[^<]*\s)?r\s*=\s*["'](?!(?:[A-Z]{1,2}|[A-W][A-Z]{2}|X[A-E][A-Z]|XF[A-D])\d)/;
  const holdsCells = (part) => {
    const bytes = Buffer.from(part.buffer, part.byteOffset, part.length);
    for (let at = 0; at < bytes.length; ) {
      const last = bytes.length - at <= workerData.maxText;
      const next = last ? bytes.length : bytes.lastIndexOf("<", at + workerData.maxText);
      if (next <= at || far.test(bytes.latin1Slice(at, next))) return false;
      at = next;
    }
    return true;
  };

  // The library does not tell which sheets are hidden.
  const firstVisible = ({ "xl/workbook.xml": part = new Uint8Array() }) => {
    const sheets = Buffer.from(part).toString().match(/<(?:\w+:)?sheet\s[^<]*/g) ?? [];
    const at = sheets.findIndex((sheet) => !/\sstate\s*=\s*["'](?:very)?hidden["']/i.test(sheet));
    return Math.max(at, 0) + 1;
  };

  const read = async () => {
    const parts = unpack();
    if (!parts) return answer({ refused: "size" });
    if (!Object.values(parts).every(holdsCells)) return answer({ refused: "cell" });
    const file = Buffer.from(zipSync(parts, { level: 0 }).buffer);
    const rows = await readSheet(file, firstVisible(parts), { trim: false });
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

// Not in a function: packed as CommonJS it would hide the one that finds this file's place.
const require = createRequire(import.meta.url);

const startWorker = (bytes: Uint8Array): Worker => {
  return new Worker(CODE, {
    eval: true,
    workerData: {
      bytes,
      zip: require.resolve("fflate"),
      reader: require.resolve("read-excel-file/node"),
      maxBytes: MAX_UNPACKED_BYTES,
      maxRows: MAX_ROWS,
      maxText: MAX_TEXT_BYTES,
    },
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    // Nothing of the server is the worker's to see or to write to.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
  });
};

interface Waiting {
  readonly signal: AbortSignal | undefined;
  /** Aborted when the worker has ended. */
  readonly ended: AbortSignal;
  readonly timeoutMs: number;
  /** Whether the process may end meanwhile. */
  readonly background: boolean;
}

const answerOf = async (
  worker: Worker,
  { signal, ended, timeoutMs, background }: Waiting,
): Promise<Answer> => {
  const late = AbortSignal.timeout(timeoutMs);
  const stop = AbortSignal.any([ended, late, ...(signal ? [signal] : [])]);
  try {
    const message = once(worker, "message", { signal: stop });
    // After each beginning to listen, which takes it back.
    if (background) worker.unref();
    // Safe: only the code above answers.
    const [answer] = (await message) as [Answer];
    return answer;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY")
      return { refused: "size" };
    if (stop.aborted && !signal?.aborted) return { refused: late.aborted ? "time" : "content" };
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
  const rounded = Number(cell.toPrecision(15));
  // Rounding takes the noise of 0.30000000000000004 away, but must not make a whole number, which may be an id.
  const exact = Number.isInteger(rounded) ? cell : rounded;
  return String(exact).replace("e", "E");
};

/** The rows of a workbook's first sheet that is not hidden, read in a thread of its own. @throws SheetError */
export async function* xlsxRows(
  source: Source,
  size: number,
  { signal, onProgress, timeoutMs = MAX_MS }: ReadOptions,
): AsyncGenerator<string[]> {
  if (size > MAX_BYTES) throw new SheetError(TOO_LARGE);
  const worker = startWorker(await bytesOf(source));
  const ended = new AbortController();
  worker.once("exit", () => ended.abort());
  // Bytes are sent to a server, which must be able to stop meanwhile. A command waits for its file.
  const waiting = { signal, ended: ended.signal, timeoutMs, background: "bytes" in source };
  try {
    for (let sent = 0, all = 1; sent < all; ) {
      const answer = await answerOf(worker, waiting);
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
