import { Column, getTableName, is, Param, Placeholder, SQL, type SQLWrapper, sql, Table } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { drizzle } from "drizzle-orm/sqlite-proxy";

/** A value that a statement is run with. Objects are for columns that hold JSON. */
export type Value = unknown;
/** The values of a statement's parameters, by name. */
export type Values = Readonly<Record<string, Value>>;

/**
 * Builds queries. It has no connection: a query becomes a statement by `statement`, and an engine compiles and runs it.
 */
export const query = drizzle(() => Promise.reject(new Error("a query runs as a statement")));

/** A parameter of a statement. Compared with a column, or given to one, it is encoded as that column encodes its values. */
export const param = (name: string): Placeholder => sql.placeholder(name);
/** A parameter that no column encodes: a number or a text, or null. */
export const rawParam = <T = unknown>(name: string): SQL<T> => sql<T>`${sql.placeholder(name)}`;

/** What the engines say differently. */
export interface Dialect {
  readonly name: "sqlite" | "postgres";
  /**
   * Rows that are handed over as one parameter, to read from: `sql\`select … from ${dialect.rows("calls", { roomId: "text" })}\``.
   * The parameter's value is a list of objects; each becomes a row of the table `name`, with one column for each key of `columns`.
   */
  rows(name: string, columns: Readonly<Record<string, "text" | "integer" | "time" | "flag">>): SQL;
  /** Whether a column's value is one of those in a parameter, which is a list of texts or of numbers. */
  isAnyOf(column: SQLWrapper, parameter: string, kind?: "text" | "integer"): SQL;
}

/** A query as Drizzle builds it. */
interface Built extends SQLWrapper {
  readonly _: { readonly result: unknown };
}
type RowsOf<Query extends Built> = Query["_"]["result"] extends readonly (infer Row)[] ? Row : never;

/** A statement that an engine compiles and prepares once. `Row` is what it returns, `never` for none. */
export interface Statement<Row = unknown> {
  readonly build: (dialect: Dialect) => SQLWrapper;
  /** Never set: it only carries the type. */
  readonly row?: Row;
}

/** Every statement and insertion that was made, for the tests that compile them all for each engine. */
const made: (Statement | Insertion)[] = [];
export const madeStatements = (): readonly (Statement | Insertion)[] => made;

/**
 * Makes a statement of a query. Make it once, where the store is made, and run it many times with other values.
 * @param built the query, or a function of the engine's dialect where engines say something differently
 */
export const statement = <Query extends Built>(
  built: Query | ((dialect: Dialect) => Query),
): Statement<RowsOf<Query>> => {
  const one: Statement<RowsOf<Query>> = { build: typeof built === "function" ? built : () => built };
  made.push(one);
  return one;
};

/** Makes statements that differ in shape, each once: `shape` is called for the first call with a set of arguments. */
export const statements = <Args extends readonly (string | number | boolean | undefined)[], Row>(
  shape: (...args: Args) => Statement<Row>,
): ((...args: Args) => Statement<Row>) => {
  const known = new Map<string, Statement<Row>>();
  return (...args) => {
    const key = JSON.stringify(args.map((arg) => arg ?? null));
    let found = known.get(key);
    if (!found) {
      found = shape(...args);
      known.set(key, found);
    }
    return found;
  };
};

/** Inserts rows of one table. */
export interface Insertion<Of extends SQLiteTable = SQLiteTable> {
  readonly table: Of;
  readonly onConflict: "fail" | "ignore";
}
/**
 * Makes an insertion of rows, for `tx.insert`. Columns with a default get it; what a row leaves out is null.
 * @param onConflict `ignore` leaves rows out whose key is taken
 */
export const insertion = <Of extends SQLiteTable>(
  table: Of,
  { onConflict = "fail" }: { readonly onConflict?: "fail" | "ignore" } = {},
): Insertion<Of> => {
  const one: Insertion<Of> = { table, onConflict };
  made.push(one);
  return one;
};

/** A column or an expression of a statement's rows, and under which names it stands in them. */
export interface Field {
  readonly path: readonly string[];
  /** Reads what the engine's driver gave. */
  readonly decode: (value: unknown) => unknown;
  /** The table of the column, where it is one. */
  readonly table: string | undefined;
}

/** A statement, as far as it is the same for every engine. */
export interface Parts {
  readonly sql: SQL;
  readonly fields: readonly Field[];
  /** For each joined table whether its rows are always there: where not, its columns may all be null. Undefined without a join. */
  readonly alwaysThere: Readonly<Record<string, boolean>> | undefined;
  /** The table that it writes; undefined where it only reads. */
  readonly writes: string | undefined;
}

/** Drizzle's own parts of a query, which its types do not show. The one place that knows them; `statement.test.ts` holds them. */
interface Internals {
  readonly config?: {
    readonly table?: unknown;
    readonly fields?: Readonly<Record<string, unknown>>;
    readonly returning?: readonly { readonly path: readonly string[]; readonly field: unknown }[];
  };
  readonly joinsNotNullableMap?: Readonly<Record<string, boolean>>;
  readonly session?: unknown;
}

const decoderOf = (field: unknown): ((value: unknown) => unknown) => {
  // Safe: Drizzle's fields are columns, expressions and aliased expressions, each with a decoder.
  const {
    mapFromDriverValue,
    decoder,
    sql: aliased,
    _: subquery,
  } = field as {
    mapFromDriverValue?: unknown;
    decoder?: { mapFromDriverValue(value: unknown): unknown };
    sql?: { decoder: { mapFromDriverValue(value: unknown): unknown } };
    _?: { sql?: { decoder: { mapFromDriverValue(value: unknown): unknown } } };
  };
  if (is(field, Column) && typeof mapFromDriverValue === "function") {
    const column = field;
    return (value) => column.mapFromDriverValue(value);
  }
  const found = decoder ?? aliased?.decoder ?? subquery?.sql?.decoder;
  return found ? (value) => found.mapFromDriverValue(value) : (value) => value;
};

const fieldsOf = (selected: Readonly<Record<string, unknown>>, path: readonly string[] = []): Field[] =>
  Object.entries(selected).flatMap(([name, field]): Field[] => {
    const here = [...path, name];
    if (is(field, Column)) return [fieldOf(here, field)];
    if (is(field, SQL) || is(field, SQL.Aliased)) return [fieldOf(here, field)];
    if (typeof field === "object" && field !== null && "getSQL" in field && !is(field, Table))
      return [fieldOf(here, field)];
    // Safe: what is no field is a table or an object of fields.
    return fieldsOf(field as Readonly<Record<string, unknown>>, here);
  });

const fieldOf = (path: readonly string[], field: unknown): Field => ({
  path,
  decode: decoderOf(field),
  table: is(field, Column) ? getTableName(field.table) : undefined,
});

/** Takes a statement apart, for an engine to compile. */
export const partsOf = ({ build }: Statement, dialect: Dialect): Parts => {
  const built = build(dialect);
  // Safe: see Internals.
  const { config, joinsNotNullableMap } = built as Internals;
  const returning = config?.returning?.map(({ path, field }) => fieldOf(path, field));
  const isSelect = config?.fields !== undefined;
  const table = config?.table;
  return {
    sql: built.getSQL(),
    fields: returning ?? (config?.fields ? fieldsOf(config.fields) : []),
    alwaysThere: joinsNotNullableMap,
    writes: !isSelect && is(table, Table) ? getTableName(table) : undefined,
  };
};

/** A parameter of a compiled statement: the value of a name, encoded, or a value that stands in the statement. */
export interface Binding {
  readonly name: string | undefined;
  readonly encode: ((value: unknown) => unknown) | undefined;
  readonly value: unknown;
}

/** What Drizzle gives as a statement's parameters. */
export const bindingsOf = (parameters: readonly unknown[]): Binding[] =>
  parameters.map((parameter): Binding => {
    if (is(parameter, Placeholder)) return { name: parameter.name, encode: undefined, value: undefined };
    if (is(parameter, Param) && is(parameter.value, Placeholder)) {
      const { encoder, value } = parameter;
      return { name: value.name, encode: (given) => encoder.mapToDriverValue(given), value: undefined };
    }
    return { name: undefined, encode: undefined, value: parameter };
  });

/** Makes the function that reads a row from the values of its fields. */
export const rowReader = ({ fields, alwaysThere }: Pick<Parts, "fields" | "alwaysThere">) => {
  const isFlat = fields.every(({ path }) => path.length === 1);
  const read = (row: Record<string, unknown>, { path, decode }: Field, value: unknown): void => {
    let node = row;
    for (const name of path.slice(0, -1)) {
      node[name] ??= {};
      // Safe: the line above has made it.
      node = node[name] as Record<string, unknown>;
    }
    node[path[path.length - 1] ?? ""] = value === null ? null : decode(value);
  };
  /** Objects of joined tables that may not be there, with the indexes of their columns. */
  const optional = [...new Set(fields.flatMap(({ path }) => (path.length === 2 ? path.slice(0, 1) : [])))]
    .map((name) => ({
      name,
      indexes: fields.flatMap(({ path }, index) => (path[0] === name ? [index] : [])),
    }))
    .filter(({ indexes }) =>
      indexes.every((index) => {
        const table = fields[index]?.table;
        return table !== undefined && alwaysThere?.[table] === false;
      }),
    );

  return (values: readonly unknown[]): Record<string, unknown> => {
    const row: Record<string, unknown> = {};
    if (isFlat) {
      for (let index = 0; index < fields.length; index++) {
        // Safe: the index is within the list.
        const { path, decode } = fields[index] as Field;
        const value = values[index];
        row[path[0] as string] = value === null ? null : decode(value);
      }
      return row;
    }
    for (const [index, field] of fields.entries()) read(row, field, values[index]);
    for (const { name, indexes } of optional)
      if (indexes.every((index) => values[index] === null)) row[name] = null;
    return row;
  };
};
