import { createCsvScanner, MAX_ROW_CHARACTERS } from "./csv-scanner.js";
import type { ReadOptions, Source } from "./source.js";
import { encodingOf, textOf } from "./text.js";

const DELIMITERS = [",", "\t", ";"] as const;

/** The most frequent delimiter in the first row that has one outside of quotes. A comma if there is none. */
const delimiterIn = async (texts: AsyncIterable<string>): Promise<string> => {
  const seen = new Map<string, number>(DELIMITERS.map((delimiter) => [delimiter, 0]));
  let quoted = false;
  let length = 0;
  let any = false;
  for await (const text of texts) {
    for (const character of text) {
      length += 1;
      if (character === '"') quoted = !quoted;
      const ends = !quoted && (character === "\n" || character === "\r");
      if ((ends && any) || length > MAX_ROW_CHARACTERS) return mostIn(seen);
      const times = seen.get(character);
      if (times === undefined || quoted) continue;
      seen.set(character, times + 1);
      any = true;
    }
  }
  return mostIn(seen);
};

const mostIn = (seen: ReadonlyMap<string, number>): string =>
  DELIMITERS.reduce<string>((best, one) => ((seen.get(one) ?? 0) > (seen.get(best) ?? 0) ? one : best), ",");

/**
 * The rows of a CSV file.
 * @throws SheetError
 */
export async function* csvRows(
  source: Source,
  { head, size }: { head: Buffer; size: number },
  options: ReadOptions,
): AsyncGenerator<string[]> {
  const encoding = await encodingOf(source, head, options);
  const delimiter = await delimiterIn(textOf(source, encoding, { signal: options.signal }));
  const scanner = createCsvScanner(delimiter);
  for await (const text of textOf(source, encoding, { ...options, size })) yield* scanner.push(text);
  yield* scanner.end();
}
