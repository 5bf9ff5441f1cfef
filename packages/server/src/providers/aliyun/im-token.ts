import { createHash } from "node:crypto";
import type { AliyunNewToken } from "@invigil/schema";

export interface AliyunImApp {
  readonly appId: string;
  readonly appKey: string;
  /** What the vendor's console shows beside the id: tells its SDK where to connect. */
  readonly appSign: string;
}

/** How long a token is valid, in seconds: the two days of the contract. */
export const IM_TOKEN_TTL_SECONDS = 2 * 24 * 60 * 60;

/**
 * A login for the vendor's new message service. It is signed here: no call is made.
 * @param auth.nonce `AK-` and random letters and digits, at most 64 bytes
 * @param auth.timestamp when the token expires, in seconds since 1970
 */
export const aliyunNewToken = (app: AliyunImApp, auth: AliyunNewToken["auth"]): AliyunNewToken => {
  const signed = `${app.appId}${app.appKey}${auth.userId}${auth.nonce}${auth.timestamp}${auth.role}`;
  return {
    appId: app.appId,
    appSign: app.appSign,
    appToken: createHash("sha256").update(signed).digest("hex"),
    auth,
  };
};
