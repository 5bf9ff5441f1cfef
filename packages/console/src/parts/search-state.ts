import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useRef } from "react";

/** How a value of a screen stands in the URL. What the URL says wrongly counts as absent. */
interface Param<Value> {
  readonly initial: Value;
  parse(text: string): Value | undefined;
  /** Undefined leaves it out of the URL. */
  format(value: Value): string | undefined;
}

export const text = (): Param<string> => ({
  initial: "",
  parse: (raw) => raw,
  format: (value) => value || undefined,
});

export const optionalText = (): Param<string | undefined> => ({
  initial: undefined,
  parse: (raw) => raw || undefined,
  format: (value) => value,
});

export const oneOf = <const Choice extends string>(
  choices: readonly Choice[],
  initial: Choice,
): Param<Choice> => ({
  initial,
  parse: (raw) => choices.find((choice) => choice === raw),
  format: (value) => (value === initial ? undefined : value),
});

export const optionalOneOf = <const Choice extends string>(
  choices: readonly Choice[],
): Param<Choice | undefined> => ({
  initial: undefined,
  parse: (raw) => choices.find((choice) => choice === raw),
  format: (value) => value,
});

export const whole = (initial: number): Param<number> => ({
  initial,
  parse: (raw) => (/^\d{1,9}$/.test(raw) ? Number(raw) : undefined),
  format: (value) => (value === initial ? undefined : String(value)),
});

/** Several texts, which contain no comma. */
export const list = (): Param<readonly string[]> => ({
  initial: [],
  parse: (raw) => raw.split(",").filter(Boolean),
  format: (value) => (value.length === 0 ? undefined : value.join(",")),
});

/** A column to sort by: `name`, or `-name` from the last to the first. */
export const sorting = <const Column extends string>(
  columns: readonly Column[],
  initial: { readonly column: Column; readonly descending: boolean },
): Param<{ readonly column: Column; readonly descending: boolean }> => ({
  initial,
  parse: (raw) => {
    const column = columns.find((name) => name === raw.replace(/^-/, ""));
    return column === undefined ? undefined : { column, descending: raw.startsWith("-") };
  },
  format: ({ column, descending }) =>
    column === initial.column && descending === initial.descending
      ? undefined
      : `${descending ? "-" : ""}${column}`,
});

type Params = { readonly [Name in string]: Param<unknown> };
type Values<P> = { readonly [Name in keyof P]: P[Name] extends Param<infer Value> ? Value : never };

/**
 * The state of a screen in the URL, and a function that changes a part of it. A change is a step that the Back button takes back, unless
 * `replace` is given, which suits typing. Declare the params outside of the component.
 */
export const useSearchState = <P extends Params>(
  params: P,
): readonly [Values<P>, (change: Partial<Values<P>>, options?: { readonly replace?: boolean }) => void] => {
  const search: { readonly [Name in string]: unknown } = useSearch({ strict: false });
  const navigate = useNavigate();
  const values = useMemo(() => {
    const read: { [Name in string]: unknown } = {};
    for (const [name, param] of Object.entries(params)) {
      const raw = search[name];
      read[name] = (typeof raw === "string" ? param.parse(raw) : undefined) ?? param.initial;
    }
    // Safe: each value comes from the param of its name.
    return read as Values<P>;
  }, [params, search]);
  const latest = useRef(params);
  latest.current = params;
  const change = useCallback(
    (changed: Partial<Values<P>>, { replace = false }: { readonly replace?: boolean } = {}) => {
      void navigate({
        to: ".",
        replace,
        resetScroll: false,
        search: (before: { readonly [Name in string]: unknown }) => {
          const next = { ...before };
          for (const [name, value] of Object.entries(changed)) {
            const formatted = latest.current[name]?.format(value);
            if (formatted === undefined) delete next[name];
            else next[name] = formatted;
          }
          return next as never;
        },
      });
    },
    [navigate],
  );
  return [values, change];
};

/** The search of a URL as texts. */
export const parseSearch = (search: string): { [Name in string]: string } =>
  Object.fromEntries(new URLSearchParams(search));

export const stringifySearch = (search: { readonly [Name in string]: unknown }): string => {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) if (typeof value === "string") params.set(name, value);
  const written = params.toString();
  return written ? `?${written}` : "";
};
