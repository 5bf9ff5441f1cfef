// The size of the client in a browser.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "tsdown";
import { newFolder } from "./processes.mjs";

const kilobytesOf = (chunks) => {
  if (chunks.length === 0) throw new Error("the client's bundle is empty");
  return gzipSync(chunks.map(({ code }) => code).join("\n")).length / 1000;
};

/**
 * Returns the kilobytes of a built client, minified and compressed, without its dependencies: what an app loads at once, at its first
 * subscription, and at its first upload.
 * @param {string} client the folder of the package
 */
export const clientSizes = async (client) => {
  // An app that imports the client. Its bundler leaves out what the app does not use, such as `endsAtOf`.
  const app = newFolder();
  const index = JSON.stringify(join(client, "dist/index.js"));
  writeFileSync(join(app, "app.mjs"), `export { createInvigilClient } from ${index};\n`);
  const [bundle] = await build({
    cwd: app,
    entry: ["app.mjs"],
    config: false,
    outDir: newFolder(),
    // The build must not delete its entry.
    clean: false,
    dts: false,
    platform: "browser",
    // The dependencies of the client are the app's own.
    deps: { neverBundle: [/^(?!\/|\.)/] },
    minify: true,
    logLevel: "silent",
  });
  const chunks = bundle.chunks.filter((chunk) => "code" in chunk);
  const entry = (name) => chunks.filter((chunk) => chunk.isDynamicEntry && chunk.name === name);
  return {
    atOnce: kilobytesOf(chunks.filter(({ isDynamicEntry }) => !isDynamicEntry)),
    forLive: kilobytesOf(entry("implementation")),
    forUpload: kilobytesOf(entry("upload")),
  };
};
