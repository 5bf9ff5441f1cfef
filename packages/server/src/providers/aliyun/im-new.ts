import type { AliyunNewToken } from "@invigil/schema";
import type { MessageProvider } from "../types.js";
import { type AliyunImApp, aliyunNewToken, IM_TOKEN_TTL_SECONDS } from "./im-token.js";

/**
 * The vendor's new message service, as far as it needs no call to the vendor: tokens.
 * Groups are made at the vendor by hand until Invigil has credentials for its OpenAPI.
 */
export const createAliyunNewIm = (
  app: AliyunImApp,
  deps: { clock: () => Date; nonce: () => string },
): MessageProvider<AliyunNewToken> => ({
  createGroup: ({ groupId }) => Promise.resolve({ groupId }),
  issueToken: ({ userId, role }) => {
    const timestamp = Math.floor(deps.clock().getTime() / 1000) + IM_TOKEN_TTL_SECONDS;
    return Promise.resolve(aliyunNewToken(app, { userId, nonce: `AK-${deps.nonce()}`, timestamp, role }));
  },
});
