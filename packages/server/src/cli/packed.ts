import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What changes whenever the compiled server, or what it stands on, does. */
const SOURCES = [
  new URL("../.tsbuildinfo", import.meta.url),
  new URL(".tsbuildinfo", import.meta.resolve("@invigil/schema")),
  new URL(".tsbuildinfo", import.meta.resolve("@invigil/trpc-fastify")),
  new URL("../../package.json", import.meta.url),
];
/** Beside a checkout's packages. */
const LOCKFILE = new URL("../../../../pnpm-lock.yaml", import.meta.url);
/** The folder of the packed program. */
export const PACKED = fileURLToPath(new URL("../packed", import.meta.url));

/** Names what the compiled server is made of: the same again only when that is the same. */
export const sourceState = (): string => {
  const files = existsSync(LOCKFILE) ? [...SOURCES, LOCKFILE] : SOURCES;
  return hash("sha256", files.map((file) => hash("sha256", readFileSync(file))).join(" "));
};

/** Whether the program was packed (scripts/pack.mjs), and from what was compiled last. */
export const isPacked = (packed = PACKED): boolean => {
  try {
    return readFileSync(join(packed, "packed-from"), "utf8") === sourceState();
  } catch {
    // Nothing was packed.
    return false;
  }
};
