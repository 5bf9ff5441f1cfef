import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import helmet, { type HelmetOptions } from "helmet";

// An API needs no scripts and no frames. Other origins play its audio files.
export const HELMET: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: "cross-origin" },
};

/** The headers that helmet sets, which are the same for every response. */
const headersByHelmet = (): Record<string, string> => {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet(HELMET)(response.req, response, (error) => {
    if (error) throw new Error("helmet refuses its options", { cause: error });
  });
  return Object.fromEntries(
    Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
};

/**
 * Sets helmet's headers on every response. They are computed once, because helmet takes longer per request
 * than everything else. Answers hold tokens, links and people's data, so no cache may keep one: only the routes of public files
 * say otherwise.
 */
export const setSecurityHeaders = (app: FastifyInstance): void => {
  const headers = { ...headersByHelmet(), "cache-control": "no-store" };
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
};
