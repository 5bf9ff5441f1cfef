import type { FastifyReply, FastifyRequest } from "fastify";
import { callFields } from "../trpc/context.js";

const EVENT_STREAM = "text/event-stream";
/** How soon a client comes back when its stream has broken, in milliseconds. Browsers wait up to five seconds otherwise. */
const RETRY_MS = 1_000;

export const isEventStream = (payload: unknown): payload is Response =>
  payload instanceof Response && payload.headers.get("content-type")?.startsWith(EVENT_STREAM) === true;

/** Logs that a stream begins and that it has ended, which most do because their client left. */
const logStream = (request: FastifyRequest, reply: FastifyReply): void => {
  const { callContext: context, log, routeOptions } = request;
  const route = routeOptions.url;
  log.info({ route, address: request.ip, ...(context && callFields(context)) }, "stream opened");
  reply.raw.once("close", () => {
    log.info({ route, ms: Math.round(reply.elapsedTime) }, "stream closed");
  });
};

/** What tRPC's event streams are given: log lines, how soon to come back, and a connection that ends with them. */
export const eventStream = (request: FastifyRequest, reply: FastifyReply, stream: Response): Response => {
  logStream(request, reply);
  const { status, headers, body } = stream;
  // It is of no use afterwards, and a server that stops would wait for it.
  headers.set("connection", "close");
  const retry = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(`retry: ${RETRY_MS}\n\n`));
    },
  });
  return new Response(body?.pipeThrough(retry) ?? null, { status, headers });
};
