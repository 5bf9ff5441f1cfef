import type { Config } from "../config/config.js";
import { createAliyunAccount } from "./aliyun/credentials.js";
import { createAliyunNewIm } from "./aliyun/im-new.js";
import { createAliyunOldIm } from "./aliyun/im-old.js";
import { createOpenApi } from "./aliyun/openapi.js";
import { createStreamCallback } from "./aliyun/stream-callback.js";
import { createStreamSigner } from "./aliyun/stream-signer.js";
import { createUploads, STS_VERSION } from "./aliyun/uploads.js";
import { createBucketClient } from "./bucket/client.js";
import { createBucketContents } from "./bucket/contents.js";
import { createEmbeddedIm } from "./embedded/im.js";
import { createEmbeddedMedia } from "./embedded/media-server.js";
import { createVendorPolicy, type PolicyLog } from "./policy.js";
import { createRongClient } from "./rongcloud/client.js";
import { createRongCloudIm } from "./rongcloud/im.js";
import type { Providers } from "./types.js";

/** The domains of stream URLs until real ones are configured. These hosts do not exist. */
const UNSET_DOMAINS = { pushDomain: "push.invigil.invalid", pullDomain: "pull.invigil.invalid" };
/** The version of the vendor's live streaming API. */
const LIVE_VERSION = "2016-11-01";

export interface SelectOptions {
  readonly config: Config;
  readonly clock: () => Date;
  readonly nonce: () => string;
  readonly publicUrl: () => string;
  /** Returns the key that this installation generated for a purpose. */
  readonly ownKey: (name: "stream-key" | "im-key" | "media-key") => string;
  /** Receives the failures of vendor calls. */
  readonly log: PolicyLog;
}

/**
 * Selects the implementation of each provider: the vendor's if it is configured, otherwise the embedded one.
 */
export const selectProviders = (options: SelectOptions): Providers => {
  const { config, clock, nonce, publicUrl, ownKey, log } = options;
  const { aliyunIm, aliyunOldIm, rongCloud, uploads, audioStore } = config;
  const bucket = audioStore.place === "bucket" ? audioStore.bucket : undefined;
  const { timeoutMs } = config.vendors;
  const account = config.aliyun.credentials && createAliyunAccount(config.aliyun.credentials, timeoutMs);
  // Each service has its own policy, so that a failing service does not affect the others.
  const policy = (provider: string) => createVendorPolicy({ provider, ...config.vendors, log });
  const openApi = (provider: string, url: string, version: string) =>
    account && createOpenApi({ url, version, account, policy: policy(provider) });
  const liveApi = (provider: string) => openApi(provider, config.aliyun.liveUrl, LIVE_VERSION);
  const oldApi = aliyunOldIm && liveApi("aliyun_old");
  const sts = uploads && openApi("uploads", uploads.stsUrl, STS_VERSION);

  const { domains, ...streams } = config.streams;
  const key = domains ? "" : ownKey("stream-key");
  const callbackKeys = [config.streamCallbackKey, config.streamCallbackKeySecondary].filter(
    (one) => one !== undefined,
  );
  return {
    audioBucket:
      bucket &&
      createBucketContents({
        client: createBucketClient({ settings: bucket, policy: policy("audio_bucket"), clock }),
        prefix: bucket.prefix,
        timeoutMs,
        nonce,
      }),
    messages: {
      aliyun_new: aliyunIm
        ? createAliyunNewIm(aliyunIm, { clock, nonce, api: liveApi("aliyun_new") })
        : createEmbeddedIm({ appKey: ownKey("im-key"), clock, nonce, publicUrl }),
      aliyun_old: aliyunOldIm && oldApi && createAliyunOldIm({ appId: aliyunOldIm.appId, api: oldApi }),
      rong_cloud:
        rongCloud &&
        createRongCloudIm(
          createRongClient({ ...rongCloud, policy: policy("rong_cloud"), timeoutMs, clock, nonce, log }),
        ),
    },
    uploads: uploads && sts && createUploads({ settings: uploads, sts, clock, log }),
    streams: createStreamSigner(
      {
        ...(domains ?? { ...UNSET_DOMAINS, pushKey: key, pullKey: key }),
        ...streams,
        ...config.streamPlayers,
      },
      clock,
    ),
    media: config.streamService === "embedded" ? createEmbeddedMedia({ ...config.media, log }) : undefined,
    streamCallback:
      domains && callbackKeys.length > 0
        ? createStreamCallback({ ...streams, ...domains, keys: callbackKeys }, clock)
        : undefined,
  };
};
