import { createHash, timingSafeEqual } from "node:crypto";
import type { StreamCallback } from "../types.js";

/** How far the time of a signature may lie behind or ahead, in seconds. */
const TOLERANCE_SECONDS = 300;

type StreamCallbackSettings = Omit<StreamCallback, "judge"> & { readonly key: string };

/** Knows what is reported of a push domain by its signature, which covers the domain and the time alone. */
export const createStreamCallback = (
  { key, ...settings }: StreamCallbackSettings,
  clock: () => Date,
): StreamCallback => {
  const pushDomain = settings.pushDomain.toLowerCase();
  const signatureAt = (timestamp: string): Buffer =>
    createHash("md5").update(`${pushDomain}|${timestamp}|${key}`).digest();
  return {
    pushDomain,
    app: settings.app,
    transcodeSuffix: settings.transcodeSuffix,
    judge({ timestamp, signature }) {
      const sent = Buffer.from(signature, "hex");
      const expected = signatureAt(timestamp);
      if (sent.length !== expected.length || !timingSafeEqual(sent, expected)) return "wrong";
      const seconds = Math.abs(clock().getTime() / 1000 - Number(timestamp));
      return seconds <= TOLERANCE_SECONDS ? "good" : "stale";
    },
  };
};
