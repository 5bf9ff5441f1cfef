import type { FastifyInstance } from "fastify";
import { InvigilError } from "../platform/errors.js";

/** Refuses all methods but GET and HEAD at a path with parameters, before a body is read. */
export const refuseOtherMethods = (app: FastifyInstance, url: string): void => {
  app.route({
    method: ["POST", "PUT", "PATCH", "DELETE"],
    url,
    onRequest: (_request, reply, done) => {
      reply.header("allow", "GET, HEAD");
      done(new InvigilError("METHOD_NOT_ALLOWED", "The path supports GET and HEAD."));
    },
    handler: () => undefined, // never called
  });
};
