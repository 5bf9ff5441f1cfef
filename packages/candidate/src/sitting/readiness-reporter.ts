import { type Checks, isInvigilError, type ReadinessCheck } from "@invigil/client";

/** The checks that the page reports. The server itself notes the consent. */
export type ReportedCheck = Exclude<keyof Checks, "consent">;
export type ReportedChecks = Pick<Checks, ReportedCheck>;
/** Notes the result of a check. */
export type Report = (check: ReportedCheck, result: ReadinessCheck) => void;

/** The server takes one report in three seconds. */
const PAUSE_MS = 3200;

/**
 * Reports checks soon, several together, and again until they arrive. A result that is the same as the one before is not reported again.
 */
export const createReporter = (send: (checks: ReportedChecks) => Promise<unknown>): Report => {
  let pending: ReportedChecks = {};
  let known: ReportedChecks = {};
  let isRunning = false;
  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    while (Object.keys(pending).length > 0) {
      const checks = pending;
      pending = {};
      let waitMs = PAUSE_MS;
      try {
        await send(checks);
      } catch (error) {
        // A newer result goes before.
        pending = { ...checks, ...pending };
        if (isInvigilError(error) && error.data.retryAfterSeconds !== undefined)
          waitMs = Math.max(waitMs, error.data.retryAfterSeconds * 1000);
        else if (isInvigilError(error) && error.data.reason !== "TOO_MANY_REQUESTS") pending = {};
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    isRunning = false;
  };
  return (check, result) => {
    const before = known[check];
    if (before?.result === result.result && before.detail === result.detail) return;
    known = { ...known, [check]: result };
    pending = { ...pending, [check]: result };
    void run();
  };
};
