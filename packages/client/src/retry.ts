import { retryLink, type TRPCLink } from "@trpc/client";
import { isNetworkError } from "./errors.js";
import type { AppRouter } from "./router.js";

/** How queries are retried if the connection fails. */
export interface RetryOptions {
  /** The maximum number of attempts, including the first. Default: 3. */
  readonly attempts?: number | undefined;
  /** The maximum delay before the first retry, in milliseconds. It doubles with each retry. Default: 200. */
  readonly baseMs?: number | undefined;
  /** The maximum delay before any retry, in milliseconds. Default: 2000. */
  readonly maxMs?: number | undefined;
}

/**
 * The delay before a retry, in milliseconds: a random time below a limit that doubles with each failure.
 * Random delays keep the clients of a room from reconnecting at the same time.
 */
export const backoffMs = (
  failures: number,
  { baseMs = 200, maxMs = 2000 }: RetryOptions,
  random: () => number,
): number => random() * Math.min(maxMs, baseMs * 2 ** (failures - 1));

/** Retries queries only. A mutation whose response was lost may have been executed. */
export const retryQueries = (options: RetryOptions): TRPCLink<AppRouter> => {
  const { attempts: limit = 3 } = options;
  return retryLink({
    retry: ({ op, error, attempts }) =>
      op.type === "query" && attempts < limit && isNetworkError(error) && error.cause.kind === "lost",
    retryDelayMs: (failures) => backoffMs(failures, options, Math.random),
  });
};
