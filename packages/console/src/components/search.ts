import {
  type RegisteredRouter,
  type RouteIds,
  type SearchSchemaInput,
  stripSearchParams,
  useNavigate,
  useSearch,
} from "@tanstack/react-router";
import { useCallback } from "react";

/** A value in the address of a screen. What the address says wrongly counts as absent. */
interface Param<Value> {
  readonly initial: Value;
  /** Reads the text of the address, or the value that it was read to before. */
  readonly read: (raw: unknown) => Value | undefined;
}

export const text = (): Param<string> => ({
  initial: "",
  read: (raw) => (typeof raw === "string" ? raw : undefined),
});

export const optionalText = (): Param<string | undefined> => ({
  initial: undefined,
  read: (raw) => (typeof raw === "string" && raw ? raw : undefined),
});

export const oneOf = <const Choice extends string, const Initial extends Choice | undefined = undefined>(
  choices: readonly Choice[],
  initial?: Initial,
): Param<Choice | Initial> => ({
  // Safe: without an initial value, `Initial` is undefined.
  initial: initial as Initial,
  read: (raw) => choices.find((choice) => choice === raw),
});

export const whole = (initial: number): Param<number> => ({
  initial,
  read: (raw) => (/^\d{1,9}$/.test(String(raw)) ? Number(raw) : undefined),
});

/** Several texts, which contain no comma. */
export const list = (): Param<readonly string[]> => ({
  initial: [],
  read: (raw) => {
    if (typeof raw === "string") return raw.split(",").filter(Boolean);
    // Safe: a list in place of a text was read before.
    return Array.isArray(raw) ? (raw as readonly string[]) : undefined;
  },
});

export interface Sorting<Column extends string> {
  readonly column: Column;
  readonly descending: boolean;
}
const sortingText = ({ column, descending }: Sorting<string>): string => `${descending ? "-" : ""}${column}`;

/** A column to sort by: `name`, or `-name` from the last to the first. */
export const sorting = <const Column extends string>(
  columns: readonly Column[],
  initial: Sorting<Column>,
): Param<Sorting<Column>> => ({
  initial,
  read: (raw) => {
    const said = typeof raw === "object" && raw ? sortingText(raw as Sorting<string>) : String(raw);
    const column = columns.find((name) => name === said.replace(/^-/, ""));
    return column === undefined ? undefined : { column, descending: said.startsWith("-") };
  },
});

type Params = { readonly [Name in string]: Param<unknown> };
type Values<P> = { readonly [Name in keyof P]: P[Name] extends Param<infer Value> ? Value : never };

/** The search params of a route. The address leaves out values that a screen begins with. */
export const searchOf = <P extends Params>(params: P) => ({
  validateSearch: (raw: Partial<Values<P>> & SearchSchemaInput): Values<P> =>
    // Safe: each value comes from the param of its name.
    Object.fromEntries(
      Object.entries(params).map(([name, { read, initial }]) => [name, read(raw[name]) ?? initial]),
    ) as Values<P>,
  search: {
    middlewares: [
      stripSearchParams<Values<P>>(
        Object.fromEntries(Object.entries(params).map(([name, { initial }]) => [name, initial])) as never,
      ),
    ],
  },
});

/**
 * The search of a route, and a function that changes a part of it. A change is a step that the Back button takes back, unless `replace`
 * is given, which suits typing.
 */
export const useRouteSearch = <const Id extends RouteIds<RegisteredRouter["routeTree"]>>(from: Id) => {
  const search = useSearch({ from });
  const navigate = useNavigate();
  const change = useCallback(
    (changed: Partial<typeof search>, { replace = false }: { readonly replace?: boolean } = {}) =>
      void navigate({
        to: ".",
        replace,
        resetScroll: false,
        // Safe: the screens of a route change the search of their own route.
        search: (before: object) => ({ ...before, ...changed }) as never,
      }),
    [navigate],
  );
  return [search, change] as const;
};

/** The search of an address as texts. */
export const parseSearch = (search: string): { [Name in string]: string } =>
  Object.fromEntries(new URLSearchParams(search));

export const stringifySearch = (search: { readonly [Name in string]: unknown }): string => {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === "string" || typeof value === "number") params.set(name, String(value));
    else if (Array.isArray(value)) params.set(name, value.join(","));
    // Safe: no other value of a screen is an object.
    else if (typeof value === "object" && value) params.set(name, sortingText(value as Sorting<string>));
  }
  const written = params.toString();
  return written ? `?${written}` : "";
};
