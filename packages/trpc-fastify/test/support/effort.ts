/** Whether the tests run as part of `npm run check`, which must finish within a minute. */
export const isQuick = process.env.TEST_EFFORT === "quick";

/** Whether the tests run with full effort, as the part `node-24` of `.ci/run` does. */
const isFull = process.env.TEST_EFFORT === "full";

/** The number of generated requests to a pair of servers. */
export const RUNS = isQuick ? 100 : isFull ? 800 : 400;
