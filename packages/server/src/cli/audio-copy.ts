import { resolve } from "node:path";
import type { Command } from "commander";
import { type Config, parseConfig, readEnvironment } from "../config/config.js";
import type { CopiedFiles } from "../features/audio/service.js";
import { invalidInput } from "../platform/errors.js";
import { InterruptedError, SetupError } from "../platform/setup-error.js";
import { jsonOption } from "./arguments.js";
import { audioPlaceOf, firstNames } from "./audio-place.js";
import { withLocalApp } from "./local-app.js";
import { withProgress } from "./long-work.js";
import { count, print } from "./output.js";
import type { CommandRun } from "./run.js";

interface CopyOptions {
  from: string;
  to?: string;
  remove?: boolean;
  json?: true;
}

const MIB = 1024 * 1024;
const PLACE = /^(?:(database|bucket)|folder(?::(.+))?)$/;

/** @throws INVALID_INPUT, SetupError */
const configOf = (run: CommandRun, option: string, place: string): Config => {
  const [match, shared, dataDir] = PLACE.exec(place) ?? [];
  if (match === undefined)
    throw invalidInput(option, `must be folder, database, bucket, or folder:<data folder>, not '${place}'`);
  return parseConfig({
    ...readEnvironment(run.io.env),
    INVIGIL_AUDIO_STORE: shared ?? "folder",
    ...(dataDir !== undefined && { INVIGIL_DATA_DIR: resolve(dataDir) }),
  });
};

const summaryOf = (from: string, to: string, found: CopiedFiles): string => {
  const { copied, bytes, there, removed, missing, damaged } = found;
  return [
    `Copied ${count(copied, "audio file")} (${(bytes / MIB).toFixed(1)} MiB) from ${from} to ${to}; ${there} were there already.`,
    ...(removed > 0 ? [`Removed ${count(removed, "file")} from ${from}.`] : []),
    ...(missing.length > 0 ? [`In neither place: ${firstNames(missing)}.`] : []),
    ...(damaged.length > 0 ? [`Damaged, and left as they are: ${firstNames(damaged)}.`] : []),
  ].join("\n");
};

const copyAudio = (
  run: CommandRun,
  { from: fromPlace, to: toPlace, remove = false, json }: CopyOptions,
): Promise<void> =>
  withLocalApp(run, async ({ config, deps, services, assertFreeSpace }) => {
    const source = configOf(run, "--from", fromPlace);
    const target = toPlace === undefined ? config : configOf(run, "--to", toPlace);
    const [from, to] = [audioPlaceOf(source), audioPlaceOf(target)];
    if (from === to) throw invalidInput("--from and --to", `must be two places, and both are ${to}`);
    if (remove && from === audioPlaceOf(config))
      throw new SetupError(
        `--remove must not be used while servers read from ${from}: set INVIGIL_AUDIO_STORE to the new place and start them again first`,
      );
    const { audioFilesWith } = await import("../api/deps.js");
    const options = { from: audioFilesWith(source, deps), to: audioFilesWith(target, deps), remove };
    const found = await withProgress(run, "Copying", ({ isStopped, show }) =>
      services.audio.copyFiles(options, {
        isStopped,
        show,
        async beforeWrite() {
          if (target.audioStore.place === "bucket") return;
          await deps.disk.check();
          assertFreeSpace();
        },
      }),
    );
    print(run, json, { from, to, ...found }, () => summaryOf(from, to, found));
    const { stopped, missing, damaged } = found;
    if (missing.length > 0 || damaged.length > 0) run.exitCode = 1;
    if (stopped) throw new InterruptedError("interrupted: run the command again to copy the other files");
  });

/** Adds the command `audio copy`. */
export const addAudioCopy = (audio: Command, run: CommandRun): void => {
  audio
    .command("copy")
    .description("copy the uploaded files of all clips to another place, also while servers run")
    .requiredOption(
      "--from <place>",
      "folder, database, bucket, or folder:<data folder> of another installation",
    )
    .option("--to <place>", "the same; by default, where INVIGIL_AUDIO_STORE says that they are kept")
    .option("--remove", "remove each file from where it was, when it is there")
    .addOption(jsonOption())
    .action((options: CopyOptions) => copyAudio(run, options));
};
