import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.js";
import { deriveKey, storedSecret, temporarySecret } from "../identity/secrets.js";

/** Returns a secret that is stored in the data folder, or in memory when the database is. */
const installationSecret = ({ databaseFile, dataDir }: Config, name: string): string =>
  (databaseFile === ":memory:" ? temporarySecret() : storedSecret(dataDir, name)).value;

const AUTH_SECRET = "auth-secret";
/** Returns the configured token secret, or the one that the first start generated. */
export const authSecretOf = (config: Config): string =>
  config.authSecret ?? installationSecret(config, AUTH_SECRET);
/** Whether there is a token secret, so that `authSecretOf` stores none. */
export const hasAuthSecret = ({ authSecret, dataDir }: Config): boolean =>
  authSecret !== undefined || existsSync(join(dataDir, AUTH_SECRET));

/**
 * Returns a key of this installation. With PostgreSQL, all servers derive the same key from the root secret, so
 * that no server stores one. With SQLite, only the key of tokens for media is derived: they last a minute, and all else lasts longer.
 */
export const ownKeyOf = (config: Config, name: string): string => {
  const root = config.rootSecret ?? config.authSecret;
  const isDerived = config.postgres !== undefined || name === "media-key";
  return isDerived && root !== undefined ? deriveKey(root, name) : installationSecret(config, name);
};
