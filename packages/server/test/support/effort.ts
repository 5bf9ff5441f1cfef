/**
 * Whether the tests run as part of `npm run check`, which must finish within a minute. `npm test` runs all
 * cases.
 */
export const isQuick = process.env.TEST_EFFORT === "quick";

/** Returns the number of cases of a property to generate: all of them, or a tenth. */
export const cases = (all: number): number => (isQuick ? Math.ceil(all / 10) : all);

/** Whether the tests run with full effort, as the part `node-24` of `.ci/run` does. */
export const isFull = process.env.TEST_EFFORT === "full";

/** Returns how often, or how much, a costly test does something: in `npm test`, or with full effort in CI. */
export const often = <Amount>(usually: Amount, inCi: Amount): Amount => (isFull ? inCi : usually);

/**
 * Returns all items, or with quick effort every `step`-th, starting at `first`. The tests of a table pass their own number as `first`,
 * so that each item is in some of the samples.
 * @param isSampled whether not all are returned. Default: with quick effort.
 */
export const sample = <Item>(
  items: readonly Item[],
  step: number,
  first = 0,
  isSampled = isQuick,
): readonly Item[] => (isSampled ? items.filter((_, index) => index % step === first % step) : items);
