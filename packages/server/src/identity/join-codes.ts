import { createHmac, randomBytes } from "node:crypto";
import { deriveKey } from "./secrets.js";

/** Digits and letters that are hard to confuse: without 0, 1, I, L and O. Their number is prime, which the check character needs. */
const ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
const BASE = ALPHABET.length;
/** The characters of a code before its check character: 31^11 codes are 54 bits. */
const SIZE = 11;
const IS_CODE = new RegExp(`^[${ALPHABET}]{${SIZE + 1}}$`);
const CODES = BigInt(BASE) ** BigInt(SIZE);
/** What people type is refused without a further look if it is longer. A code with hyphens has 14 characters. */
const MAX_TYPED = 64;
/** How many codes a page of a seat may have. The next one is used if another seat has the one before. */
const ATTEMPTS = 3;

/** The main page of a person, or the page for their PC. */
export type JoinPage = "main" | "pc";

/** A page of a seat, with the generation of the seat's links. */
export interface JoinSeat {
  readonly examId: string;
  readonly roomId: string;
  readonly userId: string;
  readonly page: JoinPage;
  readonly generation: number;
}

/**
 * The check character: the sum of all characters, each times a weight. The weights differ by less than 31, so that every wrong character
 * and every two exchanged characters change it.
 */
const checkOf = (code: string): string => {
  let sum = 0;
  for (let at = 0; at < SIZE; at += 1) sum += (at + 2) * ALPHABET.indexOf(code[at] ?? "");
  return ALPHABET[sum % BASE] ?? "";
};

/** Writes a code as it is printed: `XXXX-XXXX-XXXX`. */
export const formatJoinCode = (code: string): string => code.replace(/.{4}(?!$)/g, "$&-");

/**
 * Reads a typed code. Case, spaces, hyphens and full-width characters do not matter. Returns the code without hyphens, or
 * undefined if it is mistyped: its length, a character, or its check character is wrong.
 */
export const parseJoinCode = (typed: string): string | undefined => {
  if (typed.length > MAX_TYPED) return undefined;
  // Input methods for Chinese write wide characters, and long dashes for hyphens.
  const code = typed
    .normalize("NFKC")
    .replace(/[\s\p{Pd}\u2212\u30fc]/gu, "")
    .toUpperCase();
  return IS_CODE.test(code) && checkOf(code) === code.at(-1) ? code : undefined;
};

/** Writes a number as a code without hyphens. */
const codeOf = (number: bigint): string => {
  let rest = number % CODES;
  let code = "";
  for (let at = 0; at < SIZE; at += 1) {
    code += ALPHABET[Number(rest % BigInt(BASE))] ?? "";
    rest /= BigInt(BASE);
  }
  return code + checkOf(code);
};

/** Returns a random code without hyphens, which is no seat's. */
export const randomJoinCode = (): string => codeOf(BigInt(`0x${randomBytes(16).toString("hex")}`));

/** Computes join codes. Nothing of them is random, so every server of an installation prints the same ones, again and again. */
export type JoinCodes = ReturnType<typeof createJoinCodes>;

/** @param secret the root secret: with another one, all codes end */
export const createJoinCodes = (secret: string) => {
  const codeKey = deriveKey(secret, "join codes");
  const digestKey = deriveKey(secret, "digests of join codes");
  return {
    /** Returns the codes that a page of a seat may have, without hyphens. It has the first one, unless another seat has that. */
    *of({ examId, roomId, userId, page, generation }: JoinSeat): Generator<string, void> {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const seat = JSON.stringify([examId, roomId, userId, page, generation, attempt]);
        yield codeOf(BigInt(`0x${createHmac("sha256", codeKey).update(seat).digest("hex")}`));
      }
    },
    /** Returns what the database stores instead of a code. The code cannot be told from it without the installation's secret. */
    digest: (code: string): string => createHmac("sha256", digestKey).update(code).digest("base64url"),
  };
};
