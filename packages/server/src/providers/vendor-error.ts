import type { ProviderDetails } from "@invigil/schema";
import { InvigilError } from "../platform/errors.js";

export type VendorFault = ProviderDetails["fault"];

interface VendorErrorOptions extends ErrorOptions {
  readonly fault: VendorFault;
  /** The vendor's error code, e.g. `Throttling.User`. */
  readonly code?: string | undefined;
  readonly requestId?: string | undefined;
}

/**
 * A failed vendor call. The message is for the log. It contains the vendor's message, but no part of the
 * request.
 */
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

/** Error codes that are about our account or the signature, not about the individual call. */
const ACCOUNT_ERRORS =
  /Signature|TimeStamp|AccessKey|SecurityToken|MissingHeader|InvalidVersion|Forbidden|NoPermission|Unauthorized|Denied|Arrear|Overdue/i;
/**
 * The same for RongCloud: a wrong signature, app key or time, an app without the permission, and the
 * corresponding HTTP statuses.
 */
const ACCOUNT_ERROR_NUMBERS: ReadonlySet<string> = new Set(["401", "403", "1001", "1003", "1004", "1009"]);

/**
 * Whether the vendor refused our account. The call can succeed once the configuration is corrected, so its
 * past failures do not count.
 */
export const isAccountError = ({ fault, code = "" }: Pick<ProviderDetails, "fault" | "code">): boolean =>
  fault === "refused" && (ACCOUNT_ERRORS.test(code) || ACCOUNT_ERROR_NUMBERS.has(code));

/** Whether the vendor refused a call because our clock differs from its own. */
export const isClockError = (code = ""): boolean => /time-?stamp|TimeTooSkewed/i.test(code);

const DESCRIPTIONS: Readonly<Record<VendorFault, string>> = {
  timeout: "did not respond in time",
  unreachable: "cannot be reached",
  throttled: "throttled the call",
  unavailable: "reported a server error",
  refused: "refused the call",
  unreadable: "sent an unreadable response",
  paused: "failed repeatedly and is suspended for a while",
};

/**
 * The error that callers receive. It names the service. Administrators also receive the vendor's error code.
 */
export const providerFailed = (provider: string, action: string, error: VendorError): InvigilError => {
  const { fault, code, requestId } = error;
  return new InvigilError("PROVIDER_FAILED", `The service ${provider} ${DESCRIPTIONS[fault]}.`, {
    cause: error,
    details: { provider, action, fault, ...(code && { code }), ...(requestId && { requestId }) },
  });
};
