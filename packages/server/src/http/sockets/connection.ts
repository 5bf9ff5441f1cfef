import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyBaseLogger } from "fastify";
import type { WebSocket } from "ws";
import type { Send } from "./outlet.js";

/** Sent bytes that a client has not taken, beyond which its sender waits. */
const MAX_WAITING_BYTES = 64 * 1024;

/** In milliseconds. */
export interface SocketTiming {
  /** Between two pings; who was silent from one to the next is gone. */
  readonly pingMs?: number;
  /** How long a connection without a valid login lasts. */
  readonly firstMessageMs?: number;
  /** How long what is under way may take while the server drains. */
  readonly settleMs?: number;
  /** Between two words to the drop-in script. */
  readonly beatMs?: number;
  /** How long the drop-in script may take for a newer login once one has expired. */
  readonly renewalMs?: number;
}

/** A WebSocket that is open, and what is known of the request that it came from. */
export interface Connection {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  /** Of the request, for the log and for the client. */
  readonly id: string;
  /** Where the client calls from. */
  readonly address: string;
  readonly log: FastifyBaseLogger;
  /** Sends a message. Everything goes out this way, so that what waits for clients is bounded. */
  readonly send: Send;
  /** Says goodbye, and reads on until the client has: from a connection that is not read it would not be heard. */
  close(code?: number, reason?: string): void;
  /** Resolves when the client has taken most of what was sent to it, or is gone. */
  drained(): Promise<void>;
}

/** What is served on connections of one path. */
export interface Served {
  /** Resolves when nothing is under way: what was asked is answered, and nobody listens any more. */
  settled(): Promise<void>;
  /** What the log line about its end says of it. */
  summary?(): object;
  /** Whether it does not read now for reasons of its own, so that a missing pong says nothing. */
  isBusy?(): boolean;
}
export type SocketHandler = (connection: Connection) => Served;

/** Waits for those who do not read. */
export const drainOf = (raw: Duplex): Connection["drained"] => {
  let waiting: Promise<void> | undefined;
  return () => {
    if (raw.writableLength <= MAX_WAITING_BYTES || raw.destroyed) return Promise.resolve();
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
