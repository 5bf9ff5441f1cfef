/** Spreadsheets run a cell that begins like a formula, also after white space and in the wide forms of East Asian input methods. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;

const cellOf = (value: string): string => {
  const harmless = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
};

/** Rows as comma-separated values. A cell that a spreadsheet would run as a formula gets an apostrophe before it. */
export const toCsv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(cellOf).join(",")}\r\n`).join("");

/** Gives a file to the browser. `name` is without its ending. */
export const downloadCsv = (name: string, text: string): void => {
  // The mark tells spreadsheets that the file is UTF-8.
  const url = URL.createObjectURL(new Blob(["\uFEFF", text], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${name}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};
