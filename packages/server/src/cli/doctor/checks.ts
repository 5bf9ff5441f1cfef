import { pino } from "pino";
import { createServices } from "../../api/services.js";
import { openDeps } from "../../app/installation.js";
import { type Config, configOf, readEnvFile } from "../../config/config.js";
import { readSettings } from "../../config/settings.js";
import { TOLERANCE_MS } from "../../domain/pruning-clock.js";
import type { Demand } from "../../features/check/capacity.js";
import { temporarySecret } from "../../identity/secrets.js";
import { createIds } from "../../platform/ids.js";
import { selectProviders } from "../../providers/select.js";
import { storedFileOf } from "../../storage/location.js";
import { inspectPostgres } from "../../storage/postgres/inspect.js";
import { inspectDatabase } from "../../storage/sqlite/inspect.js";
import { count } from "../output.js";
import { createProgress } from "../progress.js";
import type { CommandRun } from "../run.js";
import { checkCapacity, streamService, streamsInBrowsers } from "./capacity.js";
import { type Finding, findingsOf } from "./finding.js";
import { checkInstallation, streamCallback } from "./installation.js";
import { runningServer } from "./server.js";
import { checkSettings } from "./settings.js";
import { checkVendors } from "./vendors.js";

const silent = () => pino({ level: "silent" });

/** Whether the database has exactly the schema of this version. */
const isDatabaseCurrent = async (config: Config): Promise<boolean> => {
  if (config.postgres) return (await inspectPostgres(config.postgres)).state === "current";
  const file = storedFileOf(config);
  return file !== undefined && inspectDatabase(file).state === "current";
};

/** Only a database of the current version is opened, because opening an older one would change it. */
const storedIn = async (
  config: Config,
): Promise<
  | {
      readonly demand: Demand;
      readonly missingAudio: readonly string[];
      readonly hasDeadLetters: boolean;
      /** How far the clock is ahead of when a server ran last, in milliseconds. */
      readonly clockAheadMs: number;
    }
  | undefined
> => {
  if (!(await isDatabaseCurrent(config))) return undefined;
  const deps = await openDeps(config, { log: silent() });
  try {
    const { capacity, audio, deadLetters } = createServices(deps);
    const now = deps.clock();
    return {
      demand: await capacity.demand(),
      missingAudio: await audio.missingFiles(),
      clockAheadMs: now.getTime() - ((await deps.pruning.stored()) ?? now).getTime(),
      hasDeadLetters: (await deadLetters.list({ limit: 1 })).rows.length > 0,
    };
  } finally {
    await deps.db.close();
  }
};

const HOUR_MS = 3_600_000;
/** Whether the clock is plausible, compared with when a server last ran. */
const checkClock = (aheadMs: number): Finding[] => {
  if (Math.abs(aheadMs) <= TOLERANCE_MS) return [];
  const hours = Math.round(Math.abs(aheadMs) / HOUR_MS);
  const { warning } = findingsOf("clock");
  return [
    aheadMs > 0
      ? warning(
          `${count(hours, "hour")} ahead of the time at which a server ran last`,
          "Correct the clock, unless no server has run since: what is old is deleted a day's worth an hour until then.",
        )
      : warning(`${count(hours, "hour")} behind the time at which a server ran last`, "Correct the clock."),
  ];
};

const vendors = (run: CommandRun, config: Config): Promise<Finding[]> => {
  const clock = () => new Date();
  const ids = createIds({ clock });
  const providers = selectProviders({
    config,
    clock,
    nonce: () => ids.nonce(),
    publicUrl: () => "",
    // The key only signs texts that never leave this process.
    ownKey: () => temporarySecret().value,
    log: silent(),
  });
  const progress = createProgress("Checking the vendors", run.io.stderr);
  return checkVendors(config, providers, progress.show).finally(progress.end);
};

/** Runs all checks. */
export const runChecks = async (run: CommandRun): Promise<Finding[]> => {
  const settings = findingsOf("settings");
  const file = readEnvFile();
  const environment = { ...file, ...run.io.env };
  const read = readSettings(environment);
  if ("faults" in read)
    return read.faults.map((fault) =>
      settings.failed(fault, "Correct it: the server does not start otherwise."),
    );
  const config = configOf(read.env, read.warnings);
  const { demand, missingAudio, hasDeadLetters, clockAheadMs = 0 } = (await storedIn(config)) ?? {};
  const outbox = findingsOf("outbox");
  return [
    ...checkSettings(environment, { file, warnings: read.warnings }),
    ...(await checkInstallation(config, missingAudio)),
    await runningServer(config),
    streamService(config, demand),
    streamCallback(config),
    streamsInBrowsers(config),
    ...(await vendors(run, config)),
    ...checkClock(clockAheadMs),
    ...(demand ? checkCapacity(config, demand) : []),
    ...(hasDeadLetters
      ? [outbox.warning("calls to message services were given up", "See `invigil outbox list`.")]
      : []),
  ];
};
