import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Adds finished work. Returns a promise for the next turn of the event loop if the work of this turn is used
 * up.
 */
export type Pace = (done: number) => Promise<void> | undefined;

/** @param enough the amount of work per turn */
export const createPace = (enough: number): Pace => {
  let sum = 0;
  return (done) => {
    sum += done;
    if (sum < enough) return undefined;
    sum = 0;
    return nextTurn();
  };
};

/**
 * Runs a generator that yields amounts of work, with a pause for other tasks after each `enough`. Returns its
 * result.
 */
export const inTurns = async <Result>(
  steps: Generator<number, Result, void>,
  enough: number,
): Promise<Result> => {
  const pace = createPace(enough);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await pace(step.value);
  }
};
