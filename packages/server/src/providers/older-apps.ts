import type { AliyunOldToken, ImServer } from "@invigil/schema";
import { InvigilError } from "../platform/errors.js";
import type { MessageProvider, MessageProviders } from "./types.js";

// Older apps name no message service: they were written when there was only one.

/** The service of a room whose maker names none. */
export const serviceMeant = ({ aliyun_old }: MessageProviders): ImServer =>
  aliyun_old ? "aliyun_old" : "aliyun_new";

const asText = (login: object): string => Buffer.from(JSON.stringify(login)).toString("base64url");

/**
 * A login in the older service's shape: its own where it is configured, else two of the new service, each with a nonce of
 * its own, so that the second is good when the first is used up.
 * @throws INVALID_INPUT, PROVIDER_NOT_CONFIGURED, PROVIDER_FAILED
 */
export const olderToken = async (
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
