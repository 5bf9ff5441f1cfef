import { hash } from "node:crypto";
import { streamName } from "../stream-name.js";
import type { StreamSigner } from "../types.js";

export interface StreamSettings {
  readonly pushDomain: string;
  readonly pushKey: string;
  readonly pullDomain: string;
  readonly pullKey: string;
  /** The first segment of every stream's path. */
  readonly app: string;
  /** How long a URL is valid, in seconds. */
  readonly ttlSeconds: number;
  /** Appended to a stream's name to get its transcoded copy. */
  readonly transcodeSuffix: string;
}

/**
 * "Type A" URL authentication of the vendor's live streaming: `<expiry>-<rand>-<uid>-<md5>`.
 * @param uri the path from its first `/`, without a query
 * @param expiry seconds since 1970
 */
export const authKey = (uri: string, expiry: number, key: string): string => {
  const signature = hash("md5", `${uri}-${expiry}-0-0-${key}`);
  return `${expiry}-0-0-${signature}`;
};

/** Signs push and pull URLs with the keys of their domains. */
export const createStreamSigner = (settings: StreamSettings, clock: () => Date): StreamSigner => ({
  urls(owner, { twin }) {
    const expiry = Math.floor(clock().getTime() / 1000) + settings.ttlSeconds;
    const name = streamName(owner);
    const push = `/${settings.app}/${name}`;
    const low = `${push}${settings.transcodeSuffix}`;
    const pull = (uri: string) =>
      `artc://${settings.pullDomain}${uri}?auth_key=${authKey(uri, expiry, settings.pullKey)}`;
    return {
      pushUrl: `artc://${settings.pushDomain}${push}?${twin ? "grtn_twin_rtmp=on&" : ""}auth_key=${authKey(push, expiry, settings.pushKey)}`,
      pullUrl: pull(push),
      lowPullUrl: pull(low),
    };
  },
});
