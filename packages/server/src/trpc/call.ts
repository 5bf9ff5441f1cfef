import { createProcedureCaller } from "@invigil/trpc-fastify";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import type { Context } from "./context.js";

/** Returns the procedure at a path like `room.get`. It finds every procedure, because no router of this server is lazy. */
export const findProcedure = (
  { _def: { procedures } }: AnyTRPCRouter,
  path: string,
): AnyTRPCProcedure | undefined =>
  // Safe: at run time this is a flat record without a prototype. Its type is nested.
  (procedures as Readonly<Record<string, AnyTRPCProcedure | undefined>>)[path];

/**
 * Calls a procedure. The procedure checks the caller's role first, so `input` is not called if the caller is refused.
 * @throws what the procedure throws
 */
export type CallProcedure = (ctx: Context, input: () => unknown) => Promise<unknown>;

/** Returns a function that calls the procedure at a path without HTTP, in a given context. */
export const procedureCaller = (router: AnyTRPCRouter, path: string): CallProcedure => {
  const procedure = findProcedure(router, path);
  if (!procedure) throw new Error(`there is no procedure ${path}`);
  const { type } = procedure._def;
  const call = createProcedureCaller(procedure);
  return (ctx, input) => {
    let read: { readonly input: unknown } | undefined;
    return call({
      path,
      type,
      ctx,
      // Several middlewares read the input, which is parsed once.
      getRawInput: async () => {
        read ??= { input: input() };
        return read.input;
      },
      signal: undefined,
      batchIndex: 0,
    });
  };
};
