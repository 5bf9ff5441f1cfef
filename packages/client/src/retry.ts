import { retryLink, type TRPCLink } from "@trpc/client";
import { isNetworkError } from "./errors.js";
import type { AppRouter } from "./router.js";

/** How queries are tried again when the connection fails or breaks. */
export interface RetryOptions {
  /** How often a query is sent, the first time included. Default: 3. */
  readonly attempts?: number | undefined;
  /** The longest first pause, in milliseconds; each further one may be twice as long. Default: 200. */
  readonly baseMs?: number | undefined;
  /** The longest pause of all, in milliseconds. Default: 2000. */
  readonly maxMs?: number | undefined;
}

/**
 * How long to pause after so many failures, in milliseconds: anything up to a bound that doubles each time.
 * Pausing for random times keeps the clients of a room from coming back all at once.
 */
export const backoffMs = (
  failures: number,
  { baseMs = 200, maxMs = 2000 }: RetryOptions,
  random: () => number,
): number => random() * Math.min(maxMs, baseMs * 2 ** (failures - 1));

/** Sends queries again, and nothing else: a mutation whose answer was lost may have been done. */
export const retryQueries = (options: RetryOptions): TRPCLink<AppRouter> => {
  const { attempts: limit = 3 } = options;
  return retryLink({
    retry: ({ op, error, attempts }) =>
      op.type === "query" && attempts < limit && isNetworkError(error) && error.cause.kind === "lost",
    retryDelayMs: (failures) => backoffMs(failures, options, Math.random),
  });
};
