import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { InvigilError } from "../platform/errors.js";
import { PACKAGE_ROOT } from "../platform/package-root.js";

/** The output folder of the script's build, which contains nothing else. */
const FOLDER = fileURLToPath(new URL("dist/sdk", PACKAGE_ROOT));
const SCRIPT = "/alivc-im.iife.js";
/** How long browsers cache the script before they revalidate it, in seconds. */
const MAX_AGE = 300;

/** Serves the drop-in script to pages of any origin. */
export const serveScript = async (app: FastifyInstance): Promise<void> => {
  app.route({
    method: ["POST", "PUT", "PATCH", "DELETE"],
    url: `/sdk${SCRIPT}`,
    // Runs before the body is read.
    onRequest: (_request, reply, done) => {
      reply.header("allow", "GET, HEAD");
      done(new InvigilError("METHOD_NOT_ALLOWED", "The path supports GET and HEAD."));
    },
    handler: () => undefined, // never called
  });
  await app.register(fastifyStatic, {
    root: FOLDER,
    prefix: "/sdk",
    allowedPath: (path) => path === SCRIPT,
    index: false,
    dotfiles: "ignore",
    maxAge: MAX_AGE * 1000,
    decorateReply: false,
    contentType: false,
    setHeaders: (response) => {
      response.setHeader("content-type", "text/javascript; charset=utf-8");
      // The script is public, whichever origins may call the server.
      response.setHeader("access-control-allow-origin", "*");
    },
  });
};
