import type { AnyTRPCProcedure } from "@trpc/server";
import type { TRPCRequestInfo } from "@trpc/server/http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { createInputs } from "./inputs.js";
import { findProcedure, procedurePath } from "./internals.js";
import type { TRPCOptions } from "./options.js";
import { type PlainRequest, urlOf } from "./request.js";

/** The procedures of a request and their type; `undefined` when tRPC's adapter has to handle the request. */
const proceduresAt = (paths: readonly string[], router: TRPCOptions["router"]) => {
  const procedures: (AnyTRPCProcedure | null)[] = [];
  let type: TRPCRequestInfo["type"] = "unknown";
  for (const path of paths) {
    const procedure = findProcedure(router, path);
    // A lazy router is not loaded yet.
    if (procedure === undefined) return undefined;
    procedures.push(procedure);
    if (!procedure) continue;
    const own = procedure._def.type;
    if (own === "subscription" || (type !== "unknown" && type !== own)) return undefined;
    type = own;
  }
  return { procedures, type };
};

/** Aborts when the client disconnects before it is answered. */
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
 * A class, because it has getters. V8 gives each object literal with getters its own hidden class among the old objects. That class keeps
 * what the getters refer to, so every request would outlive two garbage collections.
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

  // Both are expensive and rarely used, so they are created on demand.
  get url(): URL {
    this.#url ??= urlOf(this.#request);
    return this.#url;
  }

  get signal(): AbortSignal {
    this.#signal ??= signalOf(this.#reply);
    return this.#signal;
  }
}

/** Describes a request as tRPC does; `undefined` when tRPC's adapter has to handle or refuse it. */
export const readInfo = (
  { path, isBatch, accept, input }: PlainRequest,
  { router, maxBatchSize }: Pick<TRPCOptions, "router" | "maxBatchSize">,
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
      // Safe: the type has only the value that tRPC acts on. At run time it is what the client sent.
      accept: accept as TRPCRequestInfo["accept"],
      type: found.type,
      calls: found.procedures.map((procedure, batchIndex) => ({
        batchIndex,
        // Safe: every procedure was found by one of the paths.
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
