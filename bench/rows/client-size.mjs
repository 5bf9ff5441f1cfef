import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "tsdown";
import { kilobytes } from "../lib/measures.mjs";
import { newFolder } from "../lib/processes.mjs";
import { verdictOf } from "../lib/verdict.mjs";

const CLIENT = resolve(import.meta.dirname, "../../packages/client");

/**
 * What the client offers, minified, without the packages that it depends on: what is loaded at once, or what is loaded when
 * something is first listened to.
 */
const runFor = (row, wanted) => async () => {
  const [bundle] = await build({
    cwd: CLIENT,
    entry: ["dist/index.js"],
    config: false,
    outDir: newFolder(),
    // What is built must not go: it is the entry.
    clean: false,
    dts: false,
    platform: "browser",
    minify: true,
    logLevel: "silent",
  });
  const code = bundle.chunks.flatMap((chunk) => ("code" in chunk && wanted(chunk) ? [chunk.code] : []));
  if (code.length === 0) throw new Error("the client's bundle is empty");
  const value = gzipSync(code.join("\n")).length / 1000;
  return { value, rounds: [value], ours: { value }, verdict: verdictOf(value, row().goal) };
};

/** What an app gets besides @trpc/client and superjson, when it uses all of the client but `live`. */
export const row = {
  name: "client-size",
  needsClient: true,
  ours: { label: "client's own code" },
  measure: kilobytes,
  goal: { atMost: 5, unit: "kB" },
  run: runFor(
    () => row,
    ({ isDynamicEntry }) => !isDynamicEntry,
  ),
};

/** What it loads besides when it uses `live`. */
export const live = {
  name: "client-live-size",
  needsClient: true,
  ours: { label: "client's own code for live, loaded when used" },
  measure: kilobytes,
  goal: { atMost: 5, unit: "kB" },
  run: runFor(
    () => live,
    ({ isDynamicEntry }) => isDynamicEntry,
  ),
};
