// The size of the client in a browser.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "tsdown";
import { newFolder } from "./processes.mjs";

/** Undefined: the client has no such part. */
const kilobytesOf = (chunks) =>
  chunks.length === 0 ? undefined : gzipSync(chunks.map(({ code }) => code).join("\n")).length / 1000;

/** Bundles what an app uses of an entry, as the app's bundler would. */
const bundleOf = async (client, name, used) => {
  const app = newFolder();
  const file = join(client, `dist/${name}.js`);
  if (!existsSync(file)) return [];
  writeFileSync(join(app, "app.mjs"), `export ${used} from ${JSON.stringify(file)};\n`);
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
  return bundle.chunks.filter((chunk) => "code" in chunk);
};

/**
 * Returns the kilobytes of a built client, minified and compressed, without its dependencies: what an app loads at once, at its first
 * subscription, at its first upload, and for cameras. Clients of earlier versions lack some of them.
 * @param {string} client the folder of the package
 */
export const clientSizes = async (client) => {
  // A bundler leaves out what the app does not use, such as `endsAtOf`.
  const chunks = await bundleOf(client, "index", "{ createInvigilClient }");
  const entry = (...names) => chunks.filter((chunk) => chunk.isDynamicEntry && names.includes(chunk.name));
  return {
    atOnce: kilobytesOf(chunks.filter(({ isDynamicEntry }) => !isDynamicEntry)),
    forLive: kilobytesOf(entry("implementation", "engine")),
    forUpload: kilobytesOf(entry("upload")),
    forMedia: kilobytesOf(await bundleOf(client, "media", "*")),
  };
};
