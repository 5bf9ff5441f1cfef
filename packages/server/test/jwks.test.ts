import { createHmac } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Config } from "../src/config/config.js";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { openIdentityService } from "./support/identity-service.js";
import { shared } from "./support/shared.js";

const START = Date.parse("2026-01-02T03:04:05Z");
const NOW = START / 1000;
const ISSUER = "https://id.school.example";
const AUDIENCE = "invigil";
const CLAIMS = { sub: "t1", role: "teacher", exp: NOW + 3600, iss: ISSUER, aud: AUDIENCE };

// Also under another Node: it verifies signatures.

// Only the time is faked, because jose and the test both read the system clock.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});
const wait = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

type Jwks = NonNullable<Config["jwks"]>;
const openWith = (url: string, different: Partial<Jwks> = {}): Promise<AppFixture> =>
  openAppFixture({
    config: { jwks: { url, issuer: ISSUER, audience: AUDIENCE, claims: {}, roles: {}, ...different } },
    now: () => new Date(),
  });
const whoami = (fixture: AppFixture, token: string) => trpc(fixture, token).query("auth.whoami");
const stateOf = async (fixture: AppFixture, token: string): Promise<string> =>
  (await whoami(fixture, token)).error?.data.reason ?? "ok";

/** A service with one key, and a server that accepts its tokens. */
const openBoth = async (different: Partial<Jwks> = {}) => {
  const service = await openIdentityService();
  const key = await service.makeKey("first");
  service.publish(key);
  const fixture = await openWith(service.url, different);
  return {
    service,
    key,
    fixture,
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
};

describe("a token of the identity service", () => {
  it("says who calls, and where, like one of ours", async () => {
    await using both = await openBoth();
    const token = await both.key.sign({ ...CLAIMS, room: "r", exam: "e", name: "Ms Li", sid: "theirs" });
    expect((await whoami(both.fixture, token)).data).toStrictEqual({
      userId: "t1",
      role: "teacher",
      roomId: "r",
      examId: "e",
      name: "Ms Li",
      expiresAt: new Date((NOW + 3600) * 1000),
    });
  });

  it.each(["RS256", "PS512", "ES384", "EdDSA"])("may be signed with %s", async (alg) => {
    await using both = await openBoth();
    const key = await both.service.makeKey(alg, alg);
    both.service.publish(key);
    expect(await stateOf(both.fixture, await key.sign(CLAIMS))).toBe("ok");
  });

  it("may be for several audiences, as long as we are among them", async () => {
    await using both = await openBoth();
    expect(await stateOf(both.fixture, await both.key.sign({ ...CLAIMS, aud: ["x", AUDIENCE] }))).toBe("ok");
    expect(await stateOf(both.fixture, await both.key.sign({ ...CLAIMS, aud: ["x", "y"] }))).toBe(
      "UNAUTHENTICATED",
    );
  });

  const issued = shared(() => openBoth());
  it.each<[string, object]>([
    ["of another issuer", { iss: "https://other.example" }],
    ["of no issuer", { iss: undefined }],
    ["for another audience", { aud: "other" }],
    ["for no audience", { aud: undefined }],
    ["that never expires", { exp: undefined }],
    ["that has expired", { exp: NOW }],
    ["that is not valid yet", { nbf: NOW + 60 }],
    ["without a role", { role: undefined }],
    ["of a role that we do not know", { role: "root" }],
    ["without a subject", { sub: undefined }],
    ["bound to a room in a form that we do not know", { room: ["r"] }],
  ])("%s is refused", async (_, different) => {
    const both = issued();
    expect(await stateOf(both.fixture, await both.key.sign({ ...CLAIMS, ...different }))).toBe(
      "UNAUTHENTICATED",
    );
  });

  it("is refused with another's signature, or a key that is not published", async () => {
    await using both = await openBoth();
    const forged = await (await both.service.makeKey("second")).sign(CLAIMS);
    expect(await stateOf(both.fixture, forged)).toBe("UNAUTHENTICATED");
    const [head] = (await both.key.sign(CLAIMS)).split(".");
    const [, body, signature] = forged.split(".");
    expect(await stateOf(both.fixture, `${head}.${body}.${signature}`)).toBe("UNAUTHENTICATED");
  });

  it("is not one of ours: the public key is no secret, and `none` no signature", async () => {
    await using both = await openBoth();
    const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const hmac = (header: object, secret: string) => {
      const text = `${base64(header)}.${base64(CLAIMS)}`;
      return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
    };
    const { publicPem } = both.key;
    for (const token of [
      hmac({ alg: "HS256", kid: "first" }, publicPem),
      hmac({ alg: "HS256" }, publicPem.trim()),
      hmac({ alg: "ES256", kid: "first" }, both.fixture.secret),
      `${base64({ alg: "none", kid: "first" })}.${base64(CLAIMS)}.`,
      `${base64({ alg: "NONE" })}.${base64(CLAIMS)}.`,
    ])
      expect(await stateOf(both.fixture, token)).toBe("UNAUTHENTICATED");
    // Tokens of Invigil remain valid.
    expect(await stateOf(both.fixture, hmac({ alg: "HS256" }, both.fixture.secret))).toBe("ok");
  });

  it("is refused without such a service, whoever signed it", async () => {
    await using both = await openBoth();
    await using alone = await openAppFixture();
    expect(await stateOf(alone, await both.key.sign(CLAIMS))).toBe("UNAUTHENTICATED");
  });

  it("can be revoked by its id, and logged out of", async () => {
    await using both = await openBoth();
    const tokens = [];
    for (const jti of ["one", "two"]) tokens.push(await both.key.sign({ ...CLAIMS, jti }));
    const [one = "", two = ""] = tokens;
    expect((await trpc(both.fixture, one).mutate("auth.logout")).data).toBe(true);
    expect(await stateOf(both.fixture, one)).toBe("UNAUTHENTICATED");
    const admin = await both.fixture.token({ sub: "root", role: "admin" });
    await trpc(both.fixture, admin).mutate("auth.revokeToken", { tokenId: "two" });
    expect(await stateOf(both.fixture, two)).toBe("UNAUTHENTICATED");
  });
});

describe("claims under other names", () => {
  const read = async (claims: Jwks["claims"], roles: Jwks["roles"], different: object) => {
    await using both = await openBoth({ claims, roles });
    const { data, error } = await whoami(both.fixture, await both.key.sign({ ...CLAIMS, ...different }));
    return data ?? error.data.reason;
  };

  it("are found where the settings say", async () => {
    const claims = { sub: "employee_id", role: "realm_access.roles", name: "profile.name", exam: "exam.id" };
    const theirs = {
      employee_id: 4711,
      realm_access: { roles: ["staff", "teacher"] },
      profile: { name: "李".repeat(70) },
      exam: { id: "e1" },
    };
    expect(await read(claims, {}, theirs)).toMatchObject({
      userId: "4711",
      role: "teacher",
      name: "李".repeat(32),
      examId: "e1",
    });
  });

  it("have the very name with its dots before anything inside an object", async () => {
    const name = "https://school.example/role";
    const both = { [name]: "inspector", "https://school": { "example/role": "admin" } };
    expect(await read({ role: name }, {}, both)).toMatchObject({ role: "inspector" });
    const nested = { "https://school": { "example/role": "admin" } };
    expect(await read({ role: name }, {}, nested)).toMatchObject({ role: "admin" });
  });

  it.each([{ a: "x" }, { a: null }, { a: { constructor: "teacher" } }, {}])(
    "are missing where nothing leads: %j",
    async (different) => {
      expect(await read({ role: "a.b" }, {}, different)).toBe("UNAUTHENTICATED");
      expect(await read({ role: "a.constructor.name" }, { admin: "Object" }, different)).toBe(
        "UNAUTHENTICATED",
      );
    },
  );

  it.each([
    ["proctors", "teacher"],
    [["pupils", "proctors", "office"], "admin"],
    [["pupils", "proctors"], "teacher"],
    ["teacher", "UNAUTHENTICATED"],
    ["admin", "UNAUTHENTICATED"],
    ["inspector", "UNAUTHENTICATED"],
    ["Proctors", "UNAUTHENTICATED"],
    [[], "UNAUTHENTICATED"],
    [{ proctors: true }, "UNAUTHENTICATED"],
  ])("are roles by the names that the service has for them: %j is %s", async (role, ours) => {
    const caller = await read({}, { examinee: "pupils", teacher: "proctors", admin: "office" }, { role });
    expect(caller.role ?? caller).toBe(ours);
  });
});

describe("the service's keys", () => {
  it("are fetched once for many tokens, and again for a new one", async () => {
    await using both = await openBoth();
    for (let n = 0; n < 5; n++)
      expect(await stateOf(both.fixture, await both.key.sign({ ...CLAIMS, n }))).toBe("ok");
    expect(both.service.fetches()).toBe(1);

    // The service rotates its keys: it signs with the new key, and the old one stays valid for a while.
    const next = await both.service.makeKey("next");
    both.service.publish(both.key, next);
    wait(31);
    expect(await stateOf(both.fixture, await next.sign(CLAIMS))).toBe("ok");
    expect(await stateOf(both.fixture, await both.key.sign({ ...CLAIMS, n: 6 }))).toBe("ok");
    expect(both.service.fetches()).toBe(2);
  });

  it("count no more once they are withdrawn, not even for tokens that were seen", async () => {
    await using both = await openBoth();
    const old = await both.key.sign(CLAIMS);
    expect(await stateOf(both.fixture, old)).toBe("ok");
    const next = await both.service.makeKey("next");
    both.service.publish(next);
    wait(31);
    expect(await stateOf(both.fixture, await next.sign(CLAIMS))).toBe("ok");
    expect(await stateOf(both.fixture, old)).toBe("ok");
    // Verified tokens are cached for five minutes.
    wait(5 * 60 - 31);
    expect(await stateOf(both.fixture, old)).toBe("UNAUTHENTICATED");
  });

  it("are not fetched for every key that somebody invents", async () => {
    await using both = await openBoth();
    expect(await stateOf(both.fixture, await both.key.sign(CLAIMS))).toBe("ok");
    for (let n = 0; n < 10; n++) {
      const invented = await both.service.makeKey(`invented${n}`);
      expect(await stateOf(both.fixture, await invented.sign(CLAIMS))).toBe("UNAUTHENTICATED");
    }
    expect(both.service.fetches()).toBe(1);
  });

  it("are fetched again for a new one, also while somebody names a key that is broken", async () => {
    await using both = await openBoth();
    const { kty, crv } = { kty: "EC", crv: "P-256" };
    const broken = { kty, crv, x: "AAAA", y: "AAAA", kid: "broken", alg: "ES256" };
    const next = await both.service.makeKey("next");
    both.service.answer({ status: 200, body: JSON.stringify({ keys: [both.key.jwk, broken] }) });
    expect(await stateOf(both.fixture, await both.key.sign(CLAIMS))).toBe("ok");
    const [, body, signature] = (await both.key.sign(CLAIMS)).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: "broken" })).toString("base64url");
    expect(await stateOf(both.fixture, `${header}.${body}.${signature}`)).toBe("UNAUTHENTICATED");
    both.service.answer({ status: 200, body: JSON.stringify({ keys: [next.jwk, broken] }) });
    wait(31);
    expect(await stateOf(both.fixture, `${header}.${body}.${signature}x`)).toBe("UNAUTHENTICATED");
    expect(await stateOf(both.fixture, await next.sign(CLAIMS))).toBe("ok");
  });

  it("are not taken from an answer of several megabytes", async () => {
    await using both = await openBoth();
    const keys = JSON.stringify({ keys: [both.key.jwk] });
    both.service.answer({ status: 200, body: `${" ".repeat(4 * 1024 * 1024)}${keys}` });
    expect(await stateOf(both.fixture, await both.key.sign(CLAIMS))).toBe("PROVIDER_FAILED");
  });

  it("go on being used while the service cannot be reached", async () => {
    await using both = await openBoth();
    expect(await stateOf(both.fixture, await both.key.sign(CLAIMS))).toBe("ok");
    both.service.answer({ status: 503, body: "down" });
    // jose caches keys for ten minutes.
    wait(11 * 60);
    for (let n = 0; n < 3; n++)
      expect(await stateOf(both.fixture, await both.key.sign({ ...CLAIMS, n }))).toBe("ok");
    // The service is not called for every token, but suspended for a while.
    expect(both.service.fetches()).toBe(2);
    // A possibly new key cannot be verified now.
    const next = await both.service.makeKey("next");
    expect(await stateOf(both.fixture, await next.sign(CLAIMS))).toBe("PROVIDER_FAILED");
    wait(11);
    expect(await stateOf(both.fixture, await next.sign(CLAIMS))).toBe("PROVIDER_FAILED");
    both.service.publish(both.key, next);
    both.service.answer(undefined);
    wait(11);
    expect(await stateOf(both.fixture, await next.sign(CLAIMS))).toBe("ok");
    expect(both.fixture.lines.filter(({ level }) => level === 40)).not.toEqual([]);
  });

  it("go on being used when nobody listens there any more", async () => {
    const service = await openIdentityService();
    const key = await service.makeKey("first");
    service.publish(key);
    await using fixture = await openWith(service.url);
    expect(await stateOf(fixture, await key.sign(CLAIMS))).toBe("ok");
    await service[Symbol.asyncDispose]();
    wait(11 * 60);
    expect(await stateOf(fixture, await key.sign({ ...CLAIMS, n: 1 }))).toBe("ok");
  });

  it.each([
    ["does not answer well", { status: 500, body: "{}" }],
    ["answers no JSON", { status: 200, body: "<html>" }],
    ["answers no keys", { status: 200, body: "{}" }],
    ["leads elsewhere", { status: 302, body: "" }],
  ])("are not there while the service %s: 502, not 401, and ours go on", async (_, answer) => {
    await using both = await openBoth();
    both.service.answer(answer);
    const token = await both.key.sign(CLAIMS);
    expect(await whoami(both.fixture, token)).toMatchObject({
      status: 502,
      error: { data: { reason: "PROVIDER_FAILED" } },
    });
    expect(await stateOf(both.fixture, await both.fixture.token({ sub: "t1", role: "teacher" }))).toBe("ok");
    both.service.answer(undefined);
    wait(11);
    expect(await stateOf(both.fixture, token)).toBe("ok");
  });
});
