import type { ProviderDetails } from "@invigil/schema";
import { InvigilError } from "../platform/errors.js";

export type VendorFault = ProviderDetails["fault"];

interface VendorErrorOptions extends ErrorOptions {
  readonly fault: VendorFault;
  /** The vendor's own code, e.g. `Throttling.User`. */
  readonly code?: string | undefined;
  readonly requestId?: string | undefined;
}

/** One call to a vendor that failed. Its message is for the log: it holds what the vendor said, never what was sent. */
export class VendorError extends Error {
  override readonly name = "VendorError";
  readonly fault: VendorFault;
  readonly code: string | undefined;
  readonly requestId: string | undefined;

  constructor(message: string, { fault, code, requestId, ...options }: VendorErrorOptions) {
    super(message, options);
    this.fault = fault;
    this.code = code;
    this.requestId = requestId;
  }
}

/** Codes with which a vendor refuses us and not what we asked for: our signature, key, clock, rights or account. */
const ABOUT_US =
  /Signature|TimeStamp|AccessKey|SecurityToken|MissingHeader|InvalidVersion|Forbidden|NoPermission|Unauthorized|Denied|Arrear|Overdue/i;
/** RongCloud's: a wrong signature, app key or time, or an app that may not do this; and the HTTP statuses for them. */
const ABOUT_US_BY_NUMBER: ReadonlySet<string> = new Set(["401", "403", "1001", "1003", "1004", "1009"]);

/** Whether a refusal is about who asks. It ends when that is put right, however often it came before. */
export const isAboutUs = ({ fault, code = "" }: Pick<ProviderDetails, "fault" | "code">): boolean =>
  fault === "refused" && (ABOUT_US.test(code) || ABOUT_US_BY_NUMBER.has(code));

/** Whether a vendor refused a call because our clock is not its own. */
export const isAboutTime = (code = ""): boolean => /time-?stamp/i.test(code);

const SAID: Readonly<Record<VendorFault, string>> = {
  timeout: "did not answer in time",
  unreachable: "cannot be reached",
  throttled: "is asked too often",
  unavailable: "has a fault",
  refused: "refused the call",
  unreadable: "answered what is no answer",
  paused: "failed repeatedly and is left alone for a while",
};

/** The failure that callers are told: which service, and for administrators what the vendor said. */
export const providerFailed = (provider: string, action: string, error: VendorError): InvigilError => {
  const { fault, code, requestId } = error;
  return new InvigilError("PROVIDER_FAILED", `The service ${provider} ${SAID[fault]}.`, {
    cause: error,
    details: { provider, action, fault, ...(code && { code }), ...(requestId && { requestId }) },
  });
};
