import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const WATCH_SECRETS = fileURLToPath(
  new URL("packages/server/test/support/watch-secrets.ts", import.meta.url),
);

// tRPC's stock adapter takes several times as long for a call, and some tests make tens of thousands.
const testTimeout = process.env.INVIGIL_TRPC_ADAPTER === "stock" ? 120_000 : 30_000;

export default defineConfig({
  test: {
    testTimeout,
    hookTimeout: 30_000,
    reporters: ["default", "./scripts/closing-line.mjs"],
    projects: [
      ...["schema", "trpc-fastify", "server", "im-script", "client"].map((name) => ({
        extends: true as const,
        test: {
          name,
          root: `packages/${name}`,
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          setupFiles: name === "server" ? [WATCH_SECRETS] : [],
        },
      })),
      { extends: true as const, test: { name: "bench", root: "bench", include: ["lib/*.test.mjs"] } },
    ],
  },
});
