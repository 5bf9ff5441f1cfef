import type { ErrorCode } from "@invigil/schema";
import { isTRPCClientError, type TRPCClientError } from "@trpc/client";
import { isErrorCode } from "./error-codes.js";
import type { AppRouter } from "./router.js";

type RouterError = TRPCClientError<AppRouter>;

/**
 * An error that the server reported. `data.reason` is its code, `data.requestId` identifies the request in
 * the server's log, and `data.fieldErrors` describes invalid fields of the input.
 */
export type InvigilClientError<Reason extends ErrorCode = ErrorCode> = RouterError & {
  readonly data: NonNullable<RouterError["data"]> & { readonly reason: Reason };
};

/**
 * Whether an error was reported by the server, with the code `reason` if it is given.
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
  if (!isTRPCClientError<AppRouter>(error)) return false;
  const sent: unknown = error.data?.reason;
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
export type InvigilNetworkError = RouterError & { readonly cause: NetworkFailure };

/**
 * Whether an error means that no response arrived, because the connection failed or the time limit was
 * exceeded.
 */
export const isNetworkError = (error: unknown): error is InvigilNetworkError =>
  isTRPCClientError<AppRouter>(error) && error.cause instanceof NetworkFailure;
