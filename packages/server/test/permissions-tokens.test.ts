import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/app-fixture.js";
import { dataOf, refusalOf, rest, trpc } from "./support/calls.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { sharedSchools } from "./support/shared.js";

const nextSchool = sharedSchools();

const NOW = Date.parse("2026-01-02T03:04:05Z") / 1000;
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const sign = (header: object, claims: object, secret: string, hash = "sha256") => {
  const body = `${base64(header)}.${base64(claims)}`;
  return `${body}.${createHmac(hash, secret).update(body).digest("base64url")}`;
};
const HEADER = { alg: "HS256", typ: "JWT" };
const CLAIMS = { sub: "boss", role: "admin", exp: NOW + 60 };
const without = (claim: keyof typeof CLAIMS) => ({ ...CLAIMS, [claim]: undefined });

describe("the authorization header", () => {
  it.each([
    ["the raw token", (token: string) => token],
    ["Bearer", (token: string) => `Bearer ${token}`],
    ["another letter case", (token: string) => `bEARER ${token}`],
    ["spaces around", (token: string) => `   Bearer    ${token}   `],
    ["spaces around the raw token", (token: string) => `  ${token}  `],
  ])("may hold %s", async (_, form) => {
    await using fixture = await nextSchool();
    const token = form(await fixture.token({ sub: "teacher1", role: "teacher" }));
    expect(dataOf(await rest(fixture, token).get("roomInfo", { roomId: fixture.room.id })).name).toBe(
      "Room A",
    );
    expect((await trpc(fixture, token).query("auth.whoami")).data.userId).toBe("teacher1");
  });

  it.each([
    ["two tokens", (token: string) => `${token} ${token}`],
    ["another scheme", (token: string) => `Basic ${token}`],
    ["quotes", (token: string) => `"${token}"`],
    ["a list", (token: string) => `Bearer ${token}, Bearer ${token}`],
    ["twice the scheme", (token: string) => `Bearer Bearer ${token}`],
  ])("may not hold %s", async (_, form) => {
    await using fixture = await nextSchool();
    const token = form(await fixture.token({ sub: "teacher1", role: "teacher" }));
    refusalOf(
      await rest(fixture, token).get("roomInfo", { roomId: fixture.room.id }),
      401,
      "UNAUTHENTICATED",
    );
  });
});

describe("a token", () => {
  const whoami = (appFixture: AppFixture, token: string) => trpc(appFixture, token).query("auth.whoami");

  it("is read as it was signed", async () => {
    await using appFixture = await openAppFixture();
    const claims = {
      ...CLAIMS,
      room: "r",
      exam: "e",
      name: " Boss ",
      nbf: NOW,
      iat: NOW,
      jti: "j",
      other: 1,
    };
    expect((await whoami(appFixture, sign(HEADER, claims, appFixture.secret))).data).toEqual({
      userId: "boss",
      role: "admin",
      roomId: "r",
      examId: "e",
      name: "Boss",
      expiresAt: new Date((NOW + 60) * 1000),
    });
  });

  const bad: readonly (readonly [string, (secret: string) => string])[] = [
    ["without sub", (secret) => sign(HEADER, without("sub"), secret)],
    ["without role", (secret) => sign(HEADER, without("role"), secret)],
    ["without exp", (secret) => sign(HEADER, without("exp"), secret)],
    ["of an unknown role", (secret) => sign(HEADER, { ...CLAIMS, role: "root" }, secret)],
    ["of a person who is a number", (secret) => sign(HEADER, { ...CLAIMS, sub: 5 }, secret)],
    ["of a person without a name", (secret) => sign(HEADER, { ...CLAIMS, sub: "" }, secret)],
    ["of a person with a control character", (secret) => sign(HEADER, { ...CLAIMS, sub: "a\nb" }, secret)],
    ["of a person of 129 characters", (secret) => sign(HEADER, { ...CLAIMS, sub: "x".repeat(129) }, secret)],
    ["bound to no room", (secret) => sign(HEADER, { ...CLAIMS, room: "" }, secret)],
    ["bound to an exam that is a list", (secret) => sign(HEADER, { ...CLAIMS, exam: ["e"] }, secret)],
    ["with an exp that is a text", (secret) => sign(HEADER, { ...CLAIMS, exp: "9999999999" }, secret)],
    ["that has just expired", (secret) => sign(HEADER, { ...CLAIMS, exp: NOW }, secret)],
    ["that is not valid yet", (secret) => sign(HEADER, { ...CLAIMS, nbf: NOW + 1 }, secret)],
    ["of another secret", () => sign(HEADER, CLAIMS, "another secret of 32 bytes or more")],
    ["of another algorithm", (secret) => sign({ ...HEADER, alg: "HS512" }, CLAIMS, secret, "sha512")],
    ["of another algorithm, called ours", (secret) => sign(HEADER, CLAIMS, secret, "sha512")],
    ["of no algorithm", () => `${base64({ alg: "none" })}.${base64(CLAIMS)}.`],
    ["with critical headers", (secret) => sign({ ...HEADER, crit: ["x"], x: 1 }, CLAIMS, secret)],
    ["whose claims are a list", (secret) => sign(HEADER, [CLAIMS], secret)],
    ["that is too long", (secret) => sign(HEADER, { ...CLAIMS, other: "x".repeat(8192) }, secret)],
    ["of two parts", (secret) => sign(HEADER, CLAIMS, secret).split(".").slice(0, 2).join(".")],
    ["of one part", () => base64(CLAIMS)],
  ];
  it.each(bad)("%s is refused", async (_, make) => {
    await using appFixture = await openAppFixture();
    const { status, error, text } = await whoami(appFixture, make(appFixture.secret));
    expect({ status, reason: error.data.reason }).toEqual({ status: 401, reason: "UNAUTHENTICATED" });
    expect(text).not.toContain(make(appFixture.secret));
  });

  it("is refused from the second on at which it expires, though it was good before", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => now });
    const client = rest(fixture, await fixture.token({ sub: "teacher1", role: "teacher" }, 60));
    const ask = () => client.get("roomInfo", { roomId: fixture.room.id });
    now = new Date("2026-01-02T03:05:04.999Z");
    dataOf(await ask());
    now = new Date("2026-01-02T03:05:05Z");
    expect(refusalOf(await ask(), 401, "UNAUTHENTICATED")).toMatch(/expired/);
  });
});

describe("with authorization off", () => {
  const off = { config: { auth: "off" } } as const;

  it("everybody is the administrator teacher1, whatever the token", async () => {
    await using appFixture = await openAppFixture(off);
    for (const token of [undefined, "xxx", await appFixture.token({ sub: "e", role: "examinee" })])
      expect((await trpc(appFixture, token).query("auth.whoami")).data).toMatchObject({
        userId: "teacher1",
        role: "admin",
      });
  });

  it("the vendor's room-making script works, which sends no token", async () => {
    await using appFixture = await openAppFixture(off);
    const room = dataOf(
      await rest(appFixture).post("v2/createRoom", { name: "R", imServer: ["aliyun_new"] }),
    );
    expect(room.createTeacher).toBe("teacher1");
    const teacher = dataOf(await rest(appFixture).get("userInfo", { roomId: room.id, userId: "teacher1" }));
    expect(teacher).toMatchObject({ id: "teacher1", name: "teacher1" });
  });

  it.each(["off", "required"] as const)("/health says that it is %s", async (auth) => {
    await using appFixture = await openAppFixture({ config: { auth } });
    const { statusCode, payload } = await appFixture.inject("/health");
    expect({ statusCode, ...JSON.parse(payload) }).toEqual({ statusCode: 200, status: "ok", auth });
  });
});
