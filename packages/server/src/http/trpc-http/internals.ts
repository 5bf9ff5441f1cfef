// Everything that we know of tRPC's inside is in this file; test/trpc-internals.test.ts fails when an upgrade
// moves it. The rest of this folder stands on what `@trpc/server` and `@trpc/server/http` export.
import { type AnyTRPCProcedure, type AnyTRPCRouter, getTRPCErrorFromUnknown, TRPCError } from "@trpc/server";
import {
  isAsyncIterable,
  isObject,
  isPromise,
  middlewareMarker,
  urlPathToProcedurePath,
} from "@trpc/server/unstable-core-do-not-import";

/** What a procedure is called with. */
export interface ProcedureCall {
  readonly path: string;
  readonly type: AnyTRPCProcedure["_def"]["type"];
  readonly ctx: unknown;
  /** Asked for by the middlewares that want the input, once or more. */
  readonly getRawInput: () => Promise<unknown>;
  readonly signal: AbortSignal | undefined;
  readonly batchIndex: number;
}

/** What a middleware hands to the next. */
interface Changes {
  readonly ctx?: object;
  readonly input?: unknown;
  readonly getRawInput?: ProcedureCall["getRawInput"];
}
type Result = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly error: unknown };
type Middleware = (
  step: ProcedureCall & { meta: unknown; input: unknown; next: (changes?: Changes) => Promise<Result> },
) => Promise<Result>;
interface Chain {
  readonly middlewares: readonly Middleware[];
  readonly meta: unknown;
}

/** A procedure's middlewares, its resolver last; nothing of procedures that do not run as tRPC builds them. */
const chainOf = (procedure: AnyTRPCProcedure): Chain | undefined => {
  // Safe: only looked at. tRPC's type keeps these members to itself.
  const built = procedure as { procedure?: unknown; _def: { middlewares?: unknown; caller?: unknown } };
  // A caller of the procedure's own (`experimental_caller`) decides by itself what is run.
  if (built.procedure !== true || built._def.caller || !Array.isArray(built._def.middlewares))
    return undefined;
  // Safe: tRPC's builder puts nothing but middlewares into the list.
  return built._def as unknown as Chain;
};

/** tRPC's own loop, without the copies of all options that its compiled form makes for each step. */
const runFrom = async (
  chain: Chain,
  index: number,
  call: ProcedureCall,
  ctx: unknown,
  input: unknown,
  getRawInput: ProcedureCall["getRawInput"],
): Promise<Result> => {
  try {
    // Safe: the last one, the resolver, has no `next` to call; if it calls it all the same, that is its error.
    const middleware = chain.middlewares[index] as Middleware;
    return await middleware({
      path: call.path,
      type: call.type,
      signal: call.signal,
      batchIndex: call.batchIndex,
      getRawInput,
      ctx,
      meta: chain.meta,
      input,
      next: (changes) =>
        runFrom(
          chain,
          index + 1,
          call,
          // Safe: what is no object spreads to nothing.
          changes?.ctx ? { ...(ctx as object), ...changes.ctx } : ctx,
          changes && "input" in changes ? changes.input : input,
          changes?.getRawInput ?? getRawInput,
        ),
    });
  } catch (cause) {
    // Middlewares look at the marker in nothing; it is here because tRPC's results have it.
    return Object.assign({ ok: false as const, error: getTRPCErrorFromUnknown(cause) }, MARK);
  }
};
const MARK = { marker: middlewareMarker };

/** Calls a procedure as tRPC does: the same steps, the same context, the same failures. @throws what it throws */
export const callProcedure = async (procedure: AnyTRPCProcedure, call: ProcedureCall): Promise<unknown> => {
  const chain = chainOf(procedure);
  if (!chain) {
    // Safe: every procedure is called like this; the type of its options is kept from us.
    return (procedure as unknown as (call: ProcedureCall) => Promise<unknown>)(call);
  }
  // Safe: a middleware that forgets to return leaves nothing.
  const result = (await runFrom(chain, 0, call, call.ctx, undefined, call.getRawInput)) as Result | undefined;
  if (!result) {
    throw new TRPCError({
      code: "INTERNAL_SERVER_ERROR",
      message: "No result from middlewares - did you forget to `return next()`?",
    });
  }
  if (!result.ok) throw result.error;
  return result.data;
};

/** The procedure at a path as it stands in the URL; `undefined` where a router may still have to be loaded for it. */
export const findProcedure = (
  { _def: { procedures, lazy } }: AnyTRPCRouter,
  path: string,
): AnyTRPCProcedure | null | undefined => {
  // Safe: at run time this is a flat record without a prototype; its type says that it is nested.
  const found = (procedures as Readonly<Record<string, AnyTRPCProcedure | undefined>>)[path];
  if (found) return found;
  return Object.keys(lazy).length === 0 ? null : undefined;
};

/** A procedure's path from a piece of the URL, whatever separator the router's URLs have. */
export const procedurePath = (urlPath: string, { _def: { _config } }: AnyTRPCRouter): string =>
  urlPathToProcedurePath(urlPath, _config.pathSeparator);

/** Whether an answer can only be streamed: it is, or holds, something that is still to come. */
export const isStream = (data: unknown): boolean =>
  isObject(data) &&
  (isAsyncIterable(data) || Object.values(data).some((value) => isPromise(value) || isAsyncIterable(value)));

export { isObject };
