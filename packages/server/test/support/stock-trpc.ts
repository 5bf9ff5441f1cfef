import { setImmediate as nextTurn } from "node:timers/promises";
import type { RequestHandler } from "@invigil/trpc-fastify";
import { fastifyRequestHandler } from "@trpc/server/adapters/fastify";
import type { TRPCRequestInfo } from "@trpc/server/http";
import { type BatchWeights, WEIGHT_PER_TURN } from "../../src/http/batch-weight.js";
import type { HandlerOptions } from "../../src/http/trpc.js";
import type { Context } from "../../src/trpc/context.js";

/** tRPC's adapter starts all calls of a batch at once. In this context they wait, so that the event loop serves other requests in between. */
const inTurns = (
  context: Context,
  { isBatchCall, calls }: TRPCRequestInfo,
  weightOf: BatchWeights["weightOf"],
): Context => {
  if (!isBatchCall || calls.length === 1) return context;
  // The others never reach a procedure.
  const waiting = calls.filter(({ procedure }) => procedure !== null).values();
  let weight = 0;
  let turn: Promise<unknown> | undefined;
  return {
    ...context,
    perCall: async (call) => {
      const ownTurn = turn;
      const next = waiting.next();
      weight += next.done ? 1 : weightOf(next.value);
      if (weight >= WEIGHT_PER_TURN) {
        weight = 0;
        turn = (ownTurn ?? Promise.resolve()).then(() => nextTurn());
      }
      if (ownTurn) await ownTurn;
      return call(context);
    },
  };
};

/** Handles requests with tRPC's own adapter, in place of `createRequestHandler` of packages/trpc-fastify. */
export const createStockHandler = (
  options: HandlerOptions,
  weightOf: BatchWeights["weightOf"],
): RequestHandler => {
  const { createContext } = options;
  const inOrder: HandlerOptions = {
    ...options,
    createContext: async (about) => inTurns(await createContext(about), about.info, weightOf),
  };
  return (req, res, path) => {
    fastifyRequestHandler({ ...inOrder, req, res, path }).catch((error: unknown) => res.send(error));
  };
};
