import { open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { failedWith, SetupError } from "../platform/setup-error.js";

/** What was asked for, or undefined where there is no such file. */
const ifThere = <Answer>(asked: Promise<Answer>): Promise<Answer | undefined> =>
  asked.catch((error: unknown) => {
    if (failedWith(error, "ENOENT")) return undefined;
    throw error;
  });

/** The file that a path leads to, past symbolic links; it need not be there. */
const endOf = async (path: string): Promise<string> => {
  const real = await ifThere(realpath(path));
  if (real !== undefined) return real;
  const next = await readlink(path).catch(() => undefined);
  return next === undefined ? path : endOf(resolve(dirname(path), next));
};

/** A text in pieces, each made when the one before is written. */
export type Parts = Iterable<string> | AsyncIterable<string>;

const writeParts = async (path: string, flag: "w" | "wx", parts: Parts): Promise<void> => {
  const file = await open(path, flag, 0o600);
  try {
    for await (const part of parts) await file.appendFile(part);
    // Devices and pipes know no such thing.
    if (flag === "wx") await file.sync();
  } finally {
    await file.close();
  }
};

/** Puts a whole new file in the place of the old one, which stays until then. */
const replace = async (path: string, parts: Parts, nonce: string): Promise<void> => {
  const arriving = `${path}.${nonce}`;
  try {
    await writeParts(arriving, "wx", parts);
    await rename(arriving, path);
  } catch (error) {
    if (!failedWith(error, "EEXIST")) await rm(arriving, { force: true });
    throw error;
  }
};

/**
 * Writes a file for its owner alone, whole or not at all. A device or a pipe gets the text as it is.
 * @throws SetupError that names the file
 */
export const writeSecretFile = async (path: string, parts: Parts, nonce: string): Promise<void> => {
  try {
    const there = await ifThere(stat(path));
    if (there && !there.isFile()) await writeParts(path, "w", parts);
    else await replace(await endOf(path), parts, nonce);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new SetupError(`The file ${path} cannot be written: ${String(error.code)}`);
  }
};
