import { parseOptions } from "@node-rs/argon2";
import { describe, expect, it } from "vitest";
import { createPasswords } from "./passwords.js";

const PASSWORD = "correct horse 电池 staple";

describe("a password", () => {
  it("is hashed by argon2id with OWASP's parameters and a random salt", async () => {
    const passwords = createPasswords();
    const [first, second] = [await passwords.hash(PASSWORD), await passwords.hash(PASSWORD)];
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(second).not.toBe(first);
    expect(await passwords.verify(first, PASSWORD)).toBe(true);
    expect(await passwords.verify(first, `${PASSWORD} `)).toBe(false);
  });

  it("is verified against the dummy hash with the same work, and never matches", async () => {
    const passwords = createPasswords();
    expect(parseOptions(passwords.dummyHash)).toEqual(parseOptions(await passwords.hash(PASSWORD)));
    expect(await passwords.verify(passwords.dummyHash, PASSWORD)).toBe(false);
    expect(createPasswords().dummyHash).not.toBe(passwords.dummyHash);
  });

  it("waits, unless too many others are waiting", async () => {
    const passwords = createPasswords({ maxWaiting: 2 });
    const results = await Promise.allSettled(
      Array.from({ length: 7 }, () => passwords.verify(passwords.dummyHash, PASSWORD)),
    );
    // Two are computed, two wait, and three are refused.
    expect(results.map(({ status }) => status)).toEqual([
      ...Array<string>(4).fill("fulfilled"),
      ...Array<string>(3).fill("rejected"),
    ]);
    for (const result of results.slice(4))
      expect(result).toMatchObject({ reason: { code: "OVERLOADED", retryAfterSeconds: 5 } });
    // Afterwards, further ones are accepted.
    expect(await passwords.verify(passwords.dummyHash, PASSWORD)).toBe(false);
  });
});
