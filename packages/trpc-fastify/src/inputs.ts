import { type TRPCDataTransformer, TRPCError } from "@trpc/server";
import { isObject } from "./internals.js";

export interface Inputs {
  /** The inputs by the index of their call. They are parsed when a call first reads them. @throws the same TRPCError each time */
  read(): Readonly<Record<number, unknown>>;
  /** The inputs if they have been parsed without an error. */
  readSoFar(): Readonly<Record<number, unknown>> | undefined;
}

interface Form {
  /** JSON, or empty when there is no input. */
  readonly text: string | null;
  /** The number of calls in a batch; `undefined` for a single call. */
  readonly batchOf: number | undefined;
  readonly transformer: Pick<TRPCDataTransformer, "deserialize">;
}

// Without a prototype, so that a call without input inherits none.
const none = (): Record<number, unknown> => Object.create(null) as Record<number, unknown>;

const parse = ({ text, batchOf, transformer }: Form): Record<number, unknown> => {
  const inputs = none();
  if (!text) return inputs;
  const sent: unknown = JSON.parse(text);
  if (batchOf === undefined) {
    inputs[0] = transformer.deserialize(sent);
    return inputs;
  }
  if (!isObject(sent)) {
    throw new TRPCError({
      code: "BAD_REQUEST",
      message: '"input" needs to be an object when doing a batch call',
    });
  }
  for (let index = 0; index < batchOf; index++) {
    const input = sent[index];
    if (input !== undefined) inputs[index] = transformer.deserialize(input);
  }
  return inputs;
};

const asInputError = (cause: unknown): TRPCError =>
  cause instanceof TRPCError
    ? cause
    : new TRPCError({
        code: "BAD_REQUEST",
        message: cause instanceof Error ? cause.message : "Invalid input",
        cause,
      });

/** The inputs of a request's calls. Nothing is parsed before a procedure reads it. */
export const createInputs = (form: Form): Inputs => {
  let inputs: Record<number, unknown> | undefined;
  let failure: TRPCError | undefined;
  return {
    read() {
      if (failure) throw failure;
      try {
        inputs ??= parse(form);
        return inputs;
      } catch (cause) {
        failure = asInputError(cause);
        throw failure;
      }
    },
    readSoFar: () => inputs,
  };
};
