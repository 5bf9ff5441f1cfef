import * as shapes from "@invigil/schema";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import { z } from "zod";
import { callersOf } from "../../src/rest/document.js";
import { boundsOf, jsonSchemaOf } from "../../src/rest/json-schema.js";
import { sentenceOf } from "../../src/trpc/procedures.js";

// The procedures of a router and the shapes of what they take and return, with the sentences, bounds and defaults of all fields. The types
// of the client and the API reference are written from them.

export type Schema = z.core.$ZodType;
/** Which side of a schema is described: what callers send, or what they get. */
type Side = "input" | "output";

export interface ShapeField {
  readonly name: string;
  /** In TypeScript, with the names of shapes. */
  readonly type: string;
  /** What may be in place of a value, if the field may be absent. */
  readonly absent?: "undefined" | "null | undefined";
  readonly sentence: string;
  /** In words. Only of what callers send, as is the default. */
  readonly bounds?: string;
  readonly byDefault?: unknown;
}
export interface Shape {
  readonly name: string;
  readonly sentence: string;
  /** The fields of an object, or else the type. */
  readonly fields?: readonly ShapeField[];
  readonly type?: string;
}
export interface Procedure {
  readonly path: string;
  readonly noun: string;
  readonly verb: string;
  readonly kind: "query" | "mutation" | "subscription";
  readonly sentence: string;
  readonly callers: string;
  /** In TypeScript. `void`: it takes none. */
  readonly input: string;
  /** In TypeScript. Of a subscription, the type of its events. */
  readonly output: string;
  readonly itself: AnyTRPCProcedure;
}
export interface Api {
  readonly nouns: ReadonlyMap<string, readonly Procedure[]>;
  /** By name, in the order in which procedures need them. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

const defOf = (schema: Schema) =>
  // Safe: all schemas are zod's own.
  (schema as z.core.$ZodTypes)._zod.def;

/** `describe` copies a schema: the copy has the same definition. */
export const original = (schema: Schema): Schema => {
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
export const sentenceIn = (schema: Schema): string => jsonSchemaOf(schema as z.ZodType).description ?? "";

export const capitalised = (text: string): string => text.replace(/^./, (first) => first.toUpperCase());

/** The types of what `z.custom` stands for, of which zod knows nothing. */
const customType = (schema: Schema): string =>
  z.globalRegistry.get(schema)?.type === "object" ? "JsonObject" : "JsonValue";

const takes = (schema: Schema, value: unknown): boolean => z.safeParse(schema, value).success;

/** What the events of a subscription are. */
const EVENTS: Readonly<Record<string, string>> = {
  "room.onEvent": "RoomEvent",
  "exam.onEvent": "ExamEvent",
  "exam.onPeople": "PeopleEvent",
};

export class ShapeReader {
  readonly #named = namedShapes();
  readonly #read = new Map<string, { readonly schema: Schema; shape: Shape }>();

  get shapes(): ReadonlyMap<string, Shape> {
    return new Map([...this.#read].map(([name, { shape }]) => [name, shape]));
  }

  /** Reads a shape, if it is not yet known, and returns its name. */
  #declare(name: string, schema: Schema, side: Side): string {
    const known = this.#read.get(name);
    if (known && original(known.schema) !== original(schema))
      throw new Error(`two shapes have the name ${name}`);
    if (!known) {
      const declared = { schema, shape: { name, sentence: sentenceIn(schema) } };
      this.#read.set(name, declared);
      const def = defOf(schema);
      const object = def.type === "pipe" ? defOf(def.in) : def;
      declared.shape = {
        ...declared.shape,
        ...(object.type === "object"
          ? { fields: this.fields(name, object.shape, side) }
          : { type: this.#plain(schema, side, name) }),
      };
    }
    return name;
  }

  fields(parent: string, shape: Readonly<Record<string, Schema>>, side: Side): ShapeField[] {
    return Object.entries(shape).map(([name, field]) => {
      const type = this.type(field, side, `${parent}${capitalised(name)}`);
      const json = jsonSchemaOf(field as z.ZodType);
      const bounds = boundsOf(json);
      const said = {
        name,
        sentence: json.description ?? "",
        ...(side === "input" && bounds !== undefined && { bounds }),
        ...(side === "input" && json.default !== undefined && { byDefault: json.default }),
      };
      // A transformation takes anything, and so may what `z.custom` stands for.
      const isOptional =
        field._zod[side === "input" ? "optin" : "optout"] === "optional" && takes(field, undefined);
      if (!isOptional) return { ...said, type };
      const absent = side === "input" && takes(field, null) ? "null | undefined" : "undefined";
      const types = type.split(" | ").filter((part) => part !== "null");
      return { ...said, type: types.join(" | "), absent };
    });
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
    const named = this.#named.get(original(schema));
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
        return def.options.map((option) => this.#member(option, side, tag)).join(" | ");
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

/** What tRPC keeps of a procedure. */
interface Definition {
  readonly type: Procedure["kind"];
  readonly inputs: readonly Schema[];
  readonly output?: Schema;
}

/** Reads the procedures of a router. */
export const apiOf = ({ _def: { procedures } }: AnyTRPCRouter): Api => {
  const reader = new ShapeReader();
  const nouns = new Map<string, Procedure[]>();
  // In the order of their names, so that what is written of them does not say which folder has them.
  for (const [path, itself] of Object.entries<AnyTRPCProcedure>(procedures).toSorted(([one], [other]) =>
    one.localeCompare(other),
  )) {
    const [noun = "", verb = ""] = path.split(".");
    // Safe: tRPC keeps the schemas there.
    const { type: kind, inputs, output } = itself._def as unknown as Definition;
    const name = `${capitalised(noun)}${capitalised(verb)}`;
    const [input] = inputs;
    const procedure = {
      path,
      noun,
      verb,
      kind,
      sentence: sentenceOf(itself) ?? "",
      callers: callersOf(itself),
      input: input ? reader.type(input, "input", `${name}Input`) : "void",
      output: EVENTS[path] ?? reader.type(output ?? z.void(), "output", `${name}Output`),
      itself,
    };
    nouns.set(noun, [...(nouns.get(noun) ?? []), procedure]);
  }
  // No procedure returns these alone.
  for (const schema of [
    shapes.roomEventSchema,
    shapes.examEventSchema,
    shapes.peopleEventSchema,
    shapes.cheatConfigDataSchema,
  ])
    reader.type(schema, "output", "Unnamed");
  return { nouns, shapes: reader.shapes };
};
