import { hash } from "node:crypto";
import { roomStreams, streamName } from "../stream-name.js";
import type { SignedStreams, StreamOwner, StreamSigner } from "../types.js";

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

/** URLs signed within a minute are the same, to the byte: their expiry is rounded up to a whole one. */
const MINUTE_MS = 60_000;
/** People whose URLs are remembered for the minute: a kilobyte and a half each. */
const REMEMBERED_PEOPLE = 10_000;

/** Signs push and pull URLs with the keys of their domains; see docs/decisions/0028-stream-urls-for-a-minute.md. */
export const createStreamSigner = (
  settings: StreamSettings,
  clock: () => Date,
  remembered = REMEMBERED_PEOPLE,
): StreamSigner => {
  const { app, ttlSeconds, pushKey, pullKey, transcodeSuffix } = settings;
  const pushHost = `artc://${settings.pushDomain}`;
  const pullHost = `artc://${settings.pullDomain}`;
  const expiryOf = (now: Date): number => Math.ceil((now.getTime() + ttlSeconds * 1000) / MINUTE_MS) * 60;

  const sign = (owner: StreamOwner, twin: boolean, expiry: number) => {
    const push = `/${app}/${streamName(owner)}`;
    const low = `${push}${transcodeSuffix}`;
    return Object.freeze({
      pushUrl: `${pushHost}${push}?${twin ? "grtn_twin_rtmp=on&" : ""}auth_key=${authKey(push, expiry, pushKey)}`,
      pullUrl: `${pullHost}${push}?auth_key=${authKey(push, expiry, pullKey)}`,
      lowPullUrl: `${pullHost}${low}?auth_key=${authKey(low, expiry, pullKey)}`,
    });
  };

  /** What was signed with this expiry and no other: by room, then by person. */
  const known = new Map<string, Map<string, SignedStreams>>();
  let knownExpiry = 0;
  let placesLeft = remembered;

  const knownIn = (key: string, expiry: number): Map<string, SignedStreams> => {
    if (expiry !== knownExpiry) {
      known.clear();
      knownExpiry = expiry;
      placesLeft = remembered;
    }
    const there = known.get(key);
    if (there) return there;
    const people = new Map<string, SignedStreams>();
    if (placesLeft > 0) known.set(key, people);
    return people;
  };

  return {
    inRoom(owner, { twin }) {
      const expiry = expiryOf(clock());
      // URLs are made of the name: where two rooms' streams begin alike, so do their URLs.
      const people = knownIn(`${twin ? "twin " : ""}${roomStreams(owner)}`, expiry);
      return (userId) => {
        const signed = people.get(userId);
        if (signed) return signed;
        const urls = Object.freeze({
          main: sign({ ...owner, userId, camera: "main" }, twin, expiry),
          pc: sign({ ...owner, userId, camera: "pc" }, twin, expiry),
        });
        if (placesLeft > 0) {
          placesLeft -= 1;
          people.set(userId, urls);
        }
        return urls;
      };
    },
  };
};
