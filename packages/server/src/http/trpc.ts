import { errorCodes } from "@invigil/schema";
import { createRequestHandler, type RequestHandler } from "@invigil/trpc-fastify";
import { getTRPCErrorShape, TRPCError, transformTRPCResponse } from "@trpc/server";
import type { FastifyHandlerOptions } from "@trpc/server/adapters/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { InvigilError, invalidInput } from "../platform/errors.js";
import { findProcedure } from "../trpc/call.js";
import { failureOfCall } from "../trpc/failures.js";
import type { Router } from "../trpc/root.js";
import { type BatchWeights, createBatchWeights, WEIGHT_PER_TURN } from "./batch-weight.js";
import type { Bodies } from "./bodies.js";
import { bodyLimitOf } from "./body-limits.js";
import { answeredFailure, type CreateContext } from "./context.js";
import { logFault, setRetryAfter, toFailure, UNREADABLE_PATH } from "./failures.js";
import { eventStream, isEventStream } from "./streams.js";

/** Calls in one batch, at most. */
const MAX_BATCH = 100;

export type HandlerOptions = FastifyHandlerOptions<Router, FastifyRequest, FastifyReply>;
/** Creates what handles the requests whose calls have these weights. */
export type CreateHandler = (options: HandlerOptions, weightOf: BatchWeights["weightOf"]) => RequestHandler;

export interface TrpcOptions {
  readonly router: Router;
  readonly createContext: CreateContext;
  readonly bodies: Bodies;
  /** Whether pages of every origin may call; else answers depend on the origin. */
  readonly anyOrigin: boolean;
  /** For tests, which compare with tRPC's own adapter. Default: packages/trpc-fastify. */
  readonly createHandler?: CreateHandler | undefined;
}

/** The token in the connection parameters of a URL. */
const tokenIn = (params: unknown): string | undefined => {
  if (typeof params !== "string") return undefined;
  try {
    const { token } = JSON.parse(params) as { token?: unknown };
    return typeof token === "string" ? token : undefined;
  } catch {
    return undefined;
  }
};

const createFastHandler: CreateHandler = (options, weightOf) =>
  // No query and no mutation of this server can be cancelled.
  createRequestHandler(options, { signals: false, weightOf, weightPerTurn: WEIGHT_PER_TURN });

/** The typed client. Also what never reaches tRPC is answered in tRPC's form. */
export const trpcPlugin = async (
  app: FastifyInstance,
  { router, createContext, bodies, anyOrigin, createHandler = createFastHandler }: TrpcOptions,
): Promise<void> => {
  const config = router._def._config;
  const shapeOf = (failed: InvigilError, request: FastifyRequest) =>
    getTRPCErrorShape({
      config,
      error: new TRPCError({ code: errorCodes[failed.code].trpc, message: failed.message, cause: failed }),
      type: "unknown",
      path: undefined,
      input: undefined,
      ctx: request.callContext ?? {
        identity: failed,
        identify: () => Promise.resolve(failed),
        reopen: () => Promise.resolve(failed),
        address: request.ip,
        entryPoint: "trpc",
        trace: { requestId: request.id, procedures: [] },
      },
    });

  app.setErrorHandler(async (error, request, reply) => {
    const failed = await answeredFailure(request, toFailure(error));
    logFault(request, failed);
    setRetryAfter(reply, failed);
    return reply.code(failed.status).send(transformTRPCResponse(config, { error: shapeOf(failed, request) }));
  });

  app.setNotFoundHandler((request, reply) => {
    if (["GET", "HEAD", "POST"].includes(request.method)) {
      throw new InvigilError("NOT_FOUND", "There is no such path.");
    }
    reply.header("allow", "GET, HEAD, POST");
    throw new InvigilError("METHOD_NOT_ALLOWED", "Procedures take GET and POST.");
  });

  // tRPC parses JSON itself. Forms and files are not taken.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", (request, _payload, done) => {
    if (request.is404) done(null, "");
    else bodies.read(request, (error, body) => done(error, body?.toString()));
  });

  app.addHook("onSend", (request, reply, payload, done) => {
    // What tRPC says its answers depend on replaces what was said before.
    if (!anyOrigin) {
      const vary = reply.getHeader("vary");
      if (payload instanceof Response) payload.headers.append("vary", "Origin");
      else if (typeof vary === "string" && !/\borigin\b/i.test(vary)) reply.header("vary", `${vary}, Origin`);
    }
    done(null, isEventStream(payload) ? eventStream(request, reply, payload) : payload);
  });

  const { weightOf, assertWeight } = createBatchWeights(router);
  const options: HandlerOptions = {
    router,
    createContext: async ({ req, info }) => {
      const context = req.callContext ?? (await createContext(req, "trpc", info.connectionParams?.token));
      await assertWeight(info);
      return context;
    },
    maxBatchSize: MAX_BATCH,
    responseMeta({ errors }) {
      const waits = errors.map((error) => failureOfCall(error).retryAfterSeconds ?? 0);
      const longest = Math.max(0, ...waits);
      return longest > 0 ? { headers: { "retry-after": String(longest) } } : {};
    },
    onError({ error, ctx, req }) {
      const failed = failureOfCall(error);
      // Errors before the context is created are answered above, where the id of the request is known.
      if (!ctx) throw failed;
      logFault(req, failed);
    },
  };
  const handle = createHandler(options, weightOf);

  app.all(UNREADABLE_PATH, () => {
    throw invalidInput("path", "cannot be decoded");
  });

  /** The names of a request's procedures, as far as they are looked at. */
  const namesIn = (path: string, batch: string | undefined): readonly string[] =>
    batch === "1" ? path.split(",", MAX_BATCH) : [path];

  app.route<{ Params: { path: string }; Querystring: { batch?: string; connectionParams?: string } }>({
    method: ["GET", "POST"],
    url: "/:path",
    exposeHeadRoute: false,
    // Before a body is read: it is read of those alone who may make one of the calls.
    onRequest: (request, _reply, done) => {
      if (request.method !== "POST") return done();
      const { batch, connectionParams } = request.query;
      createContext(request, "trpc", tokenIn(connectionParams)).then((context) => {
        request.bodyLimit = bodyLimitOf(context, router, namesIn(request.params.path, batch));
        done();
      }, done);
    },
    handler: (req, res) => handle(req, res, req.params.path),
  });

  // As tRPC answers it: nothing is called.
  app.head<{ Params: { path: string }; Querystring: { batch?: string } }>("/:path", (req, res) => {
    const { path } = req.params;
    const unknown = namesIn(path, req.query.batch).find((name) => !findProcedure(router, name));
    if (unknown !== undefined) throw new InvigilError("NOT_FOUND", `No procedure found on path "${unknown}"`);
    return res.code(204).send();
  });
};
