import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

// How Aliyun checks a signed call (ACS3-HMAC-SHA256), written from its description and not from its SDK.

/** A key that the simulator knows. A passing one has a token. */
export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
}

/** What the vendor answers instead of doing what it was asked. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface VerifiedCall {
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly key: AccessKey;
}

/** A call is refused when its date is further away than this, in milliseconds. */
const FRESH_MS = 15 * 60 * 1000;
const ALGORITHM = "ACS3-HMAC-SHA256";
const AUTHORIZATION = /^ACS3-HMAC-SHA256 Credential=([^,]+),SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$/;
const ALWAYS_SIGNED = [
  "host",
  "x-acs-action",
  "x-acs-content-sha256",
  "x-acs-date",
  "x-acs-signature-nonce",
  "x-acs-version",
];

const sha256 = (content: string | Buffer): string => createHash("sha256").update(content).digest("hex");
/** RFC 3986: everything but letters, digits, `-`, `_`, `.` and `~`, byte by byte. */
const encoded = (text: string): string =>
  Array.from(Buffer.from(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9\-_.~]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");

const byCode = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

const single = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name];
  if (typeof value !== "string" || value === "")
    throw new Refusal(400, "MissingHeader", `The header ${name} is missing.`);
  return value;
};

const same = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

/** The parameters of a query and a form, each once. */
const paramsOf = (url: URL, headers: IncomingHttpHeaders, body: Buffer): Record<string, string> => {
  const form = headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  const given = [
    ...url.searchParams.entries(),
    ...(form ? new URLSearchParams(body.toString()).entries() : []),
  ];
  const params = Object.fromEntries(given);
  if (Object.keys(params).length !== given.length)
    throw new Refusal(400, "InvalidParameter", "A parameter is given twice.");
  return params;
};

export interface VerifierOptions {
  /** The version of the API that is served. */
  readonly version: string;
  readonly keys: readonly AccessKey[];
  readonly clock?: () => Date;
}

/** Checks calls as they arrive; it remembers nonces. @throws Refusal */
export const createVerifier = ({ version, keys, clock = () => new Date() }: VerifierOptions) => {
  const nonces = new Set<string>();

  return ({ method = "", url = "", headers }: IncomingMessage, body: Buffer): VerifiedCall => {
    const at = new URL(url, "http://vendor");
    if (method !== "POST" || at.pathname !== "/")
      throw new Refusal(404, "InvalidAction.NotFound", `${method} ${at.pathname} is no call.`);
    if (single(headers, "x-acs-version") !== version)
      throw new Refusal(400, "InvalidVersion", "There is no such version.");

    const [, keyId = "", signedHeaders = "", signature = ""] =
      AUTHORIZATION.exec(single(headers, "authorization")) ?? [];
    const key = keys.find(({ id }) => id === keyId);
    if (!key) throw new Refusal(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
    const token = headers["x-acs-security-token"];
    if (token !== key.token)
      throw new Refusal(
        400,
        "InvalidSecurityToken.Malformed",
        `The token ${String(token)} is not the key's.`,
      );

    const date = single(headers, "x-acs-date");
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(date))
      throw new Refusal(400, "InvalidTimeStamp.Format", `${date} is no date.`);
    if (Math.abs(Date.parse(date) - clock().getTime()) > FRESH_MS)
      throw new Refusal(400, "InvalidTimeStamp.Expired", `${date} is not now.`);
    const nonce = single(headers, "x-acs-signature-nonce");
    if (nonces.has(nonce)) throw new Refusal(400, "SignatureNonceUsed", "The nonce was used before.");
    nonces.add(nonce);
    if (single(headers, "x-acs-content-sha256") !== sha256(body))
      throw new Refusal(400, "InvalidContentHash", "The payload is not the one that was hashed.");

    const mustSign = Object.keys(headers)
      .filter((name) => name.startsWith("x-acs-") || name === "host" || name === "content-type")
      .toSorted(byCode);
    const missing = ALWAYS_SIGNED.find((name) => !mustSign.includes(name));
    if (missing) throw new Refusal(400, "MissingHeader", `The header ${missing} is missing.`);
    if (signedHeaders !== mustSign.join(";"))
      throw new Refusal(
        400,
        "IncompleteSignature",
        `Signed are ${signedHeaders}, not ${mustSign.join(";")}.`,
      );
    const query = [...at.searchParams.entries()]
      .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
      .toSorted(byCode)
      .join("&");
    const canonical = [
      method,
      at.pathname,
      query,
      ...mustSign.map((name) => `${name}:${single(headers, name).trim()}`),
      "",
      signedHeaders,
      sha256(body),
    ].join("\n");
    const toSign = `${ALGORITHM}\n${sha256(canonical)}`;
    if (!same(createHmac("sha256", key.secret).update(toSign).digest("hex"), signature))
      throw new Refusal(400, "SignatureDoesNotMatch", `server string to sign is:${canonical}`);

    return { action: single(headers, "x-acs-action"), params: paramsOf(at, headers, body), key };
  };
};
