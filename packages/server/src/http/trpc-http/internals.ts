// Everything that we know of tRPC's inside is in this file; test/trpc-internals.test.ts fails when an upgrade
// moves it. The rest of this folder stands on what `@trpc/server` and `@trpc/server/http` export.
import { type AnyTRPCProcedure, type AnyTRPCRouter, getTRPCErrorFromUnknown, TRPCError } from "@trpc/server";
import {
  getParseFn,
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
type Parse = (value: unknown) => unknown;

/** What is to be done for a call: what tRPC keeps as middlewares, with the ways in and out of a schema told apart. */
type Step =
  | { readonly kind: "input" | "output"; readonly parse: Parse }
  | { readonly kind: "middleware"; readonly run: Middleware };
interface Chain {
  readonly steps: readonly Step[];
  readonly meta: unknown;
}

/** A procedure's steps, its resolver last; nothing of procedures that do not run as tRPC builds them. */
const chainOf = (procedure: AnyTRPCProcedure): Chain | undefined => {
  // Safe: only looked at. tRPC's type keeps these members to itself.
  const built = procedure as { procedure?: unknown; _def: { middlewares?: unknown; caller?: unknown } };
  // A caller of the procedure's own (`experimental_caller`) decides by itself what is run.
  if (built.procedure !== true || built._def.caller || !Array.isArray(built._def.middlewares))
    return undefined;
  // Safe: tRPC's builder puts nothing but middlewares into the list, and for each that parses its schema beside it, in order.
  const { middlewares, inputs, output, meta } = built._def as unknown as {
    middlewares: readonly (Middleware & { readonly _type?: string })[];
    inputs: readonly ProcedureSchema[];
    output?: ProcedureSchema;
    meta: unknown;
  };
  const schemas = [...inputs];
  const steps = middlewares.map((run): Step => {
    const schema = run._type === "input" ? schemas.shift() : run._type === "output" ? output : undefined;
    return schema
      ? { kind: run._type === "input" ? "input" : "output", parse: getParseFn(schema) }
      : { kind: "middleware", run };
  });
  return { steps, meta };
};
type ProcedureSchema = Parameters<typeof getParseFn>[0];

/** What a schema makes of a value. @throws TRPCError in the place of what the schema throws, or rejects with */
const through = (parse: Parse, value: unknown, as: typeof BAD_INPUT | typeof BAD_OUTPUT): unknown => {
  const refuse = (cause: unknown): never => {
    throw new TRPCError({ ...as, cause });
  };
  try {
    const parsed = parse(value);
    return parsed instanceof Promise ? parsed.catch(refuse) : parsed;
  } catch (cause) {
    return refuse(cause);
  }
};
const BAD_INPUT = { code: "BAD_REQUEST" } as const;
const BAD_OUTPUT = { code: "INTERNAL_SERVER_ERROR", message: "Output validation failed" } as const;

/** tRPC's own loop, without the copies of all options that its compiled form makes for each step. */
const runFrom = async (
  chain: Chain,
  from: number,
  call: ProcedureCall,
  ctx: unknown,
  given: unknown,
  getRawInput: ProcedureCall["getRawInput"],
): Promise<Result> => {
  try {
    let input = given;
    let index = from;
    let outputs: Parse[] | undefined;
    for (let step = chain.steps[index]; step && step.kind !== "middleware"; step = chain.steps[index]) {
      if (step.kind === "output") outputs = [step.parse, ...(outputs ?? [])];
      else {
        const parsed = await through(step.parse, await getRawInput(), BAD_INPUT);
        input = isObject(input) && isObject(parsed) ? { ...input, ...parsed } : parsed;
      }
      index += 1;
    }
    // Safe: the last one, the resolver, has no `next` to call; if it calls it all the same, that is its error.
    const middleware = (chain.steps[index] as { run: Middleware } | undefined)?.run as Middleware;
    const result = await middleware({
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
          changes?.ctx ? Object.assign({}, ctx, changes.ctx) : ctx,
          changes && "input" in changes ? changes.input : input,
          changes?.getRawInput ?? getRawInput,
        ),
    });
    if (!outputs || !result.ok) return result;
    let { data } = result;
    for (const parse of outputs) data = await through(parse, data, BAD_OUTPUT);
    return { ...result, data };
  } catch (cause) {
    // Middlewares look at the marker in nothing; it is here because tRPC's results have it.
    return Object.assign({ ok: false as const, error: getTRPCErrorFromUnknown(cause) }, MARK);
  }
};
const MARK = { marker: middlewareMarker };

/** Calls a procedure. @throws what the procedure throws when tRPC calls it */
export type CallProcedure = (call: ProcedureCall) => Promise<unknown>;

/** Makes what calls a procedure as tRPC does: the same steps, the same context, the same failures. */
export const callerOf = (procedure: AnyTRPCProcedure): CallProcedure => {
  const chain = chainOf(procedure);
  // Every procedure is called like this.
  if (!chain) return procedure;
  return async (call) => {
    // Safe: a middleware that forgets to return leaves nothing.
    const result = (await runFrom(chain, 0, call, call.ctx, undefined, call.getRawInput)) as
      | Result
      | undefined;
    if (!result) {
      throw new TRPCError({
        code: "INTERNAL_SERVER_ERROR",
        message: "No result from middlewares - did you forget to `return next()`?",
      });
    }
    if (!result.ok) throw result.error;
    return result.data;
  };
};

/** The same, made when a procedure is first called. */
export const createCallers = (): ((procedure: AnyTRPCProcedure) => CallProcedure) => {
  const callers = new WeakMap<AnyTRPCProcedure, CallProcedure>();
  return (procedure) => {
    const known = callers.get(procedure);
    if (known) return known;
    const caller = callerOf(procedure);
    callers.set(procedure, caller);
    return caller;
  };
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
