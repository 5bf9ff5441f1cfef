import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { doneSchema, pageSizeSchema, userIdSchema } from "./common.js";
import {
  idSchema,
  instantSchema,
  jsonObjectSchema,
  label,
  optional,
  verbatimText,
  wholeNumber,
} from "./common-parts.js";

/** What a schema says is wrong with a value; undefined when it takes it. */
const faultOf = (schema: z.ZodType, value: unknown): string | undefined => {
  const parsed = schema.safeParse(value);
  return parsed.success ? undefined : (parsed.error.issues[0]?.message ?? "");
};
const takes = (schema: z.ZodType, value: unknown): boolean => faultOf(schema, value) === undefined;

const HALF_PAIR = "a\uD83D";
const NUL = "a\u0000b";

describe("texts", () => {
  it("label trims, then measures", () => {
    expect(label(3).parse("  abc\t")).toBe("abc");
    expect(faultOf(label(3), "abcd")).toBe("must be at most 3 characters");
    expect(faultOf(label(3), "   ")).toBe("must not be empty");
    for (const sly of ["a\nb", "a\u001b[2J", "a\u0085b", "a\tb"])
      expect(faultOf(label(9), sly)).toBe("must not contain control characters");
  });

  it("verbatimText changes nothing", () => {
    expect(verbatimText(1, 9).parse("  a\r\n ")).toBe("  a\r\n ");
    expect(faultOf(verbatimText(1, 9), "")).toBe("must not be empty");
    expect(verbatimText(0, 9).parse("")).toBe("");
    expect(takes(verbatimText(1, 9), "123456789")).toBe(true);
    expect(takes(verbatimText(1, 9), "1234567890")).toBe(false);
  });

  it.each([
    ["label", label(9)],
    ["verbatimText", verbatimText(1, 9)],
    ["idSchema", idSchema],
  ])("%s refuses what a database cannot keep, and takes whole surrogate pairs", (_, schema) => {
    expect(faultOf(schema, HALF_PAIR)).toMatch(/surrogate/);
    expect(faultOf(schema, NUL)).toMatch(/U\+0000/);
    expect(schema.parse("a😀学")).toBe("a😀学");
  });
});

describe("ids", () => {
  it("takes ids sent as numbers", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (id) => {
        expect(idSchema.parse(id)).toBe(String(id));
      }),
    );
  });

  it("is 1 to 128 characters after trimming", () => {
    expect(idSchema.parse(` ${"x".repeat(128)} `)).toBe("x".repeat(128));
    for (const bad of ["x".repeat(129), "", "  ", 1.5, Number.NaN, 2 ** 53, true, null, {}, ["x"]])
      expect(takes(idSchema, bad)).toBe(false);
  });

  it("takes as a user id 1 to 61 letters, digits, '_', '-' and '.'", () => {
    for (const good of ["t1", "A.b-c_9", "x".repeat(61), "xpc_1", "PC_1", "pc1", "x_pc1", "x_PC", "_pcx"])
      expect(userIdSchema.parse(good)).toBe(good);
    expect(userIdSchema.parse(42)).toBe("42");
    for (const bad of ["x".repeat(62), "", "a b", " a", "a\n", "学生", "a/b", "a:b", -1.5, null])
      expect(takes(userIdSchema, bad)).toBe(false);
  });

  it("keeps user ids clear of the PC camera's prefix", () => {
    expect(faultOf(userIdSchema, "pc_1")).toMatch(/pc_/);
    expect(faultOf(userIdSchema, "x_pc")).toMatch(/_pc/);
  });
});

describe("whole numbers", () => {
  const schema = wholeNumber(-5, 100);

  it("reads text like the number it writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: -50, max: 200 }), (number) => {
        expect(schema.safeParse(` ${number} `).success).toBe(number >= -5 && number <= 100);
        expect(schema.safeParse(String(number)).data).toBe(schema.safeParse(number).data);
      }),
    );
  });

  it("says which bound was passed", () => {
    expect(faultOf(schema, -6)).toBe("must be at least -5");
    expect(faultOf(schema, "101")).toBe("must be at most 100");
  });

  it.each([1.5, "1.5", "1e1", "0x1", "ten", "", " ", "1 2", "+1", true, null, [[1]], Number.NaN])(
    "refuses %j",
    (value) => {
      expect(faultOf(schema, value)).toBe("must be a whole number");
    },
  );

  it("refuses text beyond the safe integers rather than rounding it", () => {
    expect(takes(wholeNumber(0, Number.MAX_SAFE_INTEGER), "9007199254740993")).toBe(false);
  });
});

describe("optional fields", () => {
  it.each([undefined, null, ""])("takes %j for absent", (value) => {
    expect(optional(label(5)).parse(value)).toBeUndefined();
    expect(optional(wholeNumber(1, 5)).parse(value)).toBeUndefined();
  });

  it("judges everything else as before", () => {
    expect(optional(wholeNumber(1, 5)).parse("3")).toBe(3);
    expect(takes(optional(wholeNumber(1, 5)), "6")).toBe(false);
    expect(takes(optional(label(5)), false)).toBe(false);
  });

  it.each([undefined, null, "", 0, "0"])("reads a page size of %j as the default", (size) => {
    expect(pageSizeSchema(20).parse(size)).toBe(20);
  });

  it("takes page sizes up to 100", () => {
    expect(pageSizeSchema(20).parse("100")).toBe(100);
    expect(pageSizeSchema(20).parse(1)).toBe(1);
    for (const bad of [101, "101", -1, 2.5, "all"]) expect(takes(pageSizeSchema(20), bad)).toBe(false);
  });
});

describe("instants", () => {
  it("lie between 1970 and 9999", () => {
    for (const good of ["1970-01-01T00:00:00.000Z", "9999-12-31T00:00:00.000Z"])
      expect(instantSchema.parse(new Date(good)).toISOString()).toBe(good);
    expect(faultOf(instantSchema, new Date(-1))).toBe("must not be before 1970");
    expect(faultOf(instantSchema, new Date("9999-12-31T00:00:00.001Z"))).toBe("must not be after 9999");
  });

  it.each([["2024-01-01"], [0], [null], [new Date(Number.NaN)]])("are dates, not %j", (value) => {
    expect(faultOf(instantSchema, value)).toBe("must be a date");
  });

  it("are required, if nothing says otherwise", () => {
    expect(faultOf(instantSchema, undefined)).toBe("is required");
  });
});

describe("JSON objects", () => {
  const nested = (levels: number, wrap: (inner: unknown) => unknown) => {
    let value: unknown = {};
    for (let level = 1; level < levels; level += 1) value = wrap(value);
    return value;
  };
  const inObjects = (levels: number) => nested(levels, (inner) => ({ inner }));

  it("come back as they went in", () => {
    const plain = fc
      .dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 5 }))
      .filter((value) => !/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)));
    fc.assert(
      fc.property(plain, (value) => {
        expect(jsonObjectSchema.parse(value)).toBe(value);
      }),
    );
  });

  it("nest 32 levels deep and no deeper, however deep they are", () => {
    expect(takes(jsonObjectSchema, inObjects(32))).toBe(true);
    for (const levels of [33, 100_000])
      expect(faultOf(jsonObjectSchema, inObjects(levels))).toBe("must not be nested deeper than 32 levels");
    expect(
      takes(
        jsonObjectSchema,
        nested(33, (inner) => ({ list: [inner] })),
      ),
    ).toBe(false);
  });

  it("hold themselves never", () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    expect(takes(jsonObjectSchema, circle)).toBe(false);
  });

  it.each(["__proto__", "constructor", "prototype"])("do not use the name %s at any depth", (name) => {
    const text = `{"a":[{"${name}":1}]}`;
    expect(faultOf(jsonObjectSchema, JSON.parse(text))).toBe(`must not use the name '${name}'`);
  });

  it.each([
    ["an array", []],
    ["null", null],
    ["a text", "{}"],
    ["a date", new Date()],
    ["a map", new Map()],
    ["an error", new Error("no")],
    ["a date inside", { at: new Date() }],
    ["a set in a list", { list: [new Set()] }],
    ["undefined inside", { at: undefined }],
    ["a bigint inside", { n: 1n }],
    ["a function inside", { f: () => 1 }],
    ["a symbol inside", { s: Symbol("s") }],
    ["infinity inside", { n: Number.POSITIVE_INFINITY }],
    ["NaN inside", { n: [Number.NaN] }],
  ])("are not %s", (_, value) => {
    expect(takes(jsonObjectSchema, value)).toBe(false);
  });
});

it("confirms with true alone", () => {
  expect(doneSchema.parse(true)).toBe(true);
  expect(takes(doneSchema, false)).toBe(false);
});
