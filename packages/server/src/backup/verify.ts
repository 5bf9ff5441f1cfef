import { existsSync } from "node:fs";
import { join } from "node:path";
import { examineDatabase } from "../storage/sqlite/backup-file.js";
import { type BackupControl, countBytes } from "./control.js";
import { DATABASE, fingerprint, type Manifest, readManifest, sizeOf } from "./manifest.js";

export interface BackupReport {
  readonly manifest: Manifest;
  /** The problems of the backup, one per line. Empty if it can be restored. */
  readonly faults: readonly string[];
}

/**
 * Verifies a backup: every file is present and unchanged, the database is intact, and every clip that it
 * names is present.
 * @throws SetupError if the folder contains no backup
 */
export const verifyBackup = async (folder: string, control: BackupControl): Promise<BackupReport> => {
  const manifest = await readManifest(folder);
  const { files } = manifest;
  const faults: string[] = [];
  const all = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const onBytes = countBytes(control, all);
  for (const { path, bytes, sha256 } of files) {
    const file = join(folder, path);
    if (!existsSync(file)) faults.push(`${path} is missing`);
    else if ((await sizeOf(file)) !== bytes) faults.push(`${path} has a different size`);
    else if ((await fingerprint(file, onBytes)).sha256 !== sha256)
      faults.push(`${path} has different content`);
  }
  if (!files.some(({ path }) => path === DATABASE)) faults.push(`${DATABASE} is not listed in the manifest`);
  if (existsSync(join(folder, `${DATABASE}-wal`)))
    faults.push(`${DATABASE}-wal exists: a program has opened the backup as a database and changed it`);
  if (faults.length > 0) return { manifest, faults };
  const report = examineDatabase(join(folder, DATABASE));
  const missing = report.audio.filter((url) => !existsSync(join(folder, url)));
  return {
    manifest,
    faults: [
      ...report.faults.map((fault) => `${DATABASE}: ${fault}`),
      ...missing.map((url) => `${url.slice(1)} is missing, but the database refers to it`),
    ],
  };
};
