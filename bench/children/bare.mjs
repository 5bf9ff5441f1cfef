// A limit: a bare Fastify route that serializes the same JSON for each request. It parses the body of a POST and ignores it. With
// `headers`, it also sends these headers and a request id, and writes a log line, as Invigil does for every request.
import { openSync, writeSync } from "node:fs";
import { devNull } from "node:os";
import { logRequests, requestId } from "../../packages/server/dist/http/logging.js";
import { bufferLines } from "../../packages/server/dist/platform/log-lines.js";
import { answerParent } from "../lib/ipc.mjs";
import { Fastify, LogController, pino } from "../lib/server-modules.mjs";

const createDressed = (headers) => {
  const out = openSync(devNull, "w");
  const app = Fastify({
    loggerInstance: pino({}, bufferLines({ write: (text) => writeSync(out, text) })),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
  });
  logRequests(app);
  app.addHook("onRequest", (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  return app;
};

answerParent(async ({ method, path, answer, headers }) => {
  const app = headers ? createDressed(headers) : Fastify();
  app.route({ method, url: path.split("?")[0], handler: async () => answer });
  return app.listen({ host: "127.0.0.1", port: 0 });
});
