import { defineConfig } from "tsdown";

export default defineConfig({
  entry: ["src/index.ts"],
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2023",
  fixedExtension: false,
  hash: false,
  sourcemap: true,
  dts: { sourcemap: false },
  // What the workspace's own packages contribute is written into the output: they are not published.
  deps: { alwaysBundle: [/^@invigil\//] },
  treeshake: { manualPureFunctions: ["z"] },
  // What needs zod is a file of its own, which an app that does not use it can leave out, and zod with it.
  outputOptions: {
    codeSplitting: { groups: [{ name: "schemas", test: /schema\/dist\/(cheat|common|signals)\.js$/ }] },
  },
});
