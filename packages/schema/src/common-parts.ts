import { z } from "zod";
import type { JsonObject } from "./json.js";

/** Whether UTF-8 and every supported database can store the text unchanged. */
export const isStorable = (value: string): boolean => value.isWellFormed() && !value.includes("\u0000");
export const NOT_STORABLE = "must not contain U+0000 or a lone surrogate";

/** The size of a text in UTF-8, in bytes. */
export const utf8Length = (value: string): number => {
  let bytes = 0;
  for (const { length, 0: unit = "" } of value)
    bytes += length === 2 ? 4 : unit < "\u0080" ? 1 : unit < "\u0800" ? 2 : 3;
  return bytes;
};

/** A text that is stored and returned byte for byte. `max` counts UTF-16 code units. */
export const verbatimText = (min: number, max: number) =>
  z
    .string()
    .min(min, "must not be empty")
    .max(max, `must be at most ${max} characters`)
    .refine(isStorable, NOT_STORABLE);

/**
 * A name or title: trimmed, 1 to `max` UTF-16 code units, on one line and without control characters, which a
 * terminal could interpret.
 */
export const label = (max: number) =>
  z
    .string()
    .trim()
    .min(1, "must not be empty")
    .max(max, `must be at most ${max} characters`)
    .refine(isStorable, NOT_STORABLE)
    .refine((value) => !/\p{Cc}/u.test(value), "must not contain control characters");

/**
 * Converts an id that was sent as a number to text. Returns other values unchanged, for the next schema to
 * validate.
 */
export const numberAsText = (value: string): unknown => {
  const sent: unknown = value;
  return typeof sent === "number" && Number.isSafeInteger(sent) ? String(sent) : sent;
};

/** Converts a whole number that was sent as text (`"10"`) to a number. */
const textAsNumber = (value: number): unknown => {
  const sent: unknown = value;
  return typeof sent === "string" && /^\s*-?\d{1,16}\s*$/.test(sent) ? Number(sent) : sent;
};

/**
 * An id in a request: 1 to 128 characters. Numbers are converted to text. The procedure checks whether the id
 * exists.
 */
export const idSchema = z.preprocess(numberAsText, label(128));

/** A whole number between two bounds, inclusive. Text such as `"10"` is accepted. */
export const wholeNumber = (min: number, max: number) =>
  z.preprocess(
    textAsNumber,
    z.int("must be a whole number").min(min, `must be at least ${min}`).max(max, `must be at most ${max}`),
  );

/** An optional field. `null` and `""` count as absent, because the vendor's clients send them. */
export const optional = <T extends z.ZodType>(schema: T) =>
  z
    .preprocess(
      (value: z.input<T> | null) => (value === null || value === "" ? undefined : value),
      schema.optional(),
    )
    .optional();

/** An optional field with a default, which documents name. */
export const withDefault = <T extends z.ZodType>(schema: T, byDefault: z.output<T>) =>
  optional(schema)
    .transform((value) => value ?? byDefault)
    .meta({ default: byDefault });

/**
 * A list whose length is checked before its elements are parsed, so that an excessively long list is cheap to
 * refuse.
 */
export const boundedList = <T extends z.ZodType>(
  element: T,
  max: number,
  message = `must be at most ${max}`,
) =>
  z
    .custom<z.input<T>[]>((value) => !Array.isArray(value) || value.length <= max, {
      message,
      abort: true,
    })
    .pipe(z.array(element).min(1, "must not be empty"));

/** The first date that the API accepts. */
export const FIRST_INSTANT = new Date(0);
/** The last date that the API accepts: in the year 9999 in every time zone, because not every database and text has later years. */
export const LAST_INSTANT = new Date("9999-12-31T00:00:00Z");

/** A date between 1970 and 9999, which field sentences need not say. */
export const instantSchema = z
  .date({ error: ({ input }) => (input === undefined ? "is required" : "must be a date") })
  .min(FIRST_INSTANT, "must not be before 1970")
  .max(LAST_INSTANT, "must not be after 9999");

/** The same in whole seconds since 1970, for times that others send as numbers. */
export const secondsSchema = wholeNumber(FIRST_INSTANT.getTime() / 1000, LAST_INSTANT.getTime() / 1000);

const MAX_JSON_DEPTH = 32;
/** Property names with a special meaning in JavaScript, which not every client can receive safely. */
const RESERVED_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Returns what is wrong with a JSON object or list, or undefined. `notJson` is the message for values that
 * JSON cannot represent. The traversal is iterative, so deep nesting cannot overflow the stack.
 */
export const jsonFault = (root: object, notJson = "must be JSON"): string | undefined => {
  const open = [{ value: root, depth: 1 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (depth > MAX_JSON_DEPTH) return `must not be nested deeper than ${MAX_JSON_DEPTH} levels`;
    const prototype = Object.getPrototypeOf(value) as object | null;
    const plain = Array.isArray(value) || prototype === Object.prototype || prototype === null;
    if (!plain) return notJson;
    // Safe: the values of an object are of any type.
    for (const [key, child] of Object.entries(value) as [string, unknown][]) {
      if (RESERVED_KEYS.has(key)) return `must not use the name '${key}'`;
      switch (typeof child) {
        case "string":
        case "boolean":
          break;
        case "number":
          if (!Number.isFinite(child)) return "must contain only finite numbers";
          break;
        case "object":
          if (child !== null) open.push({ value: child, depth: depth + 1 });
          break;
        default:
          return notJson;
      }
    }
  }
  return undefined;
};

const NOT_AN_OBJECT = "must be a JSON object";
const jsonObjectFault = (value: unknown): string | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? jsonFault(value, NOT_AN_OBJECT)
    : NOT_AN_OBJECT;

/**
 * A JSON object that is kept unchanged: at most 32 levels deep, without property names that JavaScript
 * reserves.
 */
export const jsonObjectSchema = z
  .custom<JsonObject>((value) => jsonObjectFault(value) === undefined, {
    error: ({ input }) => jsonObjectFault(input),
  })
  // What documents show of it.
  .meta({ type: "object" });
