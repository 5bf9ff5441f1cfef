import { defineConfig } from "tsdown";

// The compiler writes the ES modules, which the workspace uses. This adds what `require` loads.
export default defineConfig({
  entry: ["src/index.ts"],
  format: "cjs",
  platform: "node",
  target: "node20.19",
  clean: false,
  hash: false,
  sourcemap: true,
  dts: { sourcemap: false },
});
