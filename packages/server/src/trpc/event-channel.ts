/** Sends an event under its id, with which a client resumes. */
export type SendEvent = (id: string, event: object) => void;

/**
 * The way of events from a subscription to a connection. A subscription yields it as its first value. tRPC's adapter passes that value
 * to the encoder of the connection, together with the id of the call, and the encoder opens the channel. Further events skip the adapter,
 * which takes several times as long for an event as the rest of the server.
 */
export class EventChannel {
  #send: SendEvent | undefined;

  open(send: SendEvent): void {
    this.#send = send;
  }

  /** Sends nothing unless the channel is open. It is not opened if the client has disconnected. */
  readonly send: SendEvent = (id, event) => this.#send?.(id, event);
}

/** Returns a channel as the first value of a subscription. Its type is that of no event, because no client receives it. */
export const firstValueOf = (channel: EventChannel): never =>
  // Safe: the encoder of the connection takes it.
  channel as never;
