import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { ErrorCode } from "@invigil/schema";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { InvigilError, invalidInput } from "../errors.js";
import { failure, httpStatus, type RestStatus } from "../rest/envelope.js";
import { failureOf } from "../trpc.js";
import { newRequestId, REQUEST_ID_HEADER } from "./logging.js";

const CODES_OF_STATUS: Partial<Record<number, ErrorCode>> = {
  404: "NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  429: "TOO_MANY_REQUESTS",
  503: "OVERLOADED",
};
const MESSAGES: Partial<Record<ErrorCode, string>> = {
  PAYLOAD_TOO_LARGE: "The body must be at most 1 MiB.",
  UNSUPPORTED_MEDIA_TYPE: "The content-type must be application/json or application/x-www-form-urlencoded.",
};

/** What to tell a client about anything that was thrown on the way to, in, or back from a route. */
export const toFailure = (error: unknown): InvigilError => {
  const failed = failureOf(error);
  if (failed.code !== "INTERNAL") return failed;
  const status = (error as Partial<FastifyError>).statusCode;
  // Only Fastify's own refusals carry a status, and only those below 500 are the client's doing.
  if (status === undefined || status >= 500) return failed;
  const code = CODES_OF_STATUS[status];
  if (!code) return invalidInput("body", "or path cannot be read");
  return new InvigilError(code, MESSAGES[code] ?? `The server answers ${status}.`);
};

/** Logs faults of the server with all that is known; expected refusals are in the request's own line. */
export const logFault = (request: FastifyRequest, failed: InvigilError): void => {
  if (failed.code === "INTERNAL") request.log.error({ err: failed.cause ?? failed }, "fault");
};

/** Sends a failure in the envelope. */
export const answerWith =
  (restStatus: RestStatus) => (request: FastifyRequest, reply: FastifyReply, failed: InvigilError) => {
    logFault(request, failed);
    return reply.code(httpStatus(failed, restStatus)).send(failure(failed, request.id));
  };

/** Makes every failure an envelope, also those that never reach a route. */
export const answerFailures = (app: FastifyInstance, { restStatus }: { restStatus: RestStatus }): void => {
  const answer = answerWith(restStatus);
  app.setErrorHandler((error, request, reply) => answer(request, reply, toFailure(error)));

  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?")[0] ?? "";
    const allowed = (["GET", "HEAD", "POST"] as const).filter((method) =>
      app.hasRoute({ method, url: path }),
    );
    if (allowed.length === 0)
      return answer(request, reply, new InvigilError("NOT_FOUND", "There is no such path."));
    reply.header("allow", allowed.join(", "));
    return answer(
      request,
      reply,
      new InvigilError("METHOD_NOT_ALLOWED", `The path takes ${allowed.join(" and ")}.`),
    );
  });
};

const STATUS_OF_PARSER: Partial<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers bytes that are no HTTP request, over which Node gives nothing but the socket. */
export const answerBrokenRequest = (error: Error & { code?: string }, socket: Socket): void => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = STATUS_OF_PARSER[error.code ?? ""] ?? 400;
  const id = newRequestId();
  const body = JSON.stringify({
    ...failure(invalidInput("request", "is not valid HTTP"), id),
    code: status,
    errorCode: String(status),
  });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID_HEADER}: ${id}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
};
