import { randomBytes } from "node:crypto";
import type { Options } from "@node-rs/argon2";
import pLimit from "p-limit";
import { InvigilError } from "../platform/errors.js";

/** Argon2id as OWASP asks for it: 19 MiB, two passes, one lane. */
const PARAMETERS = {
  // `Algorithm.Argon2id`: the library's names exist for its own compiler only.
  algorithm: 2,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
  outputLen: 32,
} as const satisfies Options;

/** Computations at a time: half of libuv's threads, so that files and names are still looked up. */
const AT_ONCE = 2;
/** Computations that wait, at most: those of a school's staff at eight in the morning, for some seconds. */
const MAX_WAITING = 256;
const RETRY_AFTER_SECONDS = 5;

export interface Passwords {
  /** Nobody's: verifying against it is the same work as against any other, and always fails. */
  readonly nobodys: string;
  /** @throws OVERLOADED when too many wait already */
  hash(password: string): Promise<string>;
  /** @throws OVERLOADED when too many wait already */
  verify(hashed: string, password: string): Promise<boolean>;
}

/** Loaded with the first password: a start does not wait for it. */
const argon2 = () => import("@node-rs/argon2");

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replaceAll("=", "");

export const createPasswords = ({
  random = randomBytes,
  maxWaiting = MAX_WAITING,
}: {
  random?: (size: number) => Uint8Array;
  maxWaiting?: number;
} = {}): Passwords => {
  const limit = pLimit(AT_ONCE);
  const inTurn = async <T>(compute: () => Promise<T>): Promise<T> => {
    if (limit.pendingCount >= maxWaiting)
      throw new InvigilError("OVERLOADED", "Too many people are logging in at once.", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    return limit(compute);
  };
  const { memoryCost, timeCost, parallelism, outputLen } = PARAMETERS;

  return {
    // No password is known whose hash these random bytes are.
    nobodys: `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${base64(random(16))}$${base64(random(outputLen))}`,
    hash: (password) => inTurn(async () => (await argon2()).hash(password, PARAMETERS)),
    verify: (hashed, password) => inTurn(async () => (await argon2()).verify(hashed, password)),
  };
};
