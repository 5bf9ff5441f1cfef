/** The tRPC error codes that Invigil uses (names as in `@trpc/server`). */
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
  /** What happened, for people. */
  readonly meaning: string;
  /** The HTTP status, and the number in the REST envelope's `code` and `errorCode`. */
  readonly status: number;
  /** The code under which tRPC reports it. */
  readonly trpc: TrpcCode;
  /** Business failures travel as HTTP 200 on the REST paths, because the vendor's apps read them only from a 200. */
  readonly business: boolean;
}

/**
 * Every failure that Invigil reports on purpose: the one table behind both doors.
 * The key is `reason` in the REST envelope and `data.reason` over tRPC.
 */
export const errorCodes = {
  INVALID_INPUT: { meaning: "a field is missing or wrong", status: 400, trpc: "BAD_REQUEST", business: true },
  UNAUTHENTICATED: {
    meaning: "no token, or not a valid one",
    status: 401,
    trpc: "UNAUTHORIZED",
    business: false,
  },
  FORBIDDEN: { meaning: "the caller may not do this", status: 403, trpc: "FORBIDDEN", business: true },
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
  STREAM_NOT_FOUND: { meaning: "no such stream", status: 404, trpc: "NOT_FOUND", business: true },
  METHOD_NOT_ALLOWED: {
    meaning: "the path takes another method",
    status: 405,
    trpc: "METHOD_NOT_SUPPORTED",
    business: false,
  },
  ROOM_ENDED: { meaning: "the room has ended", status: 409, trpc: "CONFLICT", business: true },
  EXAM_OVER: { meaning: "the exam is over", status: 409, trpc: "CONFLICT", business: true },
  EXAM_CONFLICT: {
    meaning: "the exam holds something that keeps it there, or lacks what the plan needs",
    status: 409,
    trpc: "CONFLICT",
    business: true,
  },
  ACCOUNT_CONFLICT: {
    meaning: "there is an account of that name, or it is the caller's own",
    status: 409,
    trpc: "CONFLICT",
    business: true,
  },
  AUDIO_CLIP_CONFLICT: { meaning: "an exam plays the clip", status: 409, trpc: "CONFLICT", business: true },
  QUOTA_EXCEEDED: {
    meaning: "a room, an exam, a person or the installation holds as much as it may",
    status: 409,
    trpc: "CONFLICT",
    business: true,
  },
  PARTICIPANT_CONFLICT: {
    meaning: "the person is in the room in another role, or holds something that keeps it there",
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
    meaning: "the body's content type is not taken",
    status: 415,
    trpc: "UNSUPPORTED_MEDIA_TYPE",
    business: false,
  },
  TOO_MANY_REQUESTS: { meaning: "asked too often", status: 429, trpc: "TOO_MANY_REQUESTS", business: false },
  INTERNAL: {
    meaning: "a fault of the server; its log has the request id",
    status: 500,
    trpc: "INTERNAL_SERVER_ERROR",
    business: false,
  },
  PROVIDER_NOT_CONFIGURED: {
    meaning: "the vendor service has no settings",
    status: 501,
    trpc: "NOT_IMPLEMENTED",
    business: true,
  },
  PROVIDER_FAILED: { meaning: "the vendor service failed", status: 502, trpc: "BAD_GATEWAY", business: true },
  STORAGE_FULL: {
    meaning: "the server's disk is nearly full: it takes nothing new, and reads go on",
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

/** The stable machine name of a failure. */
export type ErrorCode = keyof typeof errorCodes;

/** Whether a text is one of the error codes. */
export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === "string" && Object.hasOwn(errorCodes, value);

/** What failed at a vendor's service, as administrators are told it. */
export interface ProviderDetails {
  /** The service: a message service by its wire name, or `uploads`. */
  readonly provider: string;
  /** The vendor's name of the call, e.g. `CreateLiveMessageGroup`. */
  readonly action: string;
  /** What kind of failure it was. */
  readonly fault:
    | "timeout"
    | "unreachable"
    | "throttled"
    | "unavailable"
    | "refused"
    | "unreadable"
    | "paused";
  /** The vendor's own code, where it sent one. */
  readonly code?: string;
  /** The vendor's id of the request, which its support asks for. */
  readonly requestId?: string;
}
