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
  /** The service's name in errors and the log. */
  readonly provider: string;
  /** A call ends after this, in milliseconds: waiting, tries and pauses between them included. */
  readonly timeoutMs: number;
  /** Calls at a time. */
  readonly concurrency: number;
  /** How long the service is left alone after failing five times in a row, in seconds. */
  readonly pauseSeconds: number;
  /** Told of every failed try and of the breaker's changes. */
  readonly log: PolicyLog;
}

export interface PolicyLog {
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

export interface VendorCall<T> {
  /** The vendor's name of the call. */
  readonly action: string;
  /** Whether doing it twice does what doing it once does. Others are tried again only when they were throttled. */
  readonly repeatable: boolean;
  /** Ends the call sooner. */
  readonly signal?: AbortSignal | undefined;
  /** One try. It throws a `VendorError` for what the vendor did, and stops when the signal says so. */
  readonly attempt: (signal: AbortSignal) => Promise<T>;
}

/** How one vendor service is called: every call goes through its policy. */
export interface VendorPolicy {
  /** @throws PROVIDER_FAILED */
  run<T>(call: VendorCall<T>): Promise<T>;
}

const TRIES = 3;
const WAIT_MS = { initialDelay: 100, maxDelay: 1000, generator: decorrelatedJitterGenerator };
const FAILURES_IN_A_ROW = 5;
/** Calls that wait for a turn; more are refused at once. */
const WAITING = 10_000;

/** The end came before the vendor had its time: no fault of the vendor's. */
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
    return new VendorError("too many calls wait already", { fault: "throttled", cause: error });
  return error;
};

/** What failed in less than half of the time: that it took too long is no word about the vendor. */
const inShort = (error: unknown): unknown =>
  error instanceof VendorError && error.fault === "timeout"
    ? new GivenUp(error.message, { fault: error.fault, cause: error })
    : error;

/** What a promise gives, or the signal's reason as soon as it is aborted. */
const until = <T>(signal: AbortSignal, promise: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    // Safe: it is aborted below only, with a VendorError.
    const stop = (): void => reject(signal.reason as VendorError);
    signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });

/** Time-out, bounded retries with jitter, a limit of calls at a time, and a circuit breaker, for one service. */
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
    log.warn({ provider, pauseSeconds }, "vendor service is left alone: it keeps failing"),
  );
  breaker.onReset(() => log.info({ provider }, "vendor service answers again"));
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
      const timeout = () => new VendorError(`no answer within ${timeoutMs} ms`, { fault: "timeout" });
      const timer = setTimeout(() => ending.abort(timeout()), timeoutMs);
      const giveUp = (): void =>
        ending.abort(new GivenUp("the time for all calls together is over", { fault: "timeout" }));
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
          // A call whose time ran out while it waited says nothing about the vendor.
          signal.throwIfAborted();
          // With the signal: a call that waits for the one try after a pause is not made when its time is over.
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
