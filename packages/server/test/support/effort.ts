/** Whether `npm run check` runs the tests, which is to be done within a minute; `npm test` tries everything. */
export const isQuick = process.env.TEST_EFFORT === "quick";

/** How many cases of a property are generated: all of them, or a tenth. */
export const cases = (all: number): number => (isQuick ? Math.ceil(all / 10) : all);
