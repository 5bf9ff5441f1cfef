import { statfsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import type { FastifyBaseLogger } from "fastify";
import { InvigilError } from "../platform/errors.js";

/** How often the free space is looked at, in milliseconds. */
const LOOK_MS = 1000;
/** When to try again what a full disk refused, in seconds: somebody has to make room first. */
const RETRY_SECONDS = 30;
const MIB = 1024 * 1024;

export const storageFull = (cause?: unknown): InvigilError =>
  new InvigilError(
    "STORAGE_FULL",
    "The server's disk is nearly full: it takes nothing new until there is room again. Reading goes on.",
    { retryAfterSeconds: RETRY_SECONDS, cause },
  );

/** The least free space of the folders, in bytes, and which of them has it. */
export interface FreeSpace {
  readonly folder: string;
  readonly bytes: number;
}

/** Whether there is room for what is new. */
export interface Disk {
  /** By the last look. Costs nothing. @throws STORAGE_FULL */
  assertRoom(): void;
  /** Looks at the free space now; whether there is room. */
  look(): Promise<boolean>;
  /** Looks from now on every second. */
  start(): void;
  stop(): void;
}

export interface DiskOptions {
  /** Where the database and the files lie. */
  readonly folders: readonly string[];
  /** The free space below which nothing new is taken, in bytes; 0: it is not looked at. */
  readonly reserveBytes: number;
  readonly log: FastifyBaseLogger;
  /** Asks for the free bytes of a folder's file system, in place of the system's own answer. */
  readonly freeSpace?: ((folder: string) => Promise<number>) | undefined;
}

/** What is free to those who are not the system's administrator. */
const freeOf = ({ bavail, bsize }: { readonly bavail: number; readonly bsize: number }): number =>
  bavail * bsize;

/** The free bytes of a folder's file system; undefined where that is not known, as for a folder that is not there. */
export const freeBytes = (folder: string): number | undefined => {
  try {
    return freeOf(statfsSync(folder));
  } catch {
    return undefined;
  }
};

export const createDisk = ({ folders, reserveBytes, log, freeSpace }: DiskOptions): Disk => {
  const askSystem = async (folder: string): Promise<number> => freeOf(await statfs(folder));
  const ask = freeSpace ?? askSystem;
  let hasRoom = true;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<boolean> | undefined;

  const decide = (found: readonly FreeSpace[]): boolean => {
    const [least] = found.toSorted((one, other) => one.bytes - other.bytes);
    const before = hasRoom;
    hasRoom = least === undefined || least.bytes >= reserveBytes;
    if (before !== hasRoom && least !== undefined) {
      const about = {
        folder: least.folder,
        freeMiB: Math.floor(least.bytes / MIB),
        reserveMiB: reserveBytes / MIB,
      };
      if (hasRoom) log.info(about, "the disk has room again: writes are taken");
      else log.error(about, "the disk is nearly full: writes are refused, reads go on");
    }
    return hasRoom;
  };

  const lookNow = async (): Promise<boolean> => {
    const found = await Promise.all(
      folders.map(async (folder) => {
        // What cannot be told stops nobody: a write that fails says so itself.
        const bytes = await ask(folder).catch(() => undefined);
        return bytes === undefined ? [] : [{ folder, bytes }];
      }),
    );
    return decide(found.flat());
  };

  const look = (): Promise<boolean> => {
    if (reserveBytes === 0) return Promise.resolve(true);
    looking ??= lookNow().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  // The first answer is there before anybody asks.
  if (reserveBytes > 0 && !freeSpace)
    decide(
      folders.flatMap((folder) => {
        const bytes = freeBytes(folder);
        return bytes === undefined ? [] : [{ folder, bytes }];
      }),
    );

  return {
    assertRoom() {
      if (!hasRoom) throw storageFull();
    },
    look,
    start() {
      if (reserveBytes === 0 || timer) return;
      timer = setInterval(() => void look(), LOOK_MS).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
};
