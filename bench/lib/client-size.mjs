// The size of the client in a browser.
import { gzipSync } from "node:zlib";
import { build } from "tsdown";
import { newFolder } from "./processes.mjs";

const kilobytesOf = (chunks) => {
  if (chunks.length === 0) throw new Error("the client's bundle is empty");
  return gzipSync(chunks.map(({ code }) => code).join("\n")).length / 1000;
};

/**
 * The kilobytes of a built client, minified and compressed, without the packages that it depends on: what an app loads
 * at once, and what it loads when it first listens to something.
 * @param {string} client the folder of the package
 */
export const clientSizes = async (client) => {
  const [bundle] = await build({
    cwd: client,
    entry: ["dist/index.js"],
    config: false,
    outDir: newFolder(),
    // The build must not delete its entry.
    clean: false,
    dts: false,
    platform: "browser",
    minify: true,
    logLevel: "silent",
  });
  const chunks = bundle.chunks.filter((chunk) => "code" in chunk);
  return {
    atOnce: kilobytesOf(chunks.filter(({ isDynamicEntry }) => !isDynamicEntry)),
    later: kilobytesOf(chunks.filter(({ isDynamicEntry }) => isDynamicEntry)),
  };
};
