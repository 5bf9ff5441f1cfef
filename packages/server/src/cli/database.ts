import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Command } from "commander";
import { AUDIO, SECRETS } from "../backup/manifest.js";
import { parseConfig, readEnvironment } from "../config/config.js";
import { invalidInput } from "../platform/errors.js";
import { SetupError } from "../platform/setup-error.js";
import type { CopyEnd } from "../storage/copy/copy.js";
import { isPostgresUrl, shownUrl } from "../storage/postgres/settings.js";
import { jsonOption } from "./arguments.js";
import { addCompact } from "./database-compact.js";
import { withProgress } from "./long-work.js";
import { count, print, table } from "./output.js";
import type { CommandRun } from "./run.js";

/** @throws INVALID_INPUT that does not repeat the URL, which may contain a password */
const endOf = (option: string, text: string): CopyEnd => {
  if (isPostgresUrl(text)) return { url: text };
  const file = /^file:(.+)$/.exec(text)?.[1];
  if (file === undefined) throw invalidInput(option, "must be file:<path> or postgres://<host>/<database>");
  return { file: resolve(file) };
};

const shownEnd = (end: CopyEnd): string => ("file" in end ? end.file : shownUrl(end.url));

/** Returns the folder of the secrets and audio files that belong to a file of SQLite. */
const dataFolderOf = (run: CommandRun, file: string): string =>
  resolve(readEnvironment(run.io.env).INVIGIL_DATA_DIR ?? dirname(file));

/** The file whose folder is the data folder by default. */
const DEFAULT_FILE = "data/invigil.db";

const NEW_KEYS =
  "Tokens, sessions and links stay valid as long as the secret is the same. Logins to the built-in message service, and stream URLs without own domains, are signed with other keys from now on: load open pages again.";

/** Returns where audio files are that are not in the copy. */
const audioSteps = (from: string, to: string | undefined): string[] => {
  const audio = join(from, AUDIO);
  if (from === to || !existsSync(audio)) return [];
  return [
    `The audio files in ${audio} are not in the copy. With the settings of the new installation, run: invigil audio copy --from 'folder:${from}'`,
  ];
};

/** Returns what happens to the secrets of an installation. */
const secretSteps = (from: CopyEnd, to: CopyEnd, fromFolder: string, toFolder: string): string[] => {
  if ("file" in from && "file" in to)
    return fromFolder === toFolder
      ? []
      : [`Secrets are not in the copy. Move ${SECRETS.join(", ")} from ${fromFolder} to ${toFolder}.`];
  if ("file" in from)
    return [
      `Set INVIGIL_AUTH_SECRET on every server to the content of ${join(fromFolder, "auth-secret")}, unless it is set already. The files stream-key and im-key are no longer used.`,
      NEW_KEYS,
    ];
  return "file" in to
    ? [`Keep INVIGIL_AUTH_SECRET set, or write its value to ${join(toFolder, "auth-secret")}.`, NEW_KEYS]
    : ["Keep INVIGIL_AUTH_SECRET and INVIGIL_ROOT_SECRET as they are."];
};

/** Returns what an administrator has to do besides the copy. */
const remainingSteps = (
  run: CommandRun,
  from: CopyEnd,
  to: CopyEnd,
  rows: Readonly<Record<string, number>>,
): string[] => {
  const folderOf = (end: CopyEnd) => dataFolderOf(run, "file" in end ? end.file : DEFAULT_FILE);
  const [fromFolder, toFolder] = [folderOf(from), folderOf(to)];
  return [
    ...secretSteps(from, to, fromFolder, toFolder),
    ...audioSteps(fromFolder, "file" in to ? toFolder : undefined),
    ...((rows.stored_files ?? 0) > 0
      ? [
          "Set INVIGIL_AUDIO_STORE and INVIGIL_S3_… as they were: audio files in the database were copied with it, and those in a bucket stay there. `invigil audio copy` moves them to another place.",
        ]
      : []),
    "Set INVIGIL_DATABASE_URL to the new database. Do not start servers on the old one again: both would call the same message services.",
  ];
};

const IN_USE =
  "The source was in use during the copy, so the copy may lack its last changes. To move an installation, stop every server first, and copy to an empty database again.";

/** Adds the command `database new-epoch`. */
const addNewEpoch = (database: Command, run: CommandRun): void => {
  database
    .command("new-epoch")
    .description("give listeners a gap, after a database was restored by other means than Invigil's")
    .addOption(jsonOption())
    .action(async ({ json }: { json?: true }) => {
      const { databaseFile, postgres } = parseConfig(readEnvironment(run.io.env));
      if (postgres) {
        const { beginEpochAt } = await import("../storage/postgres/new-epoch.js");
        await beginEpochAt(postgres);
      } else {
        if (databaseFile === undefined || !existsSync(databaseFile))
          throw new SetupError(`The database ${databaseFile} does not exist`);
        const { beginEpochOf } = await import("../storage/sqlite/epoch.js");
        beginEpochOf(databaseFile, new Date());
      }
      const shown = postgres ? shownUrl(postgres.url) : String(databaseFile);
      print(
        run,
        json,
        { database: shown },
        () => `A new epoch of the event log of ${shown} has begun: listeners get a gap.`,
      );
    });
};

/** Adds the command `database`. Its dependencies are imported when it runs. */
export const addDatabase = (program: Command, run: CommandRun): void => {
  const database = program.command("database").description("move, copy and compact the database");
  addNewEpoch(database, run);
  addCompact(database, run);
  database
    .command("copy")
    .description("copy the whole database into an empty one, between SQLite and PostgreSQL in any direction")
    .requiredOption("--from <url>", "file:<path> or postgres://<host>/<database>")
    .requiredOption("--to <url>", "an empty database, or a file that does not exist")
    .addOption(jsonOption())
    .action(async ({ from: fromUrl, to: toUrl, json }: { from: string; to: string; json?: true }) => {
      const { copyDatabase } = await import("../storage/copy/copy.js");
      const [from, to] = [endOf("--from", fromUrl), endOf("--to", toUrl)];
      const since = performance.now();
      const { rows, leftOut, sourceWasInUse } = await withProgress(run, "Copying", (control) =>
        copyDatabase(from, to, control),
      );
      const seconds = Math.round((performance.now() - since) / 100) / 10;
      const all = Object.values(rows).reduce((sum, number) => sum + number, 0);
      const warnings = sourceWasInUse ? [IN_USE] : [];
      const todo = remainingSteps(run, from, to, rows);
      const found = { from: shownEnd(from), to: shownEnd(to), seconds, rows, leftOut, warnings, todo };
      print(run, json, found, () =>
        [
          table(["TABLE", "ROWS"], Object.entries(rows)),
          `Copied ${count(all, "row")} of ${count(Object.keys(rows).length, "table")} in ${seconds} s to ${shownEnd(to)}. Every row was compared.`,
          `Left out: ${leftOut.join(", ")} (the state of running servers).`,
          ...warnings.map((warning) => `WARNING: ${warning}`),
          "What remains to be done:",
          ...todo.map((step) => `- ${step}`),
        ].join("\n"),
      );
    });
};
