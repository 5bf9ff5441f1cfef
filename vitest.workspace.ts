import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";

const WATCH_SECRETS = fileURLToPath(
  new URL("packages/server/test/support/watch-secrets.ts", import.meta.url),
);
const PACKAGES = ["schema", "trpc-fastify", "server", "im-script", "client"] as const;
/** Tests that start processes, most of them of what the last build packed. `npm run check` leaves them out. */
const PROCESS_TESTS = "test/process-*.test.ts";

/** The tests of a package that start no process. They share one, in which the package is loaded once. */
const inProcess = (name: (typeof PACKAGES)[number]): TestProjectConfiguration => ({
  extends: true,
  test: {
    name,
    root: `packages/${name}`,
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [PROCESS_TESTS],
    setupFiles: name === "server" ? [WATCH_SECRETS] : [],
    isolate: false,
  },
});

const processes = (name: "server" | "client"): TestProjectConfiguration => ({
  extends: true,
  test: {
    name: `${name}-processes`,
    root: `packages/${name}`,
    include: [PROCESS_TESTS],
    setupFiles: name === "server" ? [WATCH_SECRETS] : [],
  },
});

// tRPC's stock adapter takes several times as long for a call, and some tests make tens of thousands.
const testTimeout = process.env.INVIGIL_TRPC_ADAPTER === "stock" ? 120_000 : 30_000;

export default defineConfig({
  test: {
    testTimeout,
    hookTimeout: 30_000,
    reporters: ["default", "./scripts/closing-line.mjs"],
    projects: [
      ...PACKAGES.map(inProcess),
      {
        extends: true,
        test: {
          name: "schema-types",
          root: "packages/schema",
          typecheck: {
            enabled: true,
            only: true,
            include: ["src/**/*.test-d.ts"],
            tsconfig: "tsconfig.test.json",
          },
        },
      },
      { extends: true, test: { name: "bench", root: "bench", include: ["lib/*.test.mjs"] } },
      processes("server"),
      processes("client"),
    ],
  },
});
