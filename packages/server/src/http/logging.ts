import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";
import { callFields } from "../trpc/context.js";

export const REQUEST_ID_HEADER = "x-request-id";

export const newRequestId = (): string => randomUUID();

/** The request id of the client if it is valid, otherwise a new one. */
export const requestId = (request: Pick<IncomingMessage, "headers">): string => {
  const sent = request.headers[REQUEST_ID_HEADER];
  return typeof sent === "string" && /^[\w.:-]{1,64}$/.test(sent) ? sent : newRequestId();
};

/**
 * Adds the request id to responses, and writes one log line per request, without tokens, queries and bodies.
 */
export const logRequests = (app: FastifyInstance): void => {
  app.addHook("onRequest", (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    done();
  });
  app.addHook("onResponse", (request, reply, done) => {
    const context = request.callContext;
    request.log.info(
      {
        method: request.method,
        route: request.routeOptions.url ?? null,
        status: reply.statusCode,
        address: context?.address ?? request.ip,
        ms: Math.round(reply.elapsedTime * 100) / 100,
        ...(context && callFields(context)),
        // Refusals without a procedure, such as that of an upload.
        ...(request.refusal && { reason: request.refusal.code }),
      },
      "request",
    );
    done();
  });
};
