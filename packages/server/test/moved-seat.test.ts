// Also on PostgreSQL: where the links of a person lead who was moved, and what becomes of their pause.
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { trpc } from "./support/calls.js";
import { APPS, openExamsFixture } from "./support/exams-fixture.js";
import { listenRoom, nextBesidesPresence as next } from "./support/listening.js";

const CONFIG = { apps: APPS, publicUrl: "https://invigil.example" };
const userId = "examinee1";

const open = async () => {
  const clock = { now: new Date("2026-01-02T03:04:05Z") };
  const fixture = await openExamsFixture({ config: CONFIG, now: () => clock.now });
  const { room, sibling, teacher, admin } = fixture;
  const tokenOf = (url = "") => new URL(url).searchParams.get("token") ?? "";
  return {
    ...fixture,
    clock,
    /** The token of a new link of the person. */
    link: async (roomId: string): Promise<string> => {
      const links = await admin.room.joinLinks({ roomId, role: "examinee" });
      return tokenOf(links.find((link) => link.userId === userId)?.url);
    },
    open: async (token: string, roomId: string) => {
      const { data, error } = await trpc(fixture, token).mutate("attempt.open", { roomId });
      return error ? error.data.reason : data;
    },
    stateOf: async (token: string, roomId: string) =>
      (await trpc(fixture, token).query("room.get", { roomId })).error?.data.reason ?? "ok",
    /** The card of the person, with its codes. */
    card: async (roomId: string) => {
      const cards = await admin.room.joinCodes({ roomId, role: "examinee" });
      return cards.find((card) => card.userId === userId) ?? expect.unreachable("no card");
    },
    /** The room to which a code leads, or the status of the refusal. */
    lead: async (code = "") => {
      const { statusCode, headers } = await fixture.inject({ method: "GET", url: `/j/${code}` });
      return statusCode === 303 ? new URL(headers.location ?? "").searchParams.get("roomId") : statusCode;
    },
    move: (from: string, to: string) => admin.participant.move({ roomId: from, userId, toRoomId: to }),
    a: room.id,
    b: sibling.id,
    teacher,
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
};

describe("the link of a person who was moved", () => {
  it("opens the exam where they sit, with a token for that room", async () => {
    await using school = await open();
    const { a, b, link, move } = school;
    const token = await link(a);
    expect(await school.open(token, a)).not.toHaveProperty("token");
    await move(a, b);
    const opened = await school.open(token, a);
    expect(opened).toMatchObject({ snapshot: { room: { id: b } }, self: { userId } });
    expect(opened.snapshot.members.map((member: { userId: string }) => member.userId)).toContain(userId);
    const own = decodeJwt(opened.token);
    expect(own).toMatchObject({ sub: userId, role: "examinee", room: b });
    // It lasts as long as the link, and whoever revokes the token of the link revokes it.
    expect([own.jti, own.exp]).toEqual([decodeJwt(token).jti, decodeJwt(token).exp]);
    expect(await school.open(opened.token, b)).toMatchObject({ snapshot: { room: { id: b } } });
    expect(await school.stateOf(token, a)).toBe("FORBIDDEN");
    // Back again, the first link opens the first room, and the second one leads there, too.
    await move(b, a);
    expect(await school.open(token, a)).not.toHaveProperty("token");
    expect(await school.open(opened.token, b)).toMatchObject({ snapshot: { room: { id: a } } });
    await school.admin.auth.revokeToken({ tokenId: own.jti ?? "" });
    for (const [one, room] of [
      [token, a],
      [opened.token, b],
    ] as const)
      expect(await school.open(one, room)).toBe("UNAUTHENTICATED");
  });

  it("ends with a revocation in either room, also after the person is back", async () => {
    await using school = await open();
    const { a, b, link, move, admin } = school;
    const first = await link(a);
    await admin.room.revokeLinks({ roomId: a, userIds: [userId] });
    const second = await link(a);
    await move(a, b);
    expect(await school.open(first, a)).toBe("UNAUTHENTICATED");
    expect(await school.open(second, a)).toMatchObject({ snapshot: { room: { id: b } } });
    const third = (await school.open(second, a)).token;
    expect(await admin.room.revokeLinks({ roomId: b, userIds: [userId] })).toEqual([
      { userId, generation: 2 },
    ]);
    expect(await school.open(second, a)).toBe("FORBIDDEN");
    expect(await school.open(third, b)).toBe("UNAUTHENTICATED");
    const fourth = await link(b);
    await move(b, a);
    for (const token of [first, second]) expect(await school.open(token, a)).toBe("UNAUTHENTICATED");
    expect(await school.open(third, b)).toBe("UNAUTHENTICATED");
    expect(await school.open(fourth, b)).toMatchObject({ snapshot: { room: { id: a } } });
  });

  it("ends with a revocation where a plan or a member of the staff has seated them since", async () => {
    await using school = await open();
    const { a, b, link, move, admin, room } = school;
    await admin.room.revokeLinks({ roomId: a, userIds: [userId] });
    const token = await link(a);
    await move(a, b);
    await admin.participant.remove({ roomId: b, userId });
    expect(await school.open(token, a)).toBe("FORBIDDEN");
    const { id: c } = await admin.room.create({
      examId: room.examId,
      name: "Room C",
      participants: [{ userId, name: "E", role: "examinee" }],
    });
    expect(await school.open(token, a)).toMatchObject({ snapshot: { room: { id: c } } });
    await admin.room.revokeLinks({ roomId: c, userIds: [userId] });
    expect(await school.open(token, a)).toBe("FORBIDDEN");
  });

  it("leads nobody into a room in which they do not sit, or sit as someone else", async () => {
    await using school = await open();
    const { a, b, move, admin, other } = school;
    const ofOther = await school.token({ sub: "examinee9", role: "examinee", room: other.id });
    expect(await school.open(ofOther, a)).toBe("FORBIDDEN");
    // Only links lead on.
    const token = await school.link(a);
    const unbound = school.as({ sub: userId, role: "examinee" });
    await move(a, b);
    await expect(unbound.attempt.open({ roomId: a })).rejects.toThrow("not open to you");
    await admin.participant.remove({ roomId: b, userId });
    await admin.participant.add({ roomId: b, participants: [{ userId, name: "I", role: "inspector" }] });
    expect(await school.open(token, a)).toBe("FORBIDDEN");
    await expect(unbound.attempt.open({ roomId: "nowhere" })).rejects.toThrow("not open to you");
  });
});

describe("the card of a person who was moved", () => {
  it("leads where they sit, is printed again with the same codes there, and ends with a revocation", async () => {
    await using school = await open();
    const { a, b, card, lead, move, admin, room } = school;
    const { code, pcCode } = await card(a);
    expect([await lead(code), await lead(pcCode)]).toEqual([a, a]);
    await move(a, b);
    expect([await lead(code), await lead(pcCode)]).toEqual([b, b]);
    const { seats } = await admin.participant.diagnose({ examId: room.examId, userId });
    expect(seats).toMatchObject([{ roomId: b, codes: { main: "current", pc: "current" } }]);
    expect(await card(b)).toMatchObject({ code, pcCode, roomId: b });
    await move(b, a);
    expect([await lead(code), (await card(a)).code]).toEqual([a, code]);
    await move(a, b);
    await admin.room.revokeLinks({ roomId: b, userIds: [userId] });
    expect([await lead(code), await lead(pcCode)]).toEqual([404, 404]);
    const fresh = await card(b);
    expect(fresh.code).not.toBe(code);
    expect([await lead(fresh.code), await lead(code)]).toEqual([b, 404]);
    await move(b, a);
    await admin.participant.remove({ roomId: a, userId });
    expect(await lead(fresh.code)).toBe(404);
  });
});

describe("the pause of a person who was moved", () => {
  it("is seen in the new room, and ends with a decision about everybody there", async () => {
    await using school = await open();
    const { a, b, teacher, move, admin } = school;
    const reason = { code: "technical" } as const;
    await using there = await listenRoom(school, { sub: "teacher3", role: "teacher" }, { roomId: b });
    await teacher.attempt.pause({ roomId: a, reason, key: "pause" });
    await move(a, b);
    expect(await next(there)).toMatchObject({ type: "participant_added", userId });
    expect(await next(there)).toMatchObject({ type: "attempt_changed", userId, status: "paused" });
    const statusIn = async (roomId: string) =>
      (await admin.room.snapshot({ roomId })).members.find((member) => member.userId === userId)?.attempt
        ?.status;
    expect(await statusIn(b)).toBe("paused");
    // When the people in the old room are resumed, the moved person stays paused.
    await teacher.attempt.resume({ roomId: a, reason, key: "resume a" });
    expect(await statusIn(b)).toBe("paused");
    const { people } = await admin.attempt.resume({ roomId: b, reason, key: "resume b" });
    expect(people.filter(({ outcome }) => outcome === "changed")).toMatchObject([{ userId }]);
    expect(await statusIn(b)).toBe("running");
  });
});
