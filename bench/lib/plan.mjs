// The durations of a run.

/** The full measurement of the goal: ten minutes and a million records, compared with the memory after one minute. */
const WHOLE_MEMORY = { base: 60, seconds: 600, records: 1_000_000 };
/** The part of it that fits into a complete run, with any number of records. */
const SCALED_MEMORY = { base: 60, seconds: 120, records: 0, scaled: true };
const QUICK_MEMORY = { base: 5, seconds: 10, records: 0, scaled: true };

/** The records of the larger of two rooms whose pages are compared. */
const MANY = 10_000_000;
const QUICK_MANY = 200_000;

/** @param {{ quick?: boolean, row?: string[] }} options the memory row runs in full if it is requested by name */
export const planFor = ({ quick, row }) =>
  quick
    ? {
        rounds: 1,
        seconds: 0.3,
        warmUp: 0.3,
        memory: QUICK_MEMORY,
        many: { records: QUICK_MANY, scaled: true },
      }
    : {
        rounds: 5,
        seconds: 1.5,
        warmUp: 2,
        many: { records: MANY },
        memory: row?.includes("memory") ? WHOLE_MEMORY : SCALED_MEMORY,
      };
