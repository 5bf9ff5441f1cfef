import type { Config } from "../config.js";
import { createAliyunNewIm } from "./aliyun/im-new.js";
import { createStreamCallback } from "./aliyun/stream-callback.js";
import { createStreamSigner } from "./aliyun/stream-signer.js";
import { createEmbeddedIm } from "./embedded/im.js";
import type { Providers } from "./types.js";

/** What streams are named under until real domains are set: the signer is the same, the hosts do not exist. */
const UNSET_DOMAINS = { pushDomain: "push.invigil.invalid", pullDomain: "pull.invigil.invalid" };

export interface SelectOptions {
  readonly config: Pick<Config, "streams" | "streamCallbackKey" | "aliyunIm">;
  readonly clock: () => Date;
  readonly nonce: () => string;
  readonly publicUrl: () => string;
  /** Gives the key that this installation made for itself under a name. */
  readonly ownKey: (name: "stream-key" | "im-key") => string;
}

/** The implementation behind each provider: the vendor's where settings name it, else the embedded one. */
export const selectProviders = ({ config, clock, nonce, publicUrl, ownKey }: SelectOptions): Providers => {
  const { domains, ...streams } = config.streams;
  const key = domains ? "" : ownKey("stream-key");
  return {
    messages: {
      aliyun_new: config.aliyunIm
        ? createAliyunNewIm(config.aliyunIm, { clock, nonce })
        : createEmbeddedIm({ appKey: ownKey("im-key"), clock, nonce, publicUrl }),
      aliyun_old: undefined,
      rong_cloud: undefined,
    },
    uploads: undefined,
    streams: createStreamSigner(
      { ...(domains ?? { ...UNSET_DOMAINS, pushKey: key, pullKey: key }), ...streams },
      clock,
    ),
    streamCallback:
      domains && config.streamCallbackKey
        ? createStreamCallback({ ...streams, ...domains, key: config.streamCallbackKey }, clock)
        : undefined,
  };
};
