import { errorCodes, type ProviderDetails } from "@invigil/schema";
import type { InvigilError } from "../platform/errors.js";

// The vendor's envelope: every response of the REST paths, and of everything that never reaches a route.

export interface Success {
  readonly success: true;
  readonly code: 200;
  readonly errorCode: "";
  readonly errorMsg: "";
  /** Absent, not null, where a path documents none. */
  readonly data?: unknown;
}

export interface Failure {
  readonly success: false;
  readonly code: number;
  readonly errorCode: string;
  readonly errorMsg: string;
  readonly reason: string;
  readonly requestId: string;
  /** What a vendor's service said, for administrators. */
  readonly details?: ProviderDetails;
}

/** How failures choose their HTTP status: as the vendor's clients need it, or as HTTP has it. */
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

/** The vendor's apps read `errorCode` from a 200 only, and take every other status for a broken line. */
export const httpStatus = (error: InvigilError, mode: RestStatus): number =>
  mode === "legacy" && errorCodes[error.code].business ? 200 : error.status;
