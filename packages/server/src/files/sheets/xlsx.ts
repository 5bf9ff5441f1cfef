import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { PACKAGE_ROOT } from "../../platform/package-root.js";
import { plugAndPlayHooks } from "../../platform/plug-and-play.js";
import { quoted } from "./quoted.js";
import { bytesOf, type ReadOptions, type Row, SheetError, type Source } from "./source.js";
import { MAX_FILE_BYTES, MAX_ROWS } from "./workbook/limits.js";
import type { Answer, Refusal, RowsAnswer, RowsWanted, SheetSummary } from "./workbook/messages.js";

/** What the thread may take of memory. The parts that it unpacks come on top, 128 MiB at most. */
const HEAP = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/** How long parsing may take: ten times what the largest workbook that is taken needs on one slow core. */
const PARSE_MS = 30_000;

const TOO_LARGE = `The workbook is too large: at most ${MAX_ROWS} rows can be read, empty ones included. Save the sheet as CSV.`;
const REFUSALS: Readonly<Record<Refusal, string>> = {
  size: TOO_LARGE,
  rows: TOO_LARGE,
  cell: "A cell of the workbook is longer than 32,767 characters, or farther right than column XFD.",
  time: "The workbook takes too long to read. Save the sheet as CSV.",
  content: "The file is not an XLSX workbook that can be read.",
};

/** The compiled thread, also when this runs from its source or packed. */
const WORKER = new URL("dist/files/sheets/workbook/worker.js", PACKAGE_ROOT);

const startWorker = (bytes: Uint8Array): Worker =>
  new Worker(WORKER, {
    workerData: { bytes },
    // Whatever the file does to it, the thread alone ends.
    resourceLimits: HEAP,
    // Nothing of the server is the thread's to see or to write to.
    env: {},
    execArgv: [...plugAndPlayHooks()],
    stdout: true,
    stderr: true,
  });

/** A thread that reads one workbook. */
interface Reading {
  /** @throws SheetError, and what the caller's signal says */
  next(): Promise<Answer | RowsAnswer>;
  ask(wanted: RowsWanted): void;
}

const readingOf = (
  worker: Worker,
  {
    signal,
    timeoutMs,
    background,
  }: { signal: AbortSignal | undefined; timeoutMs: number; background: boolean },
): Reading => {
  const ended = new AbortController();
  worker.once("exit", () => ended.abort());

  const receive = async (): Promise<Answer | RowsAnswer> => {
    const late = AbortSignal.timeout(timeoutMs);
    const stop = AbortSignal.any([ended.signal, late, ...(signal ? [signal] : [])]);
    try {
      const message = once(worker, "message", { signal: stop });
      // After each beginning to listen, which takes it back.
      if (background) worker.unref();
      // Safe: only the thread's own code answers.
      const [answer] = (await message) as [Answer | RowsAnswer];
      return answer;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY")
        return { refused: "size" };
      if (stop.aborted && !signal?.aborted) return { refused: late.aborted ? "time" : "content" };
      throw error;
    }
  };
  return {
    ask: (wanted) => worker.postMessage(wanted),
    async next() {
      const answer = await receive();
      if ("refused" in answer) throw new SheetError(REFUSALS[answer.refused]);
      return answer;
    },
  };
};

const named = (sheets: readonly SheetSummary[]): string =>
  sheets.map(({ name }) => quoted(name)).join(" and ");

/** The sheet that is meant: the one with a header or, where none has one, the first. @throws SheetError when several have one */
const chosen = (sheets: readonly SheetSummary[], { isHeader, onUnread }: ReadOptions): number => {
  const first = sheets.length > 0 ? 0 : -1;
  if (!isHeader) return first;
  const fitting = sheets.filter(({ head }) => head.some(isHeader));
  if (fitting.length > 1)
    throw new SheetError(
      `More than one sheet of the workbook holds people: ${named(fitting)}. Put them into one, or hide the others.`,
    );
  const found = fitting[0] ? sheets.indexOf(fitting[0]) : first;
  const unread = sheets.filter((_, index) => index !== found);
  if (unread.length > 0) onUnread?.(unread.map(({ name }) => name));
  return found;
};

/** The rows of a workbook's sheet, read in a thread of its own. Those that are blank are left out. @throws SheetError */
export async function* xlsxRows(source: Source, size: number, options: ReadOptions): AsyncGenerator<Row> {
  const { signal, onProgress, timeoutMs = PARSE_MS } = options;
  if (size > MAX_FILE_BYTES) throw new SheetError(TOO_LARGE);
  const worker = startWorker(await bytesOf(source));
  // Bytes are sent to a server, which must be able to stop meanwhile. A command waits for its file.
  const reading = readingOf(worker, { signal, timeoutMs, background: "bytes" in source });
  try {
    const answer = await reading.next();
    const sheets = "sheets" in answer ? answer.sheets : [];
    const sheet = chosen(sheets, options);
    const { name, rows: all } = sheets[sheet] ?? { name: "", rows: 0 };
    onProgress?.(all === 0 ? size : 0, size);
    for (let sent = 0; sent < all; ) {
      reading.ask({ sheet, from: sent });
      const batch = await reading.next();
      const rows = "rows" in batch ? batch.rows : [];
      for (const { doubts, ...row } of rows)
        yield { ...row, sheet: name, ...(doubts && { doubts: new Map(doubts) }) };
      if (rows.length === 0) break;
      sent += rows.length;
      onProgress?.(Math.round((size * sent) / all), size);
    }
  } finally {
    await worker.terminate();
  }
}
