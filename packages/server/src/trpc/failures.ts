import { type ErrorCode, errorCodes, type ProviderDetails } from "@invigil/schema";
import { TRPCError } from "@trpc/server";
import { ZodError } from "zod";
import { failureOf, knownFailureOf } from "../domain/failures.js";
import { InvigilError, invalidInput, invalidInputOf, storageFull } from "../platform/errors.js";
import { isStorageFull } from "../storage/storage-full.js";
import type { Context } from "./context.js";

/** The details of vendors' errors, which only administrators may see. */
export const detailsFor = (
  { details }: InvigilError,
  context: Context | undefined,
): { details?: ProviderDetails } => {
  const identity = context?.identity;
  const isAdmin = identity !== undefined && !(identity instanceof InvigilError) && identity.role === "admin";
  return details && isAdmin ? { details } : {};
};

const CODES_OF_TRPC: Partial<Record<TRPCError["code"], ErrorCode>> = {
  BAD_REQUEST: "INVALID_INPUT",
  PARSE_ERROR: "INVALID_INPUT",
  NOT_FOUND: "NOT_FOUND",
  METHOD_NOT_SUPPORTED: "METHOD_NOT_ALLOWED",
  PAYLOAD_TOO_LARGE: "PAYLOAD_TOO_LARGE",
  UNSUPPORTED_MEDIA_TYPE: "UNSUPPORTED_MEDIA_TYPE",
};

/** Converts anything that a procedure throws to an error of the API. */
export const failureOfCall = (error: unknown): InvigilError => {
  if (!(error instanceof TRPCError)) return failureOf(error);
  const { cause, message } = error;
  const known = knownFailureOf(cause);
  if (known) return known;
  const code = CODES_OF_TRPC[error.code];
  if (!code) return failureOf(error);
  if (cause instanceof ZodError) return invalidInputOf(cause);
  // The message of a SyntaxError quotes the input.
  if (cause instanceof SyntaxError) return invalidInput("input", "must be JSON");
  return new InvigilError(code, message, { cause: error });
};

/** Converts errors of the API to a `TRPCError` with the code of the error table. Returns other errors unchanged. */
export const toTRPCError = (error: unknown): unknown => {
  const cause = error instanceof TRPCError ? error.cause : error;
  const failure = isStorageFull(cause) ? storageFull(cause) : cause;
  if (!(failure instanceof InvigilError)) return error;
  return new TRPCError({ code: errorCodes[failure.code].trpc, message: failure.message, cause: failure });
};
