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

/** Rows under headers, in columns as wide as their widest cell; Chinese characters count twice. */
export const table = (
  headers: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string => {
  const lines = [headers, ...rows].map((row) => row.map(String));
  const widths = headers.map((_, column) =>
    Math.max(...lines.map((line) => stringWidth(line[column] ?? ""))),
  );
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
