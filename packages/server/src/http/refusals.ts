import type { FastifyInstance } from "fastify";

/** The number of refusals a second that are answered at once, and of those that are held at the same time. */
const AT_ONCE = 100;
const MAX_HELD = 10_000;
/** How long the others are held, in milliseconds: a time between this and twice this. */
const HOLD_MS = 500;

/**
 * Holds refusals that tell the client to wait, if there are many. A client that ignores the time to wait would otherwise be refused as
 * often as it can ask, and refusals take time from others, too.
 */
export const holdRefusals = (app: FastifyInstance): void => {
  let second = 0;
  let refused = 0;
  let held = 0;
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (!reply.hasHeader("retry-after")) {
      done();
      return;
    }
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) refused = 0;
    second = now;
    refused += 1;
    if (refused <= AT_ONCE || held >= MAX_HELD) {
      done();
      return;
    }
    held += 1;
    setTimeout(
      () => {
        held -= 1;
        done();
      },
      HOLD_MS * (1 + Math.random()),
    );
  });
};
