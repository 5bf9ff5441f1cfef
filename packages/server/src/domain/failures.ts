import { InvigilError, storageFull } from "../platform/errors.js";
import {
  CommitUnknownError,
  DatabaseUnavailableError,
  SchemaChangedError,
  TooManyWritesError,
} from "../storage/errors.js";
import { isStorageFull } from "../storage/storage-full.js";
import { StorageLostError } from "../storage/storage-lost.js";
import { StreamNameTaken } from "./people.js";

/** Converts errors of services and of the storage to errors of the API. Returns undefined for other errors. */
export const knownFailureOf = (error: unknown): InvigilError | undefined => {
  if (error instanceof InvigilError) return error;
  if (isStorageFull(error)) return storageFull(error);
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
      { cause: error, retryAfterSeconds: 1, limit: "writes under way" },
    );
  if (error instanceof CommitUnknownError)
    return new InvigilError(
      "OVERLOADED",
      "The connection to the database was lost during the write. The change may have been stored.",
      { cause: error },
    );
  if (error instanceof SchemaChangedError)
    return new InvigilError(
      "OVERLOADED",
      "The server does not write any more, because its database was changed for another version. Nothing was changed.",
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

/** Converts anything that a service throws to an error of the API. Unknown errors become `INTERNAL`, without details. */
export const failureOf = (error: unknown): InvigilError =>
  knownFailureOf(error) ??
  new InvigilError("INTERNAL", "The server failed. Its log has this request's id.", { cause: error });
