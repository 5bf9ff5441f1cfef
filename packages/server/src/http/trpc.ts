import { errorCodes } from "@invigil/schema";
import { getTRPCErrorShape, TRPCError, transformTRPCResponse } from "@trpc/server";
import { type FastifyTRPCPluginOptions, fastifyTRPCPlugin } from "@trpc/server/adapters/fastify";
import type { FastifyInstance } from "fastify";
import type { ServedRouter } from "../router.js";
import { failureOf } from "../trpc.js";
import type { CreateContext } from "./context.js";
import { logFault, toFailure } from "./failures.js";

/** Calls in one batch, at most. */
const MAX_BATCH = 100;

/** The typed door: tRPC at `/trpc`. */
export const trpcPlugin = async (
  app: FastifyInstance,
  { router, createContext }: { router: ServedRouter; createContext: CreateContext },
): Promise<void> => {
  // Failures before tRPC has the request (a body that is too large) come in tRPC's form too.
  app.setErrorHandler((error, request, reply) => {
    const failed = toFailure(error);
    logFault(request, failed);
    const config = router._def._config;
    const shape = getTRPCErrorShape({
      config,
      error: new TRPCError({ code: errorCodes[failed.code].trpc, message: failed.message, cause: failed }),
      type: "unknown",
      path: undefined,
      input: undefined,
      ctx: request.callContext ?? { identity: failed, trace: { requestId: request.id, procedures: [] } },
    });
    return reply.code(failed.status).send(transformTRPCResponse(config, { error: shape }));
  });

  await app.register(fastifyTRPCPlugin, {
    prefix: "/trpc",
    trpcOptions: {
      router,
      createContext: ({ req }) => createContext(req),
      maxBatchSize: MAX_BATCH,
      onError: ({ error, req }) => logFault(req, failureOf(error)),
    },
  } satisfies FastifyTRPCPluginOptions<ServedRouter>);
};
