import { SchemaChangedError } from "../errors.js";
import type { Session, Sessions } from "./sessions.js";

/** How old the last answer may be when a write begins, in milliseconds. */
const MAX_AGE_MS = 10_000;

/** Knows whether the schema fits this version. A newer version may change it at any time. */
export interface SchemaCheck {
  /** Asks the database. */
  fits(session: Session): Promise<boolean>;
  /**
   * Uses the last answer, unless it is old: this process may have been paused.
   * @throws SchemaChangedError if the schema does not fit
   */
  assertFits(sessions: Sessions): Promise<void> | undefined;
}

/**
 * @param ask asks the database whether the schema fits
 * @param onChanged called when it no longer does
 */
export const createSchemaCheck = (
  ask: (session: Session) => Promise<boolean>,
  onChanged: (() => void) | undefined,
): SchemaCheck => {
  // The schema has just been migrated.
  let last = { fits: true, at: performance.now() };
  let asking: Promise<unknown> | undefined;

  const fits = async (session: Session): Promise<boolean> => {
    const at = performance.now();
    const answer = await ask(session);
    if (last.fits && !answer) onChanged?.();
    last = { fits: answer, at };
    return answer;
  };
  const assertLast = (): void => {
    if (!last.fits) throw new SchemaChangedError();
  };
  const askFirst = async (sessions: Sessions): Promise<void> => {
    asking ??= sessions.use(fits).finally(() => {
      asking = undefined;
    });
    await asking;
    assertLast();
  };

  return {
    fits,
    assertFits(sessions) {
      if (performance.now() - last.at > MAX_AGE_MS) return askFirst(sessions);
      assertLast();
      return undefined;
    },
  };
};
