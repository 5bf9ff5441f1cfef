import { EventEmitter } from "node:events";
import type { WebSocket } from "ws";
import type { Outgoing, Send } from "./outlet.js";

/** What tRPC's adapter uses of a WebSocket. */
type Used = Pick<WebSocket, "readyState" | "close">;

/**
 * A connection as tRPC's adapter sees it: of what comes it is given what was let through, and what it sends goes out as the encoder made
 * it, which for events that many are told is more than a text.
 */
export class TrpcClient extends EventEmitter implements Used {
  readonly #socket: WebSocket;
  readonly #send: Send;

  constructor(socket: WebSocket, send: Send) {
    super();
    this.#socket = socket;
    this.#send = send;
    socket.on("error", (error) => this.emit("error", error));
    socket.once("close", () => this.emit("close"));
  }

  get readyState(): Used["readyState"] {
    return this.#socket.readyState;
  }

  send(message: Outgoing): void {
    this.#send(message);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }
}
