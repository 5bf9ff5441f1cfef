/** The tRPC error codes that Invigil uses, named as in `@trpc/server`. */
type TrpcCode =
  | "BAD_REQUEST"
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "NOT_FOUND"
  | "METHOD_NOT_SUPPORTED"
  | "CONFLICT"
  | "TIMEOUT"
  | "PAYLOAD_TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "TOO_MANY_REQUESTS"
  | "INTERNAL_SERVER_ERROR"
  | "NOT_IMPLEMENTED"
  | "BAD_GATEWAY"
  | "SERVICE_UNAVAILABLE";

interface ErrorInfo {
  /** A description of the error for people. */
  readonly meaning: string;
  /** The HTTP status. Also `code` and `errorCode` in the REST envelope. */
  readonly status: number;
  /** The error code in tRPC responses. */
  readonly trpc: TrpcCode;
  /**
   * Whether the REST paths report the error with HTTP status 200. The vendor's apps read errors only from
   * such responses.
   */
  readonly business: boolean;
}

/**
 * All errors that Invigil reports on purpose, over REST and tRPC. The key is `reason` in the REST envelope
 * and `data.reason` over tRPC.
 */
export const errorCodes = {
  INVALID_INPUT: {
    meaning: "a field is missing or not valid",
    status: 400,
    trpc: "BAD_REQUEST",
    business: true,
  },
  UNAUTHENTICATED: {
    meaning: "the token is missing or not valid",
    status: 401,
    trpc: "UNAUTHORIZED",
    business: false,
  },
  FORBIDDEN: { meaning: "the caller lacks the permission", status: 403, trpc: "FORBIDDEN", business: true },
  NOT_FOUND: { meaning: "no such path or procedure", status: 404, trpc: "NOT_FOUND", business: false },
  ROOM_NOT_FOUND: { meaning: "no such room", status: 404, trpc: "NOT_FOUND", business: true },
  EXAM_NOT_FOUND: { meaning: "no such exam", status: 404, trpc: "NOT_FOUND", business: true },
  PARTICIPANT_NOT_FOUND: {
    meaning: "no such person in the room",
    status: 404,
    trpc: "NOT_FOUND",
    business: true,
  },
  ACCOUNT_NOT_FOUND: { meaning: "no such account", status: 404, trpc: "NOT_FOUND", business: true },
  AUDIO_CLIP_NOT_FOUND: { meaning: "no such audio clip", status: 404, trpc: "NOT_FOUND", business: true },
  CHEAT_CONFIG_NOT_FOUND: {
    meaning: "the exam has no cheat config",
    status: 404,
    trpc: "NOT_FOUND",
    business: true,
  },
  HAND_NOT_FOUND: { meaning: "no such raised hand", status: 404, trpc: "NOT_FOUND", business: true },
  STREAM_NOT_FOUND: { meaning: "no such stream", status: 404, trpc: "NOT_FOUND", business: true },
  METHOD_NOT_ALLOWED: {
    meaning: "the path does not support this method",
    status: 405,
    trpc: "METHOD_NOT_SUPPORTED",
    business: false,
  },
  ROOM_ENDED: { meaning: "the room has ended", status: 409, trpc: "CONFLICT", business: true },
  EXAM_OVER: { meaning: "the exam is over", status: 409, trpc: "CONFLICT", business: true },
  EXAM_CONFLICT: {
    meaning:
      "the exam has rooms, people or records, has not begun, lacks what the plan needs, or has a newer consent text",
    status: 409,
    trpc: "CONFLICT",
    business: true,
  },
  ACCOUNT_CONFLICT: {
    meaning: "the account already exists, or is the caller's own",
    status: 409,
    trpc: "CONFLICT",
    business: true,
  },
  AUDIO_CLIP_CONFLICT: { meaning: "an exam uses the clip", status: 409, trpc: "CONFLICT", business: true },
  QUOTA_EXCEEDED: {
    meaning: "a room, an exam, a person or the installation has reached its quota",
    status: 409,
    trpc: "CONFLICT",
    business: true,
  },
  PARTICIPANT_CONFLICT: {
    meaning:
      "the person has another role in the room, records that prevent the removal, or is talked to by another",
    status: 409,
    trpc: "CONFLICT",
    business: true,
  },
  HAND_CONFLICT: {
    meaning: "another person has taken the raised hand, or its state does not allow the action",
    status: 409,
    trpc: "CONFLICT",
    business: true,
  },
  REQUEST_TIMEOUT: {
    meaning: "the request or its body did not arrive in time",
    status: 408,
    trpc: "TIMEOUT",
    business: false,
  },
  PAYLOAD_TOO_LARGE: {
    meaning: "the body is too large",
    status: 413,
    trpc: "PAYLOAD_TOO_LARGE",
    business: false,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    meaning: "the body's content type is not supported",
    status: 415,
    trpc: "UNSUPPORTED_MEDIA_TYPE",
    business: false,
  },
  TOO_MANY_REQUESTS: {
    meaning: "too many requests",
    status: 429,
    trpc: "TOO_MANY_REQUESTS",
    business: false,
  },
  INTERNAL: {
    meaning: "an internal error; the server's log contains the request id",
    status: 500,
    trpc: "INTERNAL_SERVER_ERROR",
    business: false,
  },
  PROVIDER_NOT_CONFIGURED: {
    meaning: "the vendor service is not configured",
    status: 501,
    trpc: "NOT_IMPLEMENTED",
    business: true,
  },
  PROVIDER_FAILED: { meaning: "the vendor service failed", status: 502, trpc: "BAD_GATEWAY", business: true },
  STORAGE_FULL: {
    meaning: "the server's disk is nearly full: writes are refused, reads continue",
    status: 503,
    trpc: "SERVICE_UNAVAILABLE",
    business: false,
  },
  OVERLOADED: {
    meaning: "the server is overloaded or shutting down",
    status: 503,
    trpc: "SERVICE_UNAVAILABLE",
    business: false,
  },
} as const satisfies Record<string, ErrorInfo>;

/** The stable, machine-readable name of an error. */
export type ErrorCode = keyof typeof errorCodes;

/** Whether a value is one of the error codes. */
export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === "string" && Object.hasOwn(errorCodes, value);

/** The details of a failed vendor call. Only administrators receive them. */
export interface ProviderDetails {
  /** The service: the wire name of a message service, or `uploads`. */
  readonly provider: string;
  /** The vendor's name of the call, e.g. `CreateLiveMessageGroup`. */
  readonly action: string;
  /** The kind of failure. */
  readonly fault:
    | "timeout"
    | "unreachable"
    | "throttled"
    | "unavailable"
    | "refused"
    | "unreadable"
    | "paused";
  /** The error code of the vendor, if it sent one. */
  readonly code?: string;
  /** The request id of the vendor, which its support asks for. */
  readonly requestId?: string;
}
