import { knownFailureOf } from "../../domain/failures.js";
import type { InvigilError } from "../../platform/errors.js";

/** The error that a page receives for a refused request, with the error code of the SDK. */
export class Refusal extends Error {
  override readonly name = "Refusal";

  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

// The apps compare these texts.
export const AUTH_FAIL = "auth fail";
/** A page with a newer login of the same person is connected. */
export const LOGGED_IN_ELSEWHERE = "login elsewhere";
export const NOT_ONLINE = "user not online";

const CODES: Partial<Record<InvigilError["code"], number>> = {
  ROOM_NOT_FOUND: 440,
  ROOM_ENDED: 441,
  TOO_MANY_REQUESTS: 412,
  OVERLOADED: 412,
  STORAGE_FULL: 412,
};

/** Converts anything that was thrown to the error that a page receives. */
export const refusalOf = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error;
  const failure = knownFailureOf(error);
  if (!failure) return new Refusal(500, "The server failed.");
  if (failure.code === "UNAUTHENTICATED") return new Refusal(403, AUTH_FAIL);
  const { code, status, message } = failure;
  return new Refusal(CODES[code] ?? (status >= 400 && status < 500 ? status : 500), message);
};
