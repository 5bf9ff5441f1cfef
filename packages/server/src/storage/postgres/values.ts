import type { Column } from "drizzle-orm";
import pg from "pg";

/** Converts a value to one that the driver can send. */
export const toPostgres = (value: unknown): unknown => {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.toISOString();
  return value;
};

/** Writes a value of `toPostgres` as a part of a statement. */
export const literal = (value: unknown): string =>
  typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);

const OID = {
  bool: 16,
  int8: 20,
  int2: 21,
  int4: 23,
  numeric: 1700,
  timestamptz: 1184,
  jsonb: 3802,
  bytea: 17,
};

/** The driver's own parser of a type. */
const parserOf = (oid: number): ((text: string) => unknown) =>
  // Safe: the driver declares its parsers without types.
  pg.types.getTypeParser(oid) as (text: string) => unknown;
const parseOtherTime = parserOf(OID.timestamptz);

/** Parses a time like `2026-01-02 03:04:05.678+00`. */
const parseTime = (text: string): unknown =>
  text.endsWith("+00") ? new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`) : parseOtherTime(text);

const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  [OID.bool]: (text) => text === "t",
  [OID.int8]: Number,
  [OID.int2]: Number,
  [OID.int4]: Number,
  [OID.numeric]: Number,
  [OID.timestamptz]: parseTime,
  [OID.jsonb]: (text): unknown => JSON.parse(text),
  [OID.bytea]: parserOf(OID.bytea),
};
const asText = (text: string): string => text;

/** How the driver parses values of the server. Numbers of eight bytes become numbers. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: (oid: number) => parsers[oid] ?? asText,
};

/** Returns the SQL type of a column. */
export const typeOf = (column: Column): "jsonb" | "timestamptz" | "boolean" | "bigint" | "text" | "bytea" => {
  if (column.dataType === "custom") {
    const type = column.getSQLType();
    if (type === "text") return "jsonb";
    if (type === "blob") return "bytea";
    return column.mapFromDriverValue(0) instanceof Date ? "timestamptz" : "boolean";
  }
  return column.dataType === "number" ? "bigint" : "text";
};
