/** Quotes a name of a table, a column or an index for SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Lists columns for SQL. */
export const listOf = (columns: readonly { readonly name: string }[]): string =>
  columns.map(({ name }) => quoted(name)).join(", ");
