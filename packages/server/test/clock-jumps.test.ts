import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { dataOf, refusalOf, rest, trpc } from "./support/calls.js";
import { isOnPostgres } from "./support/engine.js";
import { openIdentityService } from "./support/identity-service.js";
import { PASSWORD, ROOT, START, tokenState } from "./support/staff.js";
import { openWorld } from "./support/world.js";

// The system's clock jumps forward and back: because of a manual change, an empty battery, or a wrong time
// server. Ended sessions must stay ended, and waits must last as long as announced.

const DAY = 86_400;

/** An app with two clocks: the system's clock, which can be set, and a monotonic one. */
const openClocks = async (config = {}) => {
  const time = { day: START, running: 0 };
  const world = await openWorld({
    config,
    now: () => new Date(time.day),
    monotonic: () => time.running,
  });
  return {
    ...world,
    /** Advances both clocks. */
    pass(seconds: number) {
      time.day += seconds * 1000;
      time.running += seconds * 1000;
    },
    /** Sets the system's clock. */
    set(seconds: number) {
      time.day += seconds * 1000;
    },
    admin: async (path: string, input: unknown) => trpc(world, await world.token(ROOT)).mutate(path, input),
  };
};
type Clocks = Awaited<ReturnType<typeof openClocks>>;

describe("while the clock is ahead and after it is right again", () => {
  it.each([1, 29, 300])("a token that was logged out stays so, %i days ahead", async (days) => {
    await using world = await openClocks();
    const [token, revoked] = [await world.token(ROOT), await world.token(ROOT)];
    await trpc(world, token).mutate("auth.logout");
    await world.admin("auth.revokeToken", { tokenId: decodeJwt(revoked).jti });
    world.set(days * DAY);
    // Calls that delete expired rows at that moment.
    await trpc(world, await world.token(ROOT)).mutate("auth.logout");
    await world.admin("auth.revokeToken", { tokenId: "another" });
    await world.admin("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    dataOf(await rest(world).post("login", { username: "t1", password: PASSWORD }));
    world.set(-days * DAY);
    expect([await tokenState(world, token), await tokenState(world, revoked)]).toEqual([
      "UNAUTHENTICATED",
      "UNAUTHENTICATED",
    ]);
  });

  it("a login that was made before goes on, and one that was logged out stays so", async () => {
    await using world = await openClocks();
    await world.admin("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    const login = async () =>
      dataOf(await rest(world).post("login", { username: "t1", password: PASSWORD })).token;
    const [kept, ended] = [await login(), await login()];
    await trpc(world, ended).mutate("auth.logout");
    world.set(20 * DAY);
    await login();
    world.set(-20 * DAY);
    expect([await tokenState(world, kept), await tokenState(world, ended)]).toEqual([
      "ok",
      "UNAUTHENTICATED",
    ]);
  });
});

// With PostgreSQL, waits follow the clock of the database, which all servers share.
describe.skipIf(isOnPostgres)("a wait lasts as long as it says, whatever the clock is set to", () => {
  const failOften = async (world: Clocks) => {
    for (let n = 0; n < 5; n++) await rest(world).post("login", { username: "t1", password: "wrong" });
  };
  const logIn = (world: Clocks) => rest(world).post("login", { username: "t1", password: PASSWORD });

  it.each([-DAY, DAY])("after failed logins: %i seconds", async (change) => {
    await using world = await openClocks();
    await world.admin("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    await failOften(world);
    world.set(change);
    expect(refusalOf(await logIn(world), 429, "TOO_MANY_REQUESTS")).toContain("60 seconds");
    world.pass(60);
    dataOf(await logIn(world));
  });

  it("after failed logins while the clock was ahead", async () => {
    await using world = await openClocks();
    await world.admin("account.create", { userId: "t1", name: "T", role: "teacher", password: PASSWORD });
    world.set(DAY);
    await failOften(world);
    world.set(-DAY);
    world.pass(60);
    dataOf(await logIn(world));
  });

  it.each([-DAY, DAY])("after many messages: %i seconds", async (change) => {
    await using world = await openClocks();
    const teacher = { sub: "t1", role: "teacher" } as const;
    const as = trpc(world, await world.token(teacher, 10 * DAY));
    const { id: roomId } = (await as.mutate("room.create", { name: "R" })).data;
    const send = async () =>
      (await as.mutate("im.send", { roomId, type: 30_001, data: "x" })).error?.data.reason ?? "ok";
    for (let n = 0; n < 30; n++) expect(await send()).toBe("ok");
    expect(await send()).toBe("TOO_MANY_REQUESTS");
    world.set(change);
    expect(await send()).toBe("TOO_MANY_REQUESTS");
    world.pass(1);
    for (let n = 0; n < 10; n++) expect(await send()).toBe("ok");
    expect(await send()).toBe("TOO_MANY_REQUESTS");
  });

  it("for an identity service whose keys could not be fetched, and for a key that was withdrawn", async () => {
    await using service = await openIdentityService();
    const key = await service.makeKey("first");
    const issuer = "https://id.school.example";
    const jwks = { url: service.url, issuer, audience: "invigil", claims: {}, roles: {} };
    await using world = await openClocks({ jwks });
    const exp = START / 1000 + 5 * DAY;
    const token = await key.sign({ sub: "t1", role: "teacher", iss: issuer, aud: "invigil", exp });
    const tokenNow = () => tokenState(world, token);
    service.answer({ status: 500, body: "" });
    world.set(DAY);
    expect(await tokenNow()).toBe("PROVIDER_FAILED");
    // The calls are suspended for ten seconds and then resume, although the clock had been a day ahead.
    world.set(-DAY);
    service.answer(undefined);
    service.publish(key);
    world.pass(10);
    expect(await tokenNow()).toBe("ok");
    const fetches = service.fetches();
    expect(await tokenNow()).toBe("ok");
    expect(service.fetches()).toBe(fetches);
  });
});
