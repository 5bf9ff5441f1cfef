import type { AnyTRPCRouter } from "@trpc/server";
import { type InvigilError, invalidInput } from "../platform/errors.js";
import { procedureCaller, type TrpcAdapter } from "../trpc/call.js";
import type { Context } from "../trpc/context.js";
import { failureOf } from "../trpc/failures.js";
import type { Field, Row } from "./routes.js";

/** The fields of a request, and its headers by their lower-case names. */
export interface RequestData {
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
  if (!parsed.success) throw invalidInput(name, parsed.error.issues[0]?.message ?? "is not valid");
  return parsed.data;
};

/** Creates a function that converts a request to the input of the procedure. */
const inputReader = ({ fields, headers = {} }: Row) => {
  const named = Object.entries<string>(headers);
  const entries = Object.entries<Field>(fields);
  return (sent: RequestData): Record<string, unknown> => {
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

/** Renames a field in an error to the name of the REST API. */
const withSentName = (error: InvigilError, fields: Fields): InvigilError => {
  const [field, faults] = Object.entries(error.fields)[0] ?? [];
  const entry = Object.entries(fields).find(
    ([, { as }]) => as !== undefined && field?.split(/[.[]/)[0] === as,
  );
  if (error.code !== "INVALID_INPUT" || !entry || field === undefined) return error;
  const [name, { as = "" }] = entry;
  return invalidInput(`${name}${field.slice(as.length)}`, faults?.[0] ?? "is not valid");
};

/**
 * Calls the procedure of a route and returns `data` of the response.
 * @throws InvigilError and no other error
 */
export type CallRow = (sent: () => RequestData, ctx: Context) => Promise<unknown>;

export const createRowCaller = (router: AnyTRPCRouter, row: Row, adapter: TrpcAdapter): CallRow => {
  const call = procedureCaller(router, row.procedure, adapter);
  const toInput = inputReader(row);
  return async (sent, ctx) => {
    try {
      const output = await call(ctx, () => toInput(sent()));
      // Safe: `Row` declares that `data` takes the output of its procedure.
      return (row.data as (output: unknown) => unknown)(output);
    } catch (error) {
      throw withSentName(failureOf(error), row.fields);
    }
  };
};
