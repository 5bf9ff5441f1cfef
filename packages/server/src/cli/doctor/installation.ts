import { accessSync, constants, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../../config/config.js";
import { examineeUrlOf } from "../../features/join/rules.js";
import { countIdentityKeys } from "../../identity/jwks.js";
import { freeBytes, spaceState, withSpaceInFile } from "../../limits/disk.js";
import { foldersOf, storedFileOf } from "../../storage/location.js";
import {
  type InspectedConnections,
  type InspectedPostgres,
  inspectPostgres,
} from "../../storage/postgres/inspect.js";
import { connectionShares, type PostgresSettings, shownUrl } from "../../storage/postgres/settings.js";
import { inspectDatabase } from "../../storage/sqlite/inspect.js";
import { audioPlaceOf, firstNames } from "../audio-place.js";
import { count } from "../output.js";
import { type Finding, findingsOf } from "./finding.js";

// Checks of this machine and its settings. They change nothing.

/** How many connections a server has, and whether PostgreSQL allows so many. */
const connectionsOf = (
  { connections }: PostgresSettings,
  { allowed, open }: InspectedConnections,
): Finding => {
  const { ok, warning } = findingsOf("connections");
  const { all, writes, reads, control } = connectionShares(connections);
  const found = `${all} for each server: ${writes} for writes, ${reads} for reads, ${control} for /ready, leases and notices; PostgreSQL allows ${allowed}, and ${open} are open`;
  if (connections !== undefined && connections < all)
    return warning(found, `Set INVIGIL_DATABASE_CONNECTIONS to ${all} or more.`);
  // One more is open while a server starts.
  if (all + 1 > allowed)
    return warning(found, "Raise PostgreSQL's max_connections, or lower INVIGIL_DATABASE_CONNECTIONS.");
  return ok(found);
};

const postgresServer = async (settings: PostgresSettings): Promise<Finding[]> => {
  const inspected = await inspectPostgres(settings);
  const found = foundIn(settings, inspected);
  return inspected.state === "unreachable"
    ? [found]
    : [found, connectionsOf(settings, inspected.connections)];
};

const foundIn = ({ url }: PostgresSettings, inspected: InspectedPostgres): Finding => {
  const { ok, failed } = findingsOf("database");
  const shown = shownUrl(url);
  switch (inspected.state) {
    case "current":
      return ok(`${shown}, PostgreSQL ${inspected.version}`);
    case "empty":
      return ok(`${shown} has no tables yet: the first start creates them`);
    case "older":
      return ok(`${shown} is from an older version: the next start upgrades it`, "Back it up first.");
    case "newer":
      return failed(
        `${shown} was upgraded by a newer version of Invigil, and this one does not work with it`,
        "Start that version, or restore a backup.",
      );
    case "unreachable":
      return failed(
        `${shown} cannot be used: ${inspected.reason}`,
        "Check INVIGIL_DATABASE_URL, and that this machine reaches the server.",
      );
  }
};

const MIB = 1024 * 1024;
/** The empty pages of a file that are worth a stop of the server, in bytes. */
const WORTH_COMPACTING = 64 * MIB;

const database = (config: Config): Finding => {
  const { ok, warning, failed } = findingsOf("database");
  const databaseFile = storedFileOf(config);
  if (databaseFile === undefined)
    return warning(
      "in memory: all data is lost when the server stops",
      "Set INVIGIL_DATABASE_URL to file:<path>.",
    );
  const inspected = inspectDatabase(databaseFile);
  switch (inspected.state) {
    case "current": {
      const { canShrink, space } = inspected;
      const { freeBytes: empty, usedBytes } = space;
      if (canShrink || empty < WORTH_COMPACTING || empty < 0.1 * (usedBytes + empty)) return ok(databaseFile);
      const mib = Math.floor(empty / MIB);
      return ok(
        `${databaseFile}, of which ${mib} MiB hold nothing`,
        `Stop the server and run \`invigil database compact\`: it frees about ${mib} MiB.`,
      );
    }
    case "missing":
      return ok(`${databaseFile} does not exist yet: the first start creates it`);
    case "older":
      return ok(`${databaseFile} is from an older version: the next start upgrades it`, "Back it up first.");
    case "newer":
      return failed(
        `${databaseFile} was created by a newer version of Invigil`,
        "Start that version, or restore a backup.",
      );
    case "unreadable":
      return failed(
        `${databaseFile} cannot be read: ${inspected.reason}`,
        "Check INVIGIL_DATABASE_URL and the permissions of the file.",
      );
  }
};

/** The folder itself, or its nearest parent that exists. */
const nearestFolder = (folder: string): string =>
  existsSync(folder) || folder === join(folder, "..") ? folder : nearestFolder(join(folder, ".."));

const dataFolder = ({ dataDir }: Config): Finding => {
  const { ok, failed } = findingsOf("data folder");
  try {
    accessSync(nearestFolder(dataDir), constants.R_OK | constants.W_OK | constants.X_OK);
    return ok(dataDir);
  } catch {
    return failed(
      `${dataDir} is not writable`,
      "Make the folder writable for the server's user, or set INVIGIL_DATA_DIR.",
    );
  }
};

/** @param missing names of files that clips refer to */
const audioFiles = (config: Config, missing: readonly string[]): Finding => {
  const { ok, failed } = findingsOf("audio files");
  const { place } = config.audioStore;
  const where = audioPlaceOf(config);
  if (missing.length > 0)
    return failed(
      `${count(missing.length, "audio file")} of the library ${missing.length === 1 ? "is" : "are"} not in ${where}: ${firstNames(missing)}`,
      "Copy them from where they are: `invigil audio copy --from folder:<data folder>`, or --from database, or --from bucket.",
    );
  if (place === "folder") return ok(where);
  return ok(
    `in ${where}`,
    place === "bucket"
      ? "Protect the bucket against deletion: `invigil backup` does not contain its files."
      : undefined,
  );
};

/** Whether the server would accept writes with the current free space. */
const freeSpace = (config: Config): Finding => {
  const { ok, off, warning, failed } = findingsOf("free space");
  const { diskReserveBytes } = config;
  if (diskReserveBytes === 0)
    return off("not checked", "Set INVIGIL_DISK_RESERVE_MB, so that reads continue when the disk is full.");
  const path = storedFileOf(config);
  const inspected = path === undefined ? undefined : inspectDatabase(path);
  const inFile = inspected && "space" in inspected ? inspected.space.freeBytes : 0;
  const file = path === undefined ? undefined : { path, freeBytes: () => inFile };
  const [least] = foldersOf(config)
    .flatMap((folder) => {
      const nearest = nearestFolder(folder);
      const onDisk = freeBytes(nearest);
      return onDisk === undefined
        ? []
        : [{ ...withSpaceInFile({ folder: nearest, bytes: onDisk }, file), folder, onDisk }];
    })
    .toSorted((one, other) => one.bytes - other.bytes);
  if (!least) return warning("unknown");
  const inMib = (bytes: number): string => `${Math.floor(bytes / MIB)} MiB`;
  const within = least.bytes - least.onDisk;
  const where = within < MIB ? "" : ` (${inMib(within)} of it inside the database's file)`;
  const found = `${inMib(least.bytes)} in ${least.folder}${where}, of which ${inMib(diskReserveBytes)} are reserved`;
  const state = spaceState(least.bytes, diskReserveBytes);
  if (state === "full")
    return failed(
      `${found}: writes are refused`,
      "Free disk space, or move the data folder to a larger disk.",
    );
  return state === "low" ? warning(found, "Free disk space before the exam.") : ok(found);
};

const isReadableByOthers = (file: string): boolean => existsSync(file) && (statSync(file).mode & 0o077) !== 0;

const authentication = ({ auth, authSecret, authSecretSecondary, dataDir }: Config): Finding => {
  const { ok, warning, failed } = findingsOf("authentication");
  if (auth === "off")
    return warning(
      "off: every caller is the administrator teacher1",
      "Unset INVIGIL_AUTH, except for a demo.",
    );
  if (authSecret)
    return authSecretSecondary === undefined
      ? ok("tokens are signed with INVIGIL_AUTH_SECRET")
      : ok(
          "tokens are signed with INVIGIL_AUTH_SECRET; those of INVIGIL_AUTH_SECRET_SECONDARY are valid, too",
          "Remove INVIGIL_AUTH_SECRET_SECONDARY when the rotation is complete.",
        );
  const file = join(dataDir, "auth-secret");
  if (isReadableByOthers(file))
    return failed(`${file}, the secret for tokens, is readable by others`, `Run: chmod 600 '${file}'`);
  return ok(
    existsSync(file)
      ? `tokens are signed with the secret in ${file}`
      : `${file} does not exist yet: the first start creates it to sign tokens`,
  );
};

const identityService = async ({ jwks }: Config): Promise<Finding> => {
  const { ok, off, failed } = findingsOf("identity service");
  if (!jwks) return off("none: people log in with Invigil accounts");
  const check = "Check INVIGIL_AUTH_JWKS_URL, and that this machine reaches it.";
  try {
    const keys = await countIdentityKeys(jwks.url);
    return keys > 0 ? ok(`${jwks.url} has ${keys} keys`) : failed(`${jwks.url} has no keys`, check);
  } catch (error) {
    return failed(`${jwks.url}: ${error instanceof Error ? error.message : String(error)}`, check);
  }
};

const publicUrl = (config: Config): Finding => {
  const { ok, warning } = findingsOf("public URL");
  if (!config.publicUrl)
    return warning(
      `not set: clients use ${config.host}, port ${config.port}`,
      "Set INVIGIL_PUBLIC_URL to the URL under which clients reach the server.",
    );
  return config.publicUrl.startsWith("https:")
    ? ok(config.publicUrl)
    : warning(
        `${config.publicUrl} is not https: browsers do not allow cameras on its pages`,
        "Serve it over https.",
      );
};

const webApps = (config: Config): Finding => {
  const { ok, off } = findingsOf("web apps");
  const unset = [
    ...(config.apps.watchUrl ? [] : ["INVIGIL_WATCH_APP_URL"]),
    ...(examineeUrlOf(config) ? [] : ["INVIGIL_EXAMINEE_APP_URL"]),
  ];
  return unset.length === 0
    ? ok("both apps are set")
    : off("links into rooms cannot be created for everybody", `Set ${unset.join(" and ")}.`);
};

export const streamCallback = ({
  streamService,
  streams: { domains },
  streamCallbackKey,
}: Config): Finding => {
  const { ok, off, warning } = findingsOf("stream callback");
  if (streamService === "embedded")
    return off("not needed: the embedded media server is a part of this server");
  if (!domains) return off("not needed: no stream service is configured");
  return streamCallbackKey
    ? ok("signed reports of the stream service are accepted")
    : warning(
        "reports of the stream service are refused: publishing is not detected",
        "Set INVIGIL_STREAM_CALLBACK_KEY to the callback's key.",
      );
};

/** Runs all checks except those of vendors and streams. */
export const checkInstallation = async (
  config: Config,
  missingAudio: readonly string[] = [],
): Promise<Finding[]> => [
  ...(config.postgres ? await postgresServer(config.postgres) : [database(config)]),
  dataFolder(config),
  audioFiles(config, missingAudio),
  freeSpace(config),
  authentication(config),
  await identityService(config),
  publicUrl(config),
  webApps(config),
];
