import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyBaseLogger } from "fastify";
import type { WebSocket } from "ws";
import type { Send } from "./send-limiter.js";

/** How many sent bytes a client may leave unread before the server stops reading its messages. */
const MAX_WAITING_BYTES = 64 * 1024;

/** The timing of connections, in milliseconds. */
export interface SocketTiming {
  /** The interval of pings. A client that sends nothing between two pings is disconnected. */
  readonly pingMs?: number;
  /** The time limit for a valid login. */
  readonly firstMessageMs?: number;
  /** The time limit for pending work while the server drains. */
  readonly settleMs?: number;
  /** The interval of beats to the drop-in script. */
  readonly beatMs?: number;
  /** The time limit of the drop-in script for a new login after the previous one has expired. */
  readonly renewalMs?: number;
}

/** An open WebSocket, with data of its HTTP request. */
export interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** The id of the request, for the log and the client. */
  readonly id: string;
  /** The IP address of the client. */
  readonly address: string;
  readonly log: FastifyBaseLogger;
  /** Sends a message. All messages are sent this way, so that the size of unread messages is limited. */
  readonly send: Send;
  /**
   * Starts the closing handshake. It also resumes reading, because the client's close frame could not be
   * received otherwise.
   */
  close(code?: number, reason?: string): void;
  /** Resolves when the client has read most of the sent data, or has disconnected. Undefined if it already has. */
  drained(): Promise<void> | undefined;
}

/** The service of one connection. */
export interface Served {
  /** Resolves when no request is pending and no subscription is active. */
  settled(): Promise<void>;
  /** Additional fields for the log line of the connection's end. */
  summary?(): object;
  /** Whether the server has paused reading, so that a missing pong means nothing. */
  isBusy?(): boolean;
}
export type SocketHandler = (connection: Connection) => Served;

/** Waits until a slow client has read enough. */
export const drainOf = (raw: Duplex): Connection["drained"] => {
  let waiting: Promise<void> | undefined;
  return () => {
    if (raw.writableLength <= MAX_WAITING_BYTES || raw.destroyed) return undefined;
    waiting ??= new Promise((resolve) => {
      const done = (): void => {
        raw.off("drain", done).off("close", done);
        waiting = undefined;
        resolve();
      };
      raw.on("drain", done).on("close", done);
    });
    return waiting;
  };
};
