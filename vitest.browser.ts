import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import "./scripts/test-seed.mjs";

const STORIES = "packages/{server,console,candidate}/browser/**/*.test.ts";
/** Stories in which browsers send pictures and sound. They take more than a core, and fail if they do not get it. */
const MEDIA = [
  "packages/candidate/browser/sit.test.ts",
  "packages/console/browser/{streams,talk}.test.ts",
  "packages/server/browser/{media,sit-an-exam}.test.ts",
];

// What only a browser can show. `npm test` does not run it: `.ci/run` does, which sees to it that there is a browser.
export default defineConfig({
  test: {
    isolate: false,
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
    projects: [
      {
        extends: true,
        test: {
          name: "browser",
          include: [STORIES],
          exclude: MEDIA,
          // Each file has a browser and a server of its own, which wait for each other for a part of their time.
          maxWorkers: availableParallelism() + 1,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "browser-media",
          include: MEDIA,
          maxWorkers: Math.max(1, Math.floor(availableParallelism() / 2)),
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
