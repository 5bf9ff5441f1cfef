const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** A roster that the server imports, in base64. */
export const rosterOf = (
  people: readonly { readonly userId: string; readonly name: string; readonly role: string }[],
): string => {
  // Names are sent as they are, also those that a spreadsheet would take for a formula.
  const lines = people.map(({ userId, name, role }) => [userId, name, role].map(quoted).join(","));
  const bytes = new TextEncoder().encode(["id,name,role", ...lines, ""].join("\n"));
  return btoa(String.fromCharCode(...bytes));
};
