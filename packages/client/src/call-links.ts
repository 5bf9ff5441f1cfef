import { TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { NetworkFailure } from "./errors.js";
import type { RequestParts } from "./http.js";
import type { AppRouter } from "./router.js";

/**
 * Ends a call as soon as its caller aborts it, even while it waits for its batch, its token or a retry.
 * Refuses a call that the application's token or headers function makes, because sending it would call that
 * function again.
 */
export const abortLink =
  ({ isInCallback: isCalling }: RequestParts): TRPCLink<AppRouter> =>
  () =>
  ({ op, next }) =>
    observable((observer) => {
      if (isCalling()) {
        const error = new Error(`The token function calls its own client: ${op.path}.`);
        observer.error(TRPCClientError.from(error));
        return;
      }
      const { signal } = op;
      // The reason can be any value, and tRPC wraps any value.
      const abort = () => observer.error(TRPCClientError.from(signal?.reason as object));
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort, { once: true });
      const call = next(op).subscribe(observer);
      return () => {
        signal?.removeEventListener("abort", abort);
        call.unsubscribe();
      };
    });

/** Limits the time of each attempt of a call. Afterwards, the HTTP request is aborted. */
export const timeoutLink =
  (timeoutMs: number, { isTokenPending: isWaiting }: RequestParts): TRPCLink<AppRouter> =>
  () =>
  ({ op, next }) =>
    observable((observer) => {
      const timer = setTimeout(() => {
        const what = isWaiting() ? "token" : "response";
        const failure = new NetworkFailure(
          "timeout",
          `${op.path} timed out: no ${what} within ${timeoutMs} ms.`,
        );
        observer.error(TRPCClientError.from(failure));
      }, timeoutMs);
      const call = next(op).subscribe(observer);
      return () => {
        clearTimeout(timer);
        call.unsubscribe();
      };
    });
