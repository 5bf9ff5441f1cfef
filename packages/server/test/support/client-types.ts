import * as shapes from "@invigil/schema";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { z } from "zod";
import { callersOf } from "../../src/rest/document.js";
import { boundsOf, jsonSchemaOf } from "../../src/rest/json-schema.js";
import { sentenceOf } from "../../src/trpc/procedures.js";

// Writes the types of the typed client from the procedures of a router and their schemas: an interface for each shape, with the sentences,
// bounds and defaults of its fields. Types that the compiler writes out have no comments.

type Schema = z.core.$ZodType;
/** Which side of a schema is written: what callers send, or what they get. */
type Side = "input" | "output";
type Shape = Readonly<Record<string, Schema>>;

const defOf = (schema: Schema) =>
  // Safe: all schemas are zod's own.
  (schema as z.core.$ZodTypes)._zod.def;

/** `describe` copies a schema: the copy has the same definition. */
const original = (schema: Schema): Schema => {
  const { parent } = schema._zod;
  return parent && parent._zod.def === schema._zod.def ? original(parent) : schema;
};

/** Names that differ from those of the schemas: the app's view of a config is its content. */
const RENAMED: Readonly<Record<string, string>> = {
  cheatConfigSchema: "StoredCheatConfig",
  cheatConfigDataSchema: "CheatConfig",
};
/** `roomSchema` is `Room`, `roomRef` is `RoomRef`. */
const nameOf = (exported: string): string =>
  RENAMED[exported] ?? exported.replace(/Schema$/, "").replace(/^./, (first) => first.toUpperCase());

/** Whether a schema is a shape of its own: objects, also transformed ones, and unions of them. */
const isShape = (schema: Schema): boolean => {
  const def = defOf(schema);
  return def.type === "object" || "discriminator" in def || (def.type === "pipe" && isShape(def.in));
};

/** A shape as it is exported, with its sentence. */
interface Named {
  readonly name: string;
  readonly schema: Schema;
}

const namedShapes = (): ReadonlyMap<Schema, Named> => {
  const names = new Map<Schema, Named>();
  for (const [exported, schema] of Object.entries(shapes))
    if (schema instanceof z.ZodType && isShape(schema))
      names.set(original(schema), { name: nameOf(exported), schema });
  return names;
};

/** The sentence of a schema, which may be that of the schema inside of it. */
const sentenceIn = (schema: Schema): string => jsonSchemaOf(schema as z.ZodType).description ?? "";

const comment = (lines: readonly string[], indent: string): string => {
  const all = lines.filter((line) => line !== "").map((line) => line.replaceAll("*/", "*\\/"));
  if (all.length === 0) return "";
  return all.length === 1
    ? `${indent}/** ${all[0]} */\n`
    : `${indent}/**\n${all.map((line) => `${indent} * ${line}\n`).join(`${indent} *\n`)}${indent} */\n`;
};

const capitalised = (text: string): string => text.replace(/^./, (first) => first.toUpperCase());

/** What is said of a field: its sentence, and in inputs its bounds and its default. */
const said = (field: Schema, side: Side): string => {
  const json = jsonSchemaOf(field as z.ZodType);
  const bounds = side === "input" ? boundsOf(json) : undefined;
  return [
    json.description ?? "",
    bounds === undefined ? "" : `${capitalised(bounds)}.`,
    side === "output" || json.default === undefined ? "" : `Default: \`${JSON.stringify(json.default)}\`.`,
  ]
    .filter((part) => part !== "")
    .join(" ");
};

/** The types of what `z.custom` stands for, of which zod knows nothing. */
const customType = (schema: Schema): string =>
  z.globalRegistry.get(schema)?.type === "object" ? "JsonObject" : "JsonValue";

const takes = (schema: Schema, value: unknown): boolean => z.safeParse(schema, value).success;

/** What the events of a subscription are. */
const EVENTS: Readonly<Record<string, string>> = { "room.onEvent": "RoomEvent", "exam.onEvent": "ExamEvent" };

class Writer {
  readonly #shapes = namedShapes();
  /** The declarations by name, in the order in which they were needed. */
  readonly #written = new Map<string, { readonly schema: Schema; text: string }>();

  get declarations(): string {
    return [...this.#written.values()].map(({ text }) => text).join("\n");
  }

  /** Declares a shape, if it is not yet declared, and returns its name. */
  #declare(name: string, schema: Schema, side: Side): string {
    const known = this.#written.get(name);
    if (known && original(known.schema) !== original(schema))
      throw new Error(`two shapes have the name ${name}`);
    if (!known) {
      const declaration = { schema, text: "" };
      this.#written.set(name, declaration);
      declaration.text = this.#declaration(name, schema, side);
    }
    return name;
  }

  #declaration(name: string, schema: Schema, side: Side): string {
    const doc = comment([sentenceIn(schema)], "");
    const def = defOf(schema);
    const object = def.type === "pipe" ? defOf(def.in) : def;
    return object.type === "object"
      ? `${doc}export interface ${name} {\n${this.#fields(name, object.shape, side)}}\n`
      : `${doc}export type ${name} =${this.#plain(schema, side, name)};\n`;
  }

  #fields(parent: string, shape: Shape, side: Side): string {
    const fields = Object.entries(shape).map(([name, field]) => {
      const doc = comment([said(field, side)], "  ");
      const type = this.type(field, side, `${parent}${capitalised(name)}`);
      // A transformation takes anything, and so may what `z.custom` stands for.
      const isOptional =
        field._zod[side === "input" ? "optin" : "optout"] === "optional" && takes(field, undefined);
      if (!isOptional) return `${doc}  ${name}: ${type};\n`;
      const absent = side === "input" && takes(field, null) ? "null | undefined" : "undefined";
      const parts = [...type.split(" | ").filter((part) => part !== "null"), absent];
      return `${doc}  ${name}?: ${parts.join(" | ")};\n`;
    });
    return fields.join("");
  }

  /** A member of a union, whose name is that of its tag. */
  #member(option: Schema, side: Side, tag: string): string {
    const def = defOf(option);
    const tagDef = def.type === "object" && def.shape[tag] ? defOf(def.shape[tag]) : undefined;
    const words = tagDef?.type === "literal" ? String(tagDef.values[0]).split("_").map(capitalised) : [];
    return this.type(option, side, `${words.join("")}Event`);
  }

  /** @param name the name of the shape, if the schema has none of its own */
  type(schema: Schema, side: Side, name: string): string {
    const named = this.#shapes.get(original(schema));
    if (named) return this.#declare(named.name, named.schema, side);
    return defOf(schema).type === "object"
      ? this.#declare(name, schema, side)
      : this.#plain(schema, side, name);
  }

  #plain(schema: Schema, side: Side, name: string): string {
    const def = defOf(schema);
    switch (def.type) {
      case "string":
      case "number":
      case "boolean":
      case "null":
      case "void":
        return def.type;
      case "date":
        return "Date";
      case "enum":
        return Object.values(def.entries)
          .map((value) => JSON.stringify(value))
          .join(" | ");
      case "literal":
        return def.values.map((value) => JSON.stringify(value)).join(" | ");
      case "custom":
        return customType(schema);
      case "array": {
        const element = this.type(def.element, side, name);
        return element.includes(" | ") ? `(${element})[]` : `${element}[]`;
      }
      case "optional":
        return this.type(def.innerType, side, name);
      case "nullable":
        return `${this.type(def.innerType, side, name)} | null`;
      case "union": {
        const tag = "discriminator" in def ? String(def.discriminator) : undefined;
        if (tag === undefined) return def.options.map((option) => this.type(option, side, name)).join(" | ");
        return def.options.map((option) => `\n  | ${this.#member(option, side, tag)}`).join("");
      }
      case "pipe": {
        // What is sent to a transformation is what the schema behind it takes.
        const isBehind = ["transform", "custom"].includes(defOf(def.in).type);
        return this.type(side === "output" || isBehind ? def.out : def.in, side, name);
      }
      default:
        throw new Error(`there is no type for ${def.type}`);
    }
  }
}

interface ProcedureDef {
  readonly type: "query" | "mutation" | "subscription";
  readonly inputs: readonly Schema[];
  readonly output?: Schema;
}

const KINDS = {
  query: "TRPCQueryProcedure",
  mutation: "TRPCMutationProcedure",
  subscription: "TRPCSubscriptionProcedure",
} as const;

/** Writes the module of the types. */
export const clientTypes = ({ _def: { procedures } }: AnyTRPCRouter): string => {
  const writer = new Writer();
  const nouns = new Map<string, string[]>();
  for (const [path, procedure] of Object.entries<AnyTRPCProcedure>(procedures)) {
    const [noun = "", verb = ""] = path.split(".");
    // Safe: tRPC keeps the schemas there.
    const { type, inputs, output } = procedure._def as unknown as ProcedureDef;
    const [input] = inputs;
    const sent = input
      ? writer.type(input, "input", `${capitalised(noun)}${capitalised(verb)}Input`)
      : "void";
    const event = EVENTS[path];
    const got =
      event === undefined
        ? writer.type(output ?? z.void(), "output", `${capitalised(noun)}${capitalised(verb)}Output`)
        : `AsyncIterable<Tracked<${event}>, void, undefined>`;
    const doc = comment([sentenceOf(procedure) ?? "", callersOf(procedure)], "    ");
    const written = `${doc}    ${verb}: ${KINDS[type]}<{ input: ${sent}; output: ${got}; meta: unknown }>;\n`;
    nouns.set(noun, [...(nouns.get(noun) ?? []), written]);
  }
  // No procedure returns these alone.
  for (const schema of [shapes.roomEventSchema, shapes.examEventSchema, shapes.cheatConfigDataSchema])
    writer.type(schema, "output", "Unnamed");
  return `// Written by packages/server/test/client-types.test.ts from the procedures and their schemas. Do not edit.
import type { ${Object.values(KINDS).toSorted().join(", ")} } from "@trpc/server";

/** A value that JSON can represent. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };
/** A JSON object. */
export type JsonObject = { [key: string]: JsonValue };

/** An event of a subscription, with its id. */
export interface Tracked<Data> {
  /** The id of the event, to resume from. */
  id: string;
  /** The event. */
  data: Data;
}

${writer.declarations}
/** The procedures, by noun and verb. */
export type Procedures = {
${[...nouns].map(([noun, written]) => `  ${noun}: {\n${written.join("")}  };\n`).join("")}};
`;
};
