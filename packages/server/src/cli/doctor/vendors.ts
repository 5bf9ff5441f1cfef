import type { ProviderDetails } from "@invigil/schema";
import type { Config } from "../../config/config.js";
import { InvigilError } from "../../platform/errors.js";
import { type CheckedService, type ServiceCheck, serviceChecks } from "../../providers/checks.js";
import type { Providers } from "../../providers/types.js";
import { isClockError } from "../../providers/vendor-error.js";
import { type Finding, findingsOf } from "./finding.js";

// Makes a call to each configured vendor service that changes nothing there.

/** What the checks print about a service. */
interface About {
  /** Default: its name. */
  readonly label?: string;
  /** The result if the service is not configured, or cannot be called. */
  readonly unavailable: {
    readonly state: "ok" | "off" | "warning";
    readonly found: string;
    readonly todo?: string;
  };
  /** The settings with the credentials and the address of the service. */
  readonly account: string;
  readonly address: string;
}

const ACCOUNT = "INVIGIL_ALIYUN_ACCESS_KEY_ID and _SECRET, or INVIGIL_ALIYUN_INSTANCE_ROLE";

/** What to do about each kind of failure. */
const remedy = ({ account, address }: About, { fault, code }: ProviderDetails): string => {
  if (fault === "refused" && isClockError(code))
    return "Correct this machine's clock: the vendor allows a difference of 15 minutes.";
  switch (fault) {
    case "timeout":
    case "unreachable":
      return `Check that this machine reaches the service (${address}).`;
    case "refused":
      return `Check ${account}, and what the account may do: docs/providers.md lists it.`;
    case "unreadable":
      return `Check that ${address} refers to the vendor's service and not a proxy.`;
    case "throttled":
    case "unavailable":
    case "paused":
      return "Try again later. If the problem persists, contact the vendor's support.";
  }
};

const checkService = async ({ name, check }: ServiceCheck, about: About): Promise<Finding> => {
  const findings = findingsOf(about.label ?? name);
  const { unavailable } = about;
  if (!check) return findings[unavailable.state](unavailable.found, unavailable.todo);
  try {
    await check();
    return findings.ok("responds, and accepts the signature");
  } catch (error) {
    if (!(error instanceof InvigilError)) throw error;
    if (!error.details) return findings.failed(error.message);
    const { action, code, requestId } = error.details;
    const details = [action, code, requestId && `request ${requestId}`].filter(Boolean).join(", ");
    return findings.failed(`${error.message} (${details})`, remedy(about, error.details));
  }
};

const servicesOf = ({ aliyunIm }: Config): Readonly<Record<CheckedService, About>> => ({
  audio_bucket: {
    label: "audio bucket",
    unavailable: { state: "off", found: "not set" },
    account: "INVIGIL_S3_ACCESS_KEY_ID and INVIGIL_S3_SECRET_ACCESS_KEY",
    address: "INVIGIL_S3_ENDPOINT",
  },
  aliyun_new: {
    unavailable: aliyunIm
      ? {
          state: "warning",
          found: "tokens are signed, but groups must be created manually at the vendor, with the room's id",
          todo: `Set ${ACCOUNT}.`,
        }
      : { state: "ok", found: "the built-in service is used instead" },
    account: ACCOUNT,
    address: "INVIGIL_ALIYUN_LIVE_URL",
  },
  aliyun_old: {
    unavailable: { state: "off", found: "not set: older SDKs use logins of aliyun_new" },
    account: `${ACCOUNT}, INVIGIL_ALIYUN_OLD_IM_APP_ID`,
    address: "INVIGIL_ALIYUN_LIVE_URL",
  },
  rong_cloud: {
    unavailable: { state: "off", found: "not set: rooms cannot use it" },
    account: "INVIGIL_RONGCLOUD_APP_KEY and _SECRET",
    address: "INVIGIL_RONGCLOUD_URLS",
  },
  uploads: {
    unavailable: { state: "off", found: "not set: recordings cannot be uploaded" },
    account: `${ACCOUNT}, INVIGIL_UPLOAD_ROLE_ARN`,
    address: "INVIGIL_UPLOAD_STS_URL",
  },
});

/** Checks all vendor services at the same time. `onDone` is called after each of them. */
export const checkVendors = (
  config: Config,
  providers: Providers,
  onDone: (done: number, all: number) => void,
): Promise<Finding[]> => {
  const services = serviceChecks(providers);
  const about = servicesOf(config);
  let done = 0;
  return Promise.all(
    services.map((service) =>
      checkService(service, about[service.name]).finally(() => {
        done += 1;
        onDone(done, services.length);
      }),
    ),
  );
};
