import { fork } from "node:child_process";
import { existsSync, realpathSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import Sqlite from "better-sqlite3";
import { PACKAGE_ROOT } from "../../platform/package-root.js";
import { SetupError } from "../../platform/setup-error.js";
import { isInUse } from "./backup-file.js";
import { checkBeforeRecovery } from "./client.js";
import type { CompactMessage } from "./compact-process.js";
import { lockForServer } from "./server-lock.js";
import { spaceOf } from "./space.js";

/** The compiled process, which is also used when this module runs from its source or packed. */
const PROGRAM = fileURLToPath(new URL("dist/storage/sqlite/compact-process.js", PACKAGE_ROOT));
const POLL_MS = 200;
const MIB = 1024 * 1024;
const inMib = (bytes: number): string => `${Math.ceil(bytes / MIB)} MiB`;

export interface CompactControl {
  /** @throws to stop the work */
  readonly throwIfStopped: () => void;
  readonly show: (done: number, all: number) => void;
  /** Returns the free bytes of a folder's file system. Undefined: unknown. */
  readonly freeBytes: (folder: string) => number | undefined;
}

export interface Compacted {
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

/** Writes the log into the file. Returns the size of what the file holds, in bytes. */
const measure = (file: string): number => {
  const sqlite = new Sqlite(file, { fileMustExist: true });
  try {
    sqlite.pragma("wal_checkpoint(TRUNCATE)");
    return spaceOf(sqlite).usedBytes;
  } finally {
    sqlite.close();
  }
};

const replaceBy = (
  file: string,
  copy: string,
  usedBytes: number,
  { throwIfStopped, show }: CompactControl,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = fork(PROGRAM, [file, copy], { execArgv: [], stdio: ["ignore", "ignore", "ignore", "ipc"] });
    let failure: Error = new SetupError(
      `The database ${file} could not be compacted: the process that did it has ended. Nothing was changed.`,
    );
    let isDone = false;
    const goesOn = (): boolean => {
      try {
        throwIfStopped();
        return true;
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        child.kill("SIGKILL");
        return false;
      }
    };
    const timer = setInterval(() => {
      if (goesOn()) show(sizeOf(copy), usedBytes);
    }, POLL_MS);
    child.on("message", (message: CompactMessage) => {
      if (message === "done") isDone = true;
      else if (message === "copied") {
        // From here on, the work cannot be stopped.
        clearInterval(timer);
        if (goesOn()) child.send("replace");
      } else
        failure = new SetupError(
          `The database ${file} could not be compacted: ${message.failed}. Nothing was changed.`,
        );
    });
    child.once("error", reject);
    // Comes after all messages, however the process ends.
    child.once("disconnect", () => {
      clearInterval(timer);
      if (isDone) resolve();
      else reject(failure);
    });
  });

/**
 * Replaces a database file by one without empty pages, which can shrink by itself. The file changes as a whole: when the work fails or is
 * stopped, it is as before.
 * @throws SetupError when the file is in use or damaged, or its file system has no space for a second file
 */
export const compactFile = async (named: string, control: CompactControl): Promise<Compacted> => {
  if (!existsSync(named)) throw new SetupError(`The database ${named} does not exist`);
  const file = realpathSync(named);
  checkBeforeRecovery(file);
  const release = lockForServer(file);
  // The name is always the same, so that a copy which was left behind by a crash does not keep its space.
  const copy = `${file}.compacted`;
  try {
    if (isInUse(file))
      throw new SetupError(
        `The database ${file} is in use: stop every server and command that uses it first`,
      );
    for (const path of [copy, `${copy}-journal`]) rmSync(path, { force: true });
    const usedBytes = measure(file);
    const beforeBytes = sizeOf(file);
    // Files that can shrink need some further pages.
    const neededBytes = Math.ceil(usedBytes * 1.01) + MIB;
    const freeBytes = control.freeBytes(dirname(file)) ?? Number.POSITIVE_INFINITY;
    if (freeBytes < neededBytes)
      throw new SetupError(
        `Compacting ${file} needs ${inMib(neededBytes)} of free space in ${dirname(file)} for the new file, and there are ${inMib(freeBytes)}. Free the difference, or copy the database to another disk with 'invigil database copy'. Nothing was changed.`,
      );
    await replaceBy(file, copy, usedBytes, control);
    return { beforeBytes, afterBytes: sizeOf(file) };
  } finally {
    rmSync(copy, { force: true });
    release();
  }
};
