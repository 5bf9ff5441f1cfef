import { type Config, parseConfig } from "../../src/config/config.js";
import { selectProviders } from "../../src/providers/select.js";
import type { Providers } from "../../src/providers/types.js";
import type { AccessKey } from "../simulators/acs3.js";
import { type AliyunLive, type AliyunLiveOptions, openAliyunLive } from "../simulators/aliyun-live.js";
import { kept, watchLog } from "./secrets.js";

// Settings for Aliyun's services, which simulators provide.

export const KEY: AccessKey = { id: "LTAI-of-the-test", secret: kept("access-key") };
export const IM_APP = { appId: "demoapp", appKey: kept("im-app"), appSign: "sign" };
const OLD_APP = { appId: "old-app" };
export const CLOCK = () => new Date("2026-01-02T03:04:05Z");

/** Settings for both message services of the vendor, at a simulator. `vendors` adds to the settings. */
export const aliyunConfig = (
  { url }: Pick<AliyunLive, "url">,
  { id, secret, token }: AccessKey = KEY,
  vendors: Partial<Config["vendors"]> = {},
) => ({
  aliyun: {
    liveUrl: url,
    credentials: { accessKeyId: id, accessKeySecret: secret, ...(token && { securityToken: token }) },
  },
  aliyunIm: IM_APP,
  aliyunOldIm: OLD_APP,
  vendors: { timeoutMs: 20_000, concurrency: 16, pauseSeconds: 10, ...vendors },
});

type MessageProviders = Providers["messages"];

export interface Aliyun extends AsyncDisposable {
  readonly live: AliyunLive;
  readonly im: NonNullable<MessageProviders["aliyun_new"]>;
  readonly old: NonNullable<MessageProviders["aliyun_old"]>;
  /** The log so far, as JSON lines. */
  readonly log: readonly string[];
}

/** Opens the message services and their simulator. */
export const openAliyun = async (
  options: Partial<AliyunLiveOptions> & {
    config?: Partial<Config>;
    vendors?: Partial<Config["vendors"]>;
  } = {},
): Promise<Aliyun> => {
  const live = await openAliyunLive({ keys: [KEY], ...options });
  const log: string[] = [];
  const line = (fields: object, message: string): void => {
    const text = JSON.stringify({ ...fields, message });
    watchLog(text);
    log.push(text);
  };
  const { messages } = selectProviders({
    config: {
      ...parseConfig({}),
      ...aliyunConfig(live, KEY, options.vendors),
      ...options.config,
    },
    clock: CLOCK,
    nonce: () => "nonce",
    publicUrl: () => "http://here",
    ownKey: (name) => name,
    log: { warn: line, info: line },
  });
  const { aliyun_new: im, aliyun_old: old } = messages;
  if (!im || !old) throw new Error("both services are configured");
  return { live, im, old, log, [Symbol.asyncDispose]: () => live[Symbol.asyncDispose]() };
};
