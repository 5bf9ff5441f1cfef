import type { Config } from "../config/config.js";

/** What carries the streams of cameras. */
export interface StreamCarrier {
  readonly service: Config["streamService"];
  /** Whether cameras can publish. */
  readonly isReady: boolean;
  /** The settings that it lacks. Without some of them, cameras publish, but less is known of their streams. */
  readonly unset: readonly string[];
  /** How many streams it carries at the same time. */
  readonly limit: number;
}

/**
 * How many streams the embedded media server carries. It has one core, of which a stream that comes in and goes out once takes 2.8 percent
 * at most, with its sound.
 */
const EMBEDDED_STREAMS = 30;

/** Returns what carries the streams of an installation. */
export const streamCarrierOf = ({
  streamService: service,
  streams: { domains },
  streamCallbackKey,
  streamPushLimit,
  media: {
    ports: [first, last],
  },
}: Pick<
  Config,
  "streamService" | "streams" | "streamCallbackKey" | "streamPushLimit" | "media"
>): StreamCarrier => {
  if (service === "embedded") {
    // A stream that is watched once takes two ports.
    const limit = Math.min(EMBEDDED_STREAMS, Math.floor((last - first + 1) / 2));
    return { service, isReady: true, unset: [], limit };
  }
  const unset = [
    ...(domains ? [] : ["INVIGIL_STREAM_PUSH_DOMAIN"]),
    ...(streamCallbackKey === undefined ? ["INVIGIL_STREAM_CALLBACK_KEY"] : []),
  ];
  return { service, isReady: domains !== undefined, unset, limit: streamPushLimit };
};
