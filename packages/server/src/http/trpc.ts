import { errorCodes } from "@invigil/schema";
import { getTRPCErrorShape, TRPCError, transformTRPCResponse } from "@trpc/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { InvigilError } from "../errors.js";
import { admit, failureOf, type Router, STAFF } from "../trpc.js";
import { assertWeight, weightOf } from "./batch-weight.js";
import type { CreateContext } from "./context.js";
import { logFault, setRetryAfter, toFailure } from "./failures.js";
import { eventStream, isEventStream } from "./streams.js";
import { createTrpcHandler } from "./trpc-http/handler.js";

/** Calls in one batch, at most. */
const MAX_BATCH = 100;
/** The one procedure that takes a file, and how much: 10 MiB in base64, in JSON. */
const IMPORT = "participant.import";
const MAX_IMPORT_MIB = 15;

export interface TrpcOptions {
  readonly router: Router;
  readonly createContext: CreateContext;
  /** Whether pages of every origin may call; else answers depend on the origin. */
  readonly anyOrigin: boolean;
  /** What serves the router. Tests and the benchmark put tRPC's own adapter here, to compare. */
  readonly createHandler?: typeof createTrpcHandler;
}

/** The typed door. Also what never reaches tRPC is answered in tRPC's form. */
export const trpcPlugin = async (
  app: FastifyInstance,
  { router, createContext, anyOrigin, createHandler = createTrpcHandler }: TrpcOptions,
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
        address: request.ip,
        trace: { requestId: request.id, procedures: [] },
      },
    });

  /** What was thrown before a procedure was called. */
  const failureIn = (error: unknown, request: FastifyRequest): InvigilError => {
    const failed = toFailure(error);
    return failed.code === "PAYLOAD_TOO_LARGE" && request.routeOptions.url?.endsWith(IMPORT)
      ? new InvigilError(failed.code, `The body must be at most ${MAX_IMPORT_MIB} MiB.`, { cause: error })
      : failed;
  };

  app.setErrorHandler((error, request, reply) => {
    const failed = failureIn(error, request);
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
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    done(null, body);
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

  const options: Parameters<typeof createHandler>[0] = {
    router,
    createContext: async ({ req, info }) => {
      const context = req.callContext ?? (await createContext(req, info.connectionParams?.token));
      await assertWeight(info);
      return context;
    },
    maxBatchSize: MAX_BATCH,
    responseMeta({ errors }) {
      const waits = errors.map((error) => failureOf(error).retryAfterSeconds ?? 0);
      const longest = Math.max(0, ...waits);
      return longest > 0 ? { headers: { "retry-after": String(longest) } } : {};
    },
    onError({ error, ctx, req }) {
      const failed = failureOf(error);
      // What tRPC refuses before it asks for a context is answered above, where the request's id is known.
      if (!ctx) throw failed;
      logFault(req, failed);
    },
  };
  // No query and no mutation of ours can be given up half-way.
  const call = createHandler(options, { signals: false, weightOf });

  // Answers, and returns nothing: Fastify would take the end of a promise for the end of the answer.
  const serve = (req: FastifyRequest, res: FastifyReply, path: string): void => {
    call(req, res, path).catch((error: unknown) => res.send(error));
  };

  app.route<{ Params: { path: string } }>({
    method: ["GET", "POST"],
    url: "/:path",
    handler: (req, res) => serve(req, res, req.params.path),
  });

  app.route({
    method: "POST",
    url: `/${IMPORT}`,
    bodyLimit: MAX_IMPORT_MIB * 1024 * 1024,
    // Before the body is read: nobody else gets to send so much.
    onRequest: async (req) => void admit(await createContext(req), STAFF, IMPORT),
    handler: (req, res) => serve(req, res, IMPORT),
  });
};
