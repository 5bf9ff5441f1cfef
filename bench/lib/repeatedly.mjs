import { median } from "./statistics.mjs";

/**
 * A round of something that is done once at a time: done as often as fits into the round's time, at least once.
 * @param {() => Promise<number>} once how long it took, in milliseconds
 */
export const repeatedly = (once) => async (seconds) => {
  const end = performance.now() + seconds * 1000;
  const times = [];
  do times.push(await once());
  while (performance.now() < end);
  return { milliseconds: median(times) };
};
