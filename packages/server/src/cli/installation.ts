import type { InstallationUsage, RunningServer } from "@invigil/schema";
import type { Command } from "commander";
import { jsonOption } from "./arguments.js";
import { withLocalApp } from "./local-app.js";
import { print, table } from "./output.js";
import type { CommandRun } from "./run.js";
import { type TimeFormatter, timeFormatter } from "./time.js";

const serversText = (servers: readonly RunningServer[], format: TimeFormatter): string =>
  table(
    ["SERVER", "VERSION", "STARTED", "LAST HEARD"],
    servers.map(({ id, version = "earlier", startedAt, renewedAt }) => [
      id,
      version,
      startedAt ? format(startedAt) : "",
      format(renewedAt),
    ]),
  );

/** Adds the command `servers`. */
export const addServers = (program: Command, run: CommandRun): void => {
  program
    .command("servers")
    .description("list the running servers of the installation")
    .addOption(jsonOption())
    .action(({ json }: { json?: true }) =>
      withLocalApp(run, async ({ call, config }) => {
        const { servers } = await call.installation.servers();
        print(run, json, servers, () => {
          if (servers.length > 0) return serversText(servers, timeFormatter(config.timeZone));
          return config.postgres
            ? "No server is running."
            : "A SQLite database has one server, which this command cannot see: ask its /health.";
        });
      }),
    );
};

const MIB = 1024 * 1024;
const inMib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

type Usage = Omit<InstallationUsage, "connections" | "subscriptions">;

const usageText = ({ database, disk, audioBytes, exams, underWay, ...bounds }: Usage): string =>
  [
    table(
      ["IN USE", "AMOUNT"],
      [
        [`database (${database.kind})`, inMib(database.bytes)],
        ["audio files", inMib(audioBytes)],
        ["free for writes", disk.freeBytes === undefined ? "unknown" : inMib(disk.freeBytes)],
        ["of which reserved", inMib(disk.reserveBytes)],
        ["exams", exams],
        ["rooms under way", underWay.rooms],
        ["candidates present", underWay.present],
        ["candidates publishing", underWay.publishing],
      ],
    ),
    table(
      ["AT MOST", "AMOUNT"],
      bounds.quotas.map(({ name, most }) => [name, most]),
    ),
    table(
      ["AT MOST IN A MINUTE", "OF", "AMOUNT"],
      bounds.limits.map(({ name, of, perMinute }) => [name, of, perMinute]),
    ),
  ].join("\n\n");

/** Adds the command `usage`. */
export const addUsage = (program: Command, run: CommandRun): void => {
  program
    .command("usage")
    .description("show how much of the installation is in use, and its limits and quotas")
    .addOption(jsonOption())
    .action(({ json }: { json?: true }) =>
      withLocalApp(run, async ({ call }) => {
        // These numbers belong to a server, and the command is not one.
        const { connections: _, subscriptions: __, ...usage } = await call.installation.usage();
        print(run, json, usage, () => usageText(usage));
      }),
    );
};
