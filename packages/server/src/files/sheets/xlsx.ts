import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { PACKAGE_ROOT } from "../../platform/package-root.js";
import { plugAndPlayHooks } from "../../platform/plug-and-play.js";
import { quoted } from "./quoted.js";
import { bytesOf, type ReadOptions, type Row, SheetError, type Source } from "./source.js";
import { MAX_FILE_BYTES, MAX_ROWS, MAX_SHEETS } from "./workbook/limits.js";
import type {
  Answer,
  Refusal,
  RowsAnswer,
  RowsWanted,
  SheetSummary,
  ThreadData,
} from "./workbook/messages.js";

/** The memory limits of the worker. The unpacked parts, at most 128 MiB, come on top. */
const HEAP = { maxOldGenerationSizeMb: 384, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/** The time limit for parsing: ten times what the largest accepted workbook takes on one slow core. */
const PARSE_MS = 30_000;

const TOO_LARGE = `The workbook is too large: at most ${MAX_ROWS} rows can be read, including empty ones. Save the sheet as CSV.`;
const REFUSALS: Readonly<Record<Refusal, string>> = {
  size: TOO_LARGE,
  sheets: `The workbook has more than ${MAX_SHEETS} sheets. Save the sheet of people as CSV.`,
  rows: TOO_LARGE,
  cell: "A cell of the workbook is longer than 32,767 characters, or farther right than column XFD.",
  time: "The workbook takes too long to read. Save the sheet as CSV.",
  content: "The file is not an XLSX workbook that can be read.",
};

/** The compiled worker, which is also used when this module runs from its source or packed. */
const WORKER = new URL("dist/files/sheets/workbook/worker.js", PACKAGE_ROOT);

const startWorker = (bytes: Uint8Array): Worker =>
  new Worker(WORKER, {
    workerData: { bytes } satisfies ThreadData,
    // A harmful file affects only the worker.
    resourceLimits: HEAP,
    // The worker has no access to the server's environment and output.
    env: {},
    execArgv: [...plugAndPlayHooks()],
    stdout: true,
    stderr: true,
  });

/** The conversation with a worker that reads one workbook. */
const createWorkbookReader = (
  worker: Worker,
  {
    signal,
    timeoutMs,
    background,
  }: { signal: AbortSignal | undefined; timeoutMs: number; background: boolean },
) => {
  const ended = new AbortController();
  worker.once("exit", () => ended.abort());

  const receive = async (): Promise<Answer | RowsAnswer> => {
    const late = AbortSignal.timeout(timeoutMs);
    const stop = AbortSignal.any([ended.signal, late, ...(signal ? [signal] : [])]);
    try {
      const message = once(worker, "message", { signal: stop });
      // Adding a listener refs the worker again.
      if (background) worker.unref();
      // Safe: only the worker's own code sends messages.
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
    requestRows: (wanted: RowsWanted): void => worker.postMessage(wanted),
    /**
     * Waits for the next message.
     * @throws SheetError, and the reason of the caller's signal
     */
    async nextMessage(): Promise<Answer | RowsAnswer> {
      const answer = await receive();
      if ("refused" in answer) throw new SheetError(REFUSALS[answer.refused]);
      return answer;
    },
  };
};

const sheetNames = (sheets: readonly SheetSummary[]): string =>
  sheets.map(({ name }) => quoted(name)).join(" and ");

/**
 * Chooses the sheet with a header, or the first if none has one.
 * @throws SheetError if several have one
 */
const chooseSheet = (sheets: readonly SheetSummary[], { isHeader, onUnread }: ReadOptions): number => {
  const first = sheets.length > 0 ? 0 : -1;
  if (!isHeader) return first;
  const matching = sheets.filter(({ head }) => head.some(isHeader));
  if (matching.length > 1)
    throw new SheetError(
      `Several sheets of the workbook contain people: ${sheetNames(matching)}. Combine them, or hide the others.`,
    );
  const found = matching[0] ? sheets.indexOf(matching[0]) : first;
  const unread = sheets.filter((_, index) => index !== found);
  if (unread.length > 0) onUnread?.(unread.map(({ name }) => name));
  return found;
};

/**
 * The rows of a workbook's sheet, read in a worker. Blank rows are omitted.
 * @throws SheetError
 */
export async function* xlsxRows(source: Source, size: number, options: ReadOptions): AsyncGenerator<Row> {
  const { signal, onProgress, timeoutMs = PARSE_MS } = options;
  if (size > MAX_FILE_BYTES) throw new SheetError(TOO_LARGE);
  const worker = startWorker(await bytesOf(source));
  // Bytes come from a request to a server, which must be able to stop during the read. A command waits for
  // its file.
  const reader = createWorkbookReader(worker, { signal, timeoutMs, background: "bytes" in source });
  try {
    const answer = await reader.nextMessage();
    const sheets = "sheets" in answer ? answer.sheets : [];
    const sheet = chooseSheet(sheets, options);
    const { name, rows: all } = sheets[sheet] ?? { name: "", rows: 0 };
    onProgress?.(all === 0 ? size : 0, size);
    for (let sent = 0; sent < all; ) {
      reader.requestRows({ sheet, from: sent });
      const batch = await reader.nextMessage();
      const rows = "rows" in batch ? batch.rows : [];
      for (const { ambiguities, ...row } of rows)
        yield { ...row, sheet: name, ...(ambiguities && { ambiguities: new Map(ambiguities) }) };
      if (rows.length === 0) break;
      sent += rows.length;
      onProgress?.(Math.round((size * sent) / all), size);
    }
  } finally {
    await worker.terminate();
  }
}
