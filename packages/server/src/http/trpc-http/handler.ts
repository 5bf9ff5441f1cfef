import type { AnyTRPCRouter } from "@trpc/server";
import { type FastifyHandlerOptions, fastifyRequestHandler } from "@trpc/server/adapters/fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { answerOf } from "./answer.js";
import type { Call, Exchange } from "./calls.js";
import { createHead } from "./head.js";
import { readInfo } from "./info.js";
import { createCallers } from "./internals.js";
import type { HandlerOptions } from "./options.js";
import { createHostCheck, readRequest } from "./request.js";

type StockHandler = (
  options: HandlerOptions & { req: FastifyRequest; res: FastifyReply; path: string },
) => Promise<void>;

export interface TrpcHandlerOptions {
  /** What answers all other requests; default: the stock adapter. */
  readonly fallback?: StockHandler;
  /**
   * Whether queries and mutations get a `signal` that aborts when the client goes, as with the stock adapter; default: they do. To
   * make one takes as long as a short query. The request's info has it either way, for those who ask.
   */
  readonly signals?: boolean;
  /** About how many rows a call of a batch reads: between some of them and the next, others get their turn. Default: 1. */
  readonly weightOf?: (call: Call) => number;
}

/** Answers one request for the procedures that `path` names: the part of the URL behind the prefix, as Fastify decodes it. */
export type TrpcHandler = (req: FastifyRequest, res: FastifyReply, path: string) => Promise<void>;

const asItIs = (payload: unknown): string => String(payload);

/**
 * Serves a router's queries and mutations over HTTP, single and batched, as tRPC's Fastify adapter does and with its
 * options, but without a Fetch Request and Response for each. What is neither goes to `fallback`, the stock adapter: streams,
 * subscriptions, forms and files, HEAD, and requests that are refused before their calls are known. Needs JSON bodies
 * as text: `addContentTypeParser("application/json", { parseAs: "string" }, ...)`. Answers carry their length.
 * @throws (into Fastify's error handler) what `onError`, `responseMeta` and the error formatter throw
 */
export const createTrpcHandler = <Router extends AnyTRPCRouter>(
  options: FastifyHandlerOptions<Router, FastifyRequest, FastifyReply>,
  { fallback = fastifyRequestHandler, signals = true, weightOf = () => 1 }: TrpcHandlerOptions = {},
): TrpcHandler => {
  // Safe: what of the options depends on the router gets the router's own context and errors.
  const any = options as unknown as HandlerOptions;
  const isKnownHost = createHostCheck();
  const callerOf = createCallers();
  return async (req, res, path) => {
    const request = readRequest(req, { urlPath: path, isKnownHost });
    const info = request && readInfo(request, any, req, res);
    if (!info) return fallback({ ...any, req, res, path });

    const head = createHead();
    const exchange: Exchange = {
      options: any,
      req,
      res,
      info,
      head,
      signals,
      weightOf,
      callerOf,
      context: { ctx: undefined },
    };
    const { status, body } = await answerOf(exchange);
    res.code(status);
    for (const [name, value] of head.entries()) res.header(name, value);
    // A serializer keeps Fastify from adding a charset, which the stock adapter's answers do not have.
    void res.serializer(asItIs).send(body);
  };
};
