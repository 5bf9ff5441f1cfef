import { describe, expect, it } from "vitest";
import { z } from "zod";
import { encoderOf } from "./encode.js";

const flag = z.codec(z.literal([0, 1]), z.boolean(), {
  decode: (number) => number === 1,
  encode: (value) => (value ? 1 : 0),
});

describe("an encoder produces the same result as zod", () => {
  const cases: [name: string, schema: z.ZodType, value: unknown][] = [
    ["fields that no schema names: not at all", z.object({ a: z.string() }), { b: 1, a: "x" }],
    [
      "fields without a schema between others",
      z.object({ a: z.string(), c: z.string() }),
      { a: "x", b: 1, c: "y" },
    ],
    [
      "plain fields in the order of the schema",
      z.object({ a: z.string(), b: z.string() }),
      { b: "y", a: "x" },
    ],
    ["what is there of plain fields", z.object({ a: z.string(), b: z.string().optional() }), { a: "x" }],
    ["a plain field that is undefined", z.object({ a: z.string().optional() }), { a: undefined }],
    ["fields in the order of the schema", z.object({ a: z.string(), b: flag }), { b: true, a: "x" }],
    ["a field that is not there", z.object({ a: flag.optional() }), {}],
    ["null where it may be", z.object({ a: flag.nullable(), b: flag.nullable() }), { a: null, b: true }],
    ["lists", z.array(z.array(flag)), [[true], [], [false, true]]],
    [
      "codecs of codecs",
      z.codec(z.object({ x: flag }), z.array(flag), {
        decode: ({ x }): (0 | 1)[] => [x ? 1 : 0],
        encode: ([x]) => ({ x: x === 1 }),
      }),
      [true],
    ],
    [
      "a codec of objects with fields of any name",
      z.codec(z.array(z.string()), z.object({}).catchall(flag), {
        decode: () => ({}),
        encode: (values) => Object.entries(values).map(([name, value]) => `${name} ${String(value)}`),
      }),
      { a: true },
    ],
    ["one of several", z.union([z.string(), flag]), true],
    ["records", z.record(z.string(), flag), { a: true }],
    ["what a check changes", z.object({ a: z.string().trim() }), { a: " x " }],
    ["objects with fields of any name", z.object({ a: flag }).catchall(flag), { a: true, b: false }],
    ["times", z.date(), new Date(0)],
  ];

  it.each(cases)("%s", (_, schema, value) => {
    const json = JSON.stringify(z.encode(schema, value));
    expect(JSON.stringify(encoderOf(schema)(value))).toBe(json);
  });

  it("does not copy values that need no conversion", () => {
    const sent = { a: "x", b: 1 };
    expect(encoderOf(z.object({ a: z.string(), b: z.int() }))(sent)).toBe(sent);
  });

  it("throws if a codec throws", () => {
    const never = z.codec(z.string(), z.string(), {
      decode: (text) => text,
      encode(text, context) {
        context.issues.push({ code: "custom", input: text, message: "no" });
        return text;
      },
    });
    expect(() => encoderOf(never)("x")).toThrow(z.core.$ZodError);
  });
});
