import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Files that change whenever the compiled server or its dependencies change. */
const SOURCES = [
  new URL("../.tsbuildinfo", import.meta.url),
  new URL(".tsbuildinfo", import.meta.resolve("@invigil/schema")),
  new URL(".tsbuildinfo", import.meta.resolve("@invigil/trpc-fastify")),
  new URL("../../package.json", import.meta.url),
];
/** Exists in a checkout of the repository. */
const LOCKFILE = new URL("../../../../pnpm-lock.yaml", import.meta.url);
/** The folder of the packed program. */
export const PACKED = fileURLToPath(new URL("../packed", import.meta.url));

/** A hash of the compiled server and its dependencies. */
export const sourceState = (): string => {
  const files = existsSync(LOCKFILE) ? [...SOURCES, LOCKFILE] : SOURCES;
  return hash("sha256", files.map((file) => hash("sha256", readFileSync(file))).join(" "));
};

/** Whether the program was packed (scripts/pack.mjs) from the current build. */
export const isPacked = (packed = PACKED): boolean => {
  try {
    return readFileSync(join(packed, "packed-from"), "utf8") === sourceState();
  } catch {
    // The program was not packed.
    return false;
  }
};
