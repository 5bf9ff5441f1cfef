import type { Socket } from "node:net";
import { createServer, type Server, TLSSocket } from "node:tls";
import type { Certificate } from "@invigil/media-server/certificate";
import type { FastifyInstance } from "fastify";

// https beside http. The HTTP server of the app takes the connections of both, so all of its guards cover both.

/** It is shorter than a server may take to drain. */
const HANDSHAKE_MS = 5_000;

export const createTlsServer = (certificate: Certificate): Server =>
  createServer({ ...certificate, handshakeTimeout: HANDSHAKE_MS });

/** Hands the connections of a TLS server on to the app. Together, they have at most `maxConnections`. */
export const acceptTls = (app: FastifyInstance, tls: Server, maxConnections: number): void => {
  const open = new Set<Socket>();
  const count = (socket: Socket): void => {
    // Counted when it arrived.
    if (socket instanceof TLSSocket) return;
    if (open.size >= maxConnections) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  };
  app.server.prependListener("connection", count);
  tls.prependListener("connection", count);
  // Node leaves a failed handshake, or one that takes too long, to its listener.
  tls.on("tlsClientError", (_error, socket) => socket.destroy());
  tls.on("secureConnection", (socket) => app.server.emit("connection", socket));
};
