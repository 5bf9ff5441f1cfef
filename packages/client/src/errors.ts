import type { ErrorCode } from "@invigil/schema";
import { isTRPCClientError, type TRPCClientError } from "@trpc/client";
import { isErrorCode } from "./error-codes.js";
import type { AppRouter } from "./router.js";

type RouterError = TRPCClientError<AppRouter>;

/**
 * A failure that the server reported. `data.reason` says which, `data.requestId` finds it in the server's
 * log, and `data.fieldErrors` names what is wrong with the input.
 */
export type InvigilClientError<Reason extends ErrorCode = ErrorCode> = RouterError & {
  readonly data: NonNullable<RouterError["data"]> & { readonly reason: Reason };
};

/**
 * Whether what a call threw is a failure that the server reported, and, with `reason`, that very one.
 *
 * @param error - whatever was caught
 * @param reason - the failure to look for; any of them when it is absent
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

/** Why no answer came: `lost`, the connection failed or broke; `timeout`, the time was up. */
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

/** A call without an answer. Whether the server acted on it is not known. */
export type InvigilNetworkError = RouterError & { readonly cause: NetworkFailure };

/** Whether what a call threw means that no answer came: the connection failed or broke, or the time was up. */
export const isNetworkError = (error: unknown): error is InvigilNetworkError =>
  isTRPCClientError<AppRouter>(error) && error.cause instanceof NetworkFailure;
