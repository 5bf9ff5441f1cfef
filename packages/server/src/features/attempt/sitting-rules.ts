import type { ConsentText } from "../../domain/consents.js";
import { InvigilError } from "../../platform/errors.js";

/** A person reports a changed check at most once in this time, in milliseconds. */
const REPORT_MS = 3000;

/** @throws EXAM_CONFLICT if a person agrees to a text that is not the newest */
export const assertNewest = (examId: string, version: number, newest: ConsentText | undefined): void => {
  const expected = newest?.version ?? 0;
  if (version !== expected)
    throw new InvigilError(
      "EXAM_CONFLICT",
      `The consent text of the exam ${examId} has the version ${expected}, and not ${version}: show it to the person again.`,
    );
};

/** @throws TOO_MANY_REQUESTS if a check has changed a moment ago */
export const assertNotTooSoon = (changedAt: Date | null, now: Date): void => {
  // A report from the future was made before the clock was put back.
  if (!changedAt || changedAt > now) return;
  const leftMs = changedAt.getTime() + REPORT_MS - now.getTime();
  if (leftMs > 0)
    throw new InvigilError("TOO_MANY_REQUESTS", "A changed check is accepted every three seconds.", {
      retryAfterSeconds: Math.ceil(leftMs / 1000),
      limit: "changed checks",
    });
};
