import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * Lets connections end with the answer that is under way once the server closes, also those that are kept alive. Those on which
 * nothing was ever sent, which browsers open in advance, end at once: Node takes them for busy.
 */
export const endConnectionsOnClose = (app: FastifyInstance): void => {
  let closing = false;
  const open = new Set<Socket>();
  app.server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  app.addHook("preClose", (done) => {
    closing = true;
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    done();
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (closing) reply.header("connection", "close");
    done();
  });
};
