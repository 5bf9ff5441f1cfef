import { z } from "zod";

/** The parts of a JSON Schema that documents need. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly $ref?: string;
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly string[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly contentSchema?: JsonSchema;
}

/** Parts without information: the bounds of safe integers, and patterns that only repeat the format. */
const withoutNoise = (json: z.core.JSONSchema.BaseSchema): void => {
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  if (json.format !== undefined) delete json.pattern;
  // Components have their names as keys.
  delete json.id;
};

/**
 * The JSON Schema of what is sent: to a codec's left side, or to a procedure. Schemas with an `id` are in `$defs`, and all others in place.
 */
export const jsonSchemaOf = (
  schema: z.ZodType,
): JsonSchema & { readonly $defs?: Record<string, JsonSchema> } => {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      withoutNoise(jsonSchema);
      // Zod leaves it out where a transformation sets the default.
      const byDefault = z.globalRegistry.get(zodSchema)?.default;
      if (byDefault !== undefined && jsonSchema.$ref === undefined) jsonSchema.default = byDefault;
    },
  });
  // Safe: `JsonSchema` only narrows what these keywords can be in a schema that zod wrote.
  return json as JsonSchema;
};

const count = (least: unknown, most: unknown, unit: string): string | undefined => {
  const number = (value: unknown): string => (typeof value === "number" ? value.toLocaleString("en-US") : "");
  if (least === undefined && most === undefined) return undefined;
  if (most === undefined) return `at least ${number(least)}${unit}`;
  if (least === undefined || least === 0)
    return unit ? `at most ${number(most)}${unit}` : `0 to ${number(most)}`;
  return least === most ? `exactly ${number(most)}${unit}` : `${number(least)} to ${number(most)}${unit}`;
};

/** The bounds of a field in words, such as "1 to 63 characters". Undefined if it has none. */
export const boundsOf = (schema: JsonSchema): string | undefined =>
  count(schema.minLength, schema.maxLength, " characters") ??
  count(schema.minItems, schema.maxItems, " elements") ??
  count(schema.minimum, schema.maximum, "");
