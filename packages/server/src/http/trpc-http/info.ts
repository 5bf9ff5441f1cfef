import type { AnyTRPCProcedure } from "@trpc/server";
import type { TRPCRequestInfo } from "@trpc/server/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { createInputs } from "./inputs.js";
import { findProcedure, procedurePath } from "./internals.js";
import type { HandlerOptions } from "./options.js";
import { type PlainRequest, urlOf } from "./request.js";

/** The procedures of a request and what kind they are; `undefined` when they are not for us to call. */
const proceduresAt = (paths: readonly string[], router: HandlerOptions["router"]) => {
  const procedures: (AnyTRPCProcedure | null)[] = [];
  let type: TRPCRequestInfo["type"] = "unknown";
  for (const path of paths) {
    const procedure = findProcedure(router, path);
    // Of a router that is not loaded yet.
    if (procedure === undefined) return undefined;
    procedures.push(procedure);
    if (!procedure) continue;
    const own = procedure._def.type;
    if (own === "subscription" || (type !== "unknown" && type !== own)) return undefined;
    type = own;
  }
  return { procedures, type };
};

/** Aborts when the client goes before it has its answer. */
const signalOf = ({ raw }: FastifyReply): AbortSignal => {
  const controller = new AbortController();
  const abortUnanswered = (): void => {
    if (!raw.writableEnded) controller.abort();
  };
  if (raw.destroyed) abortUnanswered();
  else raw.once("close", abortUnanswered);
  return controller.signal;
};

/**
 * A class for the sake of its getters. One in an object's literal is another for each object: V8 then describes each object by itself,
 * where old objects are, and keeps with that all that the getter knows. Every request would outlive two collections.
 */
class RequestInfo implements TRPCRequestInfo {
  readonly isBatchCall: boolean;
  readonly accept: TRPCRequestInfo["accept"];
  readonly type: TRPCRequestInfo["type"];
  readonly calls: TRPCRequestInfo["calls"];
  readonly connectionParams = null;
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  #url: URL | undefined;
  #signal: AbortSignal | undefined;

  constructor(
    about: Pick<TRPCRequestInfo, "isBatchCall" | "accept" | "type" | "calls">,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    this.isBatchCall = about.isBatchCall;
    this.accept = about.accept;
    this.type = about.type;
    this.calls = about.calls;
    this.#request = request;
    this.#reply = reply;
  }

  // Few ask for them, and each takes long to make.
  get url(): URL {
    this.#url ??= urlOf(this.#request);
    return this.#url;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#reply);
    return this.#signal;
  }
}

/** What tRPC tells of a request; `undefined` when its calls are for the stock adapter, or for it to refuse. */
export const readInfo = (
  { path, isBatch, accept, input }: PlainRequest,
  { router, maxBatchSize }: Pick<HandlerOptions, "router" | "maxBatchSize">,
  req: FastifyRequest,
  res: FastifyReply,
): TRPCRequestInfo | undefined => {
  const joined = procedurePath(path, router);
  const paths = isBatch ? joined.split(",") : [joined];
  if (isBatch && typeof maxBatchSize === "number" && paths.length > maxBatchSize) return undefined;
  const found = proceduresAt(paths, router);
  if (!found) return undefined;

  const inputs = createInputs({
    text: input,
    batchOf: isBatch ? paths.length : undefined,
    transformer: router._def._config.transformer.input,
  });
  return new RequestInfo(
    {
      isBatchCall: isBatch,
      // Safe: tRPC's type names the one value that it knows; at run time it is whatever was sent.
      accept: accept as TRPCRequestInfo["accept"],
      type: found.type,
      calls: found.procedures.map((procedure, batchIndex) => ({
        batchIndex,
        // Safe: there are as many paths as procedures.
        path: paths[batchIndex] as string,
        procedure,
        getRawInput: async () => inputs.read()[batchIndex],
        result: () => inputs.readSoFar()?.[batchIndex],
      })),
    },
    req,
    res,
  );
};
