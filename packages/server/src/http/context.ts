import type { FastifyRequest } from "fastify";
import type { Services } from "../api/services.js";
import type { Context } from "../trpc/context.js";
import { failureOf } from "../trpc/failures.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The context of the calls in this request, for its log line. */
    callContext?: Context;
  }
}

/** `token` counts where the request has no header for it: an EventSource of a browser can set none. */
export type CreateContext = (request: FastifyRequest, token?: string) => Promise<Context>;

/** Makes the context of a request's calls: who is calling, or why that is not known. */
export const contextMaker =
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
