import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts", "src/media.ts"],
  format: "esm",
  platform: "neutral",
  target: "es2023",
  fixedExtension: false,
  hash: false,
  sourcemap: true,
  dts: { sourcemap: false },
  // For Next.js: modules that import a hook are client components.
  banner: { js: '"use client";' },
});
