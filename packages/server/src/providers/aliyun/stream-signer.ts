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
  /** How long a URL is valid, in seconds: at least, as its end is rounded up to a whole minute. */
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

/** What was signed with one expiry: by room, then by person. */
interface Signed {
  readonly expiry: number;
  readonly rooms: Map<string, Map<string, SignedStreams>>;
  placesLeft: number;
}

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

  let signed: Signed = { expiry: 0, rooms: new Map(), placesLeft: 0 };
  const signedWith = (expiry: number): Signed => {
    if (signed.expiry !== expiry) signed = { expiry, rooms: new Map(), placesLeft: remembered };
    return signed;
  };

  return {
    inRoom(room, { twin }) {
      const now = signedWith(expiryOf(clock()));
      // URLs are made of the name: where two rooms' streams begin alike, so do their URLs.
      const key = `${twin ? "twin " : ""}${roomStreams(room)}`;
      const people = now.rooms.get(key) ?? new Map<string, SignedStreams>();
      return (userId) => {
        const known = people.get(userId);
        if (known) return known;
        const urls = Object.freeze({
          main: sign({ ...room, userId, camera: "main" }, twin, now.expiry),
          pc: sign({ ...room, userId, camera: "pc" }, twin, now.expiry),
        });
        if (now.placesLeft > 0) {
          now.placesLeft -= 1;
          people.set(userId, urls);
          now.rooms.set(key, people);
        }
        return urls;
      };
    },
  };
};
