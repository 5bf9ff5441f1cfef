/** A text that spreadsheets do not take for a formula. */
const plain = (text: string): string => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Rows as a CSV file. With its byte order mark, spreadsheets in China read it as UTF-8. */
export const csvOf = (rows: readonly (readonly string[])[]): string =>
  `\uFEFF${rows.map((row) => `${row.map((cell) => quoted(plain(cell))).join(",")}\r\n`).join("")}`;

/** A roster that the server imports, in base64. */
export const rosterOf = (
  people: readonly { readonly userId: string; readonly name: string; readonly role: string }[],
): string => {
  const lines = people.map(({ userId, name, role }) => [userId, name, role].map(quoted).join(","));
  const bytes = new TextEncoder().encode(["id,name,role", ...lines, ""].join("\n"));
  return btoa(String.fromCharCode(...bytes));
};
