import { testConfig } from "../../src/config/config.js";
import { streamName } from "../../src/providers/stream-name.js";
import type { AccessKey } from "../simulators/acs3.js";
import { type AliyunLive, openAliyunLive } from "../simulators/aliyun-live.js";
import { type AliyunSts, openAliyunSts } from "../simulators/aliyun-sts.js";
import { openRongCloud, type RongCloud } from "../simulators/rongcloud.js";
import { createStreamService, type StreamService } from "../simulators/stream-service.js";
import { type AppFixture, openAppFixture } from "./app-fixture.js";
import { portOf } from "./ports.js";
import { kept } from "./secrets.js";

// A server with settings for all vendor services, which simulators provide.

const KEY: AccessKey = { id: "LTAI-of-the-server", secret: kept("access-key") };
const ROLE = "acs:ram::1234567890123456:role/recordings";
export const ALL = ["aliyun_new", "aliyun_old", "rong_cloud"] as const;

export interface Vendors extends AppFixture {
  readonly live: AliyunLive;
  readonly rong: RongCloud;
  readonly sts: AliyunSts;
  readonly streams: StreamService;
  /** The failed checks of signatures and parameters, of all simulators. */
  failedChecks(): unknown[];
  /** The existing groups, by service. */
  groups(): Record<(typeof ALL)[number], string[]>;
  nameOf(room: { id: string; examId: string }, userId: string, camera?: "main" | "pc"): string;
}

/**
 * Opens the server. Its queue of vendor tasks runs only when a test drains it.
 * @param timeoutMs the time limit of each call to a vendor
 */
export const openVendors = async ({ timeoutMs = 20_000 }: { timeoutMs?: number } = {}): Promise<Vendors> => {
  const [live, rong, sts] = await Promise.all([
    openAliyunLive({ keys: [KEY], oldGroupIds: ["old1", "old2", "old3", "old4", "old5"] }),
    openRongCloud(),
    openAliyunSts({ keys: [KEY], roleArn: ROLE, bucket: "recordings" }),
  ]);
  const config = testConfig({
    INVIGIL_PROVIDER_TIMEOUT_MS: String(timeoutMs),
    INVIGIL_ALIYUN_ACCESS_KEY_ID: KEY.id,
    INVIGIL_ALIYUN_ACCESS_KEY_SECRET: KEY.secret,
    INVIGIL_ALIYUN_LIVE_URL: live.url,
    INVIGIL_ALIYUN_IM_APP_ID: "demoapp",
    INVIGIL_ALIYUN_IM_APP_KEY: kept("im-app"),
    INVIGIL_ALIYUN_IM_APP_SIGN: "sign",
    INVIGIL_ALIYUN_OLD_IM_APP_ID: "old-app",
    INVIGIL_RONGCLOUD_APP_KEY: rong.appKey,
    INVIGIL_RONGCLOUD_APP_SECRET: rong.appSecret,
    INVIGIL_RONGCLOUD_URLS: rong.urls.join(","),
    INVIGIL_UPLOAD_ROLE_ARN: ROLE,
    INVIGIL_UPLOAD_BUCKET: "recordings",
    INVIGIL_UPLOAD_STS_URL: sts.url,
    INVIGIL_STREAM_PUSH_DOMAIN: "push.example",
    INVIGIL_STREAM_PUSH_KEY: kept("push-domain"),
    INVIGIL_STREAM_PULL_DOMAIN: "pull.example",
    INVIGIL_STREAM_PULL_KEY: kept("pull-domain"),
    INVIGIL_STREAM_CALLBACK_KEY: kept("callback"),
  });
  const fixture = await openAppFixture({ config, now: () => new Date(), queue: false });
  await fixture.app.listen({ host: "127.0.0.1", port: 0 });
  const port = portOf(fixture.app.server);
  return {
    ...fixture,
    live,
    rong,
    sts,
    streams: createStreamService({
      callbackUrl: `http://127.0.0.1:${port}/exam/userAct`,
      pushDomain: "push.example",
      appName: "exam",
      key: kept("callback"),
      now: () => Math.floor(Date.now() / 1000),
    }),
    failedChecks: () => [...live.failedChecks, ...sts.failedChecks, ...rong.refusals],
    groups: () => ({
      aliyun_new: [...live.groups.values()].filter(({ deleted }) => !deleted).map(({ id }) => id),
      aliyun_old: [...live.oldGroups.keys()],
      rong_cloud: [...rong.groups.keys()],
    }),
    nameOf: ({ id: roomId, examId }, userId, camera = "main") =>
      streamName({ examId, roomId, userId, camera }),
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await Promise.all([live, rong, sts].map((vendor) => vendor[Symbol.asyncDispose]()));
    },
  };
};
