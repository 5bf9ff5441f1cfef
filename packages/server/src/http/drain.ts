import type { FastifyInstance } from "fastify";

/** Lets connections end with the answer that is under way once the server closes, also those that are kept alive. */
export const endConnectionsOnClose = (app: FastifyInstance): void => {
  let closing = false;
  app.addHook("preClose", (done) => {
    closing = true;
    done();
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (closing) reply.header("connection", "close");
    done();
  });
};
