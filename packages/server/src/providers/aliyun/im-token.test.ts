import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createAliyunNewIm } from "./im-new.js";
import { aliyunNewToken, IM_TOKEN_TTL_SECONDS } from "./im-token.js";

const app = { appId: "demoapp", appKey: "demokey", appSign: "sign" };
const auth = { userId: "user_1", nonce: "AK-abc", timestamp: 1_702_371_472, role: "admin" } as const;

describe("aliyunNewToken", () => {
  it("signs the fixed vector", () => {
    expect(aliyunNewToken(app, auth)).toEqual({
      appId: "demoapp",
      appSign: "sign",
      appToken: "856f0d2bf8abaa20830550d2f10518005f323b91231c7309394c3f584c4c93d2",
      auth,
    });
  });

  it.each([
    { role: "" as const },
    { userId: "pc_user_1" },
    { nonce: "AK-abd" },
    { timestamp: 1_702_371_473 },
  ])("signs %j too", (different) => {
    expect(aliyunNewToken(app, { ...auth, ...different }).appToken).not.toBe(
      aliyunNewToken(app, auth).appToken,
    );
  });

  it("never shows the key", () => {
    expect(JSON.stringify(aliyunNewToken(app, auth))).not.toContain(app.appKey);
  });
});

describe("the vendor's new message service", () => {
  const im = createAliyunNewIm(app, { clock: () => new Date(1_702_198_672_999), nonce: () => "abc" });

  it("issues tokens for two days, with nonces that begin with AK-", async () => {
    expect(IM_TOKEN_TTL_SECONDS).toBe(172_800);
    expect(await im.issueToken({ userId: "user_1", role: "admin" })).toEqual(aliyunNewToken(app, auth));
  });

  it("keeps the user id exactly as asked for", async () => {
    const token = await im.issueToken({ userId: "pc_user_1", role: "" });
    expect(token.auth).toEqual({ ...auth, userId: "pc_user_1", role: "" });
    const signed = "demoappdemokeypc_user_1AK-abc1702371472";
    expect(token.appToken).toBe(createHash("sha256").update(signed).digest("hex"));
  });
});
