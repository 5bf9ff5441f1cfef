import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { SetupError } from "../platform/setup-error.js";
import type { StoragePaths } from "../storage/data-folder.js";
import { markAsUsed } from "../storage/data-folder.js";
import { isInUse } from "../storage/sqlite/backup-file.js";
import { beginEpochOf } from "../storage/sqlite/epoch.js";
import { type BackupControl, copyPrivateFile, sync } from "./control.js";
import { AUDIO, DATABASE, type Manifest, SECRETS } from "./manifest.js";
import { verifyBackup } from "./verify.js";

export interface RestoreOptions {
  readonly now: Date;
  readonly control: BackupControl;
  /** Whether an existing database may be replaced. */
  readonly replace: boolean;
}

export interface Restored {
  readonly manifest: Manifest;
  /** The folder that the previous files were moved to. Undefined if there were none. */
  readonly replaced: string | undefined;
}

const TEMPORARY_SUFFIX = ".restored";

/**
 * Restores a backup over an installation that no server uses. The previous files are moved to a folder beside
 * it.
 * @throws SetupError if the backup is damaged, a server has the database open, or a database exists and
 * `replace` is false
 */
export const restoreBackup = async (
  { databaseFile, dataDir }: StoragePaths,
  folder: string,
  { now, control, replace }: RestoreOptions,
): Promise<Restored> => {
  const { manifest, faults } = await verifyBackup(folder, control);
  if (faults.length > 0)
    throw new SetupError(`The backup ${folder} is damaged, and nothing was changed: ${faults.join("; ")}`);
  const exists = existsSync(databaseFile);
  if (exists && !replace)
    throw new SetupError(
      `The database ${databaseFile} exists: use --replace to move it aside and restore the backup`,
    );
  if (exists && isInUse(databaseFile))
    throw new SetupError(`The database ${databaseFile} is in use: stop every server and command first`);

  await mkdir(dirname(databaseFile), { recursive: true, mode: 0o700 });
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const temporary = `${databaseFile}${TEMPORARY_SUFFIX}`;
  await rm(temporary, { force: true });
  await copyPrivateFile(join(folder, DATABASE), temporary);
  beginEpochOf(temporary, now);
  const inBackup = new Set(manifest.files.map(({ path }) => path));
  // The names of audio files are hashes of their content, so a file that exists is the same.
  for (const path of inBackup)
    if (path.startsWith(`${AUDIO}/`) && !existsSync(join(dataDir, path)))
      await copyPrivateFile(join(folder, path), join(dataDir, path));

  const aside = join(dataDir, `replaced-${now.toISOString().replaceAll(/[-:]|\.\d+/g, "")}`);
  const secrets = SECRETS.filter((name) => inBackup.has(name));
  const outgoing = [
    databaseFile,
    `${databaseFile}-wal`,
    `${databaseFile}-shm`,
    ...secrets.map((name) => join(dataDir, name)),
  ].filter((file) => existsSync(file));
  if (outgoing.length > 0) await mkdir(aside, { recursive: true, mode: 0o700 });
  // From here on, the restore cannot be undone. A start in between finds no database and reports that.
  markAsUsed({ databaseFile, dataDir }, now);
  for (const file of outgoing) await rename(file, join(aside, basename(file)));
  for (const name of secrets) await copyPrivateFile(join(folder, name), join(dataDir, name));
  await rename(temporary, databaseFile);
  await sync(dirname(databaseFile));
  await sync(dataDir);
  return { manifest, replaced: outgoing.length > 0 ? aside : undefined };
};
