import type { FastifyBaseLogger } from "fastify";
import type { WebSocket } from "ws";

/** A message: a text, its bytes, or shared bytes between two texts. */
export type OutgoingMessage =
  | string
  | Buffer
  | { readonly head: string; readonly shared: Buffer; readonly tail: string };

/** Sends a message on one connection. */
export type Send = (message: OutgoingMessage) => void;

/** Below this number of unread bytes, a connection is not checked. */
const CHECK_INTERVAL_BYTES = 1024 * 1024;
/** The maximum share of `mostBytes` for one connection. */
const CONNECTION_SHARE = 1 / 4;

const write = (socket: WebSocket, message: OutgoingMessage): void => {
  if (typeof message === "string") {
    socket.send(message);
    return;
  }
  if (Buffer.isBuffer(message)) {
    socket.send(message, { binary: false });
    return;
  }
  // One message in three frames, so that shared bytes are not copied for each connection.
  socket.send(message.head, { fin: false });
  socket.send(message.shared, { binary: false, fin: false });
  socket.send(message.tail);
};

/**
 * Terminates a connection that has too many unread bytes: more than a quarter of `mostBytes`, or more than 1
 * MiB while all connections together have more than `mostBytes`.
 */
export const createSendLimiter = ({ mostBytes: maxBytes }: { readonly mostBytes: number }) => {
  const sockets = new Set<WebSocket>();
  const isTooMuch = (unread: number): boolean => {
    if (unread > maxBytes * CONNECTION_SHARE) return true;
    let all = 0;
    for (const { bufferedAmount } of sockets) all += bufferedAmount;
    return all > maxBytes;
  };
  return {
    /** @param log receives a line if the connection is terminated */
    open(socket: WebSocket, log: FastifyBaseLogger): Send {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      /** The number of unread bytes at which the connection is checked again. */
      let checkAt = CHECK_INTERVAL_BYTES;
      return (message) => {
        if (socket.readyState !== socket.OPEN) return;
        write(socket, message);
        const { bufferedAmount } = socket;
        if (bufferedAmount < CHECK_INTERVAL_BYTES) checkAt = CHECK_INTERVAL_BYTES;
        if (bufferedAmount < checkAt) return;
        checkAt = bufferedAmount + CHECK_INTERVAL_BYTES;
        if (!isTooMuch(bufferedAmount)) return;
        log.warn({ unread: bufferedAmount }, "connection terminated: the client does not read");
        socket.terminate();
      };
    },
  };
};
