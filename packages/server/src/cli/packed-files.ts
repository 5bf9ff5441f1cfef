import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";

type Load = (name: string) => unknown;
/** What a packed file is: a function around a CommonJS module. */
type Wrapped = (exports: object, require: Load, module: { exports: object }, file: string) => void;

const codeFileOf = (file: string): string => `${file}.code`;
const DIGEST_BYTES = 32;
const digestOf = (text: Buffer, code: Buffer): Buffer =>
  createHash("sha256").update(text).update(code).digest();

/** The code that was kept of a file, if it is whole and of this text: V8 does not look, and dies of anything else. */
const keptCode = (file: string, text: Buffer): Buffer | undefined => {
  if (!existsSync(codeFileOf(file))) return undefined;
  const kept = readFileSync(codeFileOf(file));
  const code = kept.subarray(DIGEST_BYTES);
  return digestOf(text, code).equals(kept.subarray(0, DIGEST_BYTES)) ? code : undefined;
};

/**
 * The packed files of a folder. V8 takes over the code that was kept of them, where it is the same V8 with the same flags; else it
 * compiles them as ever.
 */
export const packedFiles = (folder: string) => {
  const others = createRequire(join(folder, "/"));
  const loaded = new Map<string, { script: Script; module: { exports: object } }>();

  const load: Load = (name) => {
    if (!name.startsWith("./")) return others(name);
    const file = join(folder, name);
    const known = loaded.get(file);
    if (known) return known.module.exports;
    const text = readFileSync(file);
    const cachedData = keptCode(file, text);
    // They are ASCII, of which V8 keeps a byte a character when it is read as latin1.
    const script = new Script(text.toString("latin1"), { filename: file, ...(cachedData && { cachedData }) });
    const module = { exports: {} };
    loaded.set(file, { script, module });
    // Safe: scripts/pack.mjs wraps each file like this.
    const run = script.runInThisContext() as Wrapped;
    run(module.exports, load, module, file);
    return module.exports;
  };

  /** Keeps the code of all that was loaded, for the processes to come: also of the functions that ran meanwhile. */
  const keepCode = (): void => {
    for (const [file, { script }] of loaded) {
      const code = script.createCachedData();
      writeFileSync(codeFileOf(file), Buffer.concat([digestOf(readFileSync(file), code), code]));
    }
  };

  return { load, keepCode };
};
