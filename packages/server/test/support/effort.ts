/**
 * Whether the tests run as part of `npm run check`, which must finish within a minute. `npm test` runs all
 * cases.
 */
export const isQuick = process.env.TEST_EFFORT === "quick";

/** Returns the number of cases of a property to generate: all of them, or a tenth. */
export const cases = (all: number): number => (isQuick ? Math.ceil(all / 10) : all);

/** Returns how often, or how much, a costly test does something: in `npm test`, or with full effort in CI. */
export const often = <Amount>(usually: Amount, inCi: Amount): Amount =>
  process.env.TEST_EFFORT === "full" ? inCi : usually;

/**
 * Returns all items, or with quick effort every `step`-th, starting at `first`. The tests of a table pass their own number as `first`,
 * so that each item is in some of the samples.
 */
export const sample = <Item>(items: readonly Item[], step: number, first = 0): readonly Item[] =>
  isQuick ? items.filter((_, index) => index % step === first % step) : items;
