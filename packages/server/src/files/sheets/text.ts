import { chunksOf, type ReadOptions, SheetError, type Source } from "./source.js";

type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "gb18030";

/**
 * The text of the file, without its byte order mark.
 * @throws TypeError if the content is not in this encoding
 */
export async function* textOf(
  source: Source,
  encoding: Encoding,
  { signal, onProgress, size = 0 }: ReadOptions & { size?: number } = {},
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let read = 0;
  for await (const chunk of chunksOf(source, { signal })) {
    yield decoder.decode(chunk, { stream: true });
    read += chunk.length;
    onProgress?.(read, size);
  }
  yield decoder.decode();
}

/**
 * Whether the whole file is text in this encoding.
 * @throws SheetError for U+0000, which no sheet contains
 */
const isEncodedAs = async (source: Source, encoding: Encoding, options: ReadOptions): Promise<boolean> => {
  try {
    for await (const text of textOf(source, encoding, { signal: options.signal }))
      if (text.includes("\u0000"))
        throw new SheetError("The file is not text: it contains U+0000. Save it as CSV UTF-8 or XLSX.");
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
};

/** The encoding of the byte order mark, which spreadsheet programs write for "Unicode text". */
const byteOrderMark = (head: Buffer): Encoding | undefined => {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  return undefined;
};

/**
 * Detects the encoding of a text file by decoding it: UTF-16 with a byte order mark, UTF-8, or GB18030, which
 * spreadsheet programs in China write.
 * @throws SheetError for any other encoding
 */
export const encodingOf = async (source: Source, head: Buffer, options: ReadOptions): Promise<Encoding> => {
  const mark = byteOrderMark(head);
  for (const encoding of mark ? [mark] : (["utf-8", "gb18030"] as const))
    if (await isEncodedAs(source, encoding, options)) return encoding;
  throw new SheetError("The file is not text in UTF-8, UTF-16 or GB18030. Save it as CSV UTF-8 or XLSX.");
};
