import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { isSystemError, reasonOfSystem } from "../../platform/system-errors.js";

/** A file on disk or its bytes. It can be read more than once. */
export type Source = { readonly path: string } | { readonly bytes: Uint8Array };

export interface Row {
  /** The row number in the spreadsheet, from 1. Blank rows count. */
  readonly row: number;
  readonly cells: readonly string[];
  /** The name of the workbook's sheet. */
  readonly sheet?: string;
  readonly hidden?: true;
  /** Cells whose displayed value is ambiguous, by their index, with the reason: "is a date". */
  readonly ambiguities?: ReadonlyMap<number, string>;
  /** The indices of cells of the workbook that hold numbers, and not text. */
  readonly numbers?: readonly number[];
}

export interface ReadOptions {
  /** Aborts reading. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the number of bytes that were read. */
  readonly onProgress?: ((read: number, size: number) => void) | undefined;
  /** The time limit for parsing a workbook, in milliseconds. Default: 30 seconds. */
  readonly timeoutMs?: number | undefined;
  /** Recognizes the header row. Of a workbook's sheets, the one with a header is read. */
  readonly isHeader?: ((cells: readonly string[]) => boolean) | undefined;
  /** Receives the names of visible sheets that are not blank and were not read. */
  readonly onUnread?: ((sheets: readonly string[]) => void) | undefined;
}

/** The file is not a readable sheet. The message is one sentence for the person who has the file. */
export class SheetError extends Error {
  override readonly name = "SheetError";
}

const CHUNK_BYTES = 64 * 1024;

/** Converts an error of the file system, such as a missing file. */
const asSheetError = (error: unknown, source: Source): unknown => {
  if (!isSystemError(error)) return error;
  const file = "path" in source ? `The file ${source.path}` : "The file";
  return new SheetError(`${file} cannot be read: ${reasonOfSystem(error)}.`);
};

async function* chunksOfFile(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const stream = createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal && { signal }) });
  for await (const chunk of stream) {
    // Safe: a stream without an encoding yields buffers.
    yield chunk as Buffer;
  }
}

async function* chunksOfBytes(
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    // Other tasks may run between chunks.
    await setImmediate(undefined, { signal });
    yield bytes.subarray(at, at + CHUNK_BYTES);
  }
}

/**
 * The content of the file in chunks.
 * @throws SheetError if there is no such file
 */
export async function* chunksOf(
  source: Source,
  { signal }: Pick<ReadOptions, "signal"> = {},
): AsyncGenerator<Uint8Array> {
  try {
    yield* "path" in source ? chunksOfFile(source.path, signal) : chunksOfBytes(source.bytes, signal);
  } catch (error) {
    throw asSheetError(error, source);
  }
}

/**
 * The first bytes of the file, and its size.
 * @throws SheetError if there is no such file
 */
export const headOf = async (source: Source, length: number): Promise<{ head: Buffer; size: number }> => {
  if ("bytes" in source)
    return { head: Buffer.from(source.bytes.subarray(0, length)), size: source.bytes.length };
  try {
    const found = await stat(source.path);
    // Opening a pipe would block until there is a writer, and a pipe can be read only once.
    if (!found.isFile() && !found.isDirectory())
      throw new SheetError("The file cannot be read: it is a pipe or a device, not a file.");
    await using file = await open(source.path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return { head: buffer.subarray(0, bytesRead), size: found.size };
  } catch (error) {
    throw asSheetError(error, source);
  }
};

export const bytesOf = async (source: Source): Promise<Uint8Array> =>
  "bytes" in source ? source.bytes : readFile(source.path);
