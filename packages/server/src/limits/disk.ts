import { statfsSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import type { FastifyBaseLogger } from "fastify";
import { storageFull } from "../platform/errors.js";
import { createRepeatedWork } from "../platform/repeated-work.js";
import type { DatabaseFile } from "../storage/database.js";

/** How often the free space is checked, in milliseconds. */
const CHECK_MS = 1000;
/** How often the database's file returns space to the file system, in milliseconds. */
const SHRINK_MS = 60_000;
const MIB = 1024 * 1024;

/**
 * Each write goes to the log before it goes to the file, and the log needs space of its own. So space inside the file counts as at most so many
 * times the space beside it: of the default reserve, 64 MiB have to be free on the disk itself.
 */
const IN_FILE_FOR_EACH = 7;

/** The free space of a folder's file system, in bytes, with that inside the database's file if it is on the same one. */
export interface FreeSpace {
  readonly folder: string;
  readonly bytes: number;
}

export interface DiskOptions {
  /** The folders of the database and the files. */
  readonly folders: readonly string[];
  readonly file?: DatabaseFile | undefined;
  /** Writes are refused below this free space, in bytes. 0 disables the check. */
  readonly reserveBytes: number;
  readonly log: FastifyBaseLogger;
  /** Returns the free bytes of a folder's file system, instead of asking the operating system. */
  readonly freeSpace?: ((folder: string) => Promise<number>) | undefined;
}

/** The space that is available to unprivileged users. */
const availableBytes = ({ bavail, bsize }: { readonly bavail: number; readonly bsize: number }): number =>
  bavail * bsize;

/**
 * The free bytes of a folder's file system. Undefined if unknown, for example if the folder does not exist.
 */
export const freeBytes = (folder: string): number | undefined => {
  try {
    return availableBytes(statfsSync(folder));
  } catch {
    return undefined;
  }
};

const isOnOneFileSystem = (one: string, other: string): boolean => {
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.dev === second?.dev;
};

/** Adds the free space inside the database's file to that of its file system. */
export const withSpaceInFile = (
  { folder, bytes }: FreeSpace,
  file: Pick<DatabaseFile, "path" | "freeBytes"> | undefined,
): FreeSpace => ({
  folder,
  bytes:
    file && isOnOneFileSystem(folder, file.path)
      ? bytes + Math.min(file.freeBytes(), IN_FILE_FOR_EACH * bytes)
      : bytes,
});

/** Whether free space is below the reserve, so that writes are refused; or so little that an exam may use it up. */
export const spaceState = (freeBytes: number, reserveBytes: number): "full" | "low" | "enough" =>
  freeBytes < reserveBytes ? "full" : freeBytes < 4 * reserveBytes ? "low" : "enough";

export type Disk = ReturnType<typeof createDisk>;

/** Whether there is enough disk space for new data. */
export const createDisk = ({ folders, file, reserveBytes, log, freeSpace }: DiskOptions) => {
  const askSystem = async (folder: string): Promise<number> => availableBytes(await statfs(folder));
  const ask = freeSpace ?? askSystem;
  let hasSpace = true;
  let pendingCheck: Promise<boolean> | undefined;

  const leastOf = (folders: readonly FreeSpace[]): FreeSpace | undefined =>
    folders.toSorted((one, other) => one.bytes - other.bytes)[0];

  const update = (folders: readonly FreeSpace[]): boolean => {
    const least = leastOf(folders);
    const before = hasSpace;
    hasSpace = least === undefined || least.bytes >= reserveBytes;
    if (before !== hasSpace && least !== undefined) {
      const about = {
        folder: least.folder,
        freeMiB: Math.floor(least.bytes / MIB),
        reserveMiB: reserveBytes / MIB,
      };
      if (hasSpace) log.info(about, "disk space is available again: writes are accepted");
      else log.error(about, "the disk is nearly full: writes are refused, reads continue");
    }
    return hasSpace;
  };

  const readFreeSpace = async (): Promise<FreeSpace[]> => {
    const found = await Promise.all(
      folders.map(async (folder) => {
        // An unknown free space refuses nothing. A write that fails reports its own error.
        const bytes = await ask(folder).catch(() => undefined);
        return bytes === undefined ? [] : [withSpaceInFile({ folder, bytes }, file)];
      }),
    );
    return found.flat();
  };
  const checkNow = async (): Promise<boolean> => update(await readFreeSpace());

  /** Checks the free space now. Resolves to whether there is enough. */
  const check = (): Promise<boolean> => {
    if (reserveBytes === 0) return Promise.resolve(true);
    pendingCheck ??= checkNow().finally(() => {
      pendingCheck = undefined;
    });
    return pendingCheck;
  };

  const checks = createRepeatedWork({
    intervalMs: CHECK_MS,
    run: async () => void (await check()),
    onFailure: (error) => log.error({ err: error }, "the free disk space could not be checked"),
  });

  const shrinking = createRepeatedWork({
    intervalMs: SHRINK_MS,
    /** Works in small transactions, so that other writes are not delayed. */
    run: async (isStopping) => {
      while (!isStopping() && (await file?.shrink()));
    },
    onFailure: (error) => log.error({ err: error }, "the database's file could not be made smaller"),
  });

  // The first result is available before the first request.
  if (reserveBytes > 0 && !freeSpace)
    update(
      folders.flatMap((folder) => {
        const bytes = freeBytes(folder);
        return bytes === undefined ? [] : [withSpaceInFile({ folder, bytes }, file)];
      }),
    );

  return {
    /** Whether there was enough free space at the last check. */
    hasFreeSpace: (): boolean => hasSpace,
    /**
     * Uses the result of the last check.
     * @throws STORAGE_FULL
     */
    assertFreeSpace(): void {
      if (!hasSpace) throw storageFull();
    },
    check,
    /** Returns the folder with the least free space now. Undefined if it is unknown. */
    least: async (): Promise<FreeSpace | undefined> => leastOf(await readFreeSpace()),
    /** From now on, checks the free space every second, and makes the database's file smaller. */
    start(): void {
      if (reserveBytes > 0) checks.start();
      shrinking.start();
    },
    async stop(): Promise<void> {
      await Promise.all([checks.stop(), shrinking.stop()]);
    },
  };
};
