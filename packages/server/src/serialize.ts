import superjson, { type SuperJSONResult } from "superjson";

/** What a walk over a value has met so far. */
interface Walk {
  readonly seen: Set<object>;
  readonly values: Record<string, [type: "Date" | "undefined"]>;
}

/** Stands for a value that superjson has more to say of. */
const ODD = Symbol("odd");
const REFUSED = new Set(["__proto__", "constructor", "prototype"]);

const below = (path: string | undefined, key: string): string => {
  const name = /[\\.]/.test(key) ? key.replaceAll("\\", "\\\\").replaceAll(".", "\\.") : key;
  return path === undefined ? name : `${path}.${name}`;
};

/** Objects that stand in two places are written with a note about it. */
const isNew = (value: object, { seen }: Walk): boolean => seen.size < seen.add(value).size;

/** The form in JSON of what is a property, an element or the whole; noted where JSON alone does not say what it was. */
const formOf = (value: unknown, path: string | undefined, key: string | undefined, walk: Walk): unknown => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : ODD;
    case "object":
      if (value === null) return null;
      if (!isNew(value, walk)) return ODD;
      if (value instanceof Date) return dateForm(value, path, key, walk);
      return Array.isArray(value) ? listForm(value, path, key, walk) : objectForm(value, path, key, walk);
    case "undefined":
      return note("undefined", path, key, walk) ? null : ODD;
    default:
      return ODD;
  }
};

/** Notes the type of a value. Not below a number: superjson's notes about those stand in an order of their own. */
const note = (
  type: "Date" | "undefined",
  path: string | undefined,
  key: string | undefined,
  { values }: Walk,
): boolean => {
  if (key === undefined || /^\d/.test(key)) return false;
  values[below(path, key)] = [type];
  return true;
};

const dateForm = (value: Date, path: string | undefined, key: string | undefined, walk: Walk): unknown =>
  Number.isNaN(value.valueOf()) || !note("Date", path, key, walk) ? ODD : value.toISOString();

const placeOf = (path: string | undefined, key: string | undefined): string | undefined =>
  key === undefined ? path : below(path, key);

const listForm = (
  list: readonly unknown[],
  path: string | undefined,
  key: string | undefined,
  walk: Walk,
): unknown => {
  const place = placeOf(path, key);
  const forms: unknown[] = [];
  for (let index = 0; index < list.length; index++) {
    const form = formOf(list[index], place, String(index), walk);
    if (form === ODD) return ODD;
    forms.push(form);
  }
  return forms;
};

const objectForm = (
  value: object,
  path: string | undefined,
  key: string | undefined,
  walk: Walk,
): unknown => {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return ODD;
  const place = placeOf(path, key);
  const forms: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const form = REFUSED.has(name) ? ODD : formOf(inner, place, name, walk);
    if (form === ODD) return ODD;
    forms[name] = form;
  }
  return forms;
};

/**
 * Writes what `superjson.serialize` writes, to the byte, in a tenth of the time for what answers are made of: plain objects,
 * lists, texts, numbers and dates. With anything else in it, a value goes to superjson.
 */
export const serialize = (value: unknown, odd = superjson.serialize): SuperJSONResult => {
  const walk: Walk = { seen: new Set(), values: {} };
  const json = formOf(value, undefined, undefined, walk);
  if (json === ODD) return odd(value);
  // Safe: it is made of nothing but what JSON has.
  const form = { json } as SuperJSONResult;
  for (const _ in walk.values) return { ...form, meta: { values: walk.values, v: 1 } };
  return form;
};
