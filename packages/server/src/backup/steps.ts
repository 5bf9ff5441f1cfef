import { constants } from "node:fs";
import { chmod, copyFile, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { SetupError } from "../platform/setup-error.js";

/** What long work asks and tells while it runs. */
export interface Steps {
  /** @throws SetupError when the person who runs it has stopped it */
  readonly goOn: () => void;
  readonly show: (done: number, all: number) => void;
}

export const stopped = (): SetupError => new SetupError("stopped: nothing was changed");

/** Adds up bytes as they are done, and shows how far it is. */
export const countBytes = ({ goOn, show }: Steps, all: number) => {
  let done = 0;
  return (bytes: number): void => {
    done += bytes;
    show(Math.min(done, all), all);
    goOn();
  };
};

/** Syncs a file or a folder to disk. */
export const sync = async (path: string): Promise<void> => {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Copies a file for its owner alone, onto the disk. Shares its blocks where the file system can. */
export const copyPrivately = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  await chmod(to, 0o600);
  await sync(to);
};
