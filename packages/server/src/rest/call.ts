import type { AnyTRPCRouter } from "@trpc/server";
import { InvigilError } from "../platform/errors.js";
import { procedureCaller } from "../trpc/call.js";
import type { Context } from "../trpc/context.js";
import { failureOfCall } from "../trpc/failures.js";
import type { Field, Row } from "./routes.js";

/** The fields of a request, and its headers by their lower-case names. */
export interface RequestData {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, unknown>>;
}
type Fields = Readonly<Record<string, Field>>;

/** The fault of a field. */
class Fault {
  constructor(readonly what: string) {}
}

const readField = ({ read, required }: Field, value: unknown): unknown => {
  const absent = value === undefined || value === null;
  if (required && (absent || value === "")) return new Fault("is required");
  if (absent || !read) return value;
  const parsed = read.safeParse(value);
  return parsed.success ? parsed.data : new Fault(parsed.error.issues[0]?.message ?? "is not valid");
};

/** The maximum number of faults that a message names. */
const MAX_NAMED = 10;

/** An error whose message names all wrong fields, because answers of the REST API have no other place for them. */
const refusal = (faults: Readonly<Record<string, readonly string[]>>): InvigilError => {
  const all = Object.entries(faults).map(([field, [fault = "is not valid"]]) => ({ field, fault }));
  const named = all.slice(0, MAX_NAMED).map(({ field, fault }) => `${field} ${fault}`);
  const more = all.length - named.length;
  return new InvigilError("INVALID_INPUT", [...named, ...(more > 0 ? [`and ${more} more`] : [])].join("; "), {
    fields: Object.fromEntries(all.map(({ field, fault }) => [field, [fault]])),
  });
};

/** Creates a function that converts a request to the input of the procedure. */
const inputReader = ({ fields, headers = {} }: Row) => {
  const named = Object.entries<string>(headers);
  const entries = Object.entries<Field>(fields);
  return (sent: RequestData): Record<string, unknown> => {
    const input: Record<string, unknown> = {};
    let faults: Record<string, string[]> | undefined;
    for (const [name, header] of named) input[name] = sent.headers[header];
    for (const [name, field] of entries) {
      const value = Object.hasOwn(sent.fields, name) ? sent.fields[name] : undefined;
      const read = readField(field, value);
      if (read instanceof Fault) {
        faults ??= {};
        faults[name] = [read.what];
      } else if (read !== undefined) input[field.as ?? name] = read;
    }
    if (faults) throw refusal(faults);
    return input;
  };
};

/** The name in the REST API of a field of the procedure, or of a part of one: `data[0].userId` for `records[0].userId`. */
const sentName = (field: string, fields: Fields): string => {
  const [begin = ""] = field.split(/[.[]/);
  const [name = begin] = Object.entries(fields).find(([, { as }]) => as === begin) ?? [];
  return `${name}${field.slice(begin.length)}`;
};

/** Names the wrong fields of an error as the REST API does. */
const withSentNames = (error: InvigilError, fields: Fields): InvigilError => {
  const faults = Object.entries(error.fields);
  const renamed = faults.map(([field, what]) => [sentName(field, fields), what] as const);
  const isSame = renamed.every(([name], index) => name === faults[index]?.[0]);
  return error.code !== "INVALID_INPUT" || (isSame && faults.length < 2)
    ? error
    : refusal(Object.fromEntries(renamed));
};

/**
 * Calls the procedure of a route and returns `data` of the response.
 * @throws InvigilError and no other error
 */
export type CallRow = (sent: () => RequestData, ctx: Context) => Promise<unknown>;

export const createRowCaller = (router: AnyTRPCRouter, row: Row): CallRow => {
  const call = procedureCaller(router, row.procedure);
  const toInput = inputReader(row);
  return async (sent, ctx) => {
    try {
      const output = await call(ctx, () => toInput(sent()));
      // Safe: `Row` declares that `data` takes the output of its procedure.
      return (row.data?.encode as ((output: unknown) => unknown) | undefined)?.(output);
    } catch (error) {
      throw withSentNames(failureOfCall(error), row.fields);
    }
  };
};
