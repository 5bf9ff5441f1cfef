import fc from "fast-check";
import superjson from "superjson";
import { describe, expect, it } from "vitest";
import { cases } from "../../test/support/effort.js";
import { serialize } from "./serialize.js";

const theirs = (value: unknown): string => {
  try {
    return JSON.stringify(superjson.serialize(value));
  } catch (error) {
    return String(error);
  }
};
const ours = (value: unknown): string => {
  try {
    return JSON.stringify(serialize(value));
  } catch (error) {
    return String(error);
  }
};
const unreachable = () => expect.unreachable("superjson was asked");

describe("answers are serialized like superjson", () => {
  const date = new Date("2026-01-02T03:04:05.678Z");
  const shared = { a: 1 };
  const ring: { self?: unknown } = {};
  ring.self = ring;
  class Thing {
    a = 1;
  }

  it.each<[string, unknown]>([
    ["a text", "é\u2028"],
    ["a number", 1.5],
    ["null", null],
    ["an empty object", {}],
    ["an empty list", []],
    ["nested objects and lists", { a: [{ b: [1, [2]] }], c: { d: {} } }],
    ["a date", { at: date }],
    ["dates in lists of objects", { list: [{ at: date }, { at: new Date(0) }] }],
    ["what is undefined", { a: undefined, b: { c: undefined } }],
    ["names with dots and backslashes", { "a.b": { "c\\d": date, "": new Date(0) }, "": { e: new Date(1) } }],
    ["an object without a prototype", Object.assign(Object.create(null), { at: date })],
  ])("%s, without calling superjson", (_, value) => {
    expect(JSON.stringify(serialize(value, unreachable))).toBe(theirs(value));
  });

  it.each<[string, unknown]>([
    ["a date alone", date],
    ["undefined alone", undefined],
    ["a date in a list", [{ at: date }, new Date(0)]],
    ["undefined in a list", { list: [undefined, 1] }],
    ["a hole in a list", { list: Object.assign([1], { 2: 2 }) }],
    ["names that are numbers", { x: { 1: { at: date }, 2: new Date(0) } }],
    ["an object twice", { a: shared, b: shared }],
    ["a date twice", { a: date, b: date }],
    ["a ring", ring],
    ["a date that is none", { at: new Date(Number.NaN) }],
    ["numbers that JSON does not have", { a: Number.NaN, b: -0, c: Number.POSITIVE_INFINITY }],
    ["a bigint", { a: 1n }],
    ["a map and a set", { a: new Map([[1, date]]), b: new Set([1]) }],
    ["an error, a pattern and a URL", { a: new Error("x"), b: /x/g, c: new URL("https://a.example") }],
    ["bytes", { a: new Uint8Array([1]) }],
    ["a class", { a: new Thing() }],
    ["a function", { a: () => 1 }],
    ["a symbol", { a: Symbol("a") }],
    ["names that are refused", { a: JSON.parse('{"__proto__":1}') }],
    ["another name that is refused", { constructor: 1 }],
    ["the third", { prototype: 1 }],
  ])("%s", (_, value) => {
    expect(ours(value)).toBe(theirs(value));
  });

  it("for any value", () => {
    const key = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 5 }),
      fc.constantFrom("a", "b", "a.b", "\\", "1", "01", "", "__proto__", "constructor", "toJSON"),
    );
    const leaf = fc.oneof(
      { weight: 6, arbitrary: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)) },
      { weight: 2, arbitrary: fc.date() },
      { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, date, shared, 1n, Number.NaN, -0) },
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        leaf,
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(key, tie("value"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(value, (made) => {
        expect(ours(made)).toBe(theirs(made));
      }),
      { numRuns: cases(5000) },
    );
  });
});
