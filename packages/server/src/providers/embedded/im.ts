import { timingSafeEqual } from "node:crypto";
import type { AliyunNewToken, DropInLogin } from "@invigil/schema";
import { aliyunNewToken, IM_TOKEN_TTL_SECONDS } from "../aliyun/im-token.js";
import type { MessageProvider } from "../types.js";

export interface EmbeddedImOptions {
  /** Signs the tokens. Invigil verifies them itself. */
  readonly appKey: string;
  readonly clock: () => Date;
  /** Creates the id of a login that is not stored, so that no login works with it. */
  readonly nonce: () => string;
  /** The URL under which clients reach this server. */
  readonly publicUrl: () => string;
}

const APP_ID = "invigil";
/**
 * The parts of the signed text are not separated. This pattern prevents moving characters between the user id
 * and the nonce. Only digits can be moved from the nonce to the time, which then is years in the future.
 */
const NONCE = /^AK-[A-Za-z0-9_]{1,61}$/;
const PREFIX = "AK-";
/** The id under which the login is stored. See `features/im/logins.ts`. */
export const loginIdOf = ({ auth: { nonce } }: DropInLogin): string => nonce.slice(PREFIX.length);
/** How far the clocks of the issuing and the verifying server may differ, in seconds. */
const LEEWAY_SECONDS = 60;

const isEqual = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/**
 * The built-in message service, with the interface of the vendor's new one. It needs no account and no
 * network. A room is its own group. `appSign` contains the address for the drop-in script.
 */
export const createEmbeddedIm = ({
  appKey,
  clock,
  nonce,
  publicUrl,
}: EmbeddedImOptions): MessageProvider<AliyunNewToken> => ({
  builtIn: true,
  createGroup: ({ groupId }) => Promise.resolve({ groupId }),
  // Announcements are messages in the server's own database, written together with the change that they
  // announce.
  announce: () => Promise.resolve(),
  issueToken({ userId, role, loginId = nonce() }) {
    const appSign = Buffer.from(JSON.stringify({ v: 1, url: publicUrl() })).toString("base64url");
    const timestamp = Math.floor(clock().getTime() / 1000) + IM_TOKEN_TTL_SECONDS;
    const app = { appId: APP_ID, appKey, appSign };
    return Promise.resolve(aliyunNewToken(app, { userId, nonce: `${PREFIX}${loginId}`, timestamp, role }));
  },
  verify({ appId, appToken, auth }) {
    const { appToken: ours } = aliyunNewToken({ appId, appKey, appSign: "" }, auth);
    const now = clock().getTime() / 1000;
    const isGood =
      isEqual(appToken, ours) &&
      appId === APP_ID &&
      NONCE.test(auth.nonce) &&
      auth.timestamp > now &&
      auth.timestamp <= now + IM_TOKEN_TTL_SECONDS + LEEWAY_SECONDS;
    return isGood ? new Date(auth.timestamp * 1000) : undefined;
  },
});
