import type { FastifyRequest } from "fastify";
import type { Services } from "../api/services.js";
import type { Context } from "../trpc/context.js";
import { failureOf } from "../trpc/failures.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The context of the request's calls, for its log line. */
    callContext?: Context;
  }
}

/**
 * `token` is used if the request has no authorization header, which the EventSource of browsers cannot set.
 */
export type CreateContext = (request: FastifyRequest, token?: string) => Promise<Context>;

/** Creates the context of a request's calls, with the caller or the error of their authentication. */
export const createContextFactory =
  ({ auth, gate }: Pick<Services, "auth" | "gate">): CreateContext =>
  async (request, token) => {
    const identify = () => auth.identify(request.headers.authorization ?? token).catch(failureOf);
    const context: Context = {
      identity: await identify(),
      identify,
      address: request.ip,
      gate,
      trace: { requestId: request.id, procedures: [] },
    };
    request.callContext = context;
    return context;
  };
