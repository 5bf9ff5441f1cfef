import { open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { failedWith, SetupError } from "../platform/setup-error.js";
import { isSystemError, reasonOfSystem } from "../platform/system-errors.js";

/** Resolves to undefined if the file does not exist. */
const ifExists = <Answer>(asked: Promise<Answer>): Promise<Answer | undefined> =>
  asked.catch((error: unknown) => {
    if (failedWith(error, "ENOENT")) return undefined;
    throw error;
  });

/** Resolves symbolic links. The target need not exist. */
const resolveLinks = async (path: string): Promise<string> => {
  const real = await ifExists(realpath(path));
  if (real !== undefined) return real;
  const next = await readlink(path).catch(() => undefined);
  return next === undefined ? path : resolveLinks(resolve(dirname(path), next));
};

/** A text in parts. Each part is created after the previous one was written. */
export type Parts = Iterable<string> | AsyncIterable<string>;

const writeParts = async (path: string, flag: "w" | "wx", parts: Parts): Promise<void> => {
  const file = await open(path, flag, 0o600);
  try {
    for await (const part of parts) await file.appendFile(part);
    // Devices and pipes do not support it.
    if (flag === "wx") await file.sync();
  } finally {
    await file.close();
  }
};

/** Replaces a file atomically. */
const replace = async (path: string, parts: Parts, nonce: string): Promise<void> => {
  const temporary = `${path}.${nonce}`;
  try {
    await writeParts(temporary, "wx", parts);
    await rename(temporary, path);
  } catch (error) {
    if (!failedWith(error, "EEXIST")) await rm(temporary, { force: true });
    throw error;
  }
};

/**
 * Writes a file atomically, with access for its owner only. Devices and pipes are written directly.
 * @throws SetupError with the path
 */
export const writeSecretFile = async (path: string, parts: Parts, nonce: string): Promise<void> => {
  try {
    const existing = await ifExists(stat(path));
    if (existing && !existing.isFile()) await writeParts(path, "w", parts);
    else await replace(await resolveLinks(path), parts, nonce);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new SetupError(`The file ${path} cannot be written: ${reasonOfSystem(error)}`);
  }
};
