import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { Refusal } from "./acs3.js";

// How Amazon S3 checks a signed call (AWS4-HMAC-SHA256), written from its description and not from a client.

export interface BucketKey {
  readonly id: string;
  readonly secret: string;
}

export interface VerifierOptions {
  readonly keys: readonly BucketKey[];
  readonly region: string;
  readonly clock?: () => Date;
}

const FRESH_MS = 15 * 60 * 1000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const UNSIGNED = "UNSIGNED-PAYLOAD";

const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");
const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const same = (one: string, other: string): boolean => timingSafeEqual(Buffer.from(one), Buffer.from(other));

const single = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  if (typeof value !== "string" || value === "")
    throw new Refusal(400, "MissingSecurityHeader", `The header ${name} is missing.`);
  return value;
};

/** `20130524T000000Z` */
const timeOf = (date: string): number =>
  Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));

/** Checks the signature of a call and the hash of its body. @throws Refusal */
export const createVerifier =
  ({ keys, region, clock = () => new Date() }: VerifierOptions) =>
  ({ method = "", url = "", headers }: IncomingMessage, body: Buffer): void => {
    const [, keyId, day = "", signedRegion, signedHeaders = "", signature = ""] =
      AUTHORIZATION.exec(single(headers, "authorization")) ?? [];
    const key = keys.find(({ id }) => id === keyId);
    if (!key) throw new Refusal(403, "InvalidAccessKeyId", `The key ${keyId} does not exist.`);
    if (signedRegion !== region)
      throw new Refusal(400, "AuthorizationHeaderMalformed", `The region is ${region}, not ${signedRegion}.`);
    const date = single(headers, "x-amz-date");
    if (!(Math.abs(timeOf(date) - clock().getTime()) <= FRESH_MS) || !date.startsWith(day))
      throw new Refusal(403, "RequestTimeTooSkewed", `${date} is not now.`);
    const contentHash = single(headers, "x-amz-content-sha256");
    if (contentHash !== UNSIGNED && contentHash !== sha256(body))
      throw new Refusal(400, "XAmzContentSHA256Mismatch", "The body is not the one that was hashed.");

    const signed = signedHeaders.split(";");
    const missing = Object.keys(headers).find(
      (name) => (name === "host" || name.startsWith("x-amz-")) && !signed.includes(name),
    );
    if (missing) throw new Refusal(403, "AccessDenied", `The header ${missing} is not signed.`);
    const [path = "", query = ""] = url.split("?");
    const canonical = [
      method,
      path,
      query.split("&").toSorted().join("&"),
      ...signed.map((name) => `${name}:${single(headers, name).trim()}`),
      "",
      signedHeaders,
      contentHash,
    ].join("\n");
    const scope = `${day}/${region}/s3/aws4_request`;
    const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
    const signingKey = scope.split("/").reduce(hmac, Buffer.from(`AWS4${key.secret}`));
    if (!same(hmac(signingKey, toSign).toString("hex"), signature))
      throw new Refusal(403, "SignatureDoesNotMatch", `The string to sign is ${toSign}.`);
  };
