import type { AnyTRPCRouter } from "@trpc/server";
import type { FastifyHandlerOptions } from "@trpc/server/adapters/fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { createRequestHandler } from "./handler.js";
import type { RequestHandlerOptions } from "./options.js";

export interface FastifyTRPCPluginOptions<Router extends AnyTRPCRouter> extends RequestHandlerOptions {
  /** The path that the router is served at, for example `/trpc`. */
  readonly prefix?: string;
  /** The router, and the options of tRPC's own plugin. */
  readonly trpcOptions: FastifyHandlerOptions<Router, FastifyRequest, FastifyReply>;
}

/** Serves a router over HTTP. It takes the place of the plugin of the same name in `@trpc/server/adapters/fastify`. */
export const fastifyTRPCPlugin = <Router extends AnyTRPCRouter>(
  app: FastifyInstance,
  { trpcOptions, ...options }: FastifyTRPCPluginOptions<Router>,
  done: (error?: Error) => void,
): void => {
  // tRPC parses JSON, and reads forms from the request itself.
  app.removeContentTypeParser(["application/json", "multipart/form-data"]);
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, parsed) =>
    parsed(null, body),
  );
  app.addContentTypeParser("multipart/form-data", (_request, payload, parsed) => parsed(null, payload));

  const handle = createRequestHandler(trpcOptions, options);
  app.all<{ Params: { path: string } }>("/:path", (req, res) => handle(req, res, req.params.path));
  done();
};
