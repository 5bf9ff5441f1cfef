import { type AnyTRPCProcedure, getTRPCErrorFromUnknown, TRPCError } from "@trpc/server";
import type { TRPCRequestInfo } from "@trpc/server/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Head } from "./head.js";
import type { CallProcedure } from "./internals.js";
import type { HandlerOptions } from "./options.js";

/** A request on its way to its answer. */
export interface Exchange {
  readonly options: HandlerOptions;
  readonly req: FastifyRequest;
  readonly res: FastifyReply;
  readonly info: TRPCRequestInfo;
  readonly head: Head;
  /** Whether procedures get the request's signal. */
  readonly signals: boolean;
  /** About how many rows a call reads. */
  readonly weightOf: (call: Call) => number;
  /** What calls a procedure. */
  readonly callerOf: (procedure: AnyTRPCProcedure) => CallProcedure;
  /** What the calls are made in: made once, or why it could not be. */
  context: { readonly ctx: unknown; readonly error?: TRPCError };
}
export type Call = TRPCRequestInfo["calls"][number];
export type Outcome =
  | { readonly error: TRPCError; readonly data?: undefined }
  | { readonly error?: undefined; readonly data: unknown };

export const typeOf = ({ procedure }: Call) => procedure?._def.type ?? "unknown";

/** The methods that calls of a type take. */
const methodsOf = (type: "query" | "mutation" | "subscription", override: boolean | undefined) => {
  if (type === "mutation") return ["POST"];
  return override ? ["GET", "POST"] : ["GET"];
};

/** Refusals are thrown, not rejected: `onError` hears of them before the next call begins. */
const run = (
  call: Call,
  { options, req, info, head, signals, callerOf, context }: Exchange,
): Promise<unknown> => {
  const { procedure, path, batchIndex, getRawInput } = call;
  if (!procedure) throw new TRPCError({ code: "NOT_FOUND", message: `No procedure found on path "${path}"` });
  const { type } = procedure._def;
  const methods = methodsOf(type, options.allowMethodOverride);
  if (!methods.includes(req.raw.method ?? "")) {
    head.set("allow", methods.join(", "));
    throw new TRPCError({
      code: "METHOD_NOT_SUPPORTED",
      message: `Unsupported ${req.raw.method}-request to ${type} procedure at path "${path}"`,
    });
  }
  if (context.error) throw context.error;
  return callerOf(procedure)({
    path,
    getRawInput,
    ctx: context.ctx,
    type,
    signal: signals ? info.signal : undefined,
    batchIndex,
  });
};

/** Makes one call. Rejects only when `onError` throws. */
export const outcomeOf = async (call: Call, exchange: Exchange): Promise<Outcome> => {
  try {
    return { data: await run(call, exchange) };
  } catch (cause) {
    const { options, req, context } = exchange;
    const error = getTRPCErrorFromUnknown(cause);
    options.onError?.({
      error,
      path: call.path,
      input: call.result(),
      ctx: context.ctx,
      type: typeOf(call),
      req,
    });
    return { error };
  }
};

/** Makes the context of the calls. What it throws is told to each of them. */
export const makeContext = async ({ options, req, res, info }: Exchange): Promise<Exchange["context"]> => {
  try {
    return { ctx: await options.createContext?.({ req, res, info }) };
  } catch (cause) {
    return { ctx: undefined, error: getTRPCErrorFromUnknown(cause) };
  }
};
