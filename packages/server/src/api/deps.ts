import { dirname, join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import type { Config } from "../config/config.js";
import { type AudioFiles, createAudioFiles } from "../files/audio-files.js";
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
import type { Ids } from "../platform/ids.js";
import { selectProviders } from "../providers/select.js";
import type { Providers } from "../providers/types.js";
import type { Database } from "../storage/sqlite/client.js";

/** What differs between a server and a test: where things are kept, and what time and chance are. */
export interface World {
  readonly config: Config;
  readonly db: Database;
  /** The time of day, for what is written down and signed. It may be set forward and back. */
  readonly clock: () => Date;
  /** Milliseconds since some moment, for how long something takes or lasts: never set, and never back. */
  readonly monotonic: () => number;
  /** Asks for the free bytes of a folder's file system; the system's own answer when absent. */
  readonly freeSpace?: ((folder: string) => Promise<number>) | undefined;
  readonly ids: Ids;
  readonly log: FastifyBaseLogger;
  /** Where clients reach the server, without a slash at the end. */
  readonly publicUrl: () => string;
  /** Signs and verifies tokens. */
  readonly authSecret: string;
  /** A key that this installation makes for itself where no provider's settings bring one. */
  readonly ownKey: (name: "stream-key" | "im-key") => string;
}

/** Everything that the app is built from. */
export interface Deps extends World {
  readonly disk: Disk;
  readonly auth: Authenticator;
  readonly tokens: TokenIssuer;
  readonly passwords: Passwords;
  readonly providers: Providers;
  readonly audioFiles: AudioFiles;
}

export const createDeps = (world: World): Deps => {
  const { config, clock, monotonic, ids, log, publicUrl, authSecret, ownKey, freeSpace } = world;
  const { databaseFile, dataDir } = config;
  const foreign = config.jwks && createIdentityService({ settings: config.jwks, monotonic, log });
  return {
    ...world,
    disk: createDisk({
      folders: [...new Set([dataDir, ...(databaseFile === ":memory:" ? [] : [dirname(databaseFile)])])],
      reserveBytes: config.diskReserveBytes,
      log,
      freeSpace,
    }),
    auth:
      config.auth === "off"
        ? createOpenAuthenticator()
        : createAuthenticator({ secret: authSecret, clock, monotonic, foreign }),
    tokens: createTokenIssuer({
      // While everybody is an administrator, nobody gets a token that is still good when that is over.
      secret: config.auth === "off" ? ids.nonce() + ids.nonce() : authSecret,
      clock,
      ids,
      afterExamSeconds: config.tokenAfterExamSeconds,
    }),
    passwords: createPasswords(),
    audioFiles: createAudioFiles({ folder: join(config.dataDir, "audio"), clock, nonce: () => ids.nonce() }),
    providers: selectProviders({
      config,
      clock,
      nonce: () => ids.nonce(),
      publicUrl,
      ownKey,
      log,
    }),
  };
};
