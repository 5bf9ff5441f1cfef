import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { ErrorCode } from "@invigil/schema";
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { InvigilError, invalidInput } from "../platform/errors.js";
import { detailsFor, failureOfCall } from "../trpc/failures.js";
import { answeredFailure } from "./context.js";
import { failure, httpStatus, type RestStatus } from "./envelope.js";
import { newRequestId, REQUEST_ID_HEADER, requestId } from "./logging.js";

const CODES_BY_STATUS: Partial<Record<number, ErrorCode>> = {
  404: "NOT_FOUND",
  408: "REQUEST_TIMEOUT",
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

/** Converts an error of any kind to the one that the client receives. */
export const toFailure = (error: unknown): InvigilError => {
  const failed = failureOfCall(error);
  if (failed.code !== "INTERNAL") return failed;
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  // Only errors of Fastify have a status. Below 500, the client caused them.
  if (typeof status !== "number" || status >= 500) return failed;
  const code = CODES_BY_STATUS[status];
  if (!code) return invalidInput("body", "cannot be read");
  return new InvigilError(code, MESSAGES[code] ?? `The request failed with status ${status}.`);
};

/** Logs internal errors with their details. Other errors are part of the log line of the request. */
export const logFault = (request: FastifyRequest, failed: InvigilError): void => {
  if (failed.code === "INTERNAL") request.log.error({ err: failed.cause ?? failed }, "fault");
};

/** Sets the retry-after header if the error has a time. */
export const setRetryAfter = (reply: FastifyReply, { retryAfterSeconds }: InvigilError): void => {
  if (retryAfterSeconds !== undefined) reply.header("retry-after", retryAfterSeconds);
};

/** Collects the methods of every path as its routes are registered. */
const methodsOf = (app: FastifyInstance): ReadonlyMap<string, ReadonlySet<string>> => {
  const methods = new Map<string, Set<string>>();
  app.addHook("onRoute", ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
};

/** The route of URLs that cannot be decoded, so that they get a normal response. */
export const UNREADABLE_PATH = "/-/unreadable";
/** The prefix of the tRPC API, whose errors have a different format. */
export const TRPC_PREFIX = "/trpc";

/** The URL of a request, or a replacement if its path cannot be decoded. */
export const readableUrl = ({ url = "/" }: Pick<IncomingMessage, "url">): string => {
  const [path = ""] = url.split("?", 1);
  try {
    return typeof decodeURIComponent(path) === "string" ? url : UNREADABLE_PATH;
  } catch {
    return path.startsWith(TRPC_PREFIX) ? `${TRPC_PREFIX}${UNREADABLE_PATH}` : UNREADABLE_PATH;
  }
};

/** Answers errors of handlers in the envelope. */
export const answerErrors = (app: FastifyInstance, restStatus: RestStatus): void => {
  app.setErrorHandler(async (error, request, reply) => {
    const failed = await answeredFailure(request, toFailure(error));
    logFault(request, failed);
    setRetryAfter(reply, failed);
    return reply
      .code(httpStatus(failed, restStatus))
      .send(failure(failed, request.id, detailsFor(failed, request.callContext)));
  });
};

/**
 * Responds to every error with an envelope, including requests that reach no route. Register it before the
 * routes.
 */
export const answerFailures = (app: FastifyInstance, { restStatus }: { restStatus: RestStatus }): void => {
  const methods = methodsOf(app);

  answerErrors(app, restStatus);

  app.setNotFoundHandler((request, reply) => {
    const allowed = [...(methods.get(request.url.split("?", 1)[0] ?? "") ?? [])].sort();
    if (allowed.length === 0) throw new InvigilError("NOT_FOUND", "There is no such path.");
    reply.header("allow", allowed.join(", "));
    throw new InvigilError("METHOD_NOT_ALLOWED", `The path supports ${allowed.join(" and ")}.`);
  });

  app.all(UNREADABLE_PATH, () => {
    throw invalidInput("path", "cannot be decoded");
  });

  app.addHook("onRequest", (request, _reply, done) => {
    const hasHost = request.headers.host !== undefined || request.raw.httpVersion === "1.0";
    done(hasHost ? undefined : invalidInput("host", "is required"));
  });
};

/** A complete response for errors outside of Fastify's hooks and handlers. */
export interface BareResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
/** Creates the envelope of an error with a status that the error table does not contain. */
export const bareResponse = (failed: InvigilError, status: number, id: string): BareResponse => {
  const body = JSON.stringify({ ...failure(failed, id), code: status, errorCode: String(status) });
  return {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "content-length": String(Buffer.byteLength(body)),
      [REQUEST_ID_HEADER]: id,
      connection: "close",
    },
    body,
  };
};
/** Formats the response for a socket. */
export const formatResponse = ({ status, headers, body }: BareResponse): string =>
  [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `\r\n${body}`,
  ].join("\r\n");

/**
 * Responds to requests that Fastify refuses before routing, which would otherwise get Fastify's own format.
 */
export const answerUnrouted = (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
  const status = "statusCode" in error && typeof error.statusCode === "number" ? error.statusCode : 400;
  const answer = bareResponse(invalidInput("path", "cannot be served"), status, request.id);
  void reply.code(status).headers(answer.headers).serializer(String).send(answer.body);
};

/**
 * Node responds to expectations other than `100-continue` without a body. This responds with the envelope.
 */
export const answerExpectations = (app: FastifyInstance): void => {
  app.server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    const answer = bareResponse(invalidInput("expect", "must be 100-continue"), 417, requestId(request));
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
};

const PARSER_ERRORS: Partial<Record<string, readonly [status: number, InvigilError]>> = {
  HPE_HEADER_OVERFLOW: [431, invalidInput("headers", "must be at most 16 KiB")],
  ERR_HTTP_REQUEST_TIMEOUT: [408, new InvigilError("REQUEST_TIMEOUT", "The request did not arrive in time.")],
};
const NOT_HTTP = [400, invalidInput("request", "is not valid HTTP")] as const;

/**
 * Responds to bytes that are not an HTTP request. Node provides only the socket, so no hook runs and the
 * origin is unknown.
 */
export const brokenRequestAnswerer =
  ({ anyOrigin, log }: { anyOrigin: boolean; log: FastifyBaseLogger }) =>
  (error: Error & { code?: string }, socket: Socket): void => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, failed] = PARSER_ERRORS[error.code ?? ""] ?? NOT_HTTP;
    const id = newRequestId();
    log.info({ reqId: id, status, address: socket.remoteAddress }, "request refused");
    const answer = bareResponse(failed, status, id);
    const origin = anyOrigin ? { "access-control-allow-origin": "*" } : {};
    socket.end(formatResponse({ ...answer, headers: { ...answer.headers, ...origin } }));
  };
