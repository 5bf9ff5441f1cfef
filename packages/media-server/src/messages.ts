// What the server and its media server say to each other.

/** What a media session does with its stream. */
export type MediaRole = "publish" | "watch";

/**
 * Why an offer was refused:
 * - `invalid`: the offer is not one of a browser that sends or receives one picture and its sound
 * - `unsupported`: no codec in common, with this server or with the publisher
 * - `notPublished`: there is no such stream to watch now
 * - `full`: the media server has no ports or no bandwidth left
 * - `unknown`: there is no such media session
 */
export type Refusal = "invalid" | "unsupported" | "notPublished" | "full" | "unknown";

/**
 * Why a media session ended:
 * - `closed`: the server asked for it
 * - `replaced`: the same stream was published again
 * - `notConnected`: the peer did not connect in time
 * - `lost`: the peer has gone
 * - `tooMuch`: the publisher sent more than is allowed
 * - `unpublished`: the stream that was watched is no longer published
 */
export type EndReason = "closed" | "replaced" | "notConnected" | "lost" | "tooMuch" | "unpublished";

/** What the server asks for. Each command gets one reply with its number. */
export type Command = { readonly number: number } & (
  | {
      readonly do: "open";
      readonly session: string;
      readonly role: MediaRole;
      readonly stream: string;
      /** SDP. */
      readonly offer: string;
    }
  /** Restarts ICE of a media session, with the user name and password of the peer's new offer. */
  | { readonly do: "restart"; readonly session: string; readonly fragment: string }
  | { readonly do: "close"; readonly session: string }
  /** Closes all media sessions but these. */
  | { readonly do: "keep"; readonly sessions: readonly string[] }
  | { readonly do: "measure" }
);

/** What a media server has forwarded since its start, and what it holds. */
export interface Measures {
  readonly publishers: number;
  readonly watchers: number;
  readonly receivedPackets: number;
  readonly receivedBytes: number;
  readonly sentPackets: number;
  readonly sentBytes: number;
  /** Open sockets, timers and other handles. */
  readonly handles: number;
  readonly memoryBytes: number;
  /** Processor time, in seconds. */
  readonly cpuSeconds: number;
  /** The longest time that the event loop was late since the last measures, in milliseconds. */
  readonly longestDelayMs: number;
}

export type Reply =
  | { readonly answer: string }
  | { readonly refused: Refusal; readonly why: string }
  | { readonly measures: Measures }
  | { readonly done: true };

/** What the media server sends. */
export type Message =
  | { readonly ready: true }
  | { readonly number: number; readonly reply: Reply }
  /** A stream has begun to arrive, or none of it has arrived for some seconds. */
  | { readonly stream: string; readonly isPublishing: boolean }
  | { readonly ended: string; readonly reason: EndReason };

/** The settings of a media server, as JSON in its first argument. */
export interface MediaServerOptions {
  /** The local address that it listens on. */
  readonly address: string;
  /** The address in answers, which peers send to. */
  readonly host: string;
  /** The first and the last port, for UDP and TCP. */
  readonly ports: readonly [number, number];
  /** The most that it sends to all watchers together, in bits a second. A new watcher is refused while it sends more. */
  readonly maxSentBits: number;
  /** How long a peer may take to connect. */
  readonly connectMs: number;
}
