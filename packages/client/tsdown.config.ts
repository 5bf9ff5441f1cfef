import { defineConfig } from "tsdown";

/** Drops the import of zod from declarations that name nothing of it: whoever checks an app would read all of its types. */
const withoutUnusedZod = {
  name: "without-unused-zod",
  renderChunk: (code: string, { fileName }: { fileName: string }) =>
    /\.d\.c?ts$/.test(fileName) && !/\bz\./.test(code) ? code.replace(/^import .* from "zod";\n/m, "") : null,
};

export default defineConfig({
  entry: ["src/index.ts", "src/session.ts"],
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2023",
  fixedExtension: false,
  hash: false,
  sourcemap: true,
  dts: { sourcemap: false },
  // What the workspace's own packages contribute is written into the output: they are not published.
  deps: { alwaysBundle: [/^@invigil\//] },
  plugins: [withoutUnusedZod],
  // What makes a schema does nothing else: schemas that the client does not use stay out.
  treeshake: {
    manualPureFunctions: ["z", "verbatimText", "optional", "extraInfoSchema", "jsonObjectSchema"],
  },
  // What needs zod is a file of its own, which an app that does not use it can leave out, and zod with it.
  outputOptions: {
    codeSplitting: { groups: [{ name: "schemas", test: /schema\/dist\/(cheat|common|signals)\.js$/ }] },
  },
});
