import type Sqlite from "better-sqlite3";
import { toSqlite } from "./dialect.js";

/** Makes a function convert its arguments to values that SQLite can store. */
const converting =
  (run: (...values: unknown[]) => unknown, statement: Sqlite.Statement) =>
  (...values: unknown[]): unknown => {
    const result = run.apply(statement, values.map(toSqlite));
    return result === statement ? convertingStatement(statement) : result;
  };

const EXECUTING = new Set<string | symbol>(["run", "get", "all", "iterate", "bind", "raw", "pluck"]);

const convertingStatement = (statement: Sqlite.Statement): Sqlite.Statement =>
  new Proxy(statement, {
    get(target, name) {
      // Safe: a property of a statement has any type.
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" && EXECUTING.has(name)
        ? // Safe: these methods take any number of values.
          converting(value as (...values: unknown[]) => unknown, target)
        : value;
    },
  });

/** A connection for Drizzle's own driver. The columns of the tables leave times and booleans to the dialect, so this converts them. */
export const convertingClient = (connection: Sqlite.Database): Sqlite.Database =>
  new Proxy(connection, {
    get(target, name) {
      if (name === "prepare") return (text: string) => convertingStatement(target.prepare(text));
      const value: unknown = Reflect.get(target, name, target);
      // Safe: a method of a connection takes and returns anything.
      return typeof value === "function" ? (value as (...args: unknown[]) => unknown).bind(target) : value;
    },
  });
