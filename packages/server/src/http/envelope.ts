import { errorCodes, type ProviderDetails } from "@invigil/schema";
import type { InvigilError } from "../platform/errors.js";

// The envelope of the vendor's API. All responses of the REST paths use it, and all requests that reach no
// route.

export interface Success {
  readonly success: true;
  readonly code: 200;
  readonly errorCode: "";
  readonly errorMsg: "";
  /** Absent, not null, if the path documents no data. */
  readonly data?: unknown;
}

export interface Failure {
  readonly success: false;
  readonly code: number;
  readonly errorCode: string;
  readonly errorMsg: string;
  readonly reason: string;
  readonly requestId: string;
  /** The error of the vendor's service, for administrators. */
  readonly details?: ProviderDetails;
}

/** Which HTTP status errors have: the one that the vendor's clients require, or the standard one. */
export type RestStatus = "legacy" | "http";

export const success = (data: unknown): Success => ({
  success: true,
  code: 200,
  errorCode: "",
  errorMsg: "",
  ...(data !== undefined && { data }),
});

export const failure = (
  error: InvigilError,
  requestId: string,
  details: { details?: ProviderDetails } = {},
): Failure => ({
  success: false,
  code: error.status,
  errorCode: String(error.status),
  errorMsg: error.message,
  reason: error.code,
  requestId,
  ...details,
});

/**
 * The vendor's apps read `errorCode` only from responses with status 200. Any other status is a connection
 * error to them.
 */
export const httpStatus = (error: InvigilError, mode: RestStatus): number =>
  mode === "legacy" && errorCodes[error.code].business ? 200 : error.status;
