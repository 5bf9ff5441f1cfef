import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Server, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { TLSSocket, type Server as TlsServer } from "node:tls";
import type { FastifyInstance } from "fastify";

/**
 * When the server closes, lets every connection end with its current response, including persistent
 * connections. Unused connections, which browsers open in advance, are closed at once, because Node considers
 * them active.
 *
 * @param lastRequestsMs how long open connections may still bring a request, which is then answered. A proxy may be sending one on a
 * connection that seems idle, and repeats no POST whose connection is closed.
 * @param tls a server that hands its connections on to the app's
 */
export const endConnectionsOnClose = (
  app: FastifyInstance,
  {
    lastRequestsMs = 0,
    tls,
  }: { readonly lastRequestsMs?: number | undefined; readonly tls?: TlsServer | undefined } = {},
): void => {
  let closing = false;
  const open = new Set<Socket>();
  /** Connections over TLS that have brought a request. Their bytes are those of the handshake, too. */
  const used = new WeakSet<Socket>();
  if (tls)
    for (const event of ["request", "upgrade"])
      app.server.on(event, ({ socket }: IncomingMessage) => used.add(socket));
  app.server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  app.addHook("preClose", async () => {
    closing = true;
    tls?.close();
    if (lastRequestsMs > 0) {
      // Only refuses new connections. The method of HTTP servers closes those that are idle, too.
      Server.prototype.close.call(app.server);
      const ended = [...open].map((socket) => once(socket, "close").catch(() => undefined));
      await Promise.race([Promise.all(ended), wait(lastRequestsMs, undefined, { ref: false })]);
    }
    for (const socket of open)
      if (socket instanceof TLSSocket ? !used.has(socket) : socket.bytesRead === 0) socket.destroy();
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (closing) reply.header("connection", "close");
    done();
  });
};
