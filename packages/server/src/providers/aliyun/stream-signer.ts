import { hash } from "node:crypto";
import { roomStreamPrefix, streamName } from "../stream-name.js";
import type { SignedStreams, StreamOwner, StreamSigner } from "../types.js";

export interface StreamSettings {
  readonly pushDomain: string;
  readonly pushKey: string;
  readonly pullDomain: string;
  readonly pullKey: string;
  /** The first segment of the path of every stream. */
  readonly app: string;
  /** The minimum lifetime of a URL, in seconds. Its expiry is rounded up to a whole minute. */
  readonly ttlSeconds: number;
  /** The suffix of the name of a transcoded stream. */
  readonly transcodeSuffix: string;
  /** The URLs of streams for players of HLS and WHEP, with `{app}` and `{stream}`. Absent: there are none. */
  readonly hlsUrl?: string | undefined;
  readonly whepUrl?: string | undefined;
}

/**
 * The `auth_key` of the vendor's "type A" URL authentication: `<expiry>-<rand>-<uid>-<md5>`.
 * @param uri the path from its first `/`, without a query
 * @param expiry in seconds since 1970
 */
export const authKey = (uri: string, expiry: number, key: string): string => {
  const signature = hash("md5", `${uri}-${expiry}-0-0-${key}`);
  return `${expiry}-0-0-${signature}`;
};

/** Makes a function that signs the URL of a stream which a template describes. The signature is about its path. */
const templateSigner = (template: string, { app, pullKey }: Pick<StreamSettings, "app" | "pullKey">) => {
  const [before = "", ...after] = template.replaceAll("{app}", app).split("{stream}");
  return (stream: string, expiry: number): string => {
    const url = new URL([before, ...after].join(stream));
    const key = authKey(url.pathname, expiry, pullKey);
    return `${url.href}${url.search === "" ? "?" : "&"}auth_key=${key}`;
  };
};

/** Expiries are rounded up to a whole minute, so that URLs stay the same for a minute. */
const MINUTE_MS = 60_000;
/** The number of people whose URLs are cached for a minute. Each takes 1.5 KB. */
const MAX_CACHED_PEOPLE = 10_000;

/** The URLs with the same expiry: by room, then by person. */
interface Signed {
  readonly expiry: number;
  readonly rooms: Map<string, Map<string, SignedStreams>>;
  remaining: number;
}

/**
 * Signs push and pull URLs with the keys of their domains. See
 * docs/decisions/0028-stream-urls-for-a-minute.md.
 */
export const createStreamSigner = (
  settings: StreamSettings,
  clock: () => Date,
  maxCached = MAX_CACHED_PEOPLE,
): StreamSigner => {
  const { app, ttlSeconds, pushKey, pullKey, transcodeSuffix } = settings;
  const pushHost = `artc://${settings.pushDomain}`;
  const pullHost = `artc://${settings.pullDomain}`;
  const hlsUrl = settings.hlsUrl === undefined ? undefined : templateSigner(settings.hlsUrl, settings);
  const whepUrl = settings.whepUrl === undefined ? undefined : templateSigner(settings.whepUrl, settings);
  const expiryOf = (now: Date): number => Math.ceil((now.getTime() + ttlSeconds * 1000) / MINUTE_MS) * 60;

  const sign = (owner: StreamOwner, twin: boolean, expiry: number) => {
    const stream = streamName(owner);
    const lowStream = `${stream}${transcodeSuffix}`;
    const push = `/${app}/${stream}`;
    const low = `${push}${transcodeSuffix}`;
    return Object.freeze({
      pushUrl: `${pushHost}${push}?${twin ? "grtn_twin_rtmp=on&" : ""}auth_key=${authKey(push, expiry, pushKey)}`,
      pullUrl: `${pullHost}${push}?auth_key=${authKey(push, expiry, pullKey)}`,
      lowPullUrl: `${pullHost}${low}?auth_key=${authKey(low, expiry, pullKey)}`,
      ...(hlsUrl && { hlsUrl: hlsUrl(stream, expiry), lowHlsUrl: hlsUrl(lowStream, expiry) }),
      ...(whepUrl && { whepUrl: whepUrl(stream, expiry), lowWhepUrl: whepUrl(lowStream, expiry) }),
    });
  };

  let signed: Signed = { expiry: 0, rooms: new Map(), remaining: 0 };
  const signedWith = (expiry: number): Signed => {
    if (signed.expiry !== expiry) signed = { expiry, rooms: new Map(), remaining: maxCached };
    return signed;
  };

  return {
    inRoom(room, { twin }) {
      const now = signedWith(expiryOf(clock()));
      // URLs depend only on the stream name, so rooms with the same prefix share a cache entry.
      const key = `${twin ? "twin " : ""}${roomStreamPrefix(room)}`;
      const people = now.rooms.get(key) ?? new Map<string, SignedStreams>();
      return (userId) => {
        const known = people.get(userId);
        if (known) return known;
        const urls = Object.freeze({
          main: sign({ ...room, userId, camera: "main" }, twin, now.expiry),
          pc: sign({ ...room, userId, camera: "pc" }, twin, now.expiry),
        });
        if (now.remaining > 0) {
          now.remaining -= 1;
          people.set(userId, urls);
          now.rooms.set(key, people);
        }
        return urls;
      };
    },
  };
};
