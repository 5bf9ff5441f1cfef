import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance } from "fastify";
import { PACKAGE_ROOT } from "../platform/package-root.js";
import { refuseOtherMethods } from "./read-only.js";

/** The output folder of the script's build, which contains nothing else. */
const FOLDER = fileURLToPath(new URL("dist/sdk", PACKAGE_ROOT));
const SCRIPT = "/alivc-im.iife.js";
/** How long browsers cache the script before they revalidate it, in seconds. */
const MAX_AGE = 300;

/** Serves the drop-in script to pages of any origin. */
export const serveScript = async (app: FastifyInstance): Promise<void> => {
  refuseOtherMethods(app, `/sdk${SCRIPT}`);
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
