/** Whether the tests run all generated cases, as in the part `node-24` of `.ci/run`. Otherwise they run a sample. */
export const isFull = process.env.TEST_EFFORT === "full";

/** The number of generated requests to a pair of servers. */
export const RUNS = isFull ? 800 : 100;
