import { median } from "./statistics.mjs";

/**
 * A round of an operation that is done as often as fits into the time of the round, but at least once.
 * @param {() => Promise<number>} once returns its duration in milliseconds
 */
export const repeatedly = (once) => async (seconds) => {
  const end = performance.now() + seconds * 1000;
  const times = [];
  do times.push(await once());
  while (performance.now() < end);
  return { milliseconds: median(times) };
};
