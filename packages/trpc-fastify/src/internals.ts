// The only file that depends on tRPC's internals: how a procedure stores its middlewares, and the exports of
// `unstable-core-do-not-import`. test/internals.test.ts compares all of it with tRPC and fails when an upgrade changes it. The other files
// use what `@trpc/server`, `@trpc/server/http` and `@trpc/server/adapters/fastify` export.
import { type AnyTRPCProcedure, type AnyTRPCRouter, getTRPCErrorFromUnknown, TRPCError } from "@trpc/server";
import {
  getParseFn,
  isAsyncIterable,
  isObject,
  isPromise,
  middlewareMarker,
} from "@trpc/server/unstable-core-do-not-import";

/** The arguments of a call, as tRPC passes them to a procedure. */
export interface ProcedureCall {
  readonly path: string;
  readonly type: AnyTRPCProcedure["_def"]["type"];
  readonly ctx: unknown;
  /** Called by each middleware that reads the input. */
  readonly getRawInput: () => Promise<unknown>;
  readonly signal: AbortSignal | undefined;
  readonly batchIndex: number;
}

/** The changes that a middleware passes to `next`. */
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

/** A middleware. Those in which tRPC parses the input or the output are replaced by the parser itself. */
type Step =
  | { readonly kind: "input" | "output"; readonly parse: Parse }
  | { readonly kind: "middleware"; readonly run: Middleware };
interface Chain {
  readonly steps: readonly Step[];
  readonly meta: unknown;
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);

/** The steps of a procedure; the resolver is the last. `undefined` for a procedure that is not built the way this file expects. */
const chainOf = (procedure: AnyTRPCProcedure): Chain | undefined => {
  // Safe: nothing is assumed about these members, which tRPC's types hide.
  const { procedure: marker, _def } = procedure as unknown as {
    procedure?: unknown;
    _def: Readonly<Record<"middlewares" | "inputs" | "output" | "meta" | "caller", unknown>>;
  };
  const { middlewares, inputs, output, meta, caller } = _def;
  // A caller of the procedure's own (`experimental_caller`) decides which steps are run.
  if (marker !== true || caller || !isList(middlewares) || !isList(inputs)) return undefined;

  // Safe: both are used below only where tRPC made a middleware of a schema.
  const schemas = {
    input: [...inputs] as ProcedureSchema[],
    output: output ? [output as ProcedureSchema] : [],
  };
  const steps: Step[] = [];
  for (const middleware of middlewares) {
    if (typeof middleware !== "function") return undefined;
    // Safe: every function in the list is one of tRPC's middlewares.
    const run = middleware as Middleware & { readonly _type?: unknown };
    const { _type: kind } = run;
    if (kind === "input" || kind === "output") {
      const schema = schemas[kind].shift();
      if (!schema) return undefined;
      steps.push({ kind, parse: getParseFn(schema) });
    } else steps.push({ kind: "middleware", run });
  }
  return schemas.input.length === 0 && steps.at(-1)?.kind === "middleware" ? { steps, meta } : undefined;
};
type ProcedureSchema = Parameters<typeof getParseFn>[0];

/** Parses a value. Failures of the schema are thrown as a TRPCError. */
const parseWith = (parse: Parse, value: unknown, as: typeof BAD_INPUT | typeof BAD_OUTPUT): unknown => {
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

/** Runs the steps from an index on, like tRPC's `callRecursive`. tRPC's compiled code copies all options twice for each step. */
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
        const parsed = await parseWith(step.parse, await getRawInput(), BAD_INPUT);
        input = isObject(input) && isObject(parsed) ? { ...input, ...parsed } : parsed;
      }
      index += 1;
    }
    // Safe: the last step, the resolver, is not given a `next`. If it calls one anyway, the call fails as it does in tRPC.
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
    for (const parse of outputs) data = await parseWith(parse, data, BAD_OUTPUT);
    return { ...result, data };
  } catch (cause) {
    // Nothing reads the marker, but tRPC's results have it.
    return Object.assign({ ok: false as const, error: getTRPCErrorFromUnknown(cause) }, MARK);
  }
};
const MARK = { marker: middlewareMarker };

/** Calls a procedure. @throws what the procedure throws when tRPC calls it */
export type ProcedureCaller = (call: ProcedureCall) => Promise<unknown>;

/**
 * Returns a function that calls a procedure like `procedure(call)` does: with the same middlewares, the same context and the same errors, but
 * without a copy of all options at every step.
 */
export const createProcedureCaller = (procedure: AnyTRPCProcedure): ProcedureCaller => {
  const chain = chainOf(procedure);
  if (!chain) return procedure;
  return async (call) => {
    // Safe: at run time a middleware may return nothing.
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

/** Returns the caller of any procedure, and creates it when the procedure is called for the first time. */
export const createCallers = (): ((procedure: AnyTRPCProcedure) => ProcedureCaller) => {
  const callers = new WeakMap<AnyTRPCProcedure, ProcedureCaller>();
  return (procedure) => {
    const known = callers.get(procedure);
    if (known) return known;
    const caller = createProcedureCaller(procedure);
    callers.set(procedure, caller);
    return caller;
  };
};

/** The procedure at a path, `null` if there is none, or `undefined` if a lazy router may still have to be loaded to know. */
export const findProcedure = (
  { _def: { procedures, lazy } }: AnyTRPCRouter,
  path: string,
): AnyTRPCProcedure | null | undefined => {
  // Safe: at run time this is a flat record without a prototype. Its type is nested.
  const found = (procedures as Readonly<Record<string, AnyTRPCProcedure | undefined>>)[path];
  if (found) return found;
  return Object.keys(lazy).length === 0 ? null : undefined;
};

/** The path of a procedure from its path in the URL. The router may use a separator of its own there, in versions of tRPC that have it. */
export const procedurePath = (urlPath: string, { _def: { _config } }: AnyTRPCRouter): string => {
  // Older versions of tRPC have no such setting.
  const separator: string | undefined = _config.pathSeparator;
  return separator === undefined || separator === "." ? urlPath : urlPath.split(separator).join(".");
};

/** Whether a result can only be streamed: it is an async iterable, or has a member that is one or is a promise. */
export const isStream = (data: unknown): boolean =>
  isObject(data) &&
  (isAsyncIterable(data) || Object.values(data).some((value) => isPromise(value) || isAsyncIterable(value)));

export { isObject };
