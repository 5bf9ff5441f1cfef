import {
  type AnyColumn,
  Column,
  getTableColumns,
  getTableName,
  is,
  noopDecoder,
  Param,
  Placeholder,
  SQL,
  type SQLWrapper,
  sql,
  Table,
} from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { drizzle } from "drizzle-orm/sqlite-proxy";
import type { Declared, Owner } from "./declaration.js";

/** A parameter value of a statement. Objects are for JSON columns. */
export type Value = unknown;
/** The parameter values of a statement, by name. */
export type Values = Readonly<Record<string, Value>>;

/**
 * Builds queries, without a connection. `statement` turns a query into a statement, which a database compiles
 * and runs.
 */
export const query = drizzle(() => Promise.reject(new Error("a query runs as a statement")));

/** A parameter of a statement. The column that it is compared with or assigned to encodes its value. */
export const param = (name: string): Placeholder => sql.placeholder(name);
/** A parameter without a column that encodes it: a number, a text, or null. */
export const rawParam = <T = unknown>(name: string): SQL<T> => sql<T>`${sql.placeholder(name)}`;

/** The parts of SQL that differ between databases. */
export interface Dialect {
  /**
   * Rows passed as one parameter, to select from: `sql\`select … from ${dialect.rows("calls", { roomId: "text"
   * })}\``. The parameter's value is a list of objects. Each object becomes a row of the table `name`, with a
   * column for each key of `columns`. A `list` is a list of texts: see `elements`.
   */
  rows(name: string, columns: Readonly<Record<string, "text" | "integer" | "time" | "flag" | "list">>): SQL;
  /** The texts of a `list` of such rows, to join: a table `name` with a column `value`. */
  elements(list: SQL, name: string): SQL;
  /** The JSON object of a column without one of its keys. */
  withoutKey(column: SQLWrapper, key: string): SQL;
  /** Whether a column's value is in the list of texts or numbers of a parameter. */
  isAnyOf(column: SQLWrapper, parameter: string, kind?: "text" | "integer"): SQL;
  /**
   * Whether a row is of the exam of the parameter `examId`, for a row whose number or room says so already. PostgreSQL finds rows by exam
   * and number. SQLite needs no such condition: it would choose an index by exam for it, and read the whole exam.
   */
  inExam(column: AnyColumn): SQL | undefined;
  /** Whether the keys of an exam's rows begin with the exam, so that rows of different exams have no common order. */
  readonly keysContainExam: boolean;
  /** The order in which rows were inserted whose ids ascend with time. SQLite's indexes have it without a look at the ids. */
  insertionOrder(id: AnyColumn): SQLWrapper;
  /** The rows of a query but those that another transaction has locked. So a deletion of them waits for no other one. */
  unlocked(rows: SQLWrapper): SQL;
  /**
   * A table to join, of which PostgreSQL reads only so many matches for each row, by an index. SQLite joins all of them, so the statement
   * has the order and the limit, too.
   * @param of.limit the name of a parameter
   */
  firstOfEach(
    table: Table,
    of: { readonly as: string; readonly on: SQL; readonly orderBy: SQL; readonly limit: string },
  ): SQL;
}

/** A query as Drizzle builds it. */
interface Built extends SQLWrapper {
  readonly _: { readonly result: unknown; readonly table?: unknown };
}
type RowsOf<Query extends Built> = Query["_"]["result"] extends readonly (infer Row)[] ? Row : never;
type WritesOf<Query extends Built> = Query["_"]["table"] extends Declared<infer Of> ? Of : never;

/**
 * A statement, which the database compiles and prepares once. `Row` is the type of its rows; `never` means
 * none. `Writes` is the owner of the rows that it writes; `never` means that it only reads.
 */
export interface Statement<Row = unknown, Writes extends Owner = never> {
  readonly build: (dialect: Dialect) => SQLWrapper;
  /** Never set: they only carry the types. */
  readonly row?: Row;
  readonly writes?: Writes;
}
export type AnyStatement<Row = unknown> = Statement<Row, Owner>;

/** All statements and insertions, for the tests that compile them for each database. */
// oxlint-disable-next-line invigil/no-module-state -- It lists what the code declares, which is the same for all apps.
const allStatements: (AnyStatement | Insertion)[] = [];
export const madeStatements = (): readonly (AnyStatement | Insertion)[] => allStatements;

/**
 * Creates a statement from a query. Create it once, along with the store, and run it with different values.
 * @param built the query, or a function of the dialect if the SQL differs between databases
 */
export const statement = <Query extends Built>(
  built: Query | ((dialect: Dialect) => Query),
): Statement<RowsOf<Query>, WritesOf<Query>> => {
  const one: Statement<RowsOf<Query>, WritesOf<Query>> = {
    build: typeof built === "function" ? built : () => built,
  };
  allStatements.push(one);
  return one;
};

/**
 * Creates statements of different shapes, each once: `shape` is called once for each combination of arguments.
 */
export const statements = <
  Args extends readonly (string | number | boolean | undefined)[],
  Row,
  Writes extends Owner = never,
>(
  shape: (...args: Args) => Statement<Row, Writes>,
): ((...args: Args) => Statement<Row, Writes>) => {
  const cache = new Map<string, Statement<Row, Writes>>();
  return (...args) => {
    const key = JSON.stringify(args.map((arg) => arg ?? null));
    let found = cache.get(key);
    if (!found) {
      found = shape(...args);
      cache.set(key, found);
    }
    return found;
  };
};

/** Inserts rows into one table. */
export interface Insertion<Of extends SQLiteTable = SQLiteTable> {
  readonly table: Of;
  readonly onConflict: "fail" | "ignore";
  /** The source of the ids. Default: the database. */
  readonly ids?: "generated" | "given";
}
/**
 * Creates an insertion for `tx.insert`. Columns that a row leaves out get their default, or null.
 * @param onConflict `ignore` skips rows whose key is taken
 * @param ids `given` inserts rows that carry their ids, which `tx.ids` returned
 */
export const insertion = <Of extends SQLiteTable>(
  table: Of,
  { onConflict = "fail", ids = "generated" }: Partial<Pick<Insertion, "onConflict" | "ids">> = {},
): Insertion<Of> => {
  const one: Insertion<Of> = { table, onConflict, ids };
  allStatements.push(one);
  return one;
};

/** A column or an expression in the result of a statement, and its path in the row object. */
export interface Field {
  readonly path: readonly string[];
  /** Converts a value of the database's driver. Undefined if the value stays as it is. */
  readonly decode: ((value: unknown) => unknown) | undefined;
  /** The table of the column, unless the field is an expression. */
  readonly table: string | undefined;
}

/** The parts of a statement that do not depend on the database. */
export interface StatementParts {
  readonly sql: SQL;
  readonly fields: readonly Field[];
  /**
   * For each joined table, whether its rows always exist. If not, its columns may all be null. Undefined
   * without a join.
   */
  readonly alwaysThere: Readonly<Record<string, boolean>> | undefined;
  /** The table that the statement writes; undefined for a statement that reads. */
  readonly writes: string | undefined;
}

/**
 * Internal parts of Drizzle's queries, which its types do not expose. Used only here; `statement.test.ts`
 * checks them.
 */
interface Internals {
  readonly config?: {
    readonly table?: unknown;
    readonly fields?: Readonly<Record<string, unknown>>;
    readonly returning?: readonly { readonly path: readonly string[]; readonly field: unknown }[];
  };
  readonly joinsNotNullableMap?: Readonly<Record<string, boolean>>;
  readonly session?: unknown;
}

const isIdentity = (decoder: { mapFromDriverValue(value: unknown): unknown }): boolean =>
  decoder === noopDecoder || decoder.mapFromDriverValue === Column.prototype.mapFromDriverValue;

/** Returns what converts a value for the driver. Undefined if the value stays as it is. */
const encodeOf = (encoder: {
  mapToDriverValue(value: unknown): unknown;
}): ((value: unknown) => unknown) | undefined =>
  encoder.mapToDriverValue === Column.prototype.mapToDriverValue
    ? undefined
    : (value) => encoder.mapToDriverValue(value);

const decoderOf = (field: unknown): Field["decode"] => {
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
  return found && !isIdentity(found) ? (value) => found.mapFromDriverValue(value) : undefined;
};

const fieldsOf = (selected: Readonly<Record<string, unknown>>, path: readonly string[] = []): Field[] =>
  Object.entries(selected).flatMap(([name, field]): Field[] => {
    const here = [...path, name];
    if (is(field, Column)) return [fieldOf(here, field)];
    if (is(field, SQL) || is(field, SQL.Aliased)) return [fieldOf(here, field)];
    if (typeof field === "object" && field !== null && "getSQL" in field && !is(field, Table))
      return [fieldOf(here, field)];
    // Safe: anything else is a table or an object of fields.
    return fieldsOf(field as Readonly<Record<string, unknown>>, here);
  });

const fieldOf = (path: readonly string[], field: unknown): Field => ({
  path,
  decode: decoderOf(field),
  table: is(field, Column) ? getTableName(field.table) : undefined,
});

// oxlint-disable-next-line invigil/no-module-state -- The same.
const writingStatements = new WeakSet<AnyStatement>();
/** Whether a statement writes rows. Known once the statement has been started. */
export const isWriting = (one: AnyStatement): boolean => writingStatements.has(one);

/** Analyses a statement, for a database to compile. */
export const partsOf = (one: AnyStatement, dialect: Dialect): StatementParts => {
  const built = one.build(dialect);
  // Safe: see Internals.
  const { config, joinsNotNullableMap } = built as Internals;
  const returning = config?.returning?.map(({ path, field }) => fieldOf(path, field));
  const isSelect = config?.fields !== undefined;
  const table = config?.table;
  const writes = !isSelect && is(table, Table) ? getTableName(table) : undefined;
  if (writes !== undefined) writingStatements.add(one);
  return {
    sql: built.getSQL(),
    fields: returning ?? (config?.fields ? fieldsOf(config.fields) : []),
    alwaysThere: joinsNotNullableMap,
    writes,
  };
};

/** A parameter of a compiled statement: a named value, encoded, or a constant. */
export interface Binding {
  readonly name: string | undefined;
  readonly encode: ((value: unknown) => unknown) | undefined;
  readonly value: unknown;
}

/** Converts Drizzle's parameters of a statement. */
export const bindingsOf = (parameters: readonly unknown[]): Binding[] =>
  parameters.map((parameter): Binding => {
    if (is(parameter, Placeholder)) return { name: parameter.name, encode: undefined, value: undefined };
    if (is(parameter, Param) && is(parameter.value, Placeholder)) {
      const { encoder, value } = parameter;
      return { name: value.name, encode: encodeOf(encoder), value: undefined };
    }
    return { name: undefined, encode: undefined, value: parameter };
  });

/**
 * Creates a function that returns the values of a statement's parameters in their order.
 * @param toDriver converts a value to one that the driver of the database takes
 */
export const binderOf =
  (text: string, bindings: readonly Binding[], toDriver: (value: unknown) => unknown) =>
  (values: Values): unknown[] =>
    bindings.map(({ name, encode, value }) => {
      if (name === undefined) return toDriver(value);
      const given = values[name];
      if (given === undefined) {
        if (!(name in values)) throw new Error(`the parameter ${name} has no value: ${text}`);
        return null;
      }
      return toDriver(encode && given !== null ? encode(given) : given);
    });

/** Whether the database generates the column's values: a numeric primary key of one column. */
export const isNumberedKey = ({ primary, dataType }: Pick<AnyColumn, "primary" | "dataType">): boolean =>
  primary && dataType === "number";

/** The columns of a table that an insertion sets, and the one that the database generates. */
export const insertedColumns = (table: SQLiteTable, ids: Insertion["ids"] = "generated") => {
  const isGenerated = ([, column]: readonly [string, AnyColumn]): boolean =>
    ids === "generated" && isNumberedKey(column);
  const all = Object.entries(getTableColumns(table));
  return { columns: all.filter((entry) => !isGenerated(entry)), key: all.find(isGenerated) };
};

/** Appends the values of a row's columns to a list. */
export type RowBinder = (row: Readonly<Record<string, unknown>>, bound: unknown[]) => void;

/** Creates a function that does the same as `insertedValue` for all columns of a row, in less time. */
export const rowBinderOf = (
  columns: readonly (readonly [string, AnyColumn])[],
  toDriver: (value: unknown) => unknown,
): RowBinder => {
  const compiled = columns.map(([property, column]) => ({
    property,
    encode: encodeOf(column),
    byDefault: insertedValue({}, [property, column], toDriver),
  }));
  return (row, bound) => {
    for (const { property, encode, byDefault } of compiled) {
      const value = row[property];
      if (value === undefined) bound.push(byDefault);
      else bound.push(value === null ? null : toDriver(encode ? encode(value) : value));
    }
  };
};

/** Returns the value that a row has in a column: its own, the column's default, or null. */
export const insertedValue = (
  row: Readonly<Record<string, unknown>>,
  [property, column]: readonly [string, AnyColumn],
  toDriver: (value: unknown) => unknown,
): unknown => {
  const value: unknown = row[property] ?? (row[property] === null ? null : column.default);
  return value === undefined || value === null ? null : toDriver(column.mapToDriverValue(value));
};

/** An object in a row: its fields by name, as indexes of the list of fields, and further objects. */
type RowShape = Map<string, number | RowShape>;

const shapeOf = (fields: readonly Field[]): RowShape => {
  const shape: RowShape = new Map();
  for (const [index, { path }] of fields.entries()) {
    let node = shape;
    for (const name of path.slice(0, -1)) {
      const inner = node.get(name);
      const next: RowShape = inner instanceof Map ? inner : new Map<string, number | RowShape>();
      node.set(name, next);
      node = next;
    }
    node.set(path.at(-1) ?? "", index);
  }
  return shape;
};

const indexesIn = (shape: RowShape): number[] =>
  [...shape.values()].flatMap((inner) => (typeof inner === "number" ? inner : indexesIn(inner)));

/**
 * Creates a function that builds a row from the values of its fields. The function is compiled from text, because
 * V8 creates an object literal in a quarter of the time that it takes to add the same properties one by one. A page of records is
 * read in 0.87 of the time (decision 50). Nothing else compiles text.
 */
export const rowReader = ({ fields, alwaysThere }: Pick<StatementParts, "fields" | "alwaysThere">) => {
  const valueAt = (index: number): string =>
    fields[index]?.decode
      ? `values[${index}] === null ? null : decode[${index}](values[${index}])`
      : `values[${index}]`;
  /** Whether an object belongs to a joined table that may have no row. */
  const isOptional = (indexes: readonly number[]): boolean =>
    indexes.every((index) => {
      const table = fields[index]?.table;
      return table !== undefined && alwaysThere?.[table] === false;
    });
  const literalOf = (shape: RowShape, depth: number): string => {
    const members = [...shape].map(
      ([name, inner]) =>
        `${JSON.stringify(name)}: ${typeof inner === "number" ? valueAt(inner) : literalOf(inner, depth + 1)}`,
    );
    const literal = `{ ${members.join(", ")} }`;
    const indexes = indexesIn(shape);
    if (depth !== 1 || !isOptional(indexes)) return literal;
    return `${indexes.map((index) => `values[${index}] === null`).join(" && ")} ? null : ${literal}`;
  };
  // oxlint-disable-next-line typescript/no-implied-eval -- Safe: the text consists of numbers and of quoted names from the code.
  const create = new Function("decode", `return (values) => (${literalOf(shapeOf(fields), 0)});`) as (
    decode: readonly Field["decode"][],
  ) => (values: readonly unknown[]) => Record<string, unknown>;
  return create(fields.map(({ decode }) => decode));
};
