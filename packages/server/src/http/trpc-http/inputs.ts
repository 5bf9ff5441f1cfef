import { type TRPCDataTransformer, TRPCError } from "@trpc/server";
import { isObject } from "./internals.js";

export interface Inputs {
  /** The inputs of all calls by their number; read once, when the first call asks. @throws TRPCError, each time the same */
  read(): Readonly<Record<number, unknown>>;
  /** The same if they were read already, and could be. */
  readSoFar(): Readonly<Record<number, unknown>> | undefined;
}

interface Form {
  /** JSON; none when empty. */
  readonly text: string | null;
  /** How many calls the request has; `undefined` when it is not a batch. */
  readonly batchOf: number | undefined;
  readonly transformer: Pick<TRPCDataTransformer, "deserialize">;
}

// Without a prototype: nothing is inherited by a call that has no input.
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

const refusalOf = (cause: unknown): TRPCError =>
  cause instanceof TRPCError
    ? cause
    : new TRPCError({
        code: "BAD_REQUEST",
        message: cause instanceof Error ? cause.message : "Invalid input",
        cause,
      });

/** The inputs of a request's calls. Nothing is parsed before a procedure asks for it. */
export const createInputs = (form: Form): Inputs => {
  let inputs: Record<number, unknown> | undefined;
  let refusal: TRPCError | undefined;
  return {
    read() {
      if (refusal) throw refusal;
      try {
        inputs ??= parse(form);
        return inputs;
      } catch (cause) {
        refusal = refusalOf(cause);
        throw refusal;
      }
    },
    readSoFar: () => inputs,
  };
};
