import { customType, integer, text } from "drizzle-orm/sqlite-core";

// Column types that do not depend on the database. Each dialect decides how to store them.

/** A time with millisecond precision. */
export const time = customType<{ data: Date; driverData: unknown; config: never }>({
  dataType: () => "integer",
  toDriver: (value) => value,
  fromDriver: (value) => (value instanceof Date ? value : new Date(Number(value))),
});

export const flag = customType<{ data: boolean; driverData: unknown; config: never }>({
  dataType: () => "integer",
  toDriver: (value) => value,
  fromDriver: (value) => value === true || value === 1,
});

const jsonColumn = customType<{ data: unknown; driverData: unknown; config: never }>({
  dataType: () => "text",
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value): unknown => (typeof value === "string" ? JSON.parse(value) : value),
});
/** A small value, stored as JSON. */
export const json = <Value>(name?: string) =>
  // Safe: only values of this type are written.
  (name === undefined ? jsonColumn() : jsonColumn(name)).$type<Value>();

/** A binary value. */
export const bytes = customType<{ data: Uint8Array; driverData: unknown; config: never }>({
  dataType: () => "blob",
});

export { integer, text };
