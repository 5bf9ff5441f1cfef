import { setImmediate as nextTurn } from "node:timers/promises";

/** Takes note of work that was done. Returns what to wait for when that was enough for one turn of the event loop. */
export type Pace = (done: number) => Promise<void> | undefined;

/** @param perTurn how much work one turn of the event loop may do */
export const createPace = (perTurn: number): Pace => {
  let sum = 0;
  return (done) => {
    sum += done;
    if (sum < perTurn) return undefined;
    sum = 0;
    return nextTurn();
  };
};
