import type { Config } from "../config.js";
import { createAliyunNewIm } from "./aliyun/im-new.js";
import { createStreamSigner } from "./aliyun/stream-signer.js";
import { createEmbeddedIm } from "./embedded/im.js";
import { createVendorPolicy, type PolicyLog } from "./policy.js";
import { createRongClient } from "./rongcloud/client.js";
import { createRongCloudIm } from "./rongcloud/im.js";
import type { Providers } from "./types.js";

/** What streams are named under until real domains are set: the signer is the same, the hosts do not exist. */
const UNSET_DOMAINS = { pushDomain: "push.invigil.invalid", pullDomain: "pull.invigil.invalid" };

export interface SelectOptions {
  readonly config: Pick<Config, "streams" | "aliyunIm" | "rongCloud" | "vendors">;
  readonly clock: () => Date;
  readonly nonce: () => string;
  readonly publicUrl: () => string;
  /** Gives the key that this installation made for itself under a name. */
  readonly ownKey: (name: "stream-key" | "im-key") => string;
  /** Told of what fails at the vendors. */
  readonly log: PolicyLog;
}

/** The implementation behind each provider: the vendor's where settings name it, else the embedded one. */
export const selectProviders = (options: SelectOptions): Providers => {
  const { config, clock, nonce, publicUrl, ownKey, log } = options;
  const { domains, ...streams } = config.streams;
  const { timeoutMs } = config.vendors;
  /** Each service has its own: one that fails takes nothing from the others. */
  const policy = (provider: string) => createVendorPolicy({ provider, ...config.vendors, log });
  const key = domains ? "" : ownKey("stream-key");
  return {
    messages: {
      aliyun_new: config.aliyunIm
        ? createAliyunNewIm(config.aliyunIm, { clock, nonce })
        : createEmbeddedIm({ appKey: ownKey("im-key"), clock, nonce, publicUrl }),
      aliyun_old: undefined,
      rong_cloud:
        config.rongCloud &&
        createRongCloudIm(
          createRongClient({
            ...config.rongCloud,
            policy: policy("rong_cloud"),
            timeoutMs,
            clock,
            nonce,
            log,
          }),
        ),
    },
    uploads: undefined,
    streams: createStreamSigner(
      { ...(domains ?? { ...UNSET_DOMAINS, pushKey: key, pullKey: key }), ...streams },
      clock,
    ),
  };
};
