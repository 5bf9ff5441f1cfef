import { describe, expect, it } from "vitest";
import { z } from "zod";
import * as shapes from "./index.js";

// Documents, OpenAPI and the comments in the client's types are written from these sentences.

type Schema = z.core.$ZodType;
const defOf = (schema: Schema) =>
  // Safe: all schemas are zod's own.
  (schema as z.core.$ZodTypes)._zod.def;

/** The schemas directly inside of another one, with the fields of objects by name. */
const inside = (schema: Schema): [name: string, schema: Schema][] => {
  const def = defOf(schema);
  switch (def.type) {
    case "object":
      return Object.entries(def.shape);
    case "array":
      return [["", def.element]];
    case "union":
      return def.options.map((option): [string, Schema] => ["", option]);
    case "pipe":
      return [def.in, def.out].map((part): [string, Schema] => ["", part]);
    case "optional":
    case "nullable":
    case "catch":
      return [["", def.innerType]];
    default:
      return [];
  }
};

/** What is said of a field: by itself, or by the schema that it wraps. */
const metaOf = (schema: Schema): z.core.GlobalMeta => ({
  ...(["optional", "nullable", "pipe", "catch"].includes(defOf(schema).type)
    ? Object.assign({}, ...inside(schema).map(([, part]) => metaOf(part)))
    : {}),
  ...z.globalRegistry.get(schema),
});

interface Field {
  readonly at: string;
  readonly schema: Schema;
  /** What is said of the object. */
  readonly parent: string;
}
const fieldsOf = (schema: Schema, at: string, parent = "", seen = new Set<Schema>()): Field[] => {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const { description = parent } = metaOf(schema);
  const isObject = defOf(schema).type === "object";
  return inside(schema).flatMap(([name, part]) => [
    ...(isObject ? [{ at: `${at}.${name}`, schema: part, parent: description }] : []),
    ...fieldsOf(part, isObject ? `${at}.${name}` : at, description, seen),
  ]);
};

const isSchema = (value: unknown): value is z.ZodType => value instanceof z.ZodType;
const exported = Object.entries({ ...shapes, ...shapes.signals }).flatMap(
  ([name, value]): [string, z.ZodType][] => {
    const schema: unknown =
      typeof value === "object" && value !== null && "data" in value ? value.data : value;
    return isSchema(schema) ? [[name, schema]] : [];
  },
);
const fields = exported.flatMap(([name, schema]) => fieldsOf(schema, name));
const at = (some: readonly Field[]) => some.map((field) => field.at);

describe("every field of the schema", () => {
  it("is found", () => {
    expect(fields.length).toBeGreaterThan(350);
    expect(at(fields)).toEqual(
      expect.arrayContaining(["createRoomInput.participants.extraMinutes", "startCall.sid"]),
    );
  });

  it("has a sentence", () => {
    const isSentence = ({ schema }: Field) => /^[A-Z0-9`"].{5,}\.$/s.test(metaOf(schema).description ?? "");
    expect(at(fields.filter((field) => !isSentence(field)))).toEqual([]);
  });

  it("that may be absent says what that means, or its default", () => {
    const meansSomething = ({ schema, parent }: Field) => {
      const { description = "", default: byDefault } = metaOf(schema);
      return (
        byDefault !== undefined ||
        /\b([Aa]bsent|[Rr]equired|[Ii]f|[Oo]nly|null)\b/.test(`${description} ${parent}`)
      );
    };
    const optional = fields.filter(
      ({ schema }) => schema._zod.optin === "optional" && z.safeParse(schema, undefined).success,
    );
    expect(optional.length).toBeGreaterThan(60);
    expect(at(optional.filter((field) => !meansSomething(field)))).toEqual([]);
  });

  it("is part of an object that has a sentence, if the object is exported", () => {
    const silent = exported.filter(
      ([name, schema]) => name in shapes && schema.def.type === "object" && !schema.description,
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });
});
