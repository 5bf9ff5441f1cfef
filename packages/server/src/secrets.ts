import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SetupError } from "./setup-error.js";

export interface MadeSecret {
  readonly value: string;
  /** Where it is kept; undefined when it lives in memory only. */
  readonly file: string | undefined;
}

/** Reads a secret from the data folder; the first start makes it (32 random bytes, mode 0600). */
export const keptSecret = (dataDir: string, name: string): MadeSecret => {
  const file = join(dataDir, name);
  mkdirSync(dataDir, { recursive: true, mode: 0o750 });
  try {
    // "wx" fails when the file is there: of two processes that start at once, one makes it and both read it.
    writeFileSync(file, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const value = readFileSync(file, "utf8").trim();
  if (value.length < 32)
    throw new SetupError(`The secret in ${file} is too short. Remove the file to have one made.`);
  return { value, file };
};

/** A secret for a server that keeps nothing. */
export const passingSecret = (): MadeSecret => ({ value: randomBytes(32).toString("hex"), file: undefined });
