import { type AnyColumn, Param, type SQL, sql } from "drizzle-orm";
import { param } from "../storage/statement.js";

/** A parameter of an update's `.set`, encoded as its column encodes values. Drizzle's types do not let `.set` take `param` itself. */
export const encodedParam = <Column extends AnyColumn>(
  column: Column,
  name: string,
): SQL<Column["_"]["data"]> => sql`${new Param<unknown, unknown>(param(name), column)}`;
