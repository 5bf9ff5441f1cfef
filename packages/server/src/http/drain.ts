import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * When the server closes, lets every connection end with its current response, including persistent
 * connections. Unused connections, which browsers open in advance, are closed at once, because Node considers
 * them active.
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
