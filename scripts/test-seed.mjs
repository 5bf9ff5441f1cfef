// Chooses the samples of generated cases, for packages/server/test/support/effort.ts: the settings of vitest import this.
if (!process.env.TEST_SEED) {
  process.env.TEST_SEED = String(Math.floor(Math.random() * 1_000_000));
  console.log(`TEST_SEED=${process.env.TEST_SEED}`);
}
