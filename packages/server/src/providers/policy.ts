import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  decorrelatedJitterGenerator,
  ExponentialBackoff,
  handleWhen,
  retry,
} from "cockatiel";
import { providerFailed, VendorError } from "./vendor-error.js";

export interface PolicyOptions {
  /** The name of the service in errors and the log. */
  readonly provider: string;
  /**
   * The time limit of a call in milliseconds, including waiting, all attempts and the delays between them.
   */
  readonly timeoutMs: number;
  /** The maximum number of concurrent calls. */
  readonly concurrency: number;
  /** How long the service is not called after five consecutive failures, in seconds. */
  readonly pauseSeconds: number;
  /** Receives every failed attempt and the changes of the circuit breaker. */
  readonly log: PolicyLog;
}

export interface PolicyLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

export interface VendorCall<T> {
  /** The vendor's name of the call. */
  readonly action: string;
  /** Whether the call is idempotent. Other calls are retried only if they were throttled. */
  readonly idempotent: boolean;
  /** Default: the time limit of the policy. */
  readonly timeoutMs?: number | undefined;
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Makes one attempt. It throws a `VendorError` if the vendor fails, and stops when the signal is aborted.
   */
  readonly attempt: (signal: AbortSignal) => Promise<T>;
}

const MAX_ATTEMPTS = 3;
const BACKOFF_MS = { initialDelay: 100, maxDelay: 1000, generator: decorrelatedJitterGenerator };
const FAILURES_IN_A_ROW = 5;
/** The maximum number of waiting calls. Further calls are refused at once. */
const MAX_WAITING = 10_000;

/**
 * The call was aborted before the vendor had enough time, so it does not count as a failure of the vendor.
 */
class AbortedCall extends VendorError {}

const OUTAGES: ReadonlySet<VendorError["fault"]> = new Set([
  "timeout",
  "unreachable",
  "unavailable",
  "unreadable",
]);
const isOutage = (error: unknown): boolean =>
  error instanceof VendorError && !(error instanceof AbortedCall) && OUTAGES.has(error.fault);

const isRetryable =
  (idempotent: boolean) =>
  (error: unknown): boolean =>
    error instanceof VendorError &&
    (error.fault === "throttled" ||
      (idempotent && (error.fault === "unreachable" || error.fault === "unavailable")));

const toVendorError = (error: unknown): unknown => {
  if (error instanceof BrokenCircuitError)
    return new VendorError("the circuit breaker is open", { fault: "paused", cause: error });
  if (error instanceof BulkheadRejectedError)
    return new VendorError("too many calls are waiting", { fault: "throttled", cause: error });
  return error;
};

/** An attempt that timed out in less than half of the time limit does not count against the vendor. */
const withoutShortTimeout = (error: unknown): unknown =>
  error instanceof VendorError && error.fault === "timeout"
    ? new AbortedCall(error.message, { fault: error.fault, cause: error })
    : error;

/** Resolves like the promise, or rejects with the reason of the signal when it is aborted. */
const abortable = <T>(signal: AbortSignal, promise: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    // Safe: only the code below aborts the signal, with a VendorError.
    const stop = (): void => reject(signal.reason as VendorError);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });

/** Applies time limits, retries and a circuit breaker to every call of a vendor service. */
export type VendorPolicy = ReturnType<typeof createVendorPolicy>;

/**
 * Creates the policy of one service: a time limit, bounded retries with jitter, a concurrency limit and a
 * circuit breaker.
 */
export const createVendorPolicy = ({
  provider,
  timeoutMs: defaultTimeoutMs,
  concurrency,
  pauseSeconds,
  log,
}: PolicyOptions) => {
  const breaker = circuitBreaker(handleWhen(isOutage), {
    halfOpenAfter: pauseSeconds * 1000,
    breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW),
  });
  breaker.onBreak(() =>
    log.warn({ provider, pauseSeconds }, "vendor service is suspended after repeated failures"),
  );
  breaker.onReset(() => log.info({ provider }, "vendor service responds again"));
  const limiter = bulkhead(concurrency, MAX_WAITING);
  const retrying = (idempotent: boolean) =>
    retry(handleWhen(isRetryable(idempotent)), {
      maxAttempts: MAX_ATTEMPTS - 1,
      backoff: new ExponentialBackoff(BACKOFF_MS),
    });
  const retryAll = retrying(true);
  const retryThrottled = retrying(false);

  const logFailure = (action: string, error: unknown): unknown => {
    if (!(error instanceof VendorError)) return error;
    const { fault, code, requestId, message } = error;
    log.warn(
      { provider, action, fault, code, vendorRequestId: requestId, reason: message },
      "vendor call failed",
    );
    return error;
  };

  return {
    /** @throws PROVIDER_FAILED */
    async run<T>({
      action,
      idempotent,
      timeoutMs = defaultTimeoutMs,
      signal: callerSignal,
      attempt,
    }: VendorCall<T>): Promise<T> {
      const ending = new AbortController();
      const { signal } = ending;
      const timeout = () => new VendorError(`no response within ${timeoutMs} ms`, { fault: "timeout" });
      const timer = setTimeout(() => ending.abort(timeout()), timeoutMs);
      const abort = (): void =>
        ending.abort(new AbortedCall("the time limit of all calls was reached", { fault: "timeout" }));
      if (callerSignal?.aborted) abort();
      callerSignal?.addEventListener("abort", abort, { once: true });

      const attemptOnce = () => {
        const began = performance.now();
        return abortable(signal, attempt(signal)).catch((error: unknown) => {
          throw logFailure(
            action,
            performance.now() - began < timeoutMs / 2 ? withoutShortTimeout(error) : error,
          );
        });
      };
      const limited = () =>
        limiter.execute(() => {
          // A call that timed out while it waited does not count against the vendor.
          signal.throwIfAborted();
          // The signal also aborts a call that waits for the trial call of a half-open circuit.
          return breaker.execute(attemptOnce, signal);
        });
      try {
        signal.throwIfAborted();
        return await abortable(signal, (idempotent ? retryAll : retryThrottled).execute(limited, signal));
      } catch (error) {
        const failed = toVendorError(error);
        if (!(failed instanceof VendorError)) throw error;
        throw providerFailed(provider, action, failed);
      } finally {
        clearTimeout(timer);
        callerSignal?.removeEventListener("abort", abort);
      }
    },
  };
};
