import { pipeline } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { type ReadOptions, SheetError, type Source } from "./source.js";
import { encodingOf, textOf } from "./text.js";

const DELIMITERS = [",", "\t", ";"] as const;
/** A row is as long as this at most, in characters: a quote that is never closed must not gather the whole file. */
const MAX_ROW = 64 * 1024;

/** The delimiter that is most often in the header, outside of quotes; a comma when there is none. */
const delimiterIn = async (texts: AsyncIterable<string>): Promise<string> => {
  const seen = new Map<string, number>(DELIMITERS.map((delimiter) => [delimiter, 0]));
  let quoted = false;
  let length = 0;
  for await (const text of texts) {
    for (const character of text) {
      length += 1;
      if (character === '"') quoted = !quoted;
      const ends = !quoted && (character === "\n" || character === "\r");
      if (ends || length > MAX_ROW) return mostIn(seen);
      const times = seen.get(character);
      if (times !== undefined && !quoted) seen.set(character, times + 1);
    }
  }
  return mostIn(seen);
};

const mostIn = (seen: ReadonlyMap<string, number>): string =>
  DELIMITERS.reduce<string>((best, one) => ((seen.get(one) ?? 0) > (seen.get(best) ?? 0) ? one : best), ",");

const REASONS: Partial<Record<CsvError["code"], string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is not closed",
  CSV_MAX_RECORD_SIZE: "it is too long, or a quote is not closed",
  CSV_INVALID_CLOSING_QUOTE: "something follows a closing quote",
  INVALID_OPENING_QUOTE: "a quote stands inside of a text that is not quoted",
};

/** The rows of a CSV file. @throws SheetError */
export async function* csvRows(
  source: Source,
  { head, size }: { head: Buffer; size: number },
  options: ReadOptions,
): AsyncGenerator<string[]> {
  const encoding = await encodingOf(source, head, options);
  const delimiter = await delimiterIn(textOf(source, encoding, { signal: options.signal }));
  const parser = parse({
    delimiter,
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
    max_record_size: MAX_ROW,
  });
  // What goes wrong comes out of the parser.
  pipeline(textOf(source, encoding, { ...options, size }), parser, () => undefined);
  try {
    // Safe: the parser gives texts, as it is told of neither columns nor casts.
    for await (const record of parser) yield record as string[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new SheetError(
      `Row ${parser.info.records + 1} cannot be read: ${REASONS[error.code] ?? error.message}.`,
    );
  }
}
