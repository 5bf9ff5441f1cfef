import type { ErrorCode } from "@invigil/schema";

/**
 * The error codes without their descriptions, which a page does not need. The type ensures that none is
 * missing.
 */
const codes: { readonly [Code in ErrorCode]: true } = {
  INVALID_INPUT: true,
  UNAUTHENTICATED: true,
  FORBIDDEN: true,
  NOT_FOUND: true,
  ROOM_NOT_FOUND: true,
  EXAM_NOT_FOUND: true,
  PARTICIPANT_NOT_FOUND: true,
  ACCOUNT_NOT_FOUND: true,
  AUDIO_CLIP_NOT_FOUND: true,
  CHEAT_CONFIG_NOT_FOUND: true,
  HAND_NOT_FOUND: true,
  STREAM_NOT_FOUND: true,
  METHOD_NOT_ALLOWED: true,
  ROOM_ENDED: true,
  EXAM_OVER: true,
  EXAM_CONFLICT: true,
  ACCOUNT_CONFLICT: true,
  AUDIO_CLIP_CONFLICT: true,
  PARTICIPANT_CONFLICT: true,
  QUOTA_EXCEEDED: true,
  HAND_CONFLICT: true,
  REQUEST_TIMEOUT: true,
  PAYLOAD_TOO_LARGE: true,
  UNSUPPORTED_MEDIA_TYPE: true,
  TOO_MANY_REQUESTS: true,
  INTERNAL: true,
  PROVIDER_NOT_CONFIGURED: true,
  PROVIDER_FAILED: true,
  STORAGE_FULL: true,
  OVERLOADED: true,
};

/** Whether a value is one of the error codes. */
export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === "string" && Object.hasOwn(codes, value);
