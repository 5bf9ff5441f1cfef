import { describe, expect, it } from "vitest";
import { parseConfig } from "../config/config.js";
import { authKey } from "./aliyun/stream-signer.js";
import { selectProviders } from "./select.js";

const clock = () => new Date(1_000_000);
/** The next whole minute, in seconds since 1970. */
const NEXT_MINUTE = 1020;
const asked: string[] = [];
const select = (environment: Record<string, string> = {}) => {
  asked.length = 0;
  return selectProviders({
    config: parseConfig(environment),
    clock,
    nonce: () => "nonce",
    publicUrl: () => "http://here",
    ownKey: (name) => {
      asked.push(name);
      return `own ${name}`;
    },
    log: { warn: () => undefined, info: () => undefined },
  });
};
const streamsOf = (environment?: Record<string, string>) =>
  select(environment).streams.inRoom({ examId: "e", roomId: "r" }, { twin: false })("u").main;

const DOMAINS = {
  INVIGIL_STREAM_PUSH_DOMAIN: "push.example",
  INVIGIL_STREAM_PUSH_KEY: "push-key",
  INVIGIL_STREAM_PULL_DOMAIN: "pull.example",
  INVIGIL_STREAM_PULL_KEY: "pull-key",
};
const IM_APP = {
  INVIGIL_ALIYUN_IM_APP_ID: "demoapp",
  INVIGIL_ALIYUN_IM_APP_KEY: "demokey",
  INVIGIL_ALIYUN_IM_APP_SIGN: "sign",
};

describe("streams", () => {
  it("use hosts that do not exist and a generated key until domains are configured", () => {
    const key = authKey("/exam/e-r-u", NEXT_MINUTE + 604_800, "own stream-key");
    expect(streamsOf()).toMatchObject({
      pushUrl: `artc://push.invigil.invalid/exam/e-r-u?auth_key=${key}`,
      pullUrl: `artc://pull.invigil.invalid/exam/e-r-u?auth_key=${key}`,
    });
  });

  it("use the configured domains and keys, and generate none", () => {
    const key = (secret: string) => authKey("/exam/e-r-u", NEXT_MINUTE + 604_800, secret);
    expect(streamsOf(DOMAINS)).toMatchObject({
      pushUrl: `artc://push.example/exam/e-r-u?auth_key=${key("push-key")}`,
      pullUrl: `artc://pull.example/exam/e-r-u?auth_key=${key("pull-key")}`,
    });
    expect(asked).not.toContain("stream-key");
  });

  it("use the configured app, lifetime and suffix", () => {
    const environment = {
      INVIGIL_STREAM_APP: "live",
      INVIGIL_STREAM_TTL_SECONDS: "60",
      INVIGIL_STREAM_TRANSCODE_SUFFIX: "_low",
    };
    const key = authKey("/live/e-r-u_low", NEXT_MINUTE + 60, "own stream-key");
    expect(streamsOf(environment).lowPullUrl).toBe(
      `artc://pull.invigil.invalid/live/e-r-u_low?auth_key=${key}`,
    );
  });
});

describe("messages", () => {
  const tokenOf = (environment?: Record<string, string>) =>
    select(environment).messages.aliyun_new?.issueToken({ userId: "u", role: "" });

  it("use the built-in service without an account", async () => {
    expect((await tokenOf())?.appId).toBe("invigil");
    expect(asked).toContain("im-key");
  });

  it("use the vendor's app if it is configured, without a generated key", async () => {
    expect(await tokenOf(IM_APP)).toMatchObject({ appId: "demoapp", appSign: "sign" });
    expect(asked).not.toContain("im-key");
  });

  it("have no older services and no uploads unless they are configured", () => {
    const { messages, uploads } = select();
    expect([messages.aliyun_old, messages.rong_cloud, uploads]).toEqual([undefined, undefined, undefined]);
  });
});

it("uploads use the vendor's store if it is configured", () => {
  const store = {
    INVIGIL_ALIYUN_ACCESS_KEY_ID: "key",
    INVIGIL_ALIYUN_ACCESS_KEY_SECRET: "secret",
    INVIGIL_UPLOAD_ROLE_ARN: "acs:ram::1:role/uploads",
    INVIGIL_UPLOAD_BUCKET: "bucket",
  };
  expect(select(store).uploads).toBeDefined();
});

describe("the stream callback", () => {
  const callbackOf = (environment: Record<string, string>) => select(environment).streamCallback;

  it("is verified once its key and the domains are configured", () => {
    expect(callbackOf({ INVIGIL_STREAM_CALLBACK_KEY: "key" })).toBeUndefined();
    expect(callbackOf(DOMAINS)).toBeUndefined();
    const callback = callbackOf({
      ...DOMAINS,
      INVIGIL_STREAM_CALLBACK_KEY: "key",
      INVIGIL_STREAM_APP: "live",
    });
    expect(callback).toMatchObject({ pushDomain: "push.example", app: "live", transcodeSuffix: "_240p" });
    const signed = { timestamp: "1000", signature: "d03ea00fd8d71ff9372a9319befa82ad" };
    expect(callback?.verify(signed)).toBe("good");
    const rotated = { INVIGIL_STREAM_CALLBACK_KEY: "next", INVIGIL_STREAM_CALLBACK_KEY_SECONDARY: "key" };
    expect(callbackOf({ ...DOMAINS, ...rotated })?.verify(signed)).toBe("good");
  });
});
