import { join } from "node:path";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { createTestApp } from "../src/app/testing.js";
import { refusalOf, rest, trpc } from "./support/calls.js";
import { APPS, type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { tempFolder } from "./support/folders.js";
import { openIdentityService } from "./support/identity-service.js";
import { listenRoom } from "./support/listening.js";
import { reasonOf, refused } from "./support/reason.js";

const HERE = { config: { apps: APPS } };
const PEOPLE = ["teacher1", "inspector1", "examinee1", "examinee2"] as const;

/** Returns the token of each person's link to the fixture's room. */
const linkTokens = async ({
  teacher,
  room,
}: ExamsFixture): Promise<Record<(typeof PEOPLE)[number], string>> => {
  const links = await teacher.room.joinLinks({ roomId: room.id });
  const tokenOf = (userId: string) =>
    new URL(links.find((link) => link.userId === userId)?.url ?? "").searchParams.get("token") ?? "";
  const [teacher1, inspector1, examinee1, examinee2] = PEOPLE.map(tokenOf);
  // Safe: each link has one, otherwise parsing the URL above has failed.
  return { teacher1, inspector1, examinee1, examinee2 } as Record<(typeof PEOPLE)[number], string>;
};
const stateOf = async (app: Pick<ExamsFixture, "inject">, token: string): Promise<string> =>
  (await trpc(app, token).query("auth.whoami")).error?.data.reason ?? "ok";
const statesOf = async (
  app: Pick<ExamsFixture, "inject">,
  tokens: Record<string, string>,
): Promise<string[]> => {
  const states = [];
  for (const token of Object.values(tokens)) states.push(await stateOf(app, token));
  return states;
};
const [OK, NOT] = ["ok", "UNAUTHENTICATED"];

describe("room.revokeLinks", () => {
  it("ends the links of the people who are named at once, and nobody else's", async () => {
    await using fixture = await openExamsFixture(HERE);
    const roomId = fixture.room.id;
    const [before, other] = [await linkTokens(fixture), await linkTokens(fixture)];
    expect(await statesOf(fixture, before)).toEqual([OK, OK, OK, OK]);
    expect(await fixture.teacher.room.revokeLinks({ roomId, userIds: ["examinee1", "inspector1"] })).toEqual([
      { userId: "examinee1", generation: 1 },
      { userId: "inspector1", generation: 1 },
    ]);
    for (const tokens of [before, other]) expect(await statesOf(fixture, tokens)).toEqual([OK, NOT, NOT, OK]);
    refusalOf(await rest(fixture, before.examinee1).get("roomInfo", { roomId }), 401, "UNAUTHENTICATED");

    // Links created now work until the next revocation.
    const after = await linkTokens(fixture);
    expect(await statesOf(fixture, after)).toEqual([OK, OK, OK, OK]);
    expect(decodeJwt(after.examinee1)).toMatchObject({ gen: 1 });
    expect(decodeJwt(after.examinee2)).not.toHaveProperty("gen");
    expect(await fixture.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] })).toEqual([
      { userId: "examinee1", generation: 2 },
    ]);
    expect(await statesOf(fixture, after)).toEqual([OK, OK, NOT, OK]);
  });

  it("ends everybody's but the caller's own where nobody is named", async () => {
    await using fixture = await openExamsFixture(HERE);
    const tokens = await linkTokens(fixture);
    const { data } = await trpc(fixture, tokens.teacher1).mutate("room.revokeLinks", {
      roomId: fixture.room.id,
    });
    expect(data.map(({ userId }: { userId: string }) => userId)).toEqual([
      "examinee1",
      "examinee2",
      "inspector1",
    ]);
    expect(await statesOf(fixture, tokens)).toEqual([OK, NOT, NOT, NOT]);
    await fixture.admin.room.revokeLinks({ roomId: fixture.room.id });
    expect(await stateOf(fixture, tokens.teacher1)).toBe(NOT);
  });

  it("leaves the links into other rooms, logins, and tokens that are bound to no room", async () => {
    await using fixture = await openExamsFixture(HERE);
    const { id: roomId, examId } = fixture.room;
    await fixture.admin.participant.add({
      roomId: fixture.sibling.id,
      participants: [{ userId: "examinee1", name: "E", role: "examinee" }],
    });
    const examinee1 = { userId: "examinee1", role: "examinee" } as const;
    const kept = [
      (await fixture.admin.auth.issueToken({ ...examinee1, roomId: fixture.sibling.id })).token,
      (await fixture.admin.auth.issueToken({ ...examinee1, examId })).token,
      await fixture.token({ sub: "examinee1", role: "examinee" }),
    ];
    await fixture.admin.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    for (const token of kept) expect(await stateOf(fixture, token)).toBe(OK);
  });

  it("ends every token of ours that is bound to the room, however it was made", async () => {
    await using fixture = await openExamsFixture(HERE);
    const { id: roomId } = fixture.room;
    const request = { userId: "examinee1", role: "examinee", roomId } as const;
    const tokens = {
      issued: (await fixture.teacher.auth.issueToken(request)).token,
      // Signed by another program with the secret, or by `invigil token`, without a generation.
      signed: await fixture.token({ sub: "examinee1", role: "examinee", room: roomId }),
    };
    expect(await statesOf(fixture, tokens)).toEqual([OK, OK]);
    await fixture.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    expect(await statesOf(fixture, tokens)).toEqual([NOT, NOT]);
    expect(await stateOf(fixture, (await fixture.teacher.auth.issueToken(request)).token)).toBe(OK);
  });

  it("leaves an identity service's tokens: they are no links", async () => {
    await using service = await openIdentityService();
    const key = await service.makeKey("first");
    service.publish(key);
    const issuer = "https://id.school.example";
    const jwks = { url: service.url, issuer, audience: "invigil", claims: {}, roles: {} };
    await using fixture = await openExamsFixture({ now: () => new Date(), config: { apps: APPS, jwks } });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const claims = { sub: "examinee1", role: "examinee", iss: issuer, aud: "invigil", exp, gen: 0 };
    const token = await key.sign({ ...claims, room: fixture.room.id });
    await fixture.teacher.room.revokeLinks({ roomId: fixture.room.id, userIds: ["examinee1"] });
    expect(await stateOf(fixture, token)).toBe(OK);
  });

  it("revokes nothing when one of those named is not in the room", async () => {
    await using fixture = await openExamsFixture(HERE);
    const tokens = await linkTokens(fixture);
    const call = fixture.teacher.room.revokeLinks({
      roomId: fixture.room.id,
      userIds: ["examinee1", "examinee3"],
    });
    expect(await refused(call)).toMatchObject({
      reason: "PARTICIPANT_NOT_FOUND",
      message: `There is no examinee3 in the room ${fixture.room.id}.`,
    });
    expect(await statesOf(fixture, tokens)).toEqual([OK, OK, OK, OK]);
    for (const userIds of [[], Array.from({ length: 501 }, (_, n) => `e${n}`)])
      expect(await reasonOf(fixture.teacher.room.revokeLinks({ roomId: fixture.room.id, userIds }))).toBe(
        "INVALID_INPUT",
      );
  });

  it("works in a room that has ended, whose staff still look through its records", async () => {
    await using fixture = await openExamsFixture(HERE);
    const tokens = await linkTokens(fixture);
    await fixture.teacher.room.end({ roomId: fixture.room.id });
    await fixture.admin.room.revokeLinks({ roomId: fixture.room.id });
    expect(await statesOf(fixture, tokens)).toEqual([NOT, NOT, NOT, NOT]);
  });

  it("ends what listens with such a link", async () => {
    await using fixture = await openExamsFixture(HERE);
    const { id: roomId } = fixture.room;
    await using listening = await listenRoom(
      fixture,
      { sub: "examinee1", role: "examinee", room: roomId },
      { roomId },
    );
    await fixture.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    await expect(listening.until(() => false)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
  });
});

describe("revoked links stay revoked", () => {
  const back = (fixture: ExamsFixture) =>
    fixture.teacher.participant.add({
      roomId: fixture.room.id,
      participants: [{ userId: "examinee1", name: "Back", role: "examinee" }],
    });

  it.each([
    ["taken out and put back", false],
    ["erased with their records and put back", true],
  ])("where the person is %s", async (_, withRecords) => {
    await using fixture = await openExamsFixture(HERE);
    const { id: roomId, examId } = fixture.room;
    const revoked = (await linkTokens(fixture)).examinee1;
    await fixture.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    await fixture.admin.participant.removeFromExam({ examId, userId: "examinee1", withRecords });
    await back(fixture);
    const after = await linkTokens(fixture);
    expect(await statesOf(fixture, { revoked, ...after })).toEqual([NOT, OK, OK, OK, OK]);
  });

  it("and links that were never revoked come back with the person", async () => {
    await using fixture = await openExamsFixture(HERE);
    const { examinee1 } = await linkTokens(fixture);
    await fixture.teacher.participant.remove({ roomId: fixture.room.id, userId: "examinee1" });
    await back(fixture);
    expect(
      (await trpc(fixture, examinee1).query("room.get", { roomId: fixture.room.id })).data,
    ).toMatchObject({
      id: fixture.room.id,
    });
  });

  it("and an exam with revoked links can be deleted", async () => {
    await using fixture = await openExamsFixture(HERE);
    await fixture.admin.room.revokeLinks({ roomId: fixture.room.id });
    const { examId } = fixture.room;
    expect(await fixture.admin.exam.delete({ examId, withRooms: true })).toBeTruthy();
  });
});

describe("in several processes", () => {
  it("a link that one of them revokes is refused by the others, also where it was taken a moment ago", async () => {
    using folder = tempFolder();
    const config = { apps: APPS, databaseFile: join(folder.path, "invigil.db") };
    await using fixture = await openExamsFixture({ config });
    await using second = await createTestApp({ config });
    const roomId = fixture.room.id;
    const tokens = await linkTokens(fixture);
    expect(await statesOf(second, tokens)).toEqual([OK, OK, OK, OK]);
    await using listening = await listenRoom(
      second,
      { sub: "examinee1", role: "examinee", room: roomId },
      { roomId },
    );
    await fixture.teacher.room.revokeLinks({ roomId, userIds: ["examinee1"] });
    expect(await statesOf(second, tokens)).toEqual([OK, OK, NOT, OK]);
    await expect(listening.until(() => false)).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    // The first server accepts links of the second one.
    const { token } = await second
      .as({ sub: "root", role: "admin" })
      .auth.issueToken({ userId: "examinee1", role: "examinee", roomId });
    expect(await stateOf(fixture, token)).toBe(OK);
  });
});
