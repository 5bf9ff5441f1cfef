import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { FastifyInstance } from "fastify";
import helmet, { type HelmetOptions } from "helmet";

// An API: nothing to run, nothing to frame, and audio that other origins play.
export const HELMET: HelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: "cross-origin" },
};

/** What helmet sets on a response; it is the same on every one. */
const headersByHelmet = (): Record<string, string> => {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  helmet(HELMET)(response.req, response, (error) => {
    if (error) throw new Error("helmet refuses its options", { cause: error });
  });
  return Object.fromEntries(
    Object.entries(response.getHeaders()).map(([name, value]) => [name, String(value)]),
  );
};

/** Sets helmet's headers on every answer. Helmet is asked for them once: for each request it takes longer than the rest. */
export const setSecurityHeaders = (app: FastifyInstance): void => {
  const headers = headersByHelmet();
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
};
