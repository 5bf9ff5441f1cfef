import { type InvigilClientError, isInvigilError, isNetworkError } from "@invigil/client";
import { SessionEnded } from "@invigil/client/session";
import { createContext } from "react";

/** The server's code of an error, `network` if no answer arrived, or `other`. */
export type ErrorKind = InvigilClientError["data"]["reason"] | "network" | "other";

/** The code of an error. The end of a session is `UNAUTHENTICATED`, which the server answers after it. */
export const kindOfError = (error: unknown): ErrorKind => {
  if (isInvigilError(error)) return error.data.reason;
  if (isNetworkError(error)) return "network";
  const isEnd =
    error instanceof SessionEnded || (error instanceof Error && error.cause instanceof SessionEnded);
  return isEnd ? "UNAUTHENTICATED" : "other";
};

/** Whether an error boundary above handles an error. */
export const ErrorHandlingContext = createContext<(error: unknown) => boolean>(() => false);
