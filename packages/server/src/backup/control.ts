import { constants } from "node:fs";
import { chmod, copyFile, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { InterruptedError } from "../platform/setup-error.js";

/** The interface of long work to its caller. */
export interface BackupControl {
  /** @throws InterruptedError if the user has interrupted the work */
  readonly throwIfStopped: () => void;
  readonly show: (done: number, all: number) => void;
}

export const stoppedError = () => new InterruptedError("interrupted: nothing was changed");

/** Adds up processed bytes and reports the progress. */
export const countBytes = ({ throwIfStopped, show }: BackupControl, all: number) => {
  let done = 0;
  return (bytes: number): void => {
    done += bytes;
    show(Math.min(done, all), all);
    throwIfStopped();
  };
};

/** Flushes a file or a folder to disk. */
export const sync = async (path: string): Promise<void> => {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Copies a file with access for its owner only, and flushes it. The copy shares blocks if the file system
 * supports it.
 */
export const copyPrivateFile = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  await chmod(to, 0o600);
  await sync(to);
};
