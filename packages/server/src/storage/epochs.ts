/**
 * The number of event ids in an epoch. The log of an installation that was restored, copied, or failed over may
 * lack events that listeners have received, and its next events may have ids that were used before. Therefore a
 * new epoch begins, whose ids are greater than all earlier ones. Listeners of earlier epochs get a gap.
 */
const EPOCH_SIZE = 100_000_000_000;

/** Returns where the next epoch begins: its events have greater ids. */
export const nextEpoch = (lastId: number): number => (Math.floor(lastId / EPOCH_SIZE) + 1) * EPOCH_SIZE;
