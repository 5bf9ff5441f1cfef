import type { FastifyInstance } from "fastify";

/**
 * Writes the responses of a turn of the event loop together at its end. Under load, waking a client for each
 * response costs more than computing it. A client that is awake need not be woken again.
 */
export const batchWrites = (app: FastifyInstance): void => {
  let ready: (() => void)[] = [];
  const write = (): void => {
    const now = ready;
    ready = [];
    for (const done of now) done();
  };
  app.addHook("onSend", (_request, _reply, _payload, done) => {
    if (ready.length === 0) setImmediate(write);
    ready.push(done);
  });
};
