import { closeSync, createReadStream, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { chmod, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { failedWith } from "../platform/setup-error.js";
import type { Arrivals } from "./arrivals.js";
import { AUDIO_PREFIX, type AudioFiles, isKeptName, type KeptFiles, keptNameOf } from "./audio-files.js";

/** A rename is durable only after its folder was synchronized. */
const syncFolder = (folder: string): void => {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
};

/**
 * Keeps files in the folder in which they arrive. Files come and go inside the transactions of their clips,
 * synchronously, because a transaction waits for nothing but its database.
 */
export const createFolderFiles = ({
  folder,
  arrivals,
}: {
  readonly folder: string;
  readonly arrivals: Arrivals;
}): AudioFiles => ({
  kept: { folder },
  async prepare() {
    await arrivals.prepare();
    for (const name of (await readdir(folder)).filter(isKeptName)) {
      const path = join(folder, name);
      const found = await stat(path).catch(() => undefined);
      // Earlier versions made them readable for the group.
      if (found && (found.mode & 0o077) !== 0) await chmod(path, 0o600);
    }
  },
  async receive(content) {
    const arrival = await arrivals.receive(content);
    return {
      url: `${AUDIO_PREFIX}${arrival.name}`,
      store: async () => undefined,
      async keep() {
        renameSync(arrival.path, join(folder, arrival.name));
        syncFolder(folder);
      },
      [Symbol.asyncDispose]: () => arrival.discard(),
    };
  },
  async remove(_tx, url) {
    const name = keptNameOf(url);
    if (name !== undefined) rmSync(join(folder, name), { force: true });
    return async () => undefined;
  },
});

const filesIn = (folder: string): KeptFiles => ({
  async find(name) {
    const path = join(folder, name);
    const found = await stat(path).catch((error: unknown) => {
      if (failedWith(error, "ENOENT") || failedWith(error, "ENOTDIR")) return undefined;
      throw error;
    });
    if (!found?.isFile()) return undefined;
    return { bytes: found.size, read: (first, last) => createReadStream(path, { start: first, end: last }) };
  },
});

/** Looks kept files up, wherever they are. */
export const lookUp = ({ kept }: AudioFiles): KeptFiles => ("folder" in kept ? filesIn(kept.folder) : kept);
