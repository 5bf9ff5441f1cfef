import { InvigilError } from "../platform/errors.js";

/** A quota that is used up. @param whose names what it is of, e.g. `the room r1` */
export const quotaExceeded = ({
  whose,
  what,
  held,
  most,
}: {
  readonly whose: string;
  readonly what: string;
  /** How much there is. */
  readonly held: number;
  /** How much there may be. */
  readonly most: number;
}): InvigilError =>
  new InvigilError("QUOTA_EXCEEDED", `${whose} may hold at most ${most} ${what}, and holds ${held}.`);
