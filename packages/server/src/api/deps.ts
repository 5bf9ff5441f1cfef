import { join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import type { Config } from "../config/config.js";
import { type Coordination, createCoordination } from "../coordination/coordination.js";
import { createPruningClock, type PruningClock } from "../domain/pruning-clock.js";
import { createFileChunks, createFileRecords } from "../domain/stored-files.js";
import { createArrivals } from "../files/arrivals.js";
import type { AudioFiles } from "../files/audio-files.js";
import { createFolderFiles } from "../files/folder-files.js";
import { createStoredFiles } from "../files/stored-files.js";
import { createJoinCodes, type JoinCodes } from "../identity/join-codes.js";
import { createIdentityService } from "../identity/jwks.js";
import { createPasswords, type Passwords } from "../identity/passwords.js";
import {
  type Authenticator,
  createAuthenticator,
  createOpenAuthenticator,
  createTokenIssuer,
  type TokenIssuer,
} from "../identity/tokens.js";
import { createDisk, type Disk } from "../limits/disk.js";
import { createRateLimits, type RateLimits } from "../limits/rates.js";
import type { Ids } from "../platform/ids.js";
import type { Meters } from "../platform/meters.js";
import { selectProviders } from "../providers/select.js";
import type { Providers } from "../providers/types.js";
import type { Database } from "../storage/database.js";
import { foldersOf } from "../storage/location.js";

/** The dependencies of an app: the settings, the storage, the clocks, the ids and the secrets. Tests replace them. */
export interface ExternalDeps {
  readonly config: Config;
  readonly db: Database;
  /** The time of day, for stored and signed times. It can jump forward and back. */
  readonly clock: () => Date;
  /** A monotonic clock in milliseconds, for durations. */
  readonly monotonic: () => number;
  /** Returns the free bytes of a folder's file system. Default: asks the operating system. */
  readonly freeSpace?: ((folder: string) => Promise<number>) | undefined;
  readonly ids: Ids;
  readonly log: FastifyBaseLogger;
  /** Returns why lines of the log cannot be written. Undefined while they can. */
  readonly logFault?: (() => string | undefined) | undefined;
  /** What the server counts and times. Absent if the metrics are off. */
  readonly meters?: Meters | undefined;
  /** The base URL of the server for clients, without a trailing slash. */
  readonly publicUrl: () => string;
  /** Signs and verifies tokens. The root secret is the same, unless the settings have another one. */
  readonly authSecret: string;
  /** A key that the installation generates. Used if the settings of providers contain none. */
  readonly ownKey: (name: "stream-key" | "im-key" | "media-key" | "login-key") => string;
}

/** The dependencies of the services. */
export interface Deps extends ExternalDeps {
  readonly pruning: PruningClock;
  readonly disk: Disk;
  readonly rates: RateLimits;
  readonly auth: Authenticator;
  readonly tokens: TokenIssuer;
  readonly joinCodes: JoinCodes;
  readonly passwords: Passwords;
  readonly providers: Providers;
  readonly audioFiles: AudioFiles;
  readonly coordination: Coordination;
}

const createAudioFiles = (
  { config, db: { storage }, clock, pruning, ids, log }: ExternalDeps & Pick<Deps, "pruning">,
  { audioBucket }: Providers,
): AudioFiles => {
  const folder = join(config.dataDir, "audio");
  const pruningTime = () => pruning.now();
  const arrivals = createArrivals({ folder, pruningTime, nonce: () => ids.nonce() });
  const { place } = config.audioStore;
  if (place === "folder") return createFolderFiles({ folder, arrivals });
  return createStoredFiles({
    arrivals,
    records: createFileRecords({ storage, place }),
    contents: audioBucket ?? createFileChunks({ storage }),
    clock,
    pruningTime,
    newId: () => ids.next(),
    log,
  });
};

const providersOf = ({ config, clock, ids, publicUrl, ownKey, log }: ExternalDeps): Providers =>
  selectProviders({ config, clock, nonce: () => ids.nonce(), publicUrl, ownKey, log });

/** The audio files where another configuration of the installation keeps them. */
export const audioFilesWith = (config: Config, deps: Deps): AudioFiles => {
  const changed = { ...deps, config };
  return createAudioFiles(changed, providersOf(changed));
};

export const createDeps = (external: ExternalDeps): Deps => {
  const { config, db, clock, monotonic, ids, log, authSecret, freeSpace } = external;
  const pruning = createPruningClock({ storage: db.control, clock, monotonic, log });
  const foreign = config.jwks && createIdentityService({ settings: config.jwks, monotonic, log });
  const providers = providersOf(external);
  // While authentication is off, every caller is an administrator. Tokens and join codes from that time must not be valid later.
  const unusedLater = config.auth === "off" ? ids.nonce() + ids.nonce() : undefined;
  return {
    ...external,
    pruning,
    disk: createDisk({
      folders: foldersOf(config),
      file: db.file,
      reserveBytes: config.diskReserveBytes,
      log,
      freeSpace,
    }),
    rates: createRateLimits({ settings: config.limits, monotonic }),
    auth:
      config.auth === "off"
        ? createOpenAuthenticator()
        : createAuthenticator({
            secret: authSecret,
            secondary: config.authSecretSecondary,
            clock,
            monotonic,
            foreign,
          }),
    tokens: createTokenIssuer({
      secret: unusedLater ?? authSecret,
      clock,
      ids,
      afterExamSeconds: config.tokenAfterExamSeconds,
    }),
    joinCodes: createJoinCodes(unusedLater ?? config.rootSecret ?? authSecret),
    passwords: createPasswords(),
    audioFiles: createAudioFiles({ ...external, pruning }, providers),
    coordination: createCoordination({ ...external, pruning }),
    providers,
  };
};
