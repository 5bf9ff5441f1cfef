import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";

/** A file on the disk, or its bytes: it can be read more than once. */
export type Source = { readonly path: string } | { readonly bytes: Uint8Array };

export interface Row {
  /** As the spreadsheet counts: the first is 1, and blank rows count. */
  readonly row: number;
  readonly cells: readonly string[];
  /** The sheet that it is on, in a workbook. */
  readonly sheet?: string;
  /** Whether the workbook hides it. */
  readonly hidden?: true;
  /** Cells of a workbook that do not say for certain what they show, by their index, and why: "is a date". */
  readonly doubts?: ReadonlyMap<number, string>;
}

export interface ReadOptions {
  /** Stops the reading. */
  readonly signal?: AbortSignal | undefined;
  /** Told how much of the file was read, in bytes. */
  readonly onProgress?: ((read: number, size: number) => void) | undefined;
  /** How long the parsing of a workbook may take, in milliseconds; half a minute when absent. */
  readonly timeoutMs?: number | undefined;
  /** Tells the header of the rows that are wanted: of a workbook's sheets, the one with a header is read. */
  readonly isHeader?: ((cells: readonly string[]) => boolean) | undefined;
  /** Told the names of visible sheets that are not blank and are not read. */
  readonly onUnread?: ((sheets: readonly string[]) => void) | undefined;
}

/** A file that is no sheet that can be read. The message is one sentence for the person who has the file. */
export class SheetError extends Error {
  override readonly name = "SheetError";
}

const CHUNK_BYTES = 64 * 1024;

/** What went wrong with the file itself, such as that there is none. */
const asSheetError = (error: unknown): unknown =>
  error instanceof Error && "code" in error && "syscall" in error
    ? new SheetError(`The file cannot be read: ${error.message}.`)
    : error;

async function* chunksOfFile(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal && { signal }) });
  for await (const chunk of stream) {
    // Safe: a stream without an encoding gives buffers.
    yield chunk as Buffer;
  }
}

async function* chunksOfBytes(
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    // Between two chunks the server answers others.
    await setImmediate(undefined, { signal });
    yield bytes.subarray(at, at + CHUNK_BYTES);
  }
}

/** The file in pieces. @throws SheetError when there is no such file */
export async function* chunksOf(
  source: Source,
  { signal }: Pick<ReadOptions, "signal"> = {},
): AsyncGenerator<Uint8Array> {
  try {
    yield* "path" in source ? chunksOfFile(source.path, signal) : chunksOfBytes(source.bytes, signal);
  } catch (error) {
    throw asSheetError(error);
  }
}

/** The file's first bytes and its size. @throws SheetError when there is no such file */
export const headOf = async (source: Source, length: number): Promise<{ head: Buffer; size: number }> => {
  if ("bytes" in source)
    return { head: Buffer.from(source.bytes.subarray(0, length)), size: source.bytes.length };
  try {
    const found = await stat(source.path);
    // To open a pipe is to wait until somebody writes into it, and it can be read only once.
    if (!found.isFile() && !found.isDirectory())
      throw new SheetError("The file cannot be read: it is a pipe or a device, not a file.");
    await using file = await open(source.path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return { head: buffer.subarray(0, bytesRead), size: found.size };
  } catch (error) {
    throw asSheetError(error);
  }
};

/** The whole file. */
export const bytesOf = async (source: Source): Promise<Uint8Array> =>
  "bytes" in source ? source.bytes : readFile(source.path);
