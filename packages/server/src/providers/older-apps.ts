import type { AliyunOldToken, ImServer } from "@invigil/schema";
import { InvigilError } from "../platform/errors.js";
import type { MessageProvider, MessageProviders } from "./types.js";

// Older apps name no message service, because there was only one when they were written.

/** The message service of a room that is created without one. */
export const defaultService = ({ aliyun_old }: MessageProviders): ImServer =>
  aliyun_old ? "aliyun_old" : "aliyun_new";

const asText = (login: object): string => Buffer.from(JSON.stringify(login)).toString("base64url");

/**
 * A token in the format of the older service. If that service is not configured, the token consists of two
 * logins of the new service. Each of the two has its own nonce, so that the second is valid after the first
 * was used.
 * @throws INVALID_INPUT, PROVIDER_NOT_CONFIGURED, PROVIDER_FAILED
 */
export const legacyToken = async (
  { aliyun_old, aliyun_new }: MessageProviders,
  request: Parameters<MessageProvider<unknown>["issueToken"]>[0],
): Promise<AliyunOldToken> => {
  if (aliyun_old) return aliyun_old.issueToken(request);
  if (!aliyun_new) throw new InvigilError("PROVIDER_NOT_CONFIGURED", "No message service is configured.");
  const [access, refresh] = await Promise.all([
    aliyun_new.issueToken(request),
    aliyun_new.issueToken(request),
  ]);
  return { accessToken: asText(access), refreshToken: asText(refresh) };
};
