import { join } from "node:path";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { refusalOf, rest, trpc } from "./support/calls.js";
import { tempFolder } from "./support/folders.js";
import { openIdentityService } from "./support/identity-service.js";
import { listenRoom } from "./support/listening.js";
import { reasonOf, refused } from "./support/reason.js";
import { APPS, openSchool, type School } from "./support/school.js";

const HERE = { config: { apps: APPS } };
const PEOPLE = ["teacher1", "inspector1", "examinee1", "examinee2"] as const;

/** Returns the token of each person's link to the school's room. */
const linkTokens = async ({ teacher, room }: School): Promise<Record<(typeof PEOPLE)[number], string>> => {
  const links = await teacher.room.joinLinks({ roomId: room.id });
  const tokenOf = (userId: string) =>
    new URL(links.find((link) => link.userId === userId)?.url ?? "").searchParams.get("token") ?? "";
  const [teacher1, inspector1, examinee1, examinee2] = PEOPLE.map(tokenOf);
  // Safe: each link has one, otherwise parsing the URL above has failed.
  return { teacher1, inspector1, examinee1, examinee2 } as Record<(typeof PEOPLE)[number], string>;
};
const stateOf = async (app: Pick<School, "inject">, token: string): Promise<string> =>
  (await trpc(app, token).query("auth.whoami")).error?.data.reason ?? "ok";
const statesOf = async (app: Pick<School, "inject">, tokens: Record<string, string>): Promise<string[]> => {
  const states = [];
  for (const token of Object.values(tokens)) states.push(await stateOf(app, token));
  return states;
};
const [OK, NOT] = ["ok", "UNAUTHENTICATED"];

describe("room.revokeLinks", () => {
  it("ends the links of the people who are named at once, and nobody else's", async () => {
    await using school = await openSchool(HERE);
    const roomId = school.room.id;
    const [before, other] = [await linkTokens(school), await linkTokens(school)];
    expect(await statesOf(school, before)).toEqual([OK, OK, OK, OK]);
    expect(await school.teacher.room.revokeLinks({ roomId, userIds: ["examinee1", "inspector1"] })).toEqual([
      { userId: "examinee1", generation: 1 },
      { userId: "inspector1", generation: 1 },
    ]);
    for (const tokens of [before, other]) expect(await statesOf(school, tokens)).toEqual([OK, NOT, NOT, OK]);
    refusalOf(await rest(school, before.examinee1).get("roomInfo", { roomId }), 401, "UNAUTHENTICATED");

    // Links created now work until the next revocation.
    const after = await linkTokens(school);
    expect(await statesOf(school, after)).toEqual([OK, OK, OK, OK]);
    expect(decodeJwt(after.examinee1)).toMatchObject({ gen: 1 });
    expect(decodeJwt(after.examinee2)).not.toHaveProperty("gen");
    expect(await school.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] })).toEqual([
      { userId: "examinee1", generation: 2 },
    ]);
    expect(await statesOf(school, after)).toEqual([OK, OK, NOT, OK]);
  });

  it("ends everybody's but the caller's own where nobody is named", async () => {
    await using school = await openSchool(HERE);
    const tokens = await linkTokens(school);
    const { data } = await trpc(school, tokens.teacher1).mutate("room.revokeLinks", {
      roomId: school.room.id,
    });
    expect(data.map(({ userId }: { userId: string }) => userId)).toEqual([
      "examinee1",
      "examinee2",
      "inspector1",
    ]);
    expect(await statesOf(school, tokens)).toEqual([OK, NOT, NOT, NOT]);
    await school.admin.room.revokeLinks({ roomId: school.room.id });
    expect(await stateOf(school, tokens.teacher1)).toBe(NOT);
  });

  it("leaves the links into other rooms, logins, and tokens that are bound to no room", async () => {
    await using school = await openSchool(HERE);
    const { id: roomId, examId } = school.room;
    await school.admin.participant.add({
      roomId: school.sibling.id,
      participants: [{ userId: "examinee1", name: "E", role: "examinee" }],
    });
    const examinee1 = { userId: "examinee1", role: "examinee" } as const;
    const kept = [
      (await school.admin.auth.issueToken({ ...examinee1, roomId: school.sibling.id })).token,
      (await school.admin.auth.issueToken({ ...examinee1, examId })).token,
      await school.token({ sub: "examinee1", role: "examinee" }),
    ];
    await school.admin.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    for (const token of kept) expect(await stateOf(school, token)).toBe(OK);
  });

  it("ends every token of ours that is bound to the room, however it was made", async () => {
    await using school = await openSchool(HERE);
    const { id: roomId } = school.room;
    const request = { userId: "examinee1", role: "examinee", roomId } as const;
    const tokens = {
      issued: (await school.teacher.auth.issueToken(request)).token,
      // Signed by another program with the secret, or by `invigil token`, without a generation.
      signed: await school.token({ sub: "examinee1", role: "examinee", room: roomId }),
    };
    expect(await statesOf(school, tokens)).toEqual([OK, OK]);
    await school.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    expect(await statesOf(school, tokens)).toEqual([NOT, NOT]);
    expect(await stateOf(school, (await school.teacher.auth.issueToken(request)).token)).toBe(OK);
  });

  it("leaves an identity service's tokens: they are no links", async () => {
    await using service = await openIdentityService();
    const key = await service.makeKey("first");
    service.publish(key);
    const issuer = "https://id.school.example";
    const jwks = { url: service.url, issuer, audience: "invigil", claims: {}, roles: {} };
    await using school = await openSchool({ now: () => new Date(), config: { apps: APPS, jwks } });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const claims = { sub: "examinee1", role: "examinee", iss: issuer, aud: "invigil", exp, gen: 0 };
    const token = await key.sign({ ...claims, room: school.room.id });
    await school.teacher.room.revokeLinks({ roomId: school.room.id, userIds: ["examinee1"] });
    expect(await stateOf(school, token)).toBe(OK);
  });

  it("revokes nothing when one of those named is not in the room", async () => {
    await using school = await openSchool(HERE);
    const tokens = await linkTokens(school);
    const call = school.teacher.room.revokeLinks({
      roomId: school.room.id,
      userIds: ["examinee1", "examinee3"],
    });
    expect(await refused(call)).toMatchObject({
      reason: "PARTICIPANT_NOT_FOUND",
      message: `There is no examinee3 in the room ${school.room.id}.`,
    });
    expect(await statesOf(school, tokens)).toEqual([OK, OK, OK, OK]);
    for (const userIds of [[], Array.from({ length: 501 }, (_, n) => `e${n}`)])
      expect(await reasonOf(school.teacher.room.revokeLinks({ roomId: school.room.id, userIds }))).toBe(
        "INVALID_INPUT",
      );
  });

  it("works in a room that has ended, whose staff still look through its records", async () => {
    await using school = await openSchool(HERE);
    const tokens = await linkTokens(school);
    await school.teacher.room.end({ roomId: school.room.id });
    await school.admin.room.revokeLinks({ roomId: school.room.id });
    expect(await statesOf(school, tokens)).toEqual([NOT, NOT, NOT, NOT]);
  });

  it("ends what listens with such a link", async () => {
    await using school = await openSchool(HERE);
    const { id: roomId } = school.room;
    await using listening = await listenRoom(
      school,
      { sub: "examinee1", role: "examinee", room: roomId },
      { roomId },
    );
    await school.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    await expect(listening.until(() => false)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("revoked links stay revoked", () => {
  const back = (school: School) =>
    school.teacher.participant.add({
      roomId: school.room.id,
      participants: [{ userId: "examinee1", name: "Back", role: "examinee" }],
    });

  it.each([
    ["taken out and put back", false],
    ["erased with their records and put back", true],
  ])("where the person is %s", async (_, withRecords) => {
    await using school = await openSchool(HERE);
    const { id: roomId, examId } = school.room;
    const revoked = (await linkTokens(school)).examinee1;
    await school.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    await school.admin.participant.removeFromExam({ examId, userId: "examinee1", withRecords });
    await back(school);
    const after = await linkTokens(school);
    expect(await statesOf(school, { revoked, ...after })).toEqual([NOT, OK, OK, OK, OK]);
  });

  it("and links that were never revoked come back with the person", async () => {
    await using school = await openSchool(HERE);
    const { examinee1 } = await linkTokens(school);
    await school.teacher.participant.remove({ roomId: school.room.id, userId: "examinee1" });
    await back(school);
    expect((await trpc(school, examinee1).query("room.get", { roomId: school.room.id })).data).toMatchObject({
      id: school.room.id,
    });
  });

  it("and an exam with revoked links can be deleted", async () => {
    await using school = await openSchool(HERE);
    await school.admin.room.revokeLinks({ roomId: school.room.id });
    const { examId } = school.room;
    expect(await school.admin.exam.delete({ examId, withRooms: true })).toBeTruthy();
  });
});

describe("in several processes", () => {
  it("a link that one of them revokes is refused by the others, also where it was taken a moment ago", async () => {
    using folder = tempFolder();
    const config = { apps: APPS, databaseFile: join(folder.path, "invigil.db") };
    await using school = await openSchool({ config });
    await using second = await createTestApp({ config });
    const roomId = school.room.id;
    const tokens = await linkTokens(school);
    expect(await statesOf(second, tokens)).toEqual([OK, OK, OK, OK]);
    await using listening = await listenRoom(
      second,
      { sub: "examinee1", role: "examinee", room: roomId },
      { roomId },
    );
    await school.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    expect(await statesOf(second, tokens)).toEqual([OK, OK, NOT, OK]);
    await expect(listening.until(() => false)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    // The first server accepts links of the second one.
    const { token } = await second
      .as({ sub: "root", role: "admin" })
      .auth.issueToken({ userId: "examinee1", role: "examinee", roomId });
    expect(await stateOf(school, token)).toBe(OK);
  });
});
