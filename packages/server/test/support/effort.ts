/** Whether the tests run all generated cases, as in the part `node-24` of `.ci/run`. Otherwise they run a sample. */
export const isFull = process.env.TEST_EFFORT === "full";

/** Chooses the sample. `vitest.workspace.ts` picks and prints it. `TEST_SEED=…` repeats a run. */
const SEED = Number(process.env.TEST_SEED ?? 0);

/** Returns how often, or how much, a costly test does something: by default, or with full effort in CI. */
export const often = <Amount>(usually: Amount, inCi: Amount): Amount => (isFull ? inCi : usually);

/** Returns the number of cases of a property to generate: a tenth of them, or all with full effort. */
export const cases = (all: number): number => often(Math.ceil(all / 10), all);

/**
 * Returns every `step`-th item, or all with full effort. The seed of the run decides where the sample begins.
 * @param first moves the beginning. Tests of a table pass their own number, so that each item is in some of the samples.
 */
export const sample = <Item>(items: readonly Item[], step: number, first = 0): readonly Item[] =>
  isFull ? items : items.filter((_, index) => index % step === (first + SEED) % step);
