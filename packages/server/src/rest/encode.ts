import { z } from "zod";

type Encode = (value: unknown) => unknown;

const identity: Encode = (value) => value;

/** Schemas whose values need no conversion, unless one of their checks changes values. */
const PLAIN = new Set(["string", "number", "boolean", "date", "enum", "literal", "null", "custom"]);

const hasOverwriteCheck = ({ _zod: { def } }: z.core.$ZodType): boolean =>
  def.checks?.some((check) => check._zod.def.check === "overwrite") ?? false;

/** Whether no part of a value needs conversion. */
const needsNoConversion = (schema: z.core.$ZodType): boolean => {
  if (hasOverwriteCheck(schema)) return false;
  // Safe: see `encoderFor`.
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (PLAIN.has(def.type)) return true;
  if (def.type === "object") return !def.catchall && Object.values(def.shape).every(needsNoConversion);
  if (def.type === "array") return needsNoConversion(def.element);
  if (def.type === "optional" || def.type === "nullable") return needsNoConversion(def.innerType);
  return def.type === "union" && def.options.every(needsNoConversion);
};

/** Whether the keys of an object are the names, in the same order. Names at the end may be missing. */
const hasOnly = (value: object, names: readonly string[]): boolean => {
  let index = 0;
  for (const name in value) if (name !== names[index++]) return false;
  return true;
};

const objectEncoder = (shape: Readonly<Record<string, z.core.$ZodType>>): Encode => {
  const fields = Object.entries(shape).map(([name, field]) => [name, encoderFor(field)] as const);
  const names = Object.keys(shape);
  const isPlain = fields.every(([, encode]) => encode === identity);
  return (value) => {
    // Safe: values of an object schema are objects.
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
  // Fields that the wire schema lacks are dropped by `toWire`. If no field needs conversion, nothing remains
  // to be done.
  const toOurs = needsNoConversion(out) ? identity : encoderFor(out);
  return (value) => {
    const payload = { value: toOurs(value), issues: [] };
    const written = reverseTransform(payload.value, payload);
    if (payload.issues.length > 0) throw new z.core.$ZodError(payload.issues);
    return toWire(written);
  };
};

const encoderFor = (schema: z.core.$ZodType): Encode => {
  // Safe: all of zod's own schemas have one of these types. Unknown types are passed to zod.
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if ((PLAIN.has(def.type) || def.type === "union") && needsNoConversion(schema)) return identity;
  switch (def.type) {
    case "object":
      if (!def.catchall) return objectEncoder(def.shape);
      break;
    case "array": {
      const encode = encoderFor(def.element);
      // Safe: values of an array schema are arrays.
      return encode === identity ? identity : (value) => (value as unknown[]).map(encode);
    }
    case "optional":
    case "nullable": {
      const encode = encoderFor(def.innerType);
      return encode === identity
        ? identity
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
 * Creates a function that encodes the output of a procedure. It produces the same result as `z.encode`, but
 * does not validate the values again, because the procedure has validated them.
 */
export const encoderOf = <Codec extends z.ZodType>(
  codec: Codec,
): ((output: z.output<Codec>) => z.input<Codec>) =>
  // Safe: the encoder is built from the codec.
  encoderFor(codec) as (output: z.output<Codec>) => z.input<Codec>;
