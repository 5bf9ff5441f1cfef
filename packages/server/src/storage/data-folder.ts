import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failedWith, SetupError } from "../platform/setup-error.js";

/** An installation on SQLite. */
export interface StoragePaths {
  readonly databaseFile: string;
  readonly dataDir: string;
}

/** The name of the file that marks a data folder as used. */
const MARKER_FILE = "in-use.json";

const isEmpty = (file: string): boolean => !existsSync(file) || statSync(file).size === 0;

/**
 * Returns since when a data folder has been used, according to its marker file. Undefined for a new folder.
 */
const usedSince = (dataDir: string): string | undefined => {
  try {
    return (
      /"since": *"([^"]+)"/.exec(readFileSync(join(dataDir, MARKER_FILE), "utf8"))?.[1] ?? "an unknown time"
    );
  } catch (error) {
    if (failedWith(error, "ENOENT") || failedWith(error, "ENOTDIR")) return undefined;
    throw error;
  }
};

/**
 * A missing or empty database in a data folder that was used before means data loss, not a new installation.
 * @throws SetupError that names both, and what to do
 */
export const refuseLostDatabase = ({ databaseFile, dataDir }: StoragePaths): void => {
  const since = isEmpty(databaseFile) ? usedSince(dataDir) : undefined;
  if (since === undefined) return;
  const what = existsSync(databaseFile) ? "is empty" : "is not there";
  throw new SetupError(
    `The database ${databaseFile} ${what}, but the data folder ${dataDir} has been in use since ${since}. Put a backup back with 'invigil backup restore', correct INVIGIL_DATABASE_URL, or remove ${join(dataDir, MARKER_FILE)} to start with an empty installation.`,
  );
};

/** Marks the data folder as used. */
export const markAsUsed = ({ databaseFile, dataDir }: StoragePaths, now: Date): void => {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const marker = `${JSON.stringify({ database: databaseFile, since: now.toISOString() }, undefined, 2)}\n`;
  const file = join(dataDir, MARKER_FILE);
  if (existsSync(file)) return;
  try {
    writeFileSync(file, marker, { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    // If two processes start at once, the first of them writes the marker.
    if (!failedWith(error, "EEXIST")) throw error;
  }
};
