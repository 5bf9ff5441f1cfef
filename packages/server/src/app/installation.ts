import type { Logger } from "pino";
import { createDeps, type Deps } from "../api/deps.js";
import type { Config } from "../config/config.js";
import { createIds } from "../platform/ids.js";
import type { Meters } from "../platform/meters.js";
import { markAsUsed, refuseLostDatabase } from "../storage/data-folder.js";
import { storedFileOf } from "../storage/location.js";
import { openDatabase } from "../storage/open.js";
import { authSecretOf, ownKeyOf } from "./secrets.js";

// The installation that the settings describe, for servers and commands. Commands need no HTTP server, so this file does not import it.

export const hostInUrl = (host: string): string => (host.includes(":") ? `[${host}]` : host);

/** A log, and a function that returns why its lines cannot be written. */
export interface OpenLog {
  readonly log: Logger;
  readonly logFault?: () => string | undefined;
}

/**
 * Opens the dependencies of this installation: its database (which the caller closes), its secrets, and the
 * real clock.
 */
export const openDeps = async (
  config: Config,
  {
    log,
    logFault,
    address = () => undefined,
    meters,
  }: OpenLog & { address?: () => string | undefined; meters?: Meters | undefined },
): Promise<Deps> => {
  const databaseFile = storedFileOf(config);
  const folder = databaseFile === undefined ? undefined : { databaseFile, dataDir: config.dataDir };
  if (folder) refuseLostDatabase(folder);
  const db = await openDatabase(config, {
    meters: meters?.storage,
    onFault: (fault) => log.fatal({ fault }, "writes are refused: they would be lost"),
    onSchemaChanged: () =>
      log.fatal("writes are refused: the schema of the database is of another version of Invigil"),
    onNewEpoch: () =>
      log.warn(
        "the database was restored, or a standby took over: listeners get a gap, because events may be lost",
      ),
  });
  const { clock } = db;
  const monotonic = () => performance.now();
  try {
    if (folder) markAsUsed(folder, clock());
    if (db.unchecked.length > 0)
      log.info({ tables: db.unchecked }, "these tables are too large to be checked at a start");
    return createDeps({
      config,
      db,
      clock,
      monotonic,
      ids: createIds({ clock }),
      log,
      logFault,
      meters,
      publicUrl: () => config.publicUrl ?? address() ?? `http://${hostInUrl(config.host)}:${config.port}`,
      authSecret: authSecretOf(config),
      ownKey: (name) => ownKeyOf(config, name),
    });
  } catch (error) {
    await db.close();
    throw error;
  }
};
