import { EventEmitter } from "node:events";
import type { WebSocket } from "ws";
import type { Connection } from "./connection.js";
import type { OutgoingMessage } from "./send-limiter.js";

/** The members of a WebSocket that tRPC's adapter uses. */
type AdapterSocket = Pick<WebSocket, "readyState" | "close">;

/**
 * The WebSocket that tRPC's adapter uses. It emits only the messages that were accepted, and sends what the
 * encoder returns, which for shared events is not a text.
 */
export class TrpcClient extends EventEmitter implements AdapterSocket {
  readonly #socket: WebSocket;
  readonly #connection: Pick<Connection, "send" | "close">;

  constructor({ socket, ...connection }: Pick<Connection, "socket" | "send" | "close">) {
    super();
    this.#socket = socket;
    this.#connection = connection;
    socket.on("error", (error) => this.emit("error", error));
    socket.once("close", () => this.emit("close"));
  }

  get readyState(): AdapterSocket["readyState"] {
    return this.#socket.readyState;
  }

  /** @param message undefined for the channel of a subscription, which is not sent */
  send(message: OutgoingMessage | undefined): void {
    if (message !== undefined) this.#connection.send(message);
  }

  close(code?: number, reason?: string): void {
    this.#connection.close(code, reason);
  }
}
