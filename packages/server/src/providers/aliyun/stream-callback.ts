import { createHash, timingSafeEqual } from "node:crypto";
import type { StreamCallback } from "../types.js";

/** How far the time of a signature may lie behind or ahead, in seconds. */
const TOLERANCE_SECONDS = 300;

/** The signature that the vendor's stream service sends with what it reports. */
const callbackSignature = (pushDomain: string, timestamp: string, key: string): Buffer =>
  createHash("md5").update(`${pushDomain}|${timestamp}|${key}`).digest();

/** Knows the reports of a push domain by their signature. It covers the domain and the time, and nothing of the report. */
export const createStreamCallback = (
  { pushDomain, app, transcodeSuffix, key }: Omit<StreamCallback, "judge"> & { readonly key: string },
  clock: () => Date,
): StreamCallback => ({
  pushDomain,
  app,
  transcodeSuffix,
  judge({ timestamp, signature }) {
    const sent = Buffer.from(signature, "hex");
    const expected = callbackSignature(pushDomain, timestamp, key);
    if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) return "wrong";
    const seconds = Math.abs(clock().getTime() / 1000 - Number(timestamp));
    return seconds <= TOLERANCE_SECONDS ? "good" : "stale";
  },
});
