/** Whether the tests run as part of `npm run check`, which must finish within a minute. `npm test` runs all cases. */
export const isQuick = process.env.TEST_EFFORT === "quick";
