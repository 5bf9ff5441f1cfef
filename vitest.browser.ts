import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// What only a browser can show. `npm test` does not run it: `.ci/run` does, which sees to it that there is a browser.
export default defineConfig({
  test: {
    name: "browser",
    // Each file has a browser and a server of its own, which wait for each other for most of their time.
    maxWorkers: availableParallelism() + 1,
    isolate: false,
    include: ["packages/{server,console,candidate}/browser/**/*.test.ts"],
    // Each step has a limit of its own. These end a test that hangs, and not one of many steps on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // As long as the browser waits for what it looks for.
    expect: { poll: { timeout: 30_000 } },
    globalSetup:
      process.env.INVIGIL_TEST_DATABASE === "postgres"
        ? ["packages/server/test/support/start-postgres.ts"]
        : [],
    reporters: ["default", "./scripts/closing-line.mjs"],
  },
});
