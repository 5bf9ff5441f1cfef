import { type ErrorCode, isInvigilError, isNetworkError } from "@invigil/client";

/** What a failed call means for a candidate. Each has a sentence that says what to do next. */
export type Problem =
  | "link"
  | "notYours"
  | "gone"
  | "over"
  | "busy"
  | "full"
  | "notHere"
  | "changed"
  | "server"
  | "network";

const PROBLEMS: { readonly [Code in ErrorCode]?: Problem } = {
  UNAUTHENTICATED: "link",
  FORBIDDEN: "notYours",
  PARTICIPANT_NOT_FOUND: "notYours",
  ROOM_NOT_FOUND: "gone",
  EXAM_NOT_FOUND: "gone",
  ROOM_ENDED: "over",
  EXAM_OVER: "over",
  TOO_MANY_REQUESTS: "busy",
  OVERLOADED: "busy",
  STORAGE_FULL: "full",
  QUOTA_EXCEEDED: "full",
  PROVIDER_NOT_CONFIGURED: "notHere",
  EXAM_CONFLICT: "changed",
};

export const problemOf = (error: unknown): Problem => {
  if (isNetworkError(error)) return "network";
  return (isInvigilError(error) && PROBLEMS[error.data.reason]) || "server";
};

/** Problems that end without the person: the call is made again. */
export const passes = (problem: Problem): boolean =>
  problem === "network" || problem === "busy" || problem === "server";
