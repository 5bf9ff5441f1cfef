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
  raw.once("close", () => {
    if (!raw.writableEnded) controller.abort();
  });
  return controller.signal;
};

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
  let url: URL | undefined;
  return {
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
    connectionParams: null,
    signal: signalOf(res),
    // Few ask for it, and it takes as long to make as all the rest.
    get url() {
      url ??= urlOf(req);
      return url;
    },
  };
};
