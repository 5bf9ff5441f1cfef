import type { FastifyInstance } from "fastify";

/**
 * Answers that are ready in the same turn of the event loop are written together at its end. To write wakes whoever waits for the
 * answer, which under load costs more than making it; who is awake already is not woken again.
 */
export const gatherWrites = (app: FastifyInstance): void => {
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
