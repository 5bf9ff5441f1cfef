import { z } from "zod";

type Encode = (value: unknown) => unknown;

const asItIs: Encode = (value) => value;

/** Schemas whose values are written as they are, if no check of theirs changes them. */
const PLAIN = new Set(["string", "number", "boolean", "date", "enum", "literal", "null", "custom"]);

const changesValues = ({ _zod: { def } }: z.core.$ZodType): boolean =>
  def.checks?.some((check) => check._zod.def.check === "overwrite") ?? false;

/** Whether nothing in a value is written otherwise than it is. */
const isWrittenAsItIs = (schema: z.core.$ZodType): boolean => {
  if (changesValues(schema)) return false;
  // Safe: as below.
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (PLAIN.has(def.type)) return true;
  if (def.type === "object") return !def.catchall && Object.values(def.shape).every(isWrittenAsItIs);
  if (def.type === "array") return isWrittenAsItIs(def.element);
  if (def.type === "optional" || def.type === "nullable") return isWrittenAsItIs(def.innerType);
  return def.type === "union" && def.options.every(isWrittenAsItIs);
};

/** Whether an object has the first of these fields, or all, in this order, and no others. */
const hasOnly = (value: object, names: readonly string[]): boolean => {
  let index = 0;
  for (const name in value) if (name !== names[index++]) return false;
  return true;
};

const objectEncoder = (shape: Readonly<Record<string, z.core.$ZodType>>): Encode => {
  const fields = Object.entries(shape).map(([name, field]) => [name, encoderFor(field)] as const);
  const names = Object.keys(shape);
  const isPlain = fields.every(([, encode]) => encode === asItIs);
  return (value) => {
    // Safe: the schema of what is written says that it is an object.
    const fieldsOf = value as Readonly<Record<string, unknown>>;
    if (isPlain && hasOnly(fieldsOf, names)) return value;
    const written: Record<string, unknown> = {};
    for (const [name, encode] of fields) {
      const field = fieldsOf[name];
      if (field !== undefined) written[name] = encode(field);
    }
    return written;
  };
};

const codecEncoder = ({ in: wire, out, reverseTransform }: z.core.$ZodCodecDef): Encode => {
  const toWire = encoderFor(wire);
  // What the wire has no place for is dropped there; where nothing is written otherwise, there is nothing to do before.
  const toOurs = isWrittenAsItIs(out) ? asItIs : encoderFor(out);
  return (value) => {
    const payload = { value: toOurs(value), issues: [] };
    const written = reverseTransform(payload.value, payload);
    if (payload.issues.length > 0) throw new z.core.$ZodError(payload.issues);
    return toWire(written);
  };
};

const encoderFor = (schema: z.core.$ZodType): Encode => {
  // Safe: zod's own schemas are all of one of these types; what is not known here is left to zod.
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ((PLAIN.has(def.type) || def.type === "union") && isWrittenAsItIs(schema)) return asItIs;
  switch (def.type) {
    case "object":
      if (!def.catchall) return objectEncoder(def.shape);
      break;
    case "array": {
      const encode = encoderFor(def.element);
      // Safe: the schema says that it is an array.
      return encode === asItIs ? asItIs : (value) => (value as unknown[]).map(encode);
    }
    case "optional":
    case "nullable": {
      const encode = encoderFor(def.innerType);
      return encode === asItIs
        ? asItIs
        : (value) => (value === undefined || value === null ? value : encode(value));
    }
    case "pipe":
      if ("reverseTransform" in def) return codecEncoder(def as z.core.$ZodCodecDef);
      break;
    default:
  }
  return (value) => z.encode(schema, value);
};

/**
 * Makes the function that writes what a procedure answered, once from the codec. It writes what `z.encode` does, but for looking
 * at each value again: that it fits was found when the procedure answered.
 */
export const encoderOf = <Codec extends z.ZodType>(
  codec: Codec,
): ((output: z.output<Codec>) => z.input<Codec>) =>
  // Safe: made from the codec, piece by piece.
  encoderFor(codec) as (output: z.output<Codec>) => z.input<Codec>;
