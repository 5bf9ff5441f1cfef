import { customType, integer, text } from "drizzle-orm/sqlite-core";

// A column says what it holds, and an engine how it keeps that.

/** A moment, to the millisecond. */
export const time = customType<{ data: Date; driverData: unknown; config: never }>({
  dataType: () => "integer",
  toDriver: (value) => (value instanceof Date ? value.getTime() : value),
  fromDriver: (value) => (value instanceof Date ? value : new Date(Number(value))),
});

/** True or false. */
export const flag = customType<{ data: boolean; driverData: unknown; config: never }>({
  dataType: () => "integer",
  toDriver: (value) => Number(value),
  fromDriver: (value) => value === true || value === 1,
});

const jsonColumn = customType<{ data: unknown; driverData: unknown; config: never }>({
  dataType: () => "text",
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value): unknown => (typeof value === "string" ? JSON.parse(value) : value),
});
/** A small value of our own, kept as JSON. */
export const json = <Value>(name?: string) =>
  // Safe: what is read is what was written, which had this type.
  (name === undefined ? jsonColumn() : jsonColumn(name)).$type<Value>();

export { integer, text };
