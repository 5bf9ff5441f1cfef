import { timingSafeEqual } from "node:crypto";
import type { AliyunNewToken, EngineLogin } from "@invigil/schema";
import { aliyunNewToken, IM_TOKEN_TTL_SECONDS } from "../aliyun/im-token.js";
import type { MessageProvider } from "../types.js";

export interface EmbeddedImOptions {
  /** Signs the tokens; Invigil verifies them itself. */
  readonly appKey: string;
  readonly clock: () => Date;
  /** Names logins that are kept nowhere, so that nobody can log in with them. */
  readonly nonce: () => string;
  /** Where clients reach this server. */
  readonly publicUrl: () => string;
}

const APP_ID = "invigil";
/**
 * The text that is signed has nothing between its parts. With this form no end of a user's id can pass for the beginning of
 * a nonce; what remains is digits that move from the nonce into the time, which then is years ahead.
 */
const NONCE = /^AK-[A-Za-z0-9_]{1,61}$/;
const PREFIX = "AK-";
/** The id under which it is kept what a login stands for: see `features/im/logins.ts`. */
export const loginIdOf = ({ auth: { nonce } }: EngineLogin): string => nonce.slice(PREFIX.length);
/** How much earlier than the issuing clock the verifying one may be. */
const LEEWAY_SECONDS = 60;

const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/**
 * The built-in message service, in the shape of the vendor's new one: needs no account and no network.
 * A room is its own group, so that there is nothing more to make; `appSign` tells the script where to connect.
 */
export const createEmbeddedIm = ({
  appKey,
  clock,
  nonce,
  publicUrl,
}: EmbeddedImOptions): MessageProvider<AliyunNewToken> => ({
  builtIn: true,
  createGroup: ({ groupId }) => Promise.resolve({ groupId }),
  // What the server says is a message in its own database, written beside what it tells of.
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
      isSame(appToken, ours) &&
      appId === APP_ID &&
      NONCE.test(auth.nonce) &&
      auth.timestamp > now &&
      auth.timestamp <= now + IM_TOKEN_TTL_SECONDS + LEEWAY_SECONDS;
    return isGood ? new Date(auth.timestamp * 1000) : undefined;
  },
});
