import type { RetryOptions } from "../retry.js";

/** How events reach the client, and how it connects again. */
export interface LiveOptions extends Pick<RetryOptions, "baseMs" | "maxMs"> {
  /**
   * The class that opens WebSockets. Default: the global one. `false`, or where there is none (Node 20): events come over
   * HTTP instead, as server-sent events.
   */
  readonly WebSocket?: (new (url: string) => object) | false | undefined;
  /** The longest first pause before connecting again, in milliseconds; each further one may be twice as long. Default: 500. */
  readonly baseMs?: number | undefined;
  /** The longest pause of all, in milliseconds. Default: 10000. */
  readonly maxMs?: number | undefined;
  /** Where WebSockets could not be opened: after how many milliseconds that is tried again. Default: 60000. */
  readonly webSocketRetryMs?: number | undefined;
}
