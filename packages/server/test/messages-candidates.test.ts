import { describe, expect, it } from "vitest";
import type { Parsed } from "./support/calls.js";
import { imLogin, rawDropIn } from "./support/drop-in.js";
import { hear, openIn, say } from "./support/drop-in-apps.js";
import type { ExamsFixture } from "./support/exams-fixture.js";
import { listenRoom } from "./support/listening.js";
import {
  ADMIN,
  EXAMINEE,
  INSPECTOR,
  OTHER,
  openRoomFixture,
  type RoomFixture,
  TEACHER,
} from "./support/room-fixture.js";
import { sharedSchools } from "./support/shared.js";

const openExamsFixture = sharedSchools();

// Candidates send messages to the staff of their room. Staff read all messages in the room.

const OWN = { type: 30_001, data: "psst" } as const;
const textsOf = async (fixture: RoomFixture, caller: typeof ADMIN, more: object = {}): Promise<string[]> => {
  const { data } = await fixture.query(caller, "im.history", { roomId: fixture.room.id, ...more });
  return data.messages.map((message: Parsed) => message.data);
};

describe("a candidate's message by the API", () => {
  it.each([
    ["another candidate", ["e2"], "e2"],
    ["another candidate's PC", ["pc_e2"], "pc_e2"],
    ["nobody", ["nobody"], "nobody"],
    ["somebody of another room", ["t1", "e9"], "e9"],
    ["a candidate beside a teacher", ["t1", "e2"], "e2"],
  ])("to %s is refused in the same words", async (_, to, wrong) => {
    await using fixture = await openRoomFixture();
    const { error } = await fixture.say(EXAMINEE, { ...OWN, to });
    expect(error.data).toMatchObject({
      reason: "INVALID_INPUT",
      fieldErrors: { [`to[${to.length - 1}]`]: [`is none of the room's staff: ${wrong}`] },
    });
    expect(await fixture.happened(fixture.room, "message")).toEqual([]);
  });

  it.each([[["t1"]], [["pc_t1"]], [["i1"]], [["t1", "i1"]], [["pc_e1"]]])(
    "to %j is sent, and read by all staff",
    async (to) => {
      await using fixture = await openRoomFixture();
      expect((await fixture.say(EXAMINEE, { ...OWN, to })).status).toBe(200);
      for (const caller of [TEACHER, INSPECTOR, ADMIN, EXAMINEE])
        expect(await textsOf(fixture, caller)).toEqual(["psst"]);
      expect(await textsOf(fixture, INSPECTOR, { type: 30_001 })).toEqual(["psst"]);
      expect(await textsOf(fixture, INSPECTOR, { type: 30_002 })).toEqual([]);
      for (const camera of ["main", "pc"]) expect(await textsOf(fixture, OTHER, { camera })).toEqual([]);
    },
  );

  it("to the whole room is for its staff, including those who are added later", async () => {
    await using fixture = await openRoomFixture();
    expect((await fixture.say(EXAMINEE, OWN)).status).toBe(200);
    const participants = [{ userId: "t2", role: "teacher", name: "T" }];
    await fixture.mutate(TEACHER, "participant.add", { roomId: fixture.room.id, participants });
    for (const caller of [TEACHER, INSPECTOR, ADMIN, EXAMINEE, { sub: "t2", role: "teacher" } as const])
      expect(await textsOf(fixture, caller)).toEqual(["psst"]);
    expect(await textsOf(fixture, OTHER)).toEqual([]);
    const { data } = await fixture.query(TEACHER, "im.history", { roomId: fixture.room.id });
    expect(data.messages[0]).not.toHaveProperty("to");
  });

  it("is delivered only to staff", async () => {
    await using examsFixture = await openExamsFixture();
    const roomId = examsFixture.room.id;
    const listeners = {
      admin: await listenRoom(examsFixture, ADMIN, { roomId }),
      inspector: await listenRoom(examsFixture, { sub: "inspector1", role: "inspector" }, { roomId }),
      examinee2: await listenRoom(examsFixture, { sub: "examinee2", role: "examinee" }, { roomId }),
    };
    const send = (data: string, to?: string[]) =>
      examsFixture
        .as({ sub: "examinee1", role: "examinee" })
        .im.send({ roomId, type: 30_001, data, ...(to && { to }) });
    await send("to the room");
    await send("to the teacher", ["teacher1"]);
    await examsFixture.teacher.im.send({ roomId, type: 30_001, data: "end" });
    const texts: Record<string, unknown[]> = {};
    for (const [name, listener] of Object.entries(listeners)) {
      const events = await listener.until(
        (event) => event.type === "message" && event.message.data === "end",
      );
      texts[name] = events.flatMap((event) => (event.type === "message" ? [event.message.data] : []));
      await listener.leave();
    }
    expect(texts).toEqual({
      admin: ["to the room", "to the teacher", "end"],
      inspector: ["to the room", "to the teacher", "end"],
      examinee2: ["end"],
    });
  });
});

describe("a candidate's message by the drop-in script", () => {
  const c2c = (examsFixture: ExamsFixture, receiverId: string) => ({
    groupId: examsFixture.room.id,
    type: 20_004,
    data: '{"sid":"1"}',
    receiverId,
  });

  it("to a single login arrives if that is connected staff, and else fails with one and the same message", async () => {
    await using examsFixture = await openExamsFixture();
    const url = await examsFixture.listen();
    await using teacher = await openIn(examsFixture, url, "teacher1", "teacher");
    await using examinee = await openIn(examsFixture, url, "examinee1", "examinee");
    await using other = await openIn(examsFixture, url, "examinee2", "examinee");
    const failures = [];
    // A connected candidate, one in the room, one in another room, an unknown login, and staff who are not connected.
    for (const receiver of [
      "examinee2",
      "pc_examinee2",
      "examinee9",
      "nobody",
      "inspector1",
      "pc_teacher1",
    ]) {
      const error: Parsed = await examinee.messages
        .sendC2cMessage(c2c(examsFixture, receiver))
        .catch((thrown: unknown) => thrown);
      failures.push([error.code, error.message]);
    }
    expect(new Set(failures.map(String))).toEqual(new Set(["404,user not online"]));
    await examinee.messages.sendC2cMessage(c2c(examsFixture, "teacher1"));
    expect((await teacher.diary.until("recvc2cmessage"))[0].sender).toEqual({ userId: "examinee1" });
    await say(teacher, examsFixture, 7);
    expect(await hear(other)).toBe(7);
    expect(other.diary.all("recvc2cmessage")).toEqual([]);
  });

  it("to a group or some of it arrives only at staff: live, after a gap, and in lists", async () => {
    await using examsFixture = await openExamsFixture();
    const url = await examsFixture.listen();
    const groupId = examsFixture.room.id;
    await using teacher = await openIn(examsFixture, url, "teacher1", "teacher");
    await using inspector = await openIn(examsFixture, url, "inspector1", "inspector");
    await using examinee = await openIn(examsFixture, url, "examinee1", "examinee");
    await using other = await openIn(examsFixture, url, "examinee2", "examinee");
    await say(examinee, examsFixture, 1);
    await say(examinee, examsFixture, 2, { receiverIdList: ["examinee2", "pc_examinee2", "nobody"] });
    await say(examinee, examsFixture, 3, { receiverIdList: ["examinee2", "teacher1"] });
    await say(teacher, examsFixture, 4);
    for (const [app, expected] of [
      [teacher, [1, 3]],
      [inspector, [1, 4]],
      [other, [4]],
    ] as const)
      for (const n of expected) expect(await hear(app)).toBe(n);

    const listed = async (app: typeof teacher) =>
      (await app.messages.listRecentMessage({ groupId })).messageList.map(({ data }: Parsed) => Number(data));
    expect([await listed(teacher), await listed(inspector)]).toEqual([
      [1, 4],
      [1, 4],
    ]);
    expect([await listed(examinee), await listed(other)]).toEqual([[4], [4]]);

    // An id of another log causes a gap. The messages are then read from the database.
    const missed = async (userId: string, role: "teacher" | "examinee", last: number) => {
      const token = await examsFixture.token({ sub: userId, role, room: groupId });
      const made = await imLogin(url, token, { roomId: groupId, userId });
      const { appId, appToken, auth } = made;
      using page = await rawDropIn(url);
      await page.ask({ do: "login", login: { appId, appToken, auth } });
      await page.ask({ do: "join", groupId, after: "999999999", seen: 0 });
      await say(inspector, examsFixture, last);
      const received: string[] = [];
      while (received.at(-1) !== `${last}`) received.push((await page.receive("message")).message.data);
      return received.map(Number);
    };
    const late = { userId: "teacher9", role: "teacher" as const, name: "T" };
    await examsFixture.teacher.participant.add({ roomId: groupId, participants: [late] });
    expect(await missed("teacher9", "teacher", 5)).toEqual([1, 4, 5]);
    expect(await missed("examinee2", "examinee", 6)).toEqual([4, 5, 6]);
  });

  it("to another teacher is not delivered to a teacher's app, but is in their history", async () => {
    await using examsFixture = await openExamsFixture();
    const url = await examsFixture.listen();
    const groupId = examsFixture.room.id;
    const second = { userId: "teacher9", role: "teacher" as const, name: "T" };
    await examsFixture.teacher.participant.add({ roomId: groupId, participants: [second] });
    await using teacher = await openIn(examsFixture, url, "teacher1", "teacher");
    await using beside = await openIn(examsFixture, url, "teacher9", "teacher");
    await using examinee = await openIn(examsFixture, url, "examinee1", "examinee");
    await examinee.messages.sendC2cMessage(c2c(examsFixture, "teacher1"));
    await teacher.diary.until("recvc2cmessage");
    await say(teacher, examsFixture, 1);
    expect(await hear(beside)).toBe(1);
    expect(beside.diary.all("recvc2cmessage")).toEqual([]);
    const { messages } = await examsFixture
      .as({ sub: "teacher9", role: "teacher" })
      .im.history({ roomId: groupId });
    expect(messages.map(({ type }) => type)).toEqual([30_001, 20_004]);
  });
});
