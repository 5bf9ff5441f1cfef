import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

/** What changes whenever the compiled server, or what it stands on, does. */
const SOURCES = [
  new URL("../.tsbuildinfo", import.meta.url),
  new URL(".tsbuildinfo", import.meta.resolve("@invigil/schema")),
  new URL("../../package.json", import.meta.url),
];
/** Beside a checkout's packages. */
const LOCKFILE = new URL("../../../../pnpm-lock.yaml", import.meta.url);
const PACKED = new URL("../packed/", import.meta.url);

/** Names what the compiled server is made of: the same again only when that is the same. */
export const sourceState = (): string => {
  const files = existsSync(LOCKFILE) ? [...SOURCES, LOCKFILE] : SOURCES;
  return hash("sha256", files.map((file) => hash("sha256", readFileSync(file))).join(" "));
};

/**
 * The program: packed into a few files (scripts/pack.mjs), which start in half the time, where those were made from what was compiled
 * last; else as it was compiled.
 */
export const programToRun = (packed = PACKED): URL => {
  const compiled = new URL("program.js", import.meta.url);
  try {
    const isCurrent = readFileSync(new URL("packed-from", packed), "utf8") === sourceState();
    return isCurrent ? new URL("program.js", packed) : compiled;
  } catch {
    // Nothing was packed.
    return compiled;
  }
};
