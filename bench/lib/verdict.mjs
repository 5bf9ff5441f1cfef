// Whether a row reaches its goal.

/** A process that was busy for a smaller share of the time was not at its limit. */
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
 * `met` or `missed`, by the exact value and not the printed one. `unclear`: the goal is met, but the other side was held back, or it is
 * missed, but our side was held back.
 * @param {{ ourHeldBack?: boolean, theirHeldBack?: boolean, scaled?: boolean }} circumstances `scaled`: the measurement was smaller than
 *   the goal requires
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
