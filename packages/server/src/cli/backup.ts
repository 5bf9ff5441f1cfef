import type { Command } from "commander";
import type { Manifest } from "../backup/manifest.js";
import { parseConfig, readEnvironment } from "../config/config.js";
import { SetupError } from "../platform/setup-error.js";
import { version } from "../platform/version.js";
import type { StoragePaths } from "../storage/data-folder.js";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { withProgress } from "./long-work.js";
import { count, print } from "./output.js";
import type { CommandRun } from "./run.js";

const MIB = 1024 * 1024;

const storagePaths = (run: CommandRun): StoragePaths => {
  const { databaseFile, dataDir } = parseConfig(readEnvironment(run.io.env));
  if (databaseFile === undefined)
    throw new SetupError(
      "INVIGIL_DATABASE_URL must name a file: PostgreSQL is backed up with its own tools, as docs/deploy.md describes",
    );
  if (databaseFile === ":memory:")
    throw new SetupError("INVIGIL_DATABASE_URL must name a file: a database in memory cannot be backed up");
  return { databaseFile, dataDir };
};

const summary = ({ createdAt, counts, bucketFiles = 0, files }: Manifest): string => {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const { exams = 0, rooms = 0, participants = 0, unseated = 0, cheat_records: records = 0 } = counts;
  return [
    `created ${createdAt}: ${count(exams, "exam")}, ${count(rooms, "room")}, ${count(participants + unseated, "person", "people")}`,
    `${count(records, "record")}; ${count(files.length, "file")}, ${(bytes / MIB).toFixed(1)} MiB`,
    ...(bucketFiles > 0 ? [`without ${count(bucketFiles, "audio file")} in the bucket`] : []),
  ].join(", ");
};

const defaultName = (now: Date): string =>
  `invigil-backup-${now.toISOString().replaceAll(/[-:]|\.\d+/g, "")}`;

/** Records in the audit who has made a backup. The backup is already complete, so a failure here does not make it fail. */
const noteBackup = async (run: CommandRun, { databaseFile }: StoragePaths): Promise<void> => {
  const warn = (why: string) => void run.io.stderr.write(`The audit has no entry of this backup: ${why}\n`);
  try {
    const { hasCurrentSchema } = await import("../storage/sqlite/backup-file.js");
    // A backup before an update must not make the changes of the update.
    if (!hasCurrentSchema(databaseFile)) return warn("the database is of another version of Invigil.");
    await withLocalApp(run, async ({ services, operatorIn }) =>
      services.accessLog.note(operatorIn("backup.create"), {}),
    );
  } catch (error) {
    warn(error instanceof Error ? error.message : String(error));
  }
};

/** Adds the command `backup`. Its dependencies are imported when it runs. */
export const addBackup = (program: Command, run: CommandRun): void => {
  const backup = program.command("backup").description("back up and restore the installation");

  backup
    .command("create [folder]")
    .description("back up the database, audio files and secrets into a new folder, even while servers run")
    .addOption(jsonOption())
    .action(async (named: string | undefined, { json }: { json?: true }) => {
      const { createBackup } = await import("../backup/create.js");
      const now = new Date();
      const folder = named ?? defaultName(now);
      const paths = storagePaths(run);
      const manifest = await withProgress(run, "Backing up", (control) =>
        createBackup(paths, folder, { version, now, control }),
      );
      await noteBackup(run, paths);
      print(run, json, { folder, ...manifest }, () => `${folder}: ${summary(manifest)}`);
    });

  backup
    .command("verify <folder>")
    .description("verify that every file of a backup is intact and that it can be restored")
    .addOption(jsonOption())
    .action(async (folder: string, { json }: { json?: true }) => {
      const { verifyBackup } = await import("../backup/verify.js");
      const { manifest, faults } = await withProgress(run, "Verifying", (control) =>
        verifyBackup(folder, control),
      );
      print(run, json, { folder, faults, ...manifest }, () =>
        faults.length === 0
          ? `${folder} can be restored. It was ${summary(manifest)}`
          : [`${folder} is damaged:`, ...faults.map((fault) => `  ${fault}`)].join("\n"),
      );
      if (faults.length > 0) run.exitCode = 1;
    });

  backup
    .command("restore <folder>")
    .description("restore a backup over the installation, while no server runs")
    .option("--replace", "move an existing database aside")
    .addOption(jsonOption())
    .action(async (folder: string, { replace = false, json }: { replace?: boolean; json?: true }) => {
      const { restoreBackup } = await import("../backup/restore.js");
      const restored = await withProgress(run, "Verifying", (control) =>
        restoreBackup(storagePaths(run), folder, { now: new Date(), control, replace }),
      );
      const { manifest, replaced } = restored;
      print(run, json, { folder, replaced, ...manifest }, () =>
        [
          `Restored ${folder}. It was ${summary(manifest)}`,
          ...(replaced === undefined ? [] : [`The previous files are in ${replaced}.`]),
        ].join("\n"),
      );
    });
};
