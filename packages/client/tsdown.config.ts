import { defineConfig } from "tsdown";

/** Removes unused imports of zod from the declarations, because type-checking an app would load all of zod's types. */
const withoutUnusedZod = {
  name: "without-unused-zod",
  renderChunk: (code: string, { fileName }: { fileName: string }) =>
    /\.d\.c?ts$/.test(fileName) && !/\bz\./.test(code) ? code.replace(/^import .* from "zod";\n/m, "") : null,
};

/** Removes the descriptions of schemas. The API reference is generated from them, and the client has no use for them. */
const withoutDescriptions = {
  name: "without-descriptions",
  transform: {
    filter: { id: /schema\/dist\/.*\.js$/ },
    handler: (code: string) =>
      // Line breaks stay, so that the source map stays right.
      code.replaceAll(/\.describe\(\s*(?:"(?:[^"\\]|\\.)*"|`[^`]*`)\s*\)/g, (call) =>
        call.replaceAll(/[^\n]/g, ""),
      ),
  },
};

export default defineConfig({
  entry: ["src/index.ts", "src/session.ts", "src/media.ts"],
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2023",
  fixedExtension: false,
  hash: false,
  sourcemap: true,
  dts: { sourcemap: false },
  // The workspace's own packages are not published, so they are bundled.
  deps: { alwaysBundle: [/^@invigil\//] },
  plugins: [withoutUnusedZod, withoutDescriptions],
  // These functions have no side effects, so schemas that the client does not use are removed.
  treeshake: {
    manualPureFunctions: ["z", "verbatimText", "optional", "detections", "idSchema"],
  },
  // The schemas are a file of their own, so that an app that does not use them can omit them and zod. The rule for
  // logins needs no zod, and is used without the schemas.
  outputOptions: {
    codeSplitting: {
      groups: [
        { name: "login", test: /schema\/dist\/login(-parts)?\.js$/, priority: 1 },
        { name: "schemas", test: /schema\/dist\/(cheat-config|common(-parts)?|signals)\.js$/ },
      ],
    },
  },
});
