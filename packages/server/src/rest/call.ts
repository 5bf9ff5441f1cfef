import { type InvigilError, invalidInput } from "../errors.js";
import { callProcedure, findProcedure } from "../http/trpc-http/internals.js";
import type { ServedRouter } from "../router.js";
import { type Context, failureOf } from "../trpc.js";
import type { Field, Row } from "./routes.js";

type Sent = Readonly<Record<string, unknown>>;
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

/** The procedure's input, from what was sent. */
const toInput = ({ fields, implied }: Row, sent: Sent): Record<string, unknown> => {
  const input: Record<string, unknown> = { ...implied };
  for (const [name, field] of Object.entries<Field>(fields)) {
    const value = Object.hasOwn(sent, name) ? sent[name] : undefined;
    const read = readField(name, field, value);
    if (read !== undefined) input[field.as ?? name] = read;
  }
  return input;
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

/**
 * Calls a row's procedure with what was sent and returns the answer's `data`.
 * @throws InvigilError, always
 */
export const callRow = async (
  router: ServedRouter,
  row: Row,
  sent: () => Sent,
  ctx: Context,
): Promise<unknown> => {
  let input: Record<string, unknown> | undefined;
  try {
    const procedure = findProcedure(router, row.procedure);
    if (!procedure) throw new Error(`There is no procedure ${row.procedure}.`);
    const output = await callProcedure(procedure, {
      path: row.procedure,
      ctx,
      // tRPC asks for the input only once the procedure kind has let the caller through.
      getRawInput: async () => {
        input ??= toInput(row, sent());
        return input;
      },
      type: "query",
      signal: undefined,
      batchIndex: 0,
    });
    // Safe: `Row` ties the procedure that answered to the type that `data` takes.
    return (row.data as (output: unknown) => unknown)(output);
  } catch (error) {
    throw renamed(failureOf(error), row.fields);
  }
};
