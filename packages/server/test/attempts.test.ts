// Also on PostgreSQL. The rules themselves are tested in packages/schema/src/attempts.test.ts.
import { describe, expect, it } from "vitest";
import type { TestAppOptions } from "../src/app/testing.js";
import { openAppFixture } from "./support/app-fixture.js";
import { endAndReopenBesideMoves } from "./support/beside-moves.js";
import { dataOf, rest } from "./support/calls.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { listenPeople, listenRoom, nextBesidesPresence as next } from "./support/listening.js";
import { EVERYTHING } from "./support/procedure-calls.js";
import { reasonOf } from "./support/reason.js";
import { callsOf, RATES } from "./support/servers.js";

const MINUTE = 60_000;

/** The fixture, half an hour into its exam, with people who decide and who sit it. */
const openRunningExam = async (options: TestAppOptions = {}) => {
  const clock = { now: new Date("2026-01-02T03:04:05Z") };
  const fixture = await openExamsFixture({ ...options, now: () => clock.now });
  const { room } = fixture;
  const { startTime, endTime } = await fixture.admin.exam.get({ examId: room.examId });
  clock.now = new Date(startTime.getTime() + 30 * MINUTE);
  let keys = 0;
  return {
    ...fixture,
    endTime,
    later: (minutes: number) => {
      clock.now = new Date(clock.now.getTime() + minutes * MINUTE);
      return clock.now;
    },
    examinee: fixture.as({ sub: "examinee1", role: "examinee" }),
    inspector: fixture.as({ sub: "inspector1", role: "inspector" }),
    sibling: fixture.as({ sub: "teacher3", role: "teacher" }),
    siblingId: fixture.sibling.id,
    decision: (...userIds: string[]) => ({
      roomId: room.id,
      ...(userIds.length > 0 && { userIds }),
      reason: { code: "technical" as const, note: "power cut", message: "Please wait." },
      key: `key-${++keys}`,
    }),
    [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose](),
  };
};

describe("a decision about attempts", () => {
  it("changes the end of the exam for those people alone, wherever it is read", async () => {
    await using exam = await openRunningExam();
    const { teacher, examinee, room, endTime, decision, later } = exam;
    await teacher.attempt.extend({ ...decision("examinee1"), minutes: 15 });
    await teacher.attempt.pause(decision("examinee1"));
    later(10);
    const { people, remaining } = await teacher.attempt.resume(decision());
    const endsAt = new Date(endTime.getTime() + 25 * MINUTE);
    expect(remaining).toBe(0);
    expect(people).toMatchObject([
      { userId: "examinee1", outcome: "changed", endsAt },
      { userId: "examinee2", outcome: "unchanged", endsAt: endTime },
    ]);
    expect((await examinee.exam.get({ examId: room.examId })).endTime).toEqual(endsAt);
    expect((await teacher.exam.get({ examId: room.examId })).endTime).toEqual(endTime);
    const links = await exam.admin.room.joinLinks({ roomId: room.id, role: "examinee" }).catch(() => []);
    for (const link of links)
      expect(link.examEndTime).toEqual(link.userId === "examinee1" ? endsAt : endTime);
    const { people: entries } = await teacher.exam.people({ examId: room.examId, roomId: room.id });
    expect(entries.find(({ userId }) => userId === "examinee1")?.attempt).toMatchObject({
      status: "running",
      pausedMs: 10 * MINUTE,
      extendedMinutes: 15,
    });
  });

  it.each(["person", "room"])(
    "gives a %s no more time than the exam has when the clock goes back and forth",
    async (of) => {
      await using exam = await openRunningExam();
      const { teacher, examinee, room, endTime, decision, later } = exam;
      const { startTime } = await exam.admin.exam.get({ examId: room.examId });
      const length = endTime.getTime() - startTime.getTime();
      const whom = of === "person" ? ["examinee1"] : [];
      let now = later(0);
      const leftIs = async (most: number) => {
        const { endTime: end } = await examinee.exam.get({ examId: room.examId });
        expect(end.getTime() - Math.max(now.getTime(), startTime.getTime())).toBeLessThanOrEqual(most);
      };
      for (const minutes of [60, -60, -25, 85]) {
        await teacher.attempt.pause(decision(...whom));
        now = later(minutes);
        await leftIs(length);
        await teacher.attempt.resume(decision(...whom));
        await leftIs(length);
        await teacher.attempt.extend({ ...decision(...whom), minutes: 5 });
        await leftIs(length + 5 * MINUTE);
        await teacher.attempt.extend({ ...decision(...whom), minutes: -5 });
      }
      // The first pause gave an hour, and the others none of it a second time.
      const people = await teacher.exam.people({ examId: room.examId, roomId: room.id });
      expect(people.people.find(({ userId }) => userId === "examinee1")?.attempt).toMatchObject({
        pausedMs: 60 * MINUTE,
      });
    },
  );

  it("is told to staff and to the person concerned, with its absolute values", async () => {
    await using exam = await openRunningExam();
    const { teacher, room, decision } = exam;
    const as = { roomId: room.id };
    await using own = await listenRoom(exam, { sub: "examinee1", role: "examinee" }, as);
    await using others = await listenRoom(exam, { sub: "examinee2", role: "examinee" }, as);
    await using staff = await listenRoom(exam, { sub: "teacher1", role: "teacher" }, as);
    await using people = await listenPeople(exam, { sub: "teacher1", role: "teacher" }, room);
    await teacher.attempt.pause({ ...decision("examinee1"), giveBack: false });
    await teacher.attempt.extend({ ...decision("examinee2"), minutes: 5 });
    const paused = {
      type: "attempt_changed",
      userId: "examinee1",
      status: "paused",
      since: expect.any(Date),
      givesBack: false,
      pausedMs: 0,
      extendedMinutes: 0,
    };
    const extended = { type: "attempt_changed", userId: "examinee2", status: "running", extendedMinutes: 5 };
    expect(await next(own)).toMatchObject(paused);
    expect(await next(others)).toMatchObject(extended);
    expect(await next(staff)).toMatchObject(paused);
    expect(await next(staff)).toMatchObject({
      type: "entries_added",
      entries: [
        {
          kind: "pause",
          giveBack: false,
          userId: "examinee1",
          by: { userId: "teacher1", role: "teacher" },
          reason: "technical",
          note: "power cut",
        },
      ],
    });
    expect(await next(staff)).toMatchObject(extended);
    expect(await next(people)).toMatchObject(paused);
    expect(await next(people)).toMatchObject(extended);
  });

  it("is made once for each key, and a key stands for one decision", async () => {
    await using exam = await openRunningExam();
    const { teacher, room, decision } = exam;
    const once = { ...decision("examinee1"), minutes: 10 };
    await teacher.attempt.extend(once);
    // The repetition continues with those about whom the first call has not decided.
    const again = await teacher.attempt.extend({ ...once, userIds: ["examinee1", "examinee2"] });
    expect(again.people).toMatchObject([
      { userId: "examinee1", outcome: "changed", attempt: { extendedMinutes: 10 } },
      { userId: "examinee2", outcome: "changed", attempt: { extendedMinutes: 10 } },
    ]);
    const foreseen = await teacher.attempt.extend({ ...once, key: "another", dryRun: true });
    expect(foreseen.people).toMatchObject([{ outcome: "changed", attempt: { extendedMinutes: 20 } }]);
    expect((await teacher.attempt.extend({ ...once, dryRun: true })).people).toMatchObject([
      { outcome: "changed", attempt: { extendedMinutes: 10 } },
    ]);
    await expect(teacher.attempt.extend({ ...once, minutes: 20 })).rejects.toThrow(
      "key was used for another decision about examinee1",
    );
    await expect(teacher.attempt.pause({ ...decision(), key: once.key })).rejects.toThrow("key was used");
    const { entries } = await teacher.exam.entries({ examId: room.examId });
    expect(entries.map(({ userId, kind, minutes }) => ({ userId, kind, minutes }))).toEqual([
      { userId: "examinee2", kind: "extend", minutes: 10 },
      { userId: "examinee1", kind: "extend", minutes: 10 },
    ]);
  });

  it("leaves no person of a large room behind, also if it changes none of them", async () => {
    await using exam = await openRunningExam();
    const { admin, room, decision } = exam;
    const more = Array.from({ length: 500 }, (_, n) => ({ userId: `many${n}`, name: `${n}` }));
    for (const some of [more.slice(0, 250), more.slice(250)])
      await admin.participant.add({
        roomId: room.id,
        participants: some.map((one) => ({ ...one, role: "examinee" as const })),
      });
    const pause = decision();
    expect(await admin.attempt.pause(pause)).toMatchObject({ people: { length: 500 }, remaining: 2 });
    const { people, remaining } = await admin.attempt.pause(pause);
    expect(remaining).toBe(0);
    expect(people.filter(({ outcome }) => outcome === "changed")).toHaveLength(502);
    const again = await admin.attempt.pause(decision());
    expect(again.remaining).toBe(0);
    expect(again.people.filter(({ outcome }) => outcome === "unchanged")).toHaveLength(502);
  });

  it("changes nothing as a dry run, and answers the same", async () => {
    await using exam = await openRunningExam();
    const { teacher, room, decision } = exam;
    const call = { ...decision(), answers: "discard" as const };
    const foreseen = await teacher.attempt.terminate({ ...call, dryRun: true });
    expect(foreseen.people.map(({ outcome }) => outcome)).toEqual(["changed", "changed"]);
    expect((await teacher.exam.entries({ examId: room.examId })).entries).toEqual([]);
    expect(await teacher.attempt.terminate(call)).toEqual(foreseen);
  });

  it("is refused for people who are no examinees of the room, and made about the others", async () => {
    await using exam = await openRunningExam();
    const { teacher, room, decision } = exam;
    const call = decision("nobody", "examinee3", "inspector1", "examinee1");
    const people = [
      { userId: "inspector1", outcome: "refused", refusal: "noExaminee" },
      { userId: "examinee1", outcome: "changed", attempt: { status: "paused" } },
      { userId: "nobody", outcome: "refused", refusal: "notInRoom" },
      { userId: "examinee3", outcome: "refused", refusal: "notInRoom" },
    ];
    expect((await teacher.attempt.pause({ ...call, dryRun: true })).people).toMatchObject(people);
    expect((await teacher.exam.entries({ examId: room.examId })).entries).toEqual([]);
    expect(await teacher.attempt.pause(call)).toMatchObject({ people, remaining: 0 });
    const { entries } = await teacher.exam.entries({ examId: room.examId });
    expect(entries).toMatchObject([{ userId: "examinee1", kind: "pause" }]);
    const audit = (await exam.admin.audit.list({ examId: room.examId, procedure: "attempt.pause" })).entries;
    expect(audit).toMatchObject([{ personId: "examinee1" }]);
  });

  it("answers a refusal for each person, and decides about the others", async () => {
    await using exam = await openRunningExam();
    const { teacher, decision } = exam;
    await teacher.attempt.terminate(decision("examinee1"));
    expect((await teacher.attempt.pause(decision())).people).toMatchObject([
      { userId: "examinee1", outcome: "refused", refusal: "over", attempt: { status: "terminated" } },
      { userId: "examinee2", outcome: "changed", attempt: { status: "paused" } },
    ]);
  });

  it("says who needs a new link, because the exam now ends after the last one expires", async () => {
    await using exam = await openRunningExam();
    const { teacher, decision } = exam;
    const [some] = (await teacher.attempt.extend({ ...decision("examinee1"), minutes: 60 })).people;
    const [most] = (await teacher.attempt.extend({ ...decision("examinee2"), minutes: 600 })).people;
    expect(some).not.toHaveProperty("needsLink");
    expect(most).toMatchObject({ needsLink: true });
  });

  it("moves with a person to another room, where a repetition of it has still changed them", async () => {
    await using exam = await openRunningExam();
    const { admin, decision, room, siblingId } = exam;
    const pause = decision("examinee1");
    await admin.attempt.pause(pause);
    await using there = await listenRoom(exam, { sub: "teacher3", role: "teacher" }, { roomId: siblingId });
    await admin.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: siblingId });
    expect(await next(there)).toMatchObject({ type: "participant_added", userId: "examinee1" });
    expect(await next(there)).toMatchObject({ type: "attempt_changed", status: "paused" });
    expect((await admin.attempt.pause(pause)).people).toMatchObject([{ outcome: "changed" }]);
    expect((await admin.attempt.resume(decision("examinee1"))).people).toMatchObject([
      { outcome: "refused", refusal: "notInRoom" },
    ]);
  });

  it("is made before a move at the same time, or refused after it", async () => {
    await using fixture = await openAppFixture({ config: RATES });
    await endAndReopenBesideMoves(fixture.db, [callsOf(fixture)]);
  });

  it("ends with the room, if it is a pause", async () => {
    await using exam = await openRunningExam();
    const { admin, decision, room, later, endTime } = exam;
    await admin.attempt.pause(decision("examinee1"));
    later(10);
    await admin.room.end({ roomId: room.id });
    later(30);
    const { people } = await admin.exam.people({ examId: room.examId, roomId: room.id });
    const one = people.find(({ userId }) => userId === "examinee1");
    expect(one?.attempt).toMatchObject({ status: "running", pausedMs: 10 * MINUTE });
    expect((await exam.examinee.exam.get({ examId: room.examId })).endTime).toEqual(
      new Date(endTime.getTime() + 10 * MINUTE),
    );
    const { entries } = await admin.exam.entries({ examId: room.examId });
    expect(entries.map(({ kind }) => kind)).toEqual(["resume", "pause"]);
    await expect(admin.attempt.pause(decision("examinee1"))).rejects.toThrow("has ended");
  });
});

describe("a terminated attempt", () => {
  it("is the end of the room for its person alone, until it is reopened", async () => {
    await using exam = await openRunningExam();
    const { teacher, examinee, room, decision, detection, later, endTime } = exam;
    const roomId = room.id;
    const other = exam.as({ sub: "examinee2", role: "examinee" });
    const imToken = { roomId, userId: "examinee1", imServer: ["aliyun_new" as const] };
    const message = { roomId, type: 20_005, data: {} };
    const record = (more: { detectTime?: Date } = {}) => ({
      roomId,
      records: [detection("examinee1", more)],
    });
    await examinee.im.getToken(imToken);
    await teacher.attempt.terminate({ ...decision("examinee1"), answers: "save" });

    expect(await examinee.room.get({ roomId })).toMatchObject({ status: "ended" });
    expect(await examinee.room.get({ roomId })).not.toHaveProperty("cheatConfig");
    expect(await examinee.participant.get({ roomId, userId: "examinee1" })).toMatchObject({
      hasRoomInProgress: false,
      streams: { main: { pushUrl: null } },
    });
    await expect(examinee.im.getToken(imToken)).rejects.toThrow("has ended");
    await expect(examinee.im.send(message)).rejects.toThrow("has ended");
    await expect(examinee.cheat.getConfig({ examId: room.examId })).rejects.toThrow("has ended");
    const snapshot = await examinee.room.snapshot({ roomId });
    expect(snapshot).not.toHaveProperty("cheatConfig");
    expect(snapshot.members).toContainEqual(
      expect.objectContaining({
        userId: "examinee1",
        attempt: expect.objectContaining({ status: "terminated" }),
      }),
    );
    await examinee.cheat.addRecords(record());
    later(11);
    await expect(examinee.cheat.addRecords(record())).rejects.toThrow("ended");

    expect(await other.room.get({ roomId })).toMatchObject({ status: "in_progress" });
    await other.im.getToken({ ...imToken, userId: "examinee2" });
    expect(await teacher.room.get({ roomId })).toMatchObject({ status: "in_progress" });

    later(9);
    await teacher.attempt.reopen(decision("examinee1"));
    expect(await examinee.room.get({ roomId })).toMatchObject({ status: "in_progress" });
    await examinee.im.getToken(imToken);
    await examinee.cheat.addRecords(record());
    expect((await examinee.exam.get({ examId: room.examId })).endTime).toEqual(
      new Date(endTime.getTime() + 20 * MINUTE),
    );
  });

  it("is ended at the paths of the vendor's apps, by links, codes and cards, and no longer when it is reopened", async () => {
    await using exam = await openRunningExam(EVERYTHING);
    const { admin, teacher, room, decision, later } = exam;
    const { id: roomId, examId } = room;
    const own = rest(exam, await exam.token({ sub: "examinee1", role: "examinee" }));
    const staff = rest(exam, await exam.token({ sub: "teacher1", role: "teacher" }));
    const codes = await teacher.room.joinCodes({ roomId });
    const codesOf = (userId: string) =>
      codes.flatMap((one) => (one.userId === userId ? [one.code, one.pcCode ?? ""] : []));
    const record = {
      userId: "examinee1",
      isMainMonitor: true,
      detectTime: 0,
      detectType: "watch",
      extraInfo: {},
    };
    const enter = async (userId: string) =>
      Promise.all(codesOf(userId).map(async (code) => (await exam.inject({ url: `/j/${code}` })).statusCode));
    const named = (people: readonly { readonly userId: string }[]) => people.map(({ userId }) => userId);
    const doors = async () => {
      const info = dataOf(await own.get("roomInfo", { roomId }));
      const token = { roomId, userId: "examinee1", imServer: ["aliyun_new"] };
      return {
        room: info.status,
        config: "cheatConfig" in info,
        user: dataOf(await own.get("userInfo", { roomId, userId: "examinee1" })).userStatus,
        userForStaff: dataOf(await staff.get("userInfo", { roomId, userId: "examinee1" })).userStatus,
        otherUser: dataOf(await staff.get("userInfo", { roomId, userId: "examinee2" })).userStatus,
        login: (await own.post("v2/getIMToken", token)).body.reason,
        oldLogin: (await own.post("getIMToken", { userId: "examinee1" })).body.reason,
        configOfExam: (await own.post("cheat/getCheatConfig", { examId })).body.reason,
        record: (await own.post("cheat/addCheatRecord", { roomId, data: JSON.stringify([record]) })).body
          .reason,
        // The call is allowed: only the store is missing in this test.
        upload: (await own.get("getOssConfig", { examId })).body.reason,
        codes: await enter("examinee1"),
        otherCodes: await enter("examinee2"),
        links: named(await teacher.room.joinLinks({ roomId, role: "examinee" })),
        newCodes: new Set(named(await teacher.room.joinCodes({ roomId, role: "examinee" }))),
        cards: named((await admin.exam.cards({ examId, roomId, withQr: false })).cards).includes("examinee1"),
      };
    };
    const upload = "PROVIDER_NOT_CONFIGURED";
    const others = { otherUser: 0, upload, otherCodes: [303, 303] };
    const before = {
      ...others,
      room: 0,
      config: true,
      user: 0,
      userForStaff: 0,
      login: undefined,
      oldLogin: undefined,
      configOfExam: undefined,
      record: undefined,
      codes: [303, 303],
      links: ["examinee1", "examinee2"],
      newCodes: new Set(["examinee1", "examinee2"]),
      cards: true,
    };
    const ended = {
      ...others,
      room: 1,
      config: false,
      user: 1,
      userForStaff: 1,
      login: "ROOM_ENDED",
      oldLogin: "ROOM_ENDED",
      configOfExam: "ROOM_ENDED",
      record: undefined,
      codes: [404, 404],
      links: ["examinee2"],
      newCodes: new Set(["examinee2"]),
      cards: false,
    };
    expect(await doors()).toEqual(before);
    await teacher.attempt.terminate(decision("examinee1"));
    expect(await doors()).toEqual(ended);
    later(11);
    expect(await doors()).toEqual({ ...ended, record: "ROOM_ENDED" });
    await teacher.attempt.reopen(decision("examinee1"));
    expect(await doors()).toEqual(before);
  });

  it("is told to one who comes back, without the cheat config that they missed, until it is reopened", async () => {
    await using exam = await openRunningExam();
    const { teacher, admin, room, decision } = exam;
    const { id: roomId, examId } = room;
    const { lastEventId } = await admin.room.snapshot({ roomId });
    const heard = async (lastType: string) => {
      const caller = { sub: "examinee1", role: "examinee" } as const;
      await using listening = await listenRoom(exam, caller, { roomId, lastEventId });
      return (await listening.until(({ type }) => type === lastType)).map(({ type }) => type);
    };
    await teacher.cheat.setConfig({ examId, data: "{}" });
    await teacher.attempt.terminate(decision("examinee1"));
    expect(await heard("message")).toEqual(["attempt_changed", "message"]);
    await teacher.attempt.reopen(decision("examinee1"));
    await teacher.room.setAudioStatus({ roomId, audioStatus: "speaking" });
    const types = await heard("audio_status_changed");
    expect(types).toEqual(expect.arrayContaining(["cheat_config_changed", "attempt_changed"]));
  });

  it("gets the end signal once, and no other person does", async () => {
    await using exam = await openRunningExam();
    const { teacher, room, decision } = exam;
    const as = { roomId: room.id };
    await using own = await listenRoom(exam, { sub: "examinee1", role: "examinee" }, as);
    await using other = await listenRoom(exam, { sub: "examinee2", role: "examinee" }, as);
    const call = decision("examinee1");
    await teacher.attempt.terminate(call);
    await teacher.attempt.terminate(call);
    await teacher.attempt.pause(decision("examinee2"));
    await teacher.attempt.reopen(decision("examinee1"));
    expect(await next(own)).toMatchObject({ type: "attempt_changed", status: "terminated" });
    expect(await next(own)).toMatchObject({
      type: "message",
      message: { type: 20_020, sender: { role: "server" } },
    });
    expect(await next(own)).toMatchObject({ type: "attempt_changed", status: "running" });
    expect(await next(other)).toMatchObject({ type: "attempt_changed", userId: "examinee2" });
  });

  it("resolves a raised hand, and no other is raised until it is reopened", async () => {
    await using exam = await openRunningExam();
    const { teacher, examinee, room, decision } = exam;
    const raise = () => examinee.hand.raise({ roomId: room.id, kind: "help" });
    await raise();
    await teacher.attempt.terminate(decision("examinee1"));
    expect((await teacher.room.snapshot({ roomId: room.id })).hands).toEqual([]);
    expect((await teacher.hand.list({ roomId: room.id })).hands).toMatchObject([{ status: "resolved" }]);
    await expect(raise()).rejects.toThrow("has ended");
    await teacher.attempt.reopen(decision("examinee1"));
    expect(await raise()).toMatchObject({ status: "raised" });
  });

  it("is finished by the person themselves without a signal, once", async () => {
    await using exam = await openRunningExam();
    const { examinee, room, later } = exam;
    await using own = await listenRoom(exam, { sub: "examinee1", role: "examinee" }, { roomId: room.id });
    const finished = await examinee.attempt.finish({ roomId: room.id });
    expect(finished.attempt).toMatchObject({ status: "finished" });
    later(5);
    expect(await examinee.attempt.finish({ roomId: room.id })).toEqual(finished);
    expect(await examinee.room.get({ roomId: room.id })).toMatchObject({ status: "ended" });
    expect(await next(own)).toMatchObject({ type: "attempt_changed", status: "finished" });
    await exam.admin.room.end({ roomId: room.id });
    expect(await next(own)).toMatchObject({ type: "room_ended" });
  });
});

describe("finishing one's own attempt", () => {
  it("is refused before the exam begins, and writes nothing", async () => {
    await using exam = await openRunningExam();
    const { admin, examinee, room, later } = exam;
    const [roomId, startTime] = [room.id, later(5)];
    await admin.exam.update({ examId: room.examId, startTime });
    later(-1);
    expect(await reasonOf(examinee.attempt.finish({ roomId }))).toBe("EXAM_CONFLICT");
    expect(await examinee.room.get({ roomId })).toMatchObject({ status: "in_progress" });
    expect((await examinee.exam.entries({ examId: room.examId })).entries).toEqual([]);
    later(1);
    const finished = await examinee.attempt.finish({ roomId });
    // A repetition changes nothing, also if the exam was postponed since.
    const postponed = {
      startTime: new Date(startTime.getTime() + MINUTE),
      reason: { code: "technical" },
    } as const;
    await admin.exam.update({ examId: room.examId, ...postponed });
    expect((await examinee.attempt.finish({ roomId })).attempt).toEqual(finished.attempt);
  });
});

describe("who decides", () => {
  it("is the teachers of the room, or its creator in all rooms", async () => {
    await using exam = await openRunningExam();
    const { teacher, sibling, siblingId, decision } = exam;
    const there = { ...decision("examinee3"), roomId: siblingId };
    expect((await teacher.attempt.pause(there)).people).toMatchObject([{ outcome: "changed" }]);
    await expect(sibling.attempt.pause(decision("examinee1"))).rejects.toThrow("not open to you");
  });

  it("is the creator alone for all but pauses, if the exam says so, and rooms may give so many minutes", async () => {
    await using exam = await openRunningExam();
    const { teacher, sibling, admin, room, siblingId, decision } = exam;
    const there = () => ({ ...decision("examinee3"), roomId: siblingId });
    await teacher.exam.update({ examId: room.examId, maxRoomMinutes: 10 });
    expect((await sibling.attempt.extend({ ...there(), minutes: 11 })).people).toMatchObject([
      { outcome: "refused", refusal: "tooManyMinutes" },
    ]);
    await sibling.attempt.extend({ ...there(), minutes: 10 });
    const { controlledBy } = await teacher.exam.update({ examId: room.examId, controlledBy: "creator" });
    expect(controlledBy).toBe("creator");
    await expect(sibling.attempt.extend({ ...there(), minutes: 1 })).rejects.toThrow("creator alone");
    await expect(sibling.attempt.terminate(there())).rejects.toThrow("creator alone");
    await expect(sibling.attempt.reopen(there())).rejects.toThrow("creator alone");
    await sibling.attempt.pause(there());
    await sibling.attempt.resume(there());
    for (const one of [teacher, admin]) await one.attempt.extend({ ...there(), minutes: 20 });
    const copy = await teacher.exam.duplicate({ examId: room.examId, name: "Again" });
    expect(copy).toMatchObject({ controlledBy: "creator", maxRoomMinutes: 10 });
  });
});

describe("exam.entries", () => {
  it("shows examinees what was decided about themselves, without notes and names", async () => {
    await using exam = await openRunningExam();
    const { teacher, examinee, inspector, sibling, room, decision } = exam;
    const { examId } = room;
    await teacher.attempt.extend({ ...decision(), minutes: 5 });
    const own = await examinee.exam.entries({ examId });
    expect(own.entries).toEqual([
      {
        id: expect.any(Number),
        roomId: room.id,
        userId: "examinee1",
        kind: "extend",
        minutes: 5,
        reason: "technical",
        message: "Please wait.",
        time: expect.any(Date),
      },
    ]);
    await expect(examinee.exam.entries({ examId, userId: "examinee2" })).rejects.toThrow("about themselves");
    expect((await inspector.exam.entries({ examId })).entries).toHaveLength(2);
    expect((await sibling.exam.entries({ examId })).entries).toHaveLength(0);
    await expect(sibling.exam.entries({ examId, roomId: room.id })).rejects.toThrow("not open to you");
  });

  it("is read page by page, newest first", async () => {
    await using exam = await openRunningExam();
    const { teacher, room, decision } = exam;
    for (const minutes of [1, 2, 3]) await teacher.attempt.extend({ ...decision("examinee1"), minutes });
    const input = { examId: room.examId, userId: "examinee1", pageSize: 2 };
    const first = await teacher.exam.entries(input);
    const second = await teacher.exam.entries({ ...input, cursor: first.nextCursor });
    expect([...first.entries, ...second.entries].map(({ minutes }) => minutes)).toEqual([3, 2, 1]);
    expect(second.nextCursor).toBeUndefined();
  });

  it("names administrators, who are in no list of a room, by their account", async () => {
    await using exam = await openRunningExam();
    const { admin, teacher, room, decision } = exam;
    const { userId: boss } = await admin.auth.whoami();
    const account = { userId: boss, name: "Li Na", role: "admin" as const, password: "a password for tests" };
    await admin.account.create(account);
    await admin.attempt.extend({ ...decision("examinee1"), minutes: 5 });
    await teacher.attempt.extend({ ...decision("examinee2"), minutes: 5 });
    const { entries } = await teacher.exam.entries({ examId: room.examId });
    expect(entries.map(({ by }) => by)).toEqual([
      { userId: "teacher1", role: "teacher" },
      { userId: boss, role: "admin", name: "Li Na" },
    ]);
  });

  it("goes with an erased person", async () => {
    await using exam = await openRunningExam();
    const { admin, room, decision } = exam;
    await admin.attempt.extend({ ...decision(), minutes: 5 });
    await admin.participant.removeFromExam({ examId: room.examId, userId: "examinee1", withRecords: true });
    const { entries } = await admin.exam.entries({ examId: room.examId });
    expect(entries.map(({ userId }) => userId)).toEqual(["examinee2"]);
  });
});

it("tells everybody in the exam that its times have changed", async () => {
  await using exam = await openRunningExam();
  const { teacher, room, endTime } = exam;
  await using own = await listenRoom(exam, { sub: "examinee1", role: "examinee" }, { roomId: room.id });
  const later = new Date(endTime.getTime() + 30 * MINUTE);
  await teacher.exam.update({ examId: room.examId, endTime: later, reason: { code: "technical" } });
  expect(await next(own)).toMatchObject({ type: "exam_changed", endTime: later });
});
