import type { AliyunNewToken } from "@invigil/schema";
import { aliyunNewToken, IM_TOKEN_TTL_SECONDS } from "../aliyun/im-token.js";
import type { MessageProvider } from "../types.js";

export interface EmbeddedImOptions {
  /** Signs the tokens; Invigil verifies them itself. */
  readonly appKey: string;
  readonly clock: () => Date;
  readonly nonce: () => string;
  /** Where clients reach this server. */
  readonly publicUrl: () => string;
}

const APP_ID = "invigil";

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
  issueToken({ userId, role }) {
    const appSign = Buffer.from(JSON.stringify({ v: 1, url: publicUrl() })).toString("base64url");
    const timestamp = Math.floor(clock().getTime() / 1000) + IM_TOKEN_TTL_SECONDS;
    const app = { appId: APP_ID, appKey, appSign };
    return Promise.resolve(aliyunNewToken(app, { userId, nonce: `AK-${nonce()}`, timestamp, role }));
  },
});
