import { createHash } from "node:crypto";
import type { AliyunNewToken } from "@invigil/schema";

export interface AliyunImApp {
  readonly appId: string;
  readonly appKey: string;
  /** Shown in the vendor's console beside the id. It contains the address for the SDK. */
  readonly appSign: string;
}

/** The lifetime of a token, in seconds: two days, as the contract requires. */
export const IM_TOKEN_TTL_SECONDS = 2 * 24 * 60 * 60;

/**
 * Creates a login for the vendor's new message service. It is signed locally, without a call.
 * @param auth.nonce `AK-` and random letters and digits, at most 64 bytes
 * @param auth.timestamp the expiry of the token, in seconds since 1970
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
