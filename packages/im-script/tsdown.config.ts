import { defineConfig } from "tsdown";

export default defineConfig({
  entry: { "alivc-im": "src/index.ts" },
  // Where the server looks for it, and nothing else lies.
  outDir: "../server/dist/sdk",
  format: "iife",
  // `window.AliVCInteraction`, which must be there before the app's own script runs.
  globalName: "AliVCInteraction",
  platform: "browser",
  target: "es2018",
  hash: false,
  minify: true,
  dts: false,
  report: false,
});
