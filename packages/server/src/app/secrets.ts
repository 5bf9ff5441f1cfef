import type { Config } from "../config/config.js";
import { storedSecret, temporarySecret } from "../identity/secrets.js";

/**
 * Returns a secret of this installation. It is stored in the data folder, or in memory when the database is.
 */
export const installationSecret = ({ databaseFile, dataDir }: Config, name: string) =>
  databaseFile === ":memory:" ? temporarySecret() : storedSecret(dataDir, name);

/** Returns the configured token secret, or the one that the first start generated. */
export const authSecretOf = (config: Config): string =>
  config.authSecret ?? installationSecret(config, "auth-secret").value;
