import stringWidth from "string-width";
import type { CommandRun } from "./run.js";

/** Prints a value as JSON if requested, otherwise as text for people. */
export const print = (
  { io }: CommandRun,
  json: true | undefined,
  value: unknown,
  forPeople: () => string,
): void => {
  io.stdout.write(`${json ? JSON.stringify(value) : forPeople()}\n`);
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

/** Replaces control characters, which could move the cursor. */
const cellOf = (value: string | number): string => String(value).replaceAll(/\p{Cc}/gu, " ");

const PLAIN = /^[ -~]*$/;

/** The number of columns that a text takes. */
const widthOf = (text: string): number => (PLAIN.test(text) ? text.length : stringWidth(text));

/** Formats rows under headers in aligned columns. Chinese characters count as two columns. */
export const table = (
  headers: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string => {
  const lines = [headers, ...rows].map((row) => row.map(cellOf));
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
