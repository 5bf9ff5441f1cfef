import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";

/** Where the build puts what pages load: nothing else lies there. */
const FOLDER = fileURLToPath(new URL("../../dist/sdk", import.meta.url));
const SCRIPT = "/alivc-im.iife.js";
/** How long a page takes a script from its cache before it asks whether there is another, in seconds. */
const MAX_AGE = 300;

/** Serves the drop-in script to pages of any origin. */
export const scriptFiles = async (app: FastifyInstance): Promise<void> => {
  await app.register(fastifyStatic, {
    root: FOLDER,
    prefix: "/sdk",
    allowedPath: (path) => path === SCRIPT,
    index: false,
    dotfiles: "ignore",
    maxAge: MAX_AGE * 1000,
    decorateReply: false,
    setHeaders: (response) => {
      response.setHeader("content-type", "text/javascript; charset=utf-8");
      // A script says nothing that a page may not read, whichever pages may call.
      response.setHeader("access-control-allow-origin", "*");
    },
  });
};
