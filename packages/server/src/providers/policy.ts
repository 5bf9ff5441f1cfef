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
  readonly repeatable: boolean;
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Makes one attempt. It throws a `VendorError` if the vendor fails, and stops when the signal is aborted.
   */
  readonly attempt: (signal: AbortSignal) => Promise<T>;
}

/** Applies time limits, retries and a circuit breaker to every call of a vendor service. */
export interface VendorPolicy {
  /** @throws PROVIDER_FAILED */
  run<T>(call: VendorCall<T>): Promise<T>;
}

const TRIES = 3;
const WAIT_MS = { initialDelay: 100, maxDelay: 1000, generator: decorrelatedJitterGenerator };
const FAILURES_IN_A_ROW = 5;
/** The maximum number of waiting calls. Further calls are refused at once. */
const WAITING = 10_000;

/**
 * The call was aborted before the vendor had enough time, so it does not count as a failure of the vendor.
 */
class GivenUp extends VendorError {}

const OUTAGES: ReadonlySet<VendorError["fault"]> = new Set([
  "timeout",
  "unreachable",
  "unavailable",
  "unreadable",
]);
const isOutage = (error: unknown): boolean =>
  error instanceof VendorError && !(error instanceof GivenUp) && OUTAGES.has(error.fault);

const worthRepeating =
  (repeatable: boolean) =>
  (error: unknown): boolean =>
    error instanceof VendorError &&
    (error.fault === "throttled" ||
      (repeatable && (error.fault === "unreachable" || error.fault === "unavailable")));

const asVendorError = (error: unknown): unknown => {
  if (error instanceof BrokenCircuitError)
    return new VendorError("the circuit breaker is open", { fault: "paused", cause: error });
  if (error instanceof BulkheadRejectedError)
    return new VendorError("too many calls are waiting", { fault: "throttled", cause: error });
  return error;
};

/** An attempt that timed out in less than half of the time limit does not count against the vendor. */
const inShort = (error: unknown): unknown =>
  error instanceof VendorError && error.fault === "timeout"
    ? new GivenUp(error.message, { fault: error.fault, cause: error })
    : error;

/** Resolves like the promise, or rejects with the reason of the signal when it is aborted. */
const until = <T>(signal: AbortSignal, promise: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    // Safe: only the code below aborts the signal, with a VendorError.
    const stop = (): void => reject(signal.reason as VendorError);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });

/**
 * Creates the policy of one service: a time limit, bounded retries with jitter, a concurrency limit and a
 * circuit breaker.
 */
export const createVendorPolicy = ({
  provider,
  timeoutMs,
  concurrency,
  pauseSeconds,
  log,
}: PolicyOptions): VendorPolicy => {
  const breaker = circuitBreaker(handleWhen(isOutage), {
    halfOpenAfter: pauseSeconds * 1000,
    breaker: new ConsecutiveBreaker(FAILURES_IN_A_ROW),
  });
  breaker.onBreak(() =>
    log.warn({ provider, pauseSeconds }, "vendor service is suspended after repeated failures"),
  );
  breaker.onReset(() => log.info({ provider }, "vendor service responds again"));
  const turns = bulkhead(concurrency, WAITING);
  const retrying = (repeatable: boolean) =>
    retry(handleWhen(worthRepeating(repeatable)), {
      maxAttempts: TRIES - 1,
      backoff: new ExponentialBackoff(WAIT_MS),
    });
  const repeatedly = retrying(true);
  const carefully = retrying(false);

  const noted = (action: string, error: unknown): unknown => {
    if (!(error instanceof VendorError)) return error;
    const { fault, code, requestId, message } = error;
    log.warn(
      { provider, action, fault, code, vendorRequestId: requestId, reason: message },
      "vendor call failed",
    );
    return error;
  };

  return {
    async run({ action, repeatable, signal: outer, attempt }) {
      const ending = new AbortController();
      const { signal } = ending;
      const timeout = () => new VendorError(`no response within ${timeoutMs} ms`, { fault: "timeout" });
      const timer = setTimeout(() => ending.abort(timeout()), timeoutMs);
      const giveUp = (): void =>
        ending.abort(new GivenUp("the time limit of all calls was reached", { fault: "timeout" }));
      if (outer?.aborted) giveUp();
      outer?.addEventListener("abort", giveUp, { once: true });

      const oneTry = () => {
        const began = performance.now();
        return until(signal, attempt(signal)).catch((error: unknown) => {
          throw noted(action, performance.now() - began < timeoutMs / 2 ? inShort(error) : error);
        });
      };
      const inTurn = () =>
        turns.execute(() => {
          // A call that timed out while it waited does not count against the vendor.
          signal.throwIfAborted();
          // The signal also aborts a call that waits for the trial call of a half-open circuit.
          return breaker.execute(oneTry, signal);
        });
      try {
        signal.throwIfAborted();
        return await until(signal, (repeatable ? repeatedly : carefully).execute(inTurn, signal));
      } catch (error) {
        const failed = asVendorError(error);
        if (!(failed instanceof VendorError)) throw error;
        throw providerFailed(provider, action, failed);
      } finally {
        clearTimeout(timer);
        outer?.removeEventListener("abort", giveUp);
      }
    },
  };
};
