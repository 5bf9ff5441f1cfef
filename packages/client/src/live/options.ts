import type { RetryOptions } from "../retry.js";

/** How the client receives events and reconnects. */
export interface LiveOptions extends Pick<RetryOptions, "baseMs" | "maxMs"> {
  /**
   * The class that opens WebSockets. Default: the global one. With `false`, or in an environment without one
   * (Node 20), events arrive as server-sent events over HTTP.
   */
  readonly WebSocket?: (new (url: string) => object) | false | undefined;
  /**
   * The maximum delay before the first reconnection, in milliseconds. It doubles with each failure. Default:
   * 500.
   */
  readonly baseMs?: number | undefined;
  /** The maximum delay before any reconnection, in milliseconds. Default: 10000. */
  readonly maxMs?: number | undefined;
  /**
   * How long to wait before another attempt to open a WebSocket, in milliseconds, if it failed before.
   * Default: 60000.
   */
  readonly webSocketRetryMs?: number | undefined;
}
