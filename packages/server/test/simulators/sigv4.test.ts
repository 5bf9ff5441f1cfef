import type { IncomingMessage } from "node:http";
import { describe, expect, it } from "vitest";
import { Refusal } from "./acs3.js";
import { createVerifier } from "./sigv4.js";

// A check that lets everything through would make every test that relies on it worthless.

const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/** The example of Amazon's description of the signature. */
const EXAMPLE = {
  method: "GET",
  url: "/test.txt",
  headers: {
    host: "examplebucket.s3.amazonaws.com",
    range: "bytes=0-9",
    "x-amz-content-sha256": EMPTY,
    "x-amz-date": "20130524T000000Z",
    authorization:
      "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  } as Record<string, string>,
};
const KEY = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };

const codeOf = (
  change: { url?: string; headers?: Record<string, string>; body?: string } = {},
  options: { region?: string; now?: string; secret?: string } = {},
): string => {
  const { region = "us-east-1", now = "2013-05-24T00:05:00Z", secret = KEY.secret } = options;
  const verify = createVerifier({ keys: [{ ...KEY, secret }], region, clock: () => new Date(now) });
  const request = { ...EXAMPLE, ...change, headers: { ...EXAMPLE.headers, ...change.headers } };
  try {
    // Safe: these are all that the verifier reads.
    verify(request as unknown as IncomingMessage, Buffer.from(change.body ?? ""));
    return "ok";
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return error.code;
  }
};

describe("the simulated bucket's signature check", () => {
  it("takes the example of the description", () => expect(codeOf()).toBe("ok"));

  it("refuses everything else", () => {
    expect(codeOf({ url: "/other.txt" })).toBe("SignatureDoesNotMatch");
    expect(codeOf({ headers: { range: "bytes=0-10" } })).toBe("SignatureDoesNotMatch");
    expect(codeOf({}, { secret: "another" })).toBe("SignatureDoesNotMatch");
    expect(codeOf({ body: "x" })).toBe("XAmzContentSHA256Mismatch");
    expect(codeOf({ headers: { "x-amz-acl": "public-read" } })).toBe("AccessDenied");
    expect(codeOf({ headers: { authorization: "AWS4-HMAC-SHA256 x" } })).toBe("InvalidAccessKeyId");
    expect(codeOf({}, { region: "cn-hangzhou" })).toBe("AuthorizationHeaderMalformed");
    expect(codeOf({}, { now: "2013-05-24T00:15:01Z" })).toBe("RequestTimeTooSkewed");
  });
});
