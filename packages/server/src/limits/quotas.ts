import { InvigilError } from "../platform/errors.js";

/**
 * The error for an exhausted quota.
 * @param whose the owner of the quota, e.g. `the room r1`
 */
export const quotaExceeded = ({
  whose,
  what,
  held,
  most,
}: {
  readonly whose: string;
  readonly what: string;
  /** The current amount. */
  readonly held: number;
  /** The maximum amount. */
  readonly most: number;
}): InvigilError =>
  new InvigilError("QUOTA_EXCEEDED", `${whose} may have at most ${most} ${what}, and has ${held}.`);
