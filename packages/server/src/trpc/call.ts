import { createProcedureCaller } from "@invigil/trpc-fastify";
import type { AnyTRPCProcedure, AnyTRPCRouter } from "@trpc/server";
import type { Config } from "../config/config.js";
import type { Context } from "./context.js";

/** What calls procedures: tRPC itself (`stock`), or packages/trpc-fastify, which does the same in a fraction of the time (`fast`). */
export type TrpcAdapter = Config["trpcAdapter"];

/** The procedure at a path like `room.get`. No router of this server is lazy, so every procedure is known. */
export const findProcedure = (
  { _def: { procedures } }: AnyTRPCRouter,
  path: string,
): AnyTRPCProcedure | undefined =>
  // Safe: at run time this is a flat record without a prototype. Its type is nested.
  (procedures as Readonly<Record<string, AnyTRPCProcedure | undefined>>)[path];

/**
 * Calls a procedure. Its kind admits the caller before it asks for the input, so `input` is not called for a caller who is refused.
 * @throws what the procedure throws
 */
export type CallProcedure = (ctx: Context, input: () => unknown) => Promise<unknown>;

/** Returns a function that calls the procedure at a path without HTTP, in the context that it is given. */
export const procedureCaller = (router: AnyTRPCRouter, path: string, adapter: TrpcAdapter): CallProcedure => {
  const procedure = findProcedure(router, path);
  if (!procedure) throw new Error(`there is no procedure ${path}`);
  const { type } = procedure._def;
  const call = adapter === "fast" ? createProcedureCaller(procedure) : procedure;
  return (ctx, input) => {
    let read: { readonly input: unknown } | undefined;
    return call({
      path,
      type,
      ctx,
      // Several middlewares ask for it.
      getRawInput: async () => {
        read ??= { input: input() };
        return read.input;
      },
      signal: undefined,
      batchIndex: 0,
    });
  };
};
