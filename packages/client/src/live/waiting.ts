import { isInvigilError } from "../errors.js";

/** Whether nothing else would help: the server said no, and would again. */
export const isFinal = (error: unknown): boolean =>
  isInvigilError(error) && error.data.httpStatus < 500 && error.data.reason !== "TOO_MANY_REQUESTS";

/** Waits so many milliseconds, or until the signal. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
