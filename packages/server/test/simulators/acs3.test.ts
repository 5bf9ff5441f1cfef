import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { createVerifier, Refusal } from "./acs3.js";

// A check that lets everything through would make every test that relies on it worthless.

const EMPTY = createHash("sha256").update("").digest("hex");
/** The example of the vendor's description of the signature. */
const EXAMPLE = {
  method: "POST",
  url: "/?ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
  headers: {
    host: "ecs.cn-shanghai.aliyuncs.com",
    "x-acs-action": "RunInstances",
    "x-acs-content-sha256": EMPTY,
    "x-acs-date": "2023-10-26T10:22:32Z",
    "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
    "x-acs-version": "2014-05-26",
    authorization:
      "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
  } as Record<string, string>,
};
const KEYS = [{ id: "YourAccessKeyId", secret: "YourAccessKeySecret" }];
const at = (time: string) => () => new Date(time);
const verifier = (options: Partial<Parameters<typeof createVerifier>[0]> = {}) =>
  createVerifier({ version: "2014-05-26", keys: KEYS, clock: at("2023-10-26T10:30:00Z"), ...options });

interface Sent {
  readonly method?: string;
  readonly url?: string;
  readonly headers?: Record<string, string | undefined>;
  readonly body?: string;
}
const check = (verify: ReturnType<typeof verifier>, { headers, body = "", ...rest }: Sent = {}) => {
  const request = { ...EXAMPLE, ...rest, headers: { ...EXAMPLE.headers, ...headers } };
  // Safe: these are all that the verifier reads.
  return verify(request as unknown as IncomingMessage, Buffer.from(body));
};
const codeOf = (verify: ReturnType<typeof verifier>, sent?: Sent): string => {
  try {
    check(verify, sent);
    return "ok";
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code;
  }
};

describe("the simulated vendor's signature check", () => {
  it("lets the vendor's own example through, once", () => {
    const verify = verifier();
    expect(check(verify)).toMatchObject({
      action: "RunInstances",
      params: { ImageId: "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", RegionId: "cn-shanghai" },
    });
    expect(codeOf(verify)).toBe("SignatureNonceUsed");
  });

  it.each([
    ["another query", { url: `${EXAMPLE.url}x` }, "SignatureDoesNotMatch"],
    ["another action", { headers: { "x-acs-action": "StopInstances" } }, "SignatureDoesNotMatch"],
    ["another host", { headers: { host: "ecs.aliyuncs.com" } }, "SignatureDoesNotMatch"],
    ["another body", { body: "a=b" }, "InvalidContentHash"],
    ["a header that is not signed", { headers: { "x-acs-more": "x" } }, "IncompleteSignature"],
    ["no nonce", { headers: { "x-acs-signature-nonce": undefined } }, "MissingHeader"],
    ["no signature", { headers: { authorization: undefined } }, "MissingHeader"],
    [
      "a token that the key has not",
      { headers: { "x-acs-security-token": "t" } },
      "InvalidSecurityToken.Malformed",
    ],
    ["another version", { headers: { "x-acs-version": "2016-11-01" } }, "InvalidVersion"],
    ["another method", { method: "GET" }, "InvalidAction.NotFound"],
  ])("refuses %s", (_, sent, code) => {
    expect(codeOf(verifier(), sent)).toBe(code);
  });

  it("refuses an unknown key, a wrong secret, and a key that is used without its token", () => {
    expect(codeOf(verifier({ keys: [] }))).toBe("InvalidAccessKeyId.NotFound");
    const wrong = [{ id: "YourAccessKeyId", secret: "x" }];
    expect(codeOf(verifier({ keys: wrong }))).toBe("SignatureDoesNotMatch");
    const passing = [{ id: "YourAccessKeyId", secret: "YourAccessKeySecret", token: "t" }];
    expect(codeOf(verifier({ keys: passing }))).toBe("InvalidSecurityToken.Malformed");
  });

  it.each(["2023-10-26T10:07:00Z", "2023-10-26T10:38:00Z"])("refuses a date that is not now: %s", (now) => {
    expect(codeOf(verifier({ clock: at(now) }))).toBe("InvalidTimeStamp.Expired");
  });

  it("reads a form as it reads a query, and no parameter twice", () => {
    const form = (body: string) => {
      const headers: Record<string, string> = {
        ...EXAMPLE.headers,
        "content-type": "application/x-www-form-urlencoded",
        "x-acs-content-sha256": createHash("sha256").update(body).digest("hex"),
      };
      const signed = Object.keys(headers)
        .filter((name) => name !== "authorization")
        .toSorted();
      const lines = signed.map((name) => `${name}:${headers[name]}\n`).join("");
      const canonical = `POST\n/\nA=1\n${lines}\n${signed.join(";")}\n${headers["x-acs-content-sha256"]}`;
      const toSign = `ACS3-HMAC-SHA256\n${createHash("sha256").update(canonical).digest("hex")}`;
      const signature = createHmac("sha256", "YourAccessKeySecret").update(toSign).digest("hex");
      const authorization = `ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=${signed.join(";")},Signature=${signature}`;
      return { url: "/?A=1", body, headers: { ...headers, authorization } };
    };
    expect(check(verifier(), form("B=2+3")).params).toEqual({ A: "1", B: "2 3" });
    expect(codeOf(verifier(), form("A=2"))).toBe("InvalidParameter");
  });
});
