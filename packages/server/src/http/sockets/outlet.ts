import type { FastifyBaseLogger } from "fastify";
import type { WebSocket } from "ws";

/** What is sent as one message: a text, also as bytes that many are sent, or such bytes with a text before and after them. */
export type Outgoing =
  | string
  | Buffer
  | { readonly head: string; readonly shared: Buffer; readonly tail: string };

/** Sends on one connection. */
export type Send = (message: Outgoing) => void;

/** Unread bytes of one connection up to which nothing is looked at. */
const LITTLE = 1024 * 1024;
/** How much of all that waits may wait for one connection. */
const SHARE = 1 / 4;

/** Bounds what waits in this process for clients that do not read. */
export interface Outlets {
  /** @param log where it is said that the connection was cut off */
  open(socket: WebSocket, log: FastifyBaseLogger): Send;
}

const write = (socket: WebSocket, message: Outgoing): void => {
  if (typeof message === "string") {
    socket.send(message);
    return;
  }
  if (Buffer.isBuffer(message)) {
    socket.send(message, { binary: false });
    return;
  }
  // One message in three frames: the bytes that many are sent are not copied for each.
  socket.send(message.head, { fin: false });
  socket.send(message.shared, { binary: false, fin: false });
  socket.send(message.tail);
};

/**
 * A connection whose client leaves too much unread is cut off: when it waits for a quarter of `mostBytes`, and when all together wait for
 * more than `mostBytes` and it for more than a little.
 */
export const createOutlets = ({ mostBytes }: { readonly mostBytes: number }): Outlets => {
  const sockets = new Set<WebSocket>();
  const isTooMuch = (unread: number): boolean => {
    if (unread > mostBytes * SHARE) return true;
    let all = 0;
    for (const { bufferedAmount } of sockets) all += bufferedAmount;
    return all > mostBytes;
  };
  return {
    open(socket, log) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      /** At what amount all are looked at again. */
      let lookAt = LITTLE;
      return (message) => {
        if (socket.readyState !== socket.OPEN) return;
        write(socket, message);
        const { bufferedAmount } = socket;
        if (bufferedAmount < LITTLE) lookAt = LITTLE;
        if (bufferedAmount < lookAt) return;
        lookAt = bufferedAmount + LITTLE;
        if (!isTooMuch(bufferedAmount)) return;
        log.warn({ unread: bufferedAmount }, "connection cut off: it does not read");
        socket.terminate();
      };
    },
  };
};
