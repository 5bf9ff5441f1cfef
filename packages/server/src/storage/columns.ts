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

/**
 * What happens to a row that names a person when that person is erased from an exam:
 * - `deleted`: `features/erasure` deletes it, and finds it by person and by its exam or room. That needs no further code.
 * - `removed`: the removal of the person deletes it (`domain/bulk`), because calls must not find it from then on.
 * - `specially`: `features/erasure` has code of its own for the table.
 * - `kept`: the row stays, because it names a person who made or administers something, or because it expires soon.
 */
export type Erased = "deleted" | "removed" | "specially" | "kept";
export const PERSON = Symbol("a column that names a person");
export interface PersonMark<How extends Erased = Erased> {
  /** The column is the person's id, or the login of one of their pages, or contains such texts. */
  readonly as: "id" | "login" | "mention";
  readonly erased: How;
}
export interface PersonColumn<How extends Erased = Erased> {
  readonly [PERSON]: PersonMark<How>;
}
const naming = <Column extends object, How extends Erased>(
  column: Column,
  as: PersonMark["as"],
  erased: How,
): Column & PersonColumn<How> => Object.assign(column, { [PERSON]: { as, erased } });

/** The id of a person. */
export const personId = <How extends Erased>(name: string, erased: How) => naming(text(name), "id", erased);
/** The login of a page of a person: see `domain/messages.ts`. */
export const personLogin = <How extends Erased>(name: string, erased: How) =>
  naming(text(name), "login", erased);
/** Says that the texts or the JSON of a column contain ids or logins of people. */
export const mentions = <Column extends object, How extends Exclude<Erased, "deleted">>(
  column: Column,
  erased: How,
) => naming(column, "mention", erased);

export { integer, text };
