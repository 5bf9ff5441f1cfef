import type { Command } from "commander";
import { parseConfig, readEnvironment } from "../config/config.js";
import { freeBytes } from "../limits/disk.js";
import { SetupError } from "../platform/setup-error.js";
import { shownUrl } from "../storage/postgres/settings.js";
import { jsonOption } from "./arguments.js";
import { withProgress } from "./long-work.js";
import { print } from "./output.js";
import type { CommandRun } from "./run.js";

const inMib = (bytes: number): string => `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;

/** Adds the command `database compact`. Its dependencies are imported when it runs. */
export const addCompact = (database: Command, run: CommandRun): void => {
  database
    .command("compact")
    .description("return the space of erased rows in the SQLite file to the disk, while no server runs")
    .addOption(jsonOption())
    .action(async ({ json }: { json?: true }) => {
      const { databaseFile, postgres } = parseConfig(readEnvironment(run.io.env));
      if (postgres) {
        const shown = shownUrl(postgres.url);
        return print(
          run,
          json,
          { database: shown, freedBytes: 0 },
          () => `Nothing to do: ${shown} is on PostgreSQL, which reuses the space of erased rows by itself.`,
        );
      }
      if (databaseFile === undefined || databaseFile === ":memory:")
        throw new SetupError(
          "INVIGIL_DATABASE_URL must name a file: a database in memory cannot be compacted",
        );
      const { compactFile } = await import("../storage/sqlite/compact.js");
      const since = performance.now();
      const { beforeBytes, afterBytes } = await withProgress(run, "Compacting", (control) =>
        compactFile(databaseFile, { ...control, freeBytes }),
      );
      const seconds = Math.round((performance.now() - since) / 100) / 10;
      const freedBytes = Math.max(0, beforeBytes - afterBytes);
      print(
        run,
        json,
        { database: databaseFile, beforeBytes, afterBytes, freedBytes, seconds },
        () =>
          `Compacted ${databaseFile} in ${seconds} s: it has ${inMib(afterBytes)} instead of ${inMib(beforeBytes)}. From now on, servers make it smaller by themselves.`,
      );
    });
};
