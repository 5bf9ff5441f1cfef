import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { failedWith, SetupError } from "../platform/setup-error.js";
import type { StoragePaths } from "../storage/data-folder.js";
import { copyDatabase, examineDatabase } from "../storage/sqlite/backup-file.js";
import { type BackupControl, copyPrivateFile, countBytes, stoppedError, sync } from "./control.js";
import {
  AUDIO,
  type BackupFile,
  DATABASE,
  fingerprint,
  MANIFEST,
  type Manifest,
  SECRETS,
  sizeOf,
} from "./manifest.js";

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: unknown) => {
    if (failedWith(error, "ENOENT")) return [];
    throw error;
  });

const AUDIO_NAME = /^[0-9a-f]{64}\.[a-z0-9]{3}$/;

/** Copies the audio files that the backup does not contain yet. A file may be deleted before it is copied. */
const copyAudio = async (from: string, to: string, { throwIfStopped }: BackupControl): Promise<void> => {
  for (const name of await namesIn(from)) {
    throwIfStopped();
    if (!AUDIO_NAME.test(name) || existsSync(join(to, name))) continue;
    await copyPrivateFile(join(from, name), join(to, name)).catch((error: unknown) => {
      if (!failedWith(error, "ENOENT")) throw error;
    });
  }
};

export interface BackupOptions {
  readonly version: string;
  readonly now: Date;
  readonly control: BackupControl;
}

const fillBackup = async (
  { databaseFile, dataDir }: StoragePaths,
  folder: string,
  { version, now, control }: BackupOptions,
): Promise<Manifest> => {
  const audio = join(dataDir, AUDIO);
  // Audio is copied before and after the database, so that the backup contains every clip that the database
  // names.
  await copyAudio(audio, join(folder, AUDIO), control);
  const database = join(folder, DATABASE);
  let isStopped = false;
  const wasCopied = await copyDatabase(databaseFile, database, (done, all) => {
    // The second half of the progress bar is for the verification of the copy.
    control.show(done, all * 2);
    try {
      control.throwIfStopped();
    } catch {
      isStopped = true;
    }
    return !isStopped;
  });
  if (!wasCopied) throw stoppedError();
  await chmod(database, 0o600);
  await copyAudio(audio, join(folder, AUDIO), control);
  for (const name of SECRETS)
    if (existsSync(join(dataDir, name))) await copyPrivateFile(join(dataDir, name), join(folder, name));

  const { faults, counts, audio: named, bucketFiles } = examineDatabase(database);
  if (faults[0] !== undefined)
    throw new SetupError(`The database ${databaseFile} is damaged (${faults[0]}): no backup was created`);
  const missing = named.find((url) => !existsSync(join(folder, url)));
  if (missing !== undefined)
    throw new SetupError(`The audio file ${join(dataDir, missing)} does not exist: no backup was created`);

  const paths = [
    DATABASE,
    ...SECRETS.filter((name) => existsSync(join(folder, name))),
    ...(await namesIn(join(folder, AUDIO))).toSorted().map((name) => `${AUDIO}/${name}`),
  ];
  const sizes = await Promise.all(paths.map((path) => sizeOf(join(folder, path))));
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const onBytes = countBytes({ ...control, show: (done, of) => control.show(of + done, of * 2) }, all);
  const files: BackupFile[] = [];
  for (const path of paths) files.push({ path, ...(await fingerprint(join(folder, path), onBytes)) });
  return { format: 1, version, createdAt: now.toISOString(), counts, bucketFiles, files };
};

/**
 * Backs up the installation into a new folder, even while servers run: a consistent copy of the database, the
 * audio files of the data folder that it names, and the secrets. The folder appears only when it is complete.
 * Audio files in a bucket are not part of it.
 * @throws SetupError if the folder exists, the database is missing or damaged, or the work was interrupted
 */
export const createBackup = async (
  paths: StoragePaths,
  folder: string,
  options: BackupOptions,
): Promise<Manifest> => {
  const target = resolve(folder);
  if (existsSync(target))
    throw new SetupError(`${target} already exists: specify a new folder for the backup`);
  if (!existsSync(paths.databaseFile))
    throw new SetupError(`The database ${paths.databaseFile} does not exist`);
  const partial = `${target}.partial-${randomBytes(6).toString("hex")}`;
  try {
    await mkdir(partial, { recursive: true, mode: 0o700 });
    const manifest = await fillBackup(paths, partial, options);
    await writeFile(join(partial, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`, {
      mode: 0o600,
      flush: true,
    });
    await sync(partial);
    options.control.throwIfStopped();
    await rename(partial, target);
    await sync(dirname(target));
    return manifest;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
};
