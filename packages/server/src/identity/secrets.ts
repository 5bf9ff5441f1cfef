import { hkdfSync, randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { failedWith, SetupError } from "../platform/setup-error.js";

export interface Secret {
  readonly value: string;
  /** The file of the secret. Undefined if it exists in memory only. */
  readonly file: string | undefined;
}

/**
 * Writes a new secret to a temporary file and links it to its name. If two processes start at the same time,
 * both read the same secret.
 */
const createSecretFile = (file: string): void => {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(8).toString("hex")}`;
  writeFileSync(draft, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!failedWith(error, "EEXIST")) throw error;
  } finally {
    rmSync(draft);
  }
};

/** Reads a secret from the data folder. The first start generates it (32 random bytes, mode 0600). */
export const storedSecret = (dataDir: string, name: string): Secret => {
  const file = join(dataDir, name);
  if (!existsSync(file)) createSecretFile(file);
  const value = readFileSync(file, "utf8").trim();
  if (value.length < 32)
    throw new SetupError(`The secret in ${file} is too short. Delete the file to generate a new one.`);
  return { value, file };
};

/** Derives a key for one purpose from a secret. The key reveals neither the secret nor the keys for other purposes. */
export const deriveKey = (secret: string, purpose: string): string =>
  Buffer.from(hkdfSync("sha256", secret, "", `invigil ${purpose}`, 32)).toString("hex");

/** A secret that exists in memory only, for a server without storage. */
export const temporarySecret = (): Secret => ({ value: randomBytes(32).toString("hex"), file: undefined });
