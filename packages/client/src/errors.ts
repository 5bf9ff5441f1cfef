import type { ErrorCode } from "@invigil/schema";
import { isTRPCClientError, TRPCClientError } from "@trpc/client";
import { isErrorCode } from "./error-codes.js";
import type { AppRouter } from "./router.js";

/**
 * What a call rejects with, and why a live room or exam is disconnected or closed. {@link isInvigilError} and
 * {@link isNetworkError} tell what it means.
 */
export type CallError = TRPCClientError<AppRouter>;

/** The error of a call from what was thrown, which becomes its cause unless it is one. */
export const callError = (error: unknown): CallError =>
  TRPCClientError.from(error instanceof Error ? error : new Error(String(error)));

/**
 * An error that the server reported. `data.reason` is its code, `data.requestId` identifies the request in
 * the server's log, and `data.fieldErrors` describes invalid fields of the input.
 */
export type InvigilClientError<Reason extends ErrorCode = ErrorCode> = CallError & {
  readonly data: NonNullable<CallError["data"]> & { readonly reason: Reason };
};

/**
 * Whether an error was reported by the server, with the code `reason` if it is given: by a call of the client, or by a call in-process with
 * `createTestApp`.
 *
 * @param error - any caught value
 * @param reason - the error code to look for. Absent: any code
 * @example
 * ```ts
 * try {
 *   await invigil.room.get.query({ roomId });
 * } catch (error) {
 *   if (!isInvigilError(error, "ROOM_NOT_FOUND")) throw error;
 * }
 * ```
 */
export const isInvigilError = <Reason extends ErrorCode = ErrorCode>(
  error: unknown,
  reason?: Reason,
): error is InvigilClientError<Reason> => {
  // The errors of calls in-process, and of another copy of tRPC, are of other classes.
  if (!(error instanceof Error) || !("data" in error)) return false;
  // Safe: nothing is assumed about it.
  const sent = (error.data as { readonly reason?: unknown } | null | undefined)?.reason;
  return isErrorCode(sent) && (reason === undefined || sent === reason);
};

/** Why no response arrived. `lost`: the connection failed. `timeout`: the time limit was exceeded. */
export class NetworkFailure extends Error {
  override readonly name = "NetworkFailure";

  constructor(
    readonly kind: "lost" | "timeout",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A call without a response. The server may have executed it. */
export type InvigilNetworkError = CallError & { readonly cause: NetworkFailure };

/**
 * Whether an error means that no response arrived, because the connection failed or the time limit was
 * exceeded.
 */
export const isNetworkError = (error: unknown): error is InvigilNetworkError =>
  isTRPCClientError<AppRouter>(error) && error.cause instanceof NetworkFailure;
