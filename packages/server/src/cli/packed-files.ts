import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Script } from "node:vm";

type Load = (name: string) => unknown;
/** A packed file is a function around a CommonJS module. */
type Wrapped = (exports: object, require: Load, module: { exports: object }, file: string) => void;

const codeCacheFile = (file: string): string => `${file}.code`;
const DIGEST_BYTES = 32;
const digestOf = (text: Buffer, code: Buffer): Buffer =>
  createHash("sha256").update(text).update(code).digest();

/**
 * The code cache of a file, if it is complete and belongs to this text. V8 does not check that, and crashes
 * on invalid data.
 */
const readCodeCache = (file: string, text: Buffer): Buffer | undefined => {
  if (!existsSync(codeCacheFile(file))) return undefined;
  const kept = readFileSync(codeCacheFile(file));
  const code = kept.subarray(DIGEST_BYTES);
  return digestOf(text, code).equals(kept.subarray(0, DIGEST_BYTES)) ? code : undefined;
};

/**
 * Loads the packed files of a folder. V8 uses their code caches if they are from the same version of V8 with
 * the same flags. Otherwise it compiles the files.
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
    const cachedData = readCodeCache(file, text);
    // The files are ASCII. V8 stores text that was decoded as latin1 with one byte per character.
    const script = new Script(text.toString("latin1"), { filename: file, ...(cachedData && { cachedData }) });
    const module = { exports: {} };
    loaded.set(file, { script, module });
    // Safe: scripts/pack.mjs wraps every file like this.
    const run = script.runInThisContext() as Wrapped;
    run(module.exports, load, module, file);
    return module.exports;
  };

  /**
   * Writes the code cache of all loaded files for later processes, including functions that were compiled
   * since.
   */
  const writeCodeCache = (): void => {
    for (const [file, { script }] of loaded) {
      const code = script.createCachedData();
      writeFileSync(codeCacheFile(file), Buffer.concat([digestOf(readFileSync(file), code), code]));
    }
  };

  return { load, writeCodeCache };
};
