// The generic cell rate algorithm (GCRA). An allowance is so many milliseconds of a window; using it takes milliseconds from it, and
// time gives them back. When it will be whole again is all there is to remember.

/** A use of an allowance, in milliseconds of the monotonic clock. */
interface Use {
  /** When the allowance will be (or was) whole again. */
  readonly wholeAt: number;
  readonly costMs: number;
  readonly now: number;
}

/** When the allowance is whole again after the use. */
export const wholeAfter = ({ wholeAt, costMs, now }: Use): number => Math.max(wholeAt, now) + costMs;

/** How long to wait before the use; not above zero when there is no need to wait. A whole allowance lets through more than itself. */
export const waitBefore = ({ wholeAt, costMs, now }: Use, windowMs: number): number =>
  Math.max(wholeAt, now) + Math.min(costMs, windowMs) - now - windowMs;
