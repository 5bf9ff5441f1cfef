import { join } from "node:path";
import type { FastifyBaseLogger } from "fastify";
import { type AudioFiles, createAudioFiles } from "./audio-files.js";
import {
  type Authenticator,
  createAuthenticator,
  createOpenAuthenticator,
  createTokenIssuer,
  type TokenIssuer,
} from "./auth.js";
import type { Config } from "./config.js";
import type { Database } from "./db/client.js";
import type { Ids } from "./ids.js";
import { createIdentityService } from "./jwks.js";
import { createPasswords, type Passwords } from "./passwords.js";
import { selectProviders } from "./providers/select.js";
import type { Providers } from "./providers/types.js";

/** What differs between a server and a test: where things are kept, and what time and chance are. */
export interface World {
  readonly config: Config;
  readonly db: Database;
  readonly clock: () => Date;
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
  readonly auth: Authenticator;
  readonly tokens: TokenIssuer;
  readonly passwords: Passwords;
  readonly providers: Providers;
  readonly audioFiles: AudioFiles;
}

export const createDeps = (world: World): Deps => {
  const { config, clock, ids, log, publicUrl, authSecret, ownKey } = world;
  const foreign = config.jwks && createIdentityService({ settings: config.jwks, clock, log });
  return {
    ...world,
    auth:
      config.auth === "off"
        ? createOpenAuthenticator()
        : createAuthenticator({ secret: authSecret, clock, foreign }),
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
      loginNonce: () => ids.next(),
      publicUrl,
      ownKey,
      log,
    }),
  };
};
