import stringWidth from "string-width";

/** Writes JSON for programs where that was asked for, else what is for people. */
export const print = (json: true | undefined, value: unknown, forPeople: () => string): void => {
  process.stdout.write(`${json ? JSON.stringify(value) : forPeople()}\n`);
};

/** The same for something that was made: its id alone where that was asked for. */
export const printMade = (
  { json, quiet }: { json?: true | undefined; quiet?: true | undefined },
  made: { id: string },
  forPeople: () => string,
): void => print(quiet ? undefined : json, made, quiet ? () => made.id : forPeople);

/** A cell in one line: a control character would move the cursor. */
const cellOf = (value: string | number): string => String(value).replaceAll(/\p{Cc}/gu, " ");

/** Rows under headers, in columns as wide as their widest cell; Chinese characters count twice. */
export const table = (
  headers: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string => {
  const lines = [headers, ...rows].map((row) => row.map(cellOf));
  const widths = headers.map(() => 0);
  for (const line of lines)
    line.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
    });
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - stringWidth(cell)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

/** `1 room`, `2 rooms`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;
