import { type Role, roles } from "@invigil/schema";
import fc from "fast-check";
import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { InvigilError } from "../platform/errors.js";
import { createAuthenticator, createOpenAuthenticator, signToken } from "./tokens.js";

const SECRET = "a secret of 32 bytes or more, as it must be";
const START = new Date("2026-01-02T03:04:05Z");
const NOW = START.getTime() / 1000;
const CLAIMS = { sub: "t1", role: "teacher", exp: NOW + 60 };
const CLAIMS_END = new Date(CLAIMS.exp * 1000);

const keyOf = (secret: string) => new TextEncoder().encode(secret);
const jwt = (claims: Record<string, unknown> = CLAIMS, { secret = SECRET, alg = "HS256" } = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(keyOf(secret));

/** An authenticator with a clock that the test controls. */
const atStart = (secrets: { secret: string; secondary?: string } = { secret: SECRET }) => {
  const fixture = { now: START };
  const auth = createAuthenticator({
    ...secrets,
    clock: () => fixture.now,
    monotonic: () => fixture.now.getTime(),
  });
  return { fixture, identify: async (header: string | undefined) => auth.identify(header) };
};
const identify = (header: string | undefined) => atStart().identify(header);
/** The message of a refusal, which is always UNAUTHENTICATED. */
const refusal = async (header: string | undefined): Promise<string> => {
  const error: unknown = await identify(header).catch((thrown: unknown) => thrown);
  if (!(error instanceof InvigilError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  expect(error.code).toBe("UNAUTHENTICATED");
  return error.message;
};

describe("the authorization header", () => {
  it.each([["%"], ["Bearer %"], ["bearer %"], ["BEARER %"], ["  bEaReR   %  "], ["\t%\t"], ["Bearer\t%"]])(
    "is read as %j",
    async (form) => {
      expect(await identify(form.replace("%", await jwt()))).toEqual({
        userId: "t1",
        role: "teacher",
        expiresAt: new Date((NOW + 60) * 1000),
      });
    },
  );

  it.each([[undefined], [""], ["  "], ["Bearer"], ["Bearer "], ["bearer\t"]])(
    "contains no token: %j",
    async (header) => {
      expect(await refusal(header)).toBe("The authorization header must contain a token.");
    },
  );

  it("is refused with anything besides the token", async () => {
    const token = await jwt();
    for (const header of [
      `Basic ${token}`,
      `Bearer Bearer ${token}`,
      `${token} x`,
      `Bearer${token}`,
      `"${token}"`,
    ])
      await refusal(header);
  });

  it("is refused with what is wrong, if 'Bearer' was written twice", async () => {
    expect(await refusal(`Bearer bearer ${await jwt()}`)).toBe(
      "The authorization header has 'Bearer' twice.",
    );
  });

  it("is refused without parsing if it is too long", async () => {
    const token = await jwt({ ...CLAIMS, padding: "x".repeat(8192) });
    expect(await refusal(token)).toBe("The token in the authorization header is too long.");
    expect(await identify(await jwt({ ...CLAIMS, padding: "x".repeat(4096) }))).toMatchObject({
      userId: "t1",
    });
  });

  it("is parsed in linear time", async () => {
    // Immediate in linear time. In quadratic time, it would take hours and time out.
    expect(await refusal(`Bearer${" ".repeat(5_000_000)}x y`)).toBe(
      "The authorization header must contain a token.",
    );
  });
});

describe("a token", () => {
  it("identifies the caller, their room and exam, and their name", async () => {
    const claims = { ...CLAIMS, room: "r1", exam: "e1", name: " Ann ", iat: NOW, jti: "x", other: true };
    expect(await identify(await jwt(claims))).toEqual({
      userId: "t1",
      role: "teacher",
      roomId: "r1",
      examId: "e1",
      name: "Ann",
      tokenId: "x",
      // For a token of a room, the links were never revoked when it was issued.
      generation: 0,
      expiresAt: new Date((NOW + 60) * 1000),
    });
  });

  it("has a generation of links only if it is restricted to a room", async () => {
    expect(await identify(await jwt({ ...CLAIMS, room: "r1", gen: 2 }))).toMatchObject({ generation: 2 });
    expect(await identify(await jwt({ ...CLAIMS, room: "r1", gen: "of another service" }))).toMatchObject({
      generation: 0,
    });
    expect(await identify(await jwt(CLAIMS))).not.toHaveProperty("generation");
  });

  it.each(["pc_e12", "e12_pc", "pc_", "_pc"])(
    "is refused with the subject %s, which is reserved for a PC camera",
    async (sub) => {
      expect(await refusal(`Bearer ${await jwt({ ...CLAIMS, sub })}`)).toContain("sub");
    },
  );

  const NOT_VALID = "The token in the authorization header is not valid.";

  it.each([
    ["signed with another secret", jwt(CLAIMS, { secret: `${SECRET}!` })],
    ["signed with HS512", jwt(CLAIMS, { alg: "HS512" })],
    ["signed with HS384", jwt(CLAIMS, { alg: "HS384" })],
    ["not signed at all", Promise.resolve(new UnsecuredJWT(CLAIMS).encode())],
    ["not valid yet", jwt({ ...CLAIMS, nbf: NOW + 1 })],
    ["no token", Promise.resolve("xxxx")],
    ["cut", jwt().then((token) => token.slice(0, -2))],
  ])("is refused if it is %s", async (_, token) => {
    expect(await refusal(await token)).toBe(NOT_VALID);
  });

  it("is refused if its claims were modified", async () => {
    const [head, , signature] = (await jwt()).split(".");
    const claims = Buffer.from(JSON.stringify({ ...CLAIMS, role: "admin" })).toString("base64url");
    expect(await refusal(`${head}.${claims}.${signature}`)).toBe(NOT_VALID);
  });

  it("may be signed with each of two secrets, while they are rotated", async () => {
    const other = `${SECRET}, of another year`;
    const bySecond = await jwt(CLAIMS, { secret: other });
    for (const secrets of [
      { secret: SECRET, secondary: other },
      { secret: other, secondary: SECRET },
    ]) {
      const { identify: identifyWith, fixture } = atStart(secrets);
      for (const token of [await jwt(), bySecond])
        expect(await identifyWith(token)).toMatchObject({ userId: "t1" });
      await expect(identifyWith(await jwt(CLAIMS, { secret: "neither" }))).rejects.toThrow(NOT_VALID);
      fixture.now = CLAIMS_END;
      for (const token of [await jwt(), bySecond])
        await expect(identifyWith(token)).rejects.toMatchObject({ subject: "t1" });
    }
    expect(await refusal(bySecond)).toBe(NOT_VALID);
  });

  it("is not valid before nbf", async () => {
    expect(await identify(await jwt({ ...CLAIMS, nbf: NOW }))).toMatchObject({ userId: "t1" });
  });

  it("is refused with a message after its expiry", async () => {
    for (const exp of [NOW, NOW - 1])
      expect(await refusal(await jwt({ ...CLAIMS, exp }))).toBe(
        "The token in the authorization header has expired.",
      );
  });

  it.each([
    ["sub", undefined],
    ["sub", ""],
    ["sub", "a\nb"],
    ["role", undefined],
    ["role", "root"],
    ["exp", undefined],
    ["room", ""],
    ["exam", ""],
    ["name", "x".repeat(65)],
    ["jti", 1],
    ["jti", "x".repeat(1025)],
    ["jti", "长".repeat(342)],
    ["sid", {}],
  ])("is refused for its claim %s being %j", async (claim, value) => {
    expect(await refusal(await jwt({ ...CLAIMS, [claim]: value }))).toBe(
      `The token's claim ${claim} is missing or not valid.`,
    );
  });

  it("is verified once, and is valid exactly until its expiry", async () => {
    const { fixture, identify: ask } = atStart();
    const token = await jwt();
    const first = await ask(token);
    fixture.now = new Date((NOW + 60) * 1000 - 1);
    expect(await ask(`Bearer ${token}`)).toBe(first);
    fixture.now = new Date((NOW + 60) * 1000);
    await expect(ask(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("is not cached if it was refused", async () => {
    const { fixture, identify: ask } = atStart();
    const token = await jwt({ ...CLAIMS, nbf: NOW + 10 });
    await expect(ask(token)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    fixture.now = new Date((NOW + 10) * 1000);
    expect(await ask(token)).toMatchObject({ userId: "t1" });
  });
});

describe("signToken", () => {
  const sign = (request: Partial<Parameters<typeof signToken>[0]>, secret = SECRET) =>
    signToken(
      { userId: "t1", role: "teacher", ttlSeconds: 60, ...request },
      { secret, clock: () => START, jti: "j" },
    );

  const id = fc
    .stringMatching(/^[A-Za-z0-9_.学-]{1,60}$/)
    .filter((text) => !text.startsWith("pc_") && !text.endsWith("_pc"));
  const request = fc.record(
    {
      userId: id,
      role: fc.constantFrom<Role>(...roles),
      ttlSeconds: fc.integer({ min: 1, max: 10 ** 9 }),
      roomId: id,
      examId: id,
      name: id,
      sessionId: id,
    },
    { requiredKeys: ["userId", "role", "ttlSeconds"] },
  );

  it("creates tokens with the requested claims", async () => {
    await fc.assert(
      fc.asyncProperty(request, async ({ ttlSeconds, ...asked }) => {
        const expiresAt = new Date((NOW + ttlSeconds) * 1000);
        expect(await identify(await sign({ ...asked, ttlSeconds }))).toEqual({
          ...asked,
          ...(asked.roomId !== undefined && { generation: 0 }),
          tokenId: "j",
          expiresAt,
        });
      }),
    );
  });

  it("creates tokens that only its secret verifies", async () => {
    await refusal(await sign({}, "another secret of 32 bytes or more"));
  });

  it("refuses claims that would not be accepted", () => {
    for (const bad of [
      { userId: "" },
      { userId: " a" },
      { userId: "pc_a" },
      { userId: "a_pc" },
      { roomId: "" },
      { name: "x".repeat(65) },
    ])
      expect(() => sign(bad)).toThrow();
  });
});

it("without authentication, every caller is the administrator teacher1", () => {
  const auth = createOpenAuthenticator();
  for (const header of [undefined, "nonsense"])
    expect(auth.identify(header)).toMatchObject({ userId: "teacher1", role: "admin" });
});
