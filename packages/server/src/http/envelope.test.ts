import { type ErrorCode, errorCodes } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { InvigilError } from "../platform/errors.js";
import { failure, httpStatus, success } from "./envelope.js";

// Safe: the keys of the table are the codes.
const codes = Object.keys(errorCodes) as ErrorCode[];

/** The errors that, by the contract, the vendor's apps read from responses with status 200. */
const AS_200 = new Set<ErrorCode>([
  "INVALID_INPUT",
  "FORBIDDEN",
  "ROOM_NOT_FOUND",
  "EXAM_NOT_FOUND",
  "PARTICIPANT_NOT_FOUND",
  "AUDIO_CLIP_NOT_FOUND",
  "CHEAT_CONFIG_NOT_FOUND",
  "HAND_NOT_FOUND",
  "HAND_CONFLICT",
  "ROOM_ENDED",
  "PARTICIPANT_CONFLICT",
  "EXAM_OVER",
  "EXAM_CONFLICT",
  "ACCOUNT_CONFLICT",
  "ACCOUNT_NOT_FOUND",
  "AUDIO_CLIP_CONFLICT",
  "QUOTA_EXCEEDED",
  "STREAM_NOT_FOUND",
  "PROVIDER_NOT_CONFIGURED",
  "PROVIDER_FAILED",
]);

describe("the HTTP status", () => {
  it.each(codes)("of %s", (code) => {
    const error = new InvigilError(code, "x");
    expect(httpStatus(error, "http")).toBe(errorCodes[code].status);
    expect(httpStatus(error, "legacy")).toBe(AS_200.has(code) ? 200 : errorCodes[code].status);
  });
});

describe("the envelope", () => {
  it("of a success contains its data", () => {
    const head = { success: true, code: 200, errorCode: "", errorMsg: "" };
    for (const data of [true, false, 0, "", null, [], { a: 1 }])
      expect(success(data)).toEqual({ ...head, data });
  });

  it("of a success without data has no member 'data'", () => {
    expect(Object.keys(success(undefined))).toEqual(["success", "code", "errorCode", "errorMsg"]);
  });

  it.each(codes)("of %s contains the code and a message, but no data", (code) => {
    const { status } = errorCodes[code];
    expect(failure(new InvigilError(code, "One sentence."), "req-1")).toStrictEqual({
      success: false,
      code: status,
      errorCode: String(status),
      errorMsg: "One sentence.",
      reason: code,
      requestId: "req-1",
    });
  });
});
