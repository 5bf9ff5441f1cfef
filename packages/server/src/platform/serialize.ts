import superjson, { type SuperJSONResult } from "superjson";

/**
 * The position of an object or array in the whole value. The name is computed when something below it is
 * annotated.
 */
interface ValuePath {
  readonly parent: ValuePath | undefined;
  readonly key: string;
  name?: string;
}

/** The state of a traversal. */
interface Traversal {
  readonly seen: Set<object>;
  values: Record<string, [type: "Date" | "undefined"]> | undefined;
  hasUndefined: boolean;
}

const RESERVED_KEYS = new Set(["__proto__", "constructor", "prototype"]);

const pathBelow = (place: ValuePath | undefined, key: string): string => {
  const name = /[\\.]/.test(key) ? key.replaceAll("\\", "\\\\").replaceAll(".", "\\.") : key;
  return place === undefined ? name : `${nameOf(place)}.${name}`;
};

const nameOf = (place: ValuePath): string => {
  place.name ??= pathBelow(place.parent, place.key);
  return place.name;
};

/**
 * Whether JSON represents the value like superjson, apart from annotations for dates and undefined, which are
 * collected. superjson annotates objects that occur twice, so they are not plain.
 */
const isPlain = (
  value: unknown,
  place: ValuePath | undefined,
  key: string | undefined,
  traversal: Traversal,
): boolean => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object": {
      if (value === null) return true;
      const { size } = traversal.seen;
      if (traversal.seen.add(value).size === size) return false;
      if (value instanceof Date)
        return !Number.isNaN(value.valueOf()) && annotate("Date", place, key, traversal);
      const here = key === undefined ? undefined : { parent: place, key };
      return Array.isArray(value)
        ? isPlainList(value, here, traversal)
        : isPlainObject(value, here, traversal);
    }
    case "undefined":
      traversal.hasUndefined = true;
      return annotate("undefined", place, key, traversal);
    default:
      return false;
  }
};

/**
 * Adds an annotation. Returns false below a numeric key, because superjson orders such annotations
 * differently.
 */
const annotate = (
  type: "Date" | "undefined",
  place: ValuePath | undefined,
  key: string | undefined,
  walk: Traversal,
): boolean => {
  if (key === undefined || /^\d/.test(key)) return false;
  walk.values ??= {};
  walk.values[pathBelow(place, key)] = [type];
  return true;
};

const isPlainList = (list: readonly unknown[], here: ValuePath | undefined, walk: Traversal): boolean => {
  for (let index = 0; index < list.length; index++)
    if (!isPlain(list[index], here, String(index), walk)) return false;
  return true;
};

const isPlainObject = (value: object, here: ValuePath | undefined, walk: Traversal): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  // Safe: only its own properties are read.
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields))
    if (RESERVED_KEYS.has(name) || !isPlain(fields[name], here, name, walk)) return false;
  return true;
};

/** JSON has no undefined. superjson writes null and an annotation. */
const withNulls = (value: unknown): unknown => {
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(withNulls);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withNulls(inner)]));
};

/**
 * Produces the same JSON as `superjson.serialize`, byte for byte, in a tenth of the time for typical answers:
 * plain objects, arrays, texts, numbers and dates. These are not copied, because JSON writes dates as
 * superjson does. Other values are passed to superjson.
 */
export const serialize = (value: unknown, fallback = superjson.serialize): SuperJSONResult => {
  const walk: Traversal = { seen: new Set(), values: undefined, hasUndefined: false };
  if (!isPlain(value, undefined, undefined, walk)) return fallback(value);
  // Safe: the traversal found only values that JSON can represent.
  const json = (walk.hasUndefined ? withNulls(value) : value) as SuperJSONResult["json"];
  return walk.values ? { json, meta: { values: walk.values, v: 1 } } : { json };
};

/** The cached serializations of a shared answer. */
interface Shared {
  /** The answer by itself, and in the tRPC envelope of a WebSocket message. */
  alone?: SuperJSONResult;
  wrapped?: SuperJSONResult;
}
// oxlint-disable-next-line invigil/no-module-state -- A serialization follows from the answer, and is forgotten with it.
const shared = new WeakMap<object, Shared>();
// oxlint-disable-next-line invigil/no-module-state -- The same.
const texts = new WeakMap<SuperJSONResult, { json?: string | Buffer }>();

/**
 * Marks an answer that many callers receive, so that it is serialized only once. It must not change
 * afterwards.
 */
export const shareAnswer = <Answer extends object>(answer: Answer): Answer => {
  if (!shared.has(answer)) shared.set(answer, {});
  return answer;
};

const cacheable = (made: SuperJSONResult): SuperJSONResult => {
  texts.set(made, {});
  return made;
};

/**
 * Serializes an answer. A shared answer, or an event with a shared answer as its `data`, is serialized once.
 */
export const serializeAnswer = (value: unknown): SuperJSONResult => {
  if (typeof value !== "object" || value === null) return serialize(value);
  const own = shared.get(value);
  if (own) {
    own.alone ??= cacheable(serialize(value));
    return own.alone;
  }
  // The `id` of an event is determined by its `data`.
  const data = "data" in value && "id" in value ? value.data : undefined;
  const inner = typeof data === "object" && data !== null ? shared.get(data) : undefined;
  if (!inner) return serialize(value);
  inner.wrapped ??= cacheable(serialize(value));
  return inner.wrapped;
};

/** Texts of at least this many characters are cached as bytes. */
const LARGE = 4096;

/**
 * The JSON of a serialized shared answer, computed once. As bytes if it is large. Undefined for other values.
 */
export const sharedJson = (serialized: object): string | Buffer | undefined => {
  // Safe: only used as a key.
  const known = texts.get(serialized as SuperJSONResult);
  if (!known) return undefined;
  if (known.json === undefined) {
    const text = JSON.stringify(serialized);
    known.json = text.length < LARGE ? text : Buffer.from(text);
  }
  return known.json;
};
