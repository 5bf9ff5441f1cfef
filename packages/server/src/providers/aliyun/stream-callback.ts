import { createHash, timingSafeEqual } from "node:crypto";
import type { StreamCallback } from "../types.js";

/** The maximum difference between the time of a signature and the server's clock, in seconds. */
const TOLERANCE_SECONDS = 300;

type StreamCallbackSettings = Omit<StreamCallback, "verify"> & {
  /** Each of them may have signed a callback. */
  readonly keys: readonly string[];
};

/** Verifies callbacks of the stream service. The signature covers only the push domain and the time. */
export const createStreamCallback = (
  { keys, ...settings }: StreamCallbackSettings,
  clock: () => Date,
): StreamCallback => {
  const pushDomain = settings.pushDomain.toLowerCase();
  const signaturesAt = (timestamp: string): Buffer[] =>
    keys.map((key) => createHash("md5").update(`${pushDomain}|${timestamp}|${key}`).digest());
  return {
    pushDomain,
    app: settings.app,
    transcodeSuffix: settings.transcodeSuffix,
    verify({ timestamp, signature }) {
      const sent = Buffer.from(signature, "hex");
      const isSigned = signaturesAt(timestamp).some(
        (expected) => sent.length === expected.length && timingSafeEqual(sent, expected),
      );
      if (!isSigned) return "wrong";
      const seconds = Math.abs(clock().getTime() / 1000 - Number(timestamp));
      return seconds <= TOLERANCE_SECONDS ? "good" : "stale";
    },
  };
};
