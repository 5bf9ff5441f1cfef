import { EventEmitter } from "node:events";
import type { WebSocket } from "ws";
import type { Connection } from "./connection.js";
import type { OutgoingMessage } from "./send-limiter.js";

/** What tRPC's adapter uses of a WebSocket. */
type Used = Pick<WebSocket, "readyState" | "close">;

/**
 * A connection as tRPC's adapter sees it: of what comes it is given what was let through, and what it sends goes out as the encoder made
 * it, which for events that many are told is more than a text.
 */
export class TrpcClient extends EventEmitter implements Used {
  readonly #socket: WebSocket;
  readonly #connection: Pick<Connection, "send" | "close">;

  constructor({ socket, ...connection }: Pick<Connection, "socket" | "send" | "close">) {
    super();
    this.#socket = socket;
    this.#connection = connection;
    socket.on("error", (error) => this.emit("error", error));
    socket.once("close", () => this.emit("close"));
  }

  get readyState(): Used["readyState"] {
    return this.#socket.readyState;
  }

  send(message: OutgoingMessage): void {
    this.#connection.send(message);
  }

  close(code?: number, reason?: string): void {
    this.#connection.close(code, reason);
  }
}
