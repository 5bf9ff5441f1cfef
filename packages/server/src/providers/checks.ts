import type { ImServer } from "@invigil/schema";
import type { Providers } from "./types.js";

/** The services of vendors that can be checked. */
export type CheckedService = ImServer | "audio_bucket" | "uploads";

/** A check of a service: a call that leaves no traces. */
export interface ServiceCheck {
  readonly name: CheckedService;
  /** Undefined if the service is not configured, or cannot be called. @throws PROVIDER_FAILED */
  readonly check: (() => Promise<void>) | undefined;
}

/** Returns the checks of all services. An audio bucket is there if one is configured. */
export const serviceChecks = ({ audioBucket, messages, uploads }: Providers): ServiceCheck[] => {
  const ofMessages = (name: ImServer): ServiceCheck => {
    const check = messages[name]?.check;
    return { name, check: check && (() => check()) };
  };
  return [
    ...(audioBucket ? [{ name: "audio_bucket", check: () => audioBucket.check() } as const] : []),
    ...(["aliyun_new", "aliyun_old", "rong_cloud"] as const).map(ofMessages),
    { name: "uploads", check: uploads && (() => uploads.check()) },
  ];
};
