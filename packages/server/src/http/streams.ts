import type { FastifyReply, FastifyRequest } from "fastify";
import { callFields } from "../trpc/context.js";

const EVENT_STREAM = "text/event-stream";
/** The reconnection delay of clients, in milliseconds. Browsers wait up to five seconds by default. */
const RETRY_MS = 1_000;

export const isEventStream = (payload: unknown): payload is Response =>
  payload instanceof Response && payload.headers.get("content-type")?.startsWith(EVENT_STREAM) === true;

/** Logs the start and the end of a stream. Most streams end because the client disconnects. */
const logStream = (request: FastifyRequest, reply: FastifyReply): void => {
  const { callContext: context, log, routeOptions } = request;
  const route = routeOptions.url;
  log.info({ route, address: request.ip, ...(context && callFields(context)) }, "stream opened");
  reply.raw.once("close", () => {
    log.info({ route, ms: Math.round(reply.elapsedTime) }, "stream closed");
  });
};

/**
 * Adapts an event stream of tRPC: adds log lines and the reconnection delay, and closes the connection with
 * the stream.
 */
export const eventStream = (request: FastifyRequest, reply: FastifyReply, stream: Response): Response => {
  logStream(request, reply);
  const { status, headers, body } = stream;
  // The connection cannot be reused afterwards, and a server that stops would wait for it.
  headers.set("connection", "close");
  // tRPC's `no-cache` lets caches keep it.
  headers.set("cache-control", "no-store, no-transform");
  const retry = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(`retry: ${RETRY_MS}\n\n`));
    },
  });
  return new Response(body?.pipeThrough(retry) ?? null, { status, headers });
};
