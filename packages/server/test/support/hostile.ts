import fc from "fast-check";

// Generators of invalid values and invalid requests.

/** Placeholders for JSON that `JSON.stringify` cannot write, and their text in the request. */
const UNWRITABLE: readonly (readonly [string, string])[] = [
  ["@deep-list@", `${"[".repeat(5000)}${"]".repeat(5000)}`],
  ["@deep-object@", `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`],
  ["@huge@", "1e400"],
  ["@long-number@", "9".repeat(400)],
  ["@proto@", '{"__proto__":{"role":"admin"}}'],
  ["@twice@", '{"a":1,"a":2}'],
];

/** Returns JSON text in which the placeholders are replaced. */
export const written = (value: unknown): string =>
  UNWRITABLE.reduce(
    (text, [name, json]) => text.replaceAll(`"${name}"`, json),
    JSON.stringify(value) ?? "null",
  );

const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  { weight: 2, arbitrary: fc.string({ unit: "grapheme" }) },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 20 })
      .map((units) => String.fromCharCode(...units)),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "'; DROP TABLE rooms; --",
      "\u0000",
      "\u202e\u2066",
      "../../../etc/passwd",
      "{{7*7}}",
      "__proto__",
      "constructor",
      "toString",
      "NaN",
      "-0",
      "1e400",
      "0x10",
      "null",
      "undefined",
      "true",
      "٣",
      "１２",
      "İ",
      "ﬀ",
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 60, max: 70_000 }).map((length) => "长".repeat(length)) },
);
const number = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, -1, 0, 0.5, 1e308, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, Number.MIN_VALUE),
);
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null));

/** Any value that is invalid for most fields. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 5 }) },
  { weight: 2, arbitrary: fc.dictionary(text, scalar, { maxKeys: 4 }) },
  { weight: 2, arbitrary: fc.jsonValue() },
  { weight: 3, arbitrary: fc.constantFrom(...UNWRITABLE.map(([name]) => name)) },
);
export const hostileText = text;

/** Changes of an object: a different value of a field, a missing field, or an additional field. */
export const mutations = fc.array(
  fc.record({
    /** The index of the field, modulo their number. The last index stands for an additional field. */
    at: fc.nat(6),
    drop: fc.boolean(),
    value: hostileValue,
    added: fc.oneof(text, fc.constantFrom("__proto__", "constructor", "hasOwnProperty", "ts", "length")),
  }),
  { maxLength: 3 },
);
type Mutations = typeof mutations extends fc.Arbitrary<infer Value> ? Value : never;

export const mutated = (fields: Readonly<Record<string, unknown>>, changes: Mutations): object => {
  const result = new Map(Object.entries(fields));
  for (const { at, drop, value, added } of changes) {
    const names = [...result.keys()];
    const name = names[at % (names.length + 1)] ?? added;
    if (drop) result.delete(name);
    else result.set(name, value);
  }
  return Object.fromEntries(result);
};

/** Damage to the body of a request. Usually none. */
export const spoiling = fc.oneof(
  { weight: 6, arbitrary: fc.constant((body: string): string | Buffer => body) },
  {
    weight: 1,
    arbitrary: fc.nat(300).map(
      (length) =>
        (body: string): string | Buffer =>
          body.slice(0, length),
    ),
  },
  {
    weight: 1,
    arbitrary: text.map(
      (junk) =>
        (body: string): string | Buffer =>
          `${body}${junk}`,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => (): string | Buffer => Buffer.from(bytes)),
  },
  { weight: 1, arbitrary: fc.constant((body: string): string | Buffer => `[${body},${body}]`) },
);

export const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant("application/json") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "application/json; charset=utf-8",
      "application/json; charset=utf-16",
      "APPLICATION/JSON",
      "application/x-www-form-urlencoded",
      "text/plain",
      "application/octet-stream",
      "multipart/form-data; boundary=x",
      "application/jsonp",
      "*/*",
      ";",
    ),
  },
);

/** Raw text to add to a query, which no client writes. */
export const queryJunk = fc.oneof(
  { weight: 6, arbitrary: fc.constant("") },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "&roomId=a&roomId=b",
      "&roomId[]=a",
      "&roomId[__proto__]=a",
      "&__proto__=a&__proto__[x]=y",
      "&constructor=x",
      "&%zz=%",
      "&=&&==&?",
      "&a=%00%ff%fe",
      `&x=${"y".repeat(5000)}`,
      "&batch=1",
      "&batch=1&input=%7B%7D",
      "&input=%5B%5D",
      "&connectionParams=%7B%22a%22:%22b%22%7D",
      "#fragment",
      `${"&a=1".repeat(1500)}`,
    ),
  },
);
