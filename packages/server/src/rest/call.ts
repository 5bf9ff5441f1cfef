import type { AnyTRPCRouter } from "@trpc/server";
import { type InvigilError, invalidInput } from "../platform/errors.js";
import { procedureCaller, type TrpcAdapter } from "../trpc/call.js";
import type { Context } from "../trpc/context.js";
import { failureOf } from "../trpc/failures.js";
import type { Field, Row } from "./routes.js";

/** What a request holds: its fields, and its headers by their names in small letters. */
export interface Sent {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
}
type Fields = Readonly<Record<string, Field>>;

const readField = (name: string, { read, required }: Field, value: unknown): unknown => {
  const absent = value === undefined || value === null;
  if (required && (absent || value === "")) throw invalidInput(name, "is required");
  if (absent) return value;
  if (!read) return value;
  const parsed = read.safeParse(value);
  if (!parsed.success) throw invalidInput(name, parsed.error.issues[0]?.message ?? "is wrong");
  return parsed.data;
};

/** Makes the procedure's input of what was sent. */
const inputReader = ({ fields, headers = {} }: Row) => {
  const named = Object.entries<string>(headers);
  const entries = Object.entries<Field>(fields);
  return (sent: Sent): Record<string, unknown> => {
    const input: Record<string, unknown> = {};
    for (const [name, header] of named) input[name] = sent.headers[header];
    for (const [name, field] of entries) {
      const value = Object.hasOwn(sent.fields, name) ? sent.fields[name] : undefined;
      const read = readField(name, field, value);
      if (read !== undefined) input[field.as ?? name] = read;
    }
    return input;
  };
};

/** Reports a wrong field under the name that it was sent with. */
const renamed = (error: InvigilError, fields: Fields): InvigilError => {
  const [field, faults] = Object.entries(error.fields)[0] ?? [];
  const entry = Object.entries(fields).find(
    ([, { as }]) => as !== undefined && field?.split(/[.[]/)[0] === as,
  );
  if (error.code !== "INVALID_INPUT" || !entry || field === undefined) return error;
  const [name, { as = "" }] = entry;
  return invalidInput(`${name}${field.slice(as.length)}`, faults?.[0] ?? "is wrong");
};

/** Calls a row's procedure with what was sent and returns the answer's `data`. @throws InvigilError, always */
export type CallRow = (sent: () => Sent, ctx: Context) => Promise<unknown>;

export const rowCaller = (router: AnyTRPCRouter, row: Row, adapter: TrpcAdapter): CallRow => {
  const call = procedureCaller(router, row.procedure, adapter);
  const toInput = inputReader(row);
  return async (sent, ctx) => {
    try {
      const output = await call(ctx, () => toInput(sent()));
      // Safe: `Row` ties the procedure that answered to the type that `data` takes.
      return (row.data as (output: unknown) => unknown)(output);
    } catch (error) {
      throw renamed(failureOf(error), row.fields);
    }
  };
};
