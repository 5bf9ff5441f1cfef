// Whether a row reaches its goal.

/** A process that was busy for less of the time than this did not show what it can. */
export const BUSY = 0.9;

/**
 * @typedef {{ atLeast: number } | { atMost: number }} Bound
 * @typedef {Bound & { unit?: string }} Goal a ratio, or with `unit` an amount
 */

/** @param {Goal} goal */
export const goalText = ({ atLeast, atMost, unit }) => {
  const bound = atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
  return unit === undefined ? bound : `${bound} ${unit}`;
};

/**
 * `met` or `missed`, by the value as it is and not as it is printed. `unclear`: it is met, but the other side was held
 * back; or it is missed, but ours was.
 * @param {{ ourHeldBack?: boolean, theirHeldBack?: boolean, scaled?: boolean }} circumstances `scaled`: what was measured
 * is smaller than what the goal is about
 */
export const verdictOf = (
  value,
  { atLeast = Number.NEGATIVE_INFINITY, atMost = Infinity },
  circumstances,
) => {
  if (Number.isNaN(value)) throw new Error("nothing was measured");
  const { ourHeldBack = false, theirHeldBack = false, scaled = false } = circumstances ?? {};
  const isMet = value >= atLeast && value <= atMost;
  const isUnclear = isMet ? theirHeldBack : ourHeldBack;
  const verdict = isUnclear ? "unclear" : isMet ? "met" : "missed";
  return scaled ? `${verdict} (scaled)` : verdict;
};
