import { randomBytes, randomInt } from "node:crypto";
import type { Options } from "@node-rs/argon2";
import pLimit from "p-limit";
import { InvigilError } from "../platform/errors.js";

/** The parameters of Argon2id that OWASP recommends: 19 MiB, two passes, a parallelism of one. */
const PARAMETERS = {
  // `Algorithm.Argon2id`. The library exports it as a const enum, which isolated modules cannot use.
  algorithm: 2,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
  outputLen: 32,
} as const satisfies Options;

/** Concurrent computations: half of libuv's threads, so that file and DNS operations are not blocked. */
const MAX_CONCURRENT = 2;
/**
 * The maximum number of waiting computations. A school's staff who log in at the same time wait for some
 * seconds.
 */
const MAX_WAITING = 256;
const RETRY_AFTER_SECONDS = 5;

const LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const GENERATED_LENGTH = 20;

/** A password of 119 bits. */
export const generatePassword = (): string =>
  Array.from(
    { length: GENERATED_LENGTH },
    () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)],
  ).join("");

/** Imported on first use, so that it does not delay the start. */
const argon2 = () => import("@node-rs/argon2");

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replaceAll("=", "");

export type Passwords = ReturnType<typeof createPasswords>;

export const createPasswords = ({
  random = randomBytes,
  maxWaiting = MAX_WAITING,
}: {
  random?: (size: number) => Uint8Array;
  maxWaiting?: number;
} = {}) => {
  const limit = pLimit(MAX_CONCURRENT);
  const limited = async <T>(compute: () => Promise<T>): Promise<T> => {
    if (limit.pendingCount >= maxWaiting)
      throw new InvigilError("OVERLOADED", "Too many people are logging in at once.", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    return limit(compute);
  };
  const { memoryCost, timeCost, parallelism, outputLen } = PARAMETERS;

  return {
    /**
     * The hash of no known password. Verifying against it takes as long as against any other hash, and always
     * fails.
     */
    // Random bytes: no known password has this hash.
    dummyHash: `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${base64(random(16))}$${base64(random(outputLen))}`,
    /** @throws OVERLOADED if too many computations are waiting */
    hash: (password: string): Promise<string> =>
      limited(async () => (await argon2()).hash(password, PARAMETERS)),
    /** @throws OVERLOADED if too many computations are waiting */
    verify: (hashed: string, password: string): Promise<boolean> =>
      limited(async () => (await argon2()).verify(hashed, password)),
  };
};
