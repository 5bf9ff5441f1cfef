import { isInvigilError } from "../errors.js";

/** Whether a retry cannot succeed, because the server refused the request. */
export const isPermanent = (error: unknown): boolean =>
  isInvigilError(error) && error.data.httpStatus < 500 && error.data.reason !== "TOO_MANY_REQUESTS";

/** Waits for a time or until the signal is aborted. */
export const delay = (ms: number, signal: AbortSignal): Promise<void> =>
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
