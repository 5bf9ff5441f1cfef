import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ["default", "./scripts/closing-line.mjs"],
    projects: [
      ...["schema", "server", "client"].map((name) => ({
        extends: true as const,
        test: { name, root: `packages/${name}`, include: ["src/**/*.test.ts", "test/**/*.test.ts"] },
      })),
      { extends: true as const, test: { name: "bench", root: "bench", include: ["lib/*.test.mjs"] } },
    ],
  },
});
