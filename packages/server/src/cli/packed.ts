import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MANIFEST = new URL("../../package.json", import.meta.url);
/** The compiler's record of what it compiled. A checkout has it, a published package does not. */
const RECORD = ".tsbuildinfo";
const OWN_RECORD = new URL(`../${RECORD}`, import.meta.url);
/** Beside a checkout's packages. */
const LOCKFILE = new URL("../../../../pnpm-lock.yaml", import.meta.url);
/** The folder of the packed program. */
export const PACKED = fileURLToPath(new URL("../packed", import.meta.url));

/** The compiler's records of the packages of this checkout that the server depends on. */
const recordsOfOthers = (): URL[] => {
  // Safe: the manifest of this package, which has dependencies.
  const { dependencies } = JSON.parse(readFileSync(MANIFEST, "utf8")) as {
    dependencies: Record<string, string>;
  };
  return Object.entries(dependencies)
    .filter(([, range]) => range.startsWith("workspace:"))
    .map(([name]) => new URL(RECORD, import.meta.resolve(name)));
};

/** Identifies what the compiled server is made of. The text changes when any part does. */
export const sourceState = (): string => {
  // A package that is not compiled has no record, and a copy of the packages alone has no lock file.
  const others = [...recordsOfOthers(), LOCKFILE].filter((file) => existsSync(file));
  const files = [OWN_RECORD, MANIFEST, ...others];
  return hash("sha256", files.map((file) => hash("sha256", readFileSync(file))).join(" "));
};

/**
 * Whether to start from the packed program (scripts/pack.mjs): in a checkout when it was packed from what was compiled last, and always in a
 * published package, where nothing is compiled.
 */
export const isPacked = (packed = PACKED): boolean => {
  try {
    const packedFrom = readFileSync(join(packed, "packed-from"), "utf8");
    return !existsSync(OWN_RECORD) || packedFrom === sourceState();
  } catch {
    // The program was not packed.
    return false;
  }
};
