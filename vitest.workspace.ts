import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const WATCH_SECRETS = fileURLToPath(
  new URL("packages/server/test/support/watch-secrets.ts", import.meta.url),
);

export default defineConfig({
  test: {
    testTimeout: 30_000,
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
