import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
/** Where the server looks for it, and nothing else lies. */
const OUTPUT = pathOf("../server/dist/console");

/** Writes a compressed copy beside each file that the page loads, which the server sends instead. */
const compressedCopies = (): Plugin => ({
  name: "compressed-copies",
  apply: "build",
  closeBundle() {
    const folder = join(OUTPUT, "assets");
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      const content = readFileSync(file);
      writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
      writeFileSync(`${file}.br`, brotliCompressSync(content));
    }
  },
});

/** The server that pages in development talk to. */
const DEV_SERVER = process.env.INVIGIL_DEV_SERVER ?? "http://127.0.0.1:7001";

export default defineConfig(({ command }) => ({
  // The server says with `<base>` where the console is.
  base: command === "serve" ? "/console/" : "./",
  plugins: [react(), compressedCopies()],
  resolve: {
    // The sources, so that nothing has to be built before.
    alias: [
      { find: /^@invigil\/client\/session$/, replacement: pathOf("../client/src/session.ts") },
      { find: /^@invigil\/(client|react|schema)$/, replacement: pathOf("../$1/src/index.ts") },
    ],
    // The versions of this package, also for the sources of others.
    dedupe: [
      "@tanstack/react-query",
      "@trpc/client",
      "@trpc/server",
      "@trpc/tanstack-react-query",
      "react",
      "react-dom",
      "zod",
    ],
  },
  build: {
    outDir: OUTPUT,
    emptyOutDir: true,
    license: { fileName: "third-party-licenses.md" },
    target: "baseline-widely-available",
    // `light-dark()` as it is: what the bundler would write for older browsers does not know Mantine's colour scheme.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    cssMinify: "esbuild",
    // The policy of the page forbids `data:` for everything but pictures.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    proxy: { "^/(trpc|audio|health|j)(/|$|\\?)": { target: DEV_SERVER, changeOrigin: true, ws: true } },
  },
}));
