import type { Column } from "drizzle-orm";

type Columns = Readonly<Record<string, Column>>;
/** A row with these columns, as Drizzle types it. */
export type RowOf<Of extends Columns> = {
  [Name in keyof Of]: Of[Name]["_"]["data"] | (Of[Name]["_"]["notNull"] extends true ? never : null);
};

/**
 * Makes the function that reads a row of `values()`, whose query selects exactly these columns in this order. It reads what `all()`
 * reads; Drizzle finds out anew for every value of every row what kind of field it is.
 */
export const rowReader = <Of extends Columns>(columns: Of): ((values: readonly unknown[]) => RowOf<Of>) => {
  const fields = Object.entries(columns);
  return (values) => {
    const row: Record<string, unknown> = {};
    for (let index = 0; index < fields.length; index++) {
      const [name, column] = fields[index] as (typeof fields)[number];
      const value = values[index];
      row[name] = value === null ? null : column.mapFromDriverValue(value);
    }
    // Safe: each column has read its own value.
    return row as RowOf<Of>;
  };
};
