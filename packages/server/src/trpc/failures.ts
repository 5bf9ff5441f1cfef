import { type ErrorCode, errorCodes, type ProviderDetails } from "@invigil/schema";
import { TRPCError } from "@trpc/server";
import { ZodError } from "zod";
import { StreamNameTaken } from "../domain/people.js";
import { storageFull } from "../limits/disk.js";
import { InvigilError, invalidInput, invalidInputOf } from "../platform/errors.js";
import { CommitUnknownError, DatabaseUnavailableError, TooManyWritesError } from "../storage/errors.js";
import { isStorageFull } from "../storage/storage-full.js";
import { StorageLostError } from "../storage/storage-lost.js";
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

/** Converts errors of the storage to errors of the API. Returns undefined for other errors. */
const failureOfStorage = (error: unknown): InvigilError | undefined => {
  if (error instanceof StorageLostError)
    return new InvigilError(
      "OVERLOADED",
      "The server cannot write to its database. The change may not have been stored.",
      { cause: error },
    );
  if (error instanceof TooManyWritesError)
    return new InvigilError(
      "TOO_MANY_REQUESTS",
      "Too many changes by this caller, or in this exam, wait to be stored: try again in 1 second.",
      { cause: error, retryAfterSeconds: 1 },
    );
  if (error instanceof CommitUnknownError)
    return new InvigilError(
      "OVERLOADED",
      "The connection to the database was lost during the write. The change may have been stored.",
      { cause: error },
    );
  if (error instanceof DatabaseUnavailableError)
    return new InvigilError("OVERLOADED", "The database did not respond in time. Nothing was changed.", {
      cause: error,
    });
  if (error instanceof StreamNameTaken)
    return new InvigilError(
      "PARTICIPANT_CONFLICT",
      `${error.person.userId} cannot be in the room ${error.person.roomId}: a stream there would have the name of another person's. Give one of them an id without a hyphen.`,
      { cause: error },
    );
  return undefined;
};

/** Converts anything that was thrown to an error of the API. Unknown errors become `INTERNAL`, without details. */
export const failureOf = (error: unknown): InvigilError => {
  if (error instanceof InvigilError) return error;
  if (isStorageFull(error)) return storageFull(error);
  if (error instanceof TRPCError) {
    if (error.cause instanceof InvigilError) return error.cause;
    if (isStorageFull(error.cause)) return storageFull(error.cause);
    const code = CODES_OF_TRPC[error.code];
    if (code && error.cause instanceof ZodError) return invalidInputOf(error.cause);
    // The message of a SyntaxError quotes the input.
    if (code && error.cause instanceof SyntaxError) return invalidInput("input", "must be JSON");
    if (code) return new InvigilError(code, error.message, { cause: error });
  }
  const known = failureOfStorage(error instanceof TRPCError ? error.cause : error);
  if (known) return known;
  return new InvigilError("INTERNAL", "The server failed. Its log has this request's id.", { cause: error });
};

/** Converts errors of the API to a `TRPCError` with the code of the error table. Returns other errors unchanged. */
export const toTRPCError = (error: unknown): unknown => {
  const cause = error instanceof TRPCError ? error.cause : error;
  const failure = isStorageFull(cause) ? storageFull(cause) : cause;
  if (!(failure instanceof InvigilError)) return error;
  return new TRPCError({ code: errorCodes[failure.code].trpc, message: failure.message, cause: failure });
};
