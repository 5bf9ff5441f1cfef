import type { AnyTRPCRouter } from "@trpc/server";
import { type FastifyHandlerOptions, fastifyRequestHandler } from "@trpc/server/adapters/fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { answerOf } from "./answer.js";
import type { HandlerSettings } from "./calls.js";
import { createHead } from "./head.js";
import { readInfo } from "./info.js";
import { createCallers } from "./internals.js";
import type { RequestHandlerOptions, TRPCOptions } from "./options.js";
import { createHostCheck, readRequest } from "./request.js";

/**
 * Answers one request. `path` names the procedures: it is the part of the URL after the prefix, decoded by Fastify.
 * The function returns nothing, because Fastify would take a resolved promise for the end of the request.
 */
export type RequestHandler = (req: FastifyRequest, res: FastifyReply, path: string) => void;

const asItIs = (payload: unknown): string => String(payload);

/**
 * Creates a handler for a Fastify route of your own. It takes the options of tRPC's `fastifyRequestHandler` and gives the same answers.
 * JSON bodies have to reach it as text: `addContentTypeParser("application/json", { parseAs: "string" }, …)`.
 *
 * Fastify's error handler gets what `onError`, `responseMeta` and the error formatter throw.
 */
export const createRequestHandler = <Router extends AnyTRPCRouter>(
  trpcOptions: FastifyHandlerOptions<Router, FastifyRequest, FastifyReply>,
  {
    fallback = fastifyRequestHandler,
    signals = true,
    weightOf = () => 1,
    weightPerTurn = 400,
    charactersPerTurn = 200_000,
  }: RequestHandlerOptions = {},
): RequestHandler => {
  // Safe: the options that depend on the router get the context and the errors of this router.
  const trpc = trpcOptions as unknown as TRPCOptions;
  const isKnownHost = createHostCheck();
  const settings: HandlerSettings = {
    trpc,
    callerOf: createCallers(),
    signals,
    weightOf,
    weightPerTurn,
    charactersPerTurn,
  };

  const answer = async (req: FastifyRequest, res: FastifyReply, path: string): Promise<void> => {
    const request = readRequest(req, { urlPath: path, isKnownHost });
    const info = request && readInfo(request, trpc, req, res);
    if (!info) return fallback({ ...trpc, req, res, path });

    const head = createHead();
    const { status, body } = await answerOf({ settings, req, res, info, head, context: { ctx: undefined } });
    res.code(status);
    for (const [name, value] of head.entries()) res.header(name, value);
    // With a serializer Fastify adds no charset, which tRPC's adapter does not send either.
    void res.serializer(asItIs).send(body);
  };
  return (req, res, path) => {
    answer(req, res, path).catch((error: unknown) => res.send(error));
  };
};
