// What the builds of the server's pages have in common: packages/console and packages/candidate.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

const root = resolve(import.meta.dirname, "..");
const sourceOf = (path) => join(root, "packages", path);

/** Writes a compressed copy beside each file that the page loads, which the server sends instead. */
const compressedCopies = (output) => ({
  name: "compressed-copies",
  apply: "build",
  closeBundle() {
    const folder = join(output, "assets");
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

/**
 * The configuration of Vite for a page of the server.
 * @param name the folder in the server's `dist`, where the server looks for the page, and which contains nothing else
 * @param path where the server serves it
 */
export const builtPage =
  ({ name, path, plugins }) =>
  ({ command }) => {
    const output = sourceOf(`server/dist/${name}`);
    return {
      // The server says with `<base>` where the page is.
      base: command === "serve" ? path : "./",
      plugins: [...plugins, compressedCopies(output)],
      resolve: {
        // The sources, so that nothing has to be built before.
        alias: [
          { find: /^@invigil\/(client|react)\/(media|session)$/, replacement: sourceOf("$1/src/$2.ts") },
          { find: /^@invigil\/(client|react|schema)$/, replacement: sourceOf("$1/src/index.ts") },
        ],
        // The versions of the page's package, also for the sources of others.
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
        outDir: output,
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
        proxy: {
          "^/(trpc|audio|health|j|media)(/|$|\\?)": { target: DEV_SERVER, changeOrigin: true, ws: true },
        },
      },
    };
  };
