import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts"],
  format: "esm",
  platform: "neutral",
  target: "es2023",
  fixedExtension: false,
  sourcemap: true,
  dts: { sourcemap: false },
  // Next.js: whoever imports a hook is a part of the page.
  banner: { js: '"use client";' },
});
