import { type AnyTRPCProcedure, getTRPCErrorFromUnknown, TRPCError } from "@trpc/server";
import type { TRPCRequestInfo } from "@trpc/server/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Head } from "./head.js";
import type { ProcedureCaller } from "./internals.js";
import type { RequestCall, RequestHandlerOptions, TRPCOptions } from "./options.js";

/** The settings of a handler, with its defaults filled in. */
export interface HandlerSettings extends Required<Omit<RequestHandlerOptions, "fallback">> {
  readonly trpc: TRPCOptions;
  readonly callerOf: (procedure: AnyTRPCProcedure) => ProcedureCaller;
}

/** A request, and the parts of its response that are known so far. */
export interface Exchange {
  readonly settings: HandlerSettings;
  readonly req: FastifyRequest;
  readonly res: FastifyReply;
  readonly info: TRPCRequestInfo;
  readonly head: Head;
  /** The context of the calls, or the reason why there is none. */
  context: { readonly ctx: unknown; readonly error?: TRPCError };
}

/** The result of a call. */
export type Outcome =
  | { readonly error: TRPCError; readonly data?: undefined }
  | { readonly error?: undefined; readonly data: unknown };

export const typeOf = ({ procedure }: RequestCall) => procedure?._def.type ?? "unknown";

/** The HTTP methods for procedures of a type. */
const methodsOf = (type: "query" | "mutation" | "subscription", override: boolean | undefined) => {
  if (type === "mutation") return ["POST"];
  return override ? ["GET", "POST"] : ["GET"];
};

/** Throws refusals instead of rejecting with them: `onError` is told of them before the next call starts, as with tRPC's adapter. */
const run = (call: RequestCall, { settings, req, info, head, context }: Exchange): Promise<unknown> => {
  const { procedure, path, batchIndex, getRawInput } = call;
  if (!procedure) throw new TRPCError({ code: "NOT_FOUND", message: `No procedure found on path "${path}"` });
  const { type } = procedure._def;
  const methods = methodsOf(type, settings.trpc.allowMethodOverride);
  if (!methods.includes(req.raw.method ?? "")) {
    head.set("allow", methods.join(", "));
    throw new TRPCError({
      code: "METHOD_NOT_SUPPORTED",
      message: `Unsupported ${req.raw.method}-request to ${type} procedure at path "${path}"`,
    });
  }
  if (context.error) throw context.error;
  return settings.callerOf(procedure)({
    path,
    getRawInput,
    ctx: context.ctx,
    type,
    signal: settings.signals ? info.signal : undefined,
    batchIndex,
  });
};

/** Makes one call. Rejects only when `onError` throws. */
export const outcomeOf = async (call: RequestCall, exchange: Exchange): Promise<Outcome> => {
  try {
    return { data: await run(call, exchange) };
  } catch (cause) {
    const { settings, req, context } = exchange;
    const error = getTRPCErrorFromUnknown(cause);
    settings.trpc.onError?.({
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

/** Creates the context of the calls. Every call fails with the error that `createContext` throws. */
export const makeContext = async ({ settings, req, res, info }: Exchange): Promise<Exchange["context"]> => {
  try {
    return { ctx: await settings.trpc.createContext?.({ req, res, info }) };
  } catch (cause) {
    return { ctx: undefined, error: getTRPCErrorFromUnknown(cause) };
  }
};
