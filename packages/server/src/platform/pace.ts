import { setImmediate as nextTurn } from "node:timers/promises";

/** Counts work that has been done. Whenever it was enough for one turn of the event loop: what to wait for, until the next one. */
export type Pace = (done: number) => Promise<void> | undefined;

/** @param enough how much is done in one turn */
export const createPace = (enough: number): Pace => {
  let sum = 0;
  return (done) => {
    sum += done;
    if (sum < enough) return undefined;
    sum = 0;
    return nextTurn();
  };
};

/** Does work that yields how much it has done, with turns of the event loop in between; what it returned. */
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
