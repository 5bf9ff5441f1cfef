import stringWidth from "string-width";
import type { CommandRun } from "./run.js";

/** Characters that move the cursor, turn the direction of what stands beside them, or cannot be seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const UNSEEN_IN_LINES = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Returns a text as it may be printed: with a mark in the place of each character that could deceive its reader. */
export const shown = (text: string): string => text.replaceAll(UNSEEN, "\uFFFD");
/** The same for a text of several lines. */
export const shownLines = (text: string): string => text.replaceAll(UNSEEN_IN_LINES, "\uFFFD");

/** Formats a value as JSON, in which the same characters are escaped. JSON itself escapes only some of them. */
export const jsonText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(UNSEEN, (character) =>
    Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
      .map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`)
      .join(""),
  );

/** Prints a value as JSON if requested, otherwise as text for people. */
export const print = (
  { io }: CommandRun,
  json: true | undefined,
  value: unknown,
  forPeople: () => string,
): void => {
  io.stdout.write(`${json ? jsonText(value) : shownLines(forPeople())}\n`);
};

/** Prints something that was created: only its id if requested, otherwise like `print`. */
export const printCreated = (
  run: CommandRun,
  { json, quiet }: { json?: true | undefined; quiet?: true | undefined },
  created: { id: string },
  forPeople: () => string,
): void => print(run, quiet ? undefined : json, created, quiet ? () => created.id : forPeople);

/** Prints a list: only the ids, one a line, if requested, otherwise like `print`. */
export const printList = <Item>(
  run: CommandRun,
  { json, quiet }: { json?: true | undefined; quiet?: true | undefined },
  list: readonly Item[],
  { id, forPeople }: { readonly id: (item: Item) => string; readonly forPeople: () => string },
): void => {
  if (!quiet) print(run, json, list, forPeople);
  else run.io.stdout.write(list.map((item) => `${id(item)}\n`).join(""));
};

const PLAIN = /^[ -~]*$/;

/** The number of columns that a text takes. */
const widthOf = (text: string): number => (PLAIN.test(text) ? text.length : stringWidth(text));

/** Formats rows under headers in aligned columns. Chinese characters count as two columns. */
export const table = (
  headers: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string => {
  const lines = [headers, ...rows].map((row) => row.map((cell) => shown(String(cell))));
  const widths = headers.map(() => 0);
  for (const line of lines)
    line.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** Formats `1 room` or `2 rooms`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
