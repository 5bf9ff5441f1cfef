// Also on PostgreSQL: changes of rooms and seats read what shows that a room was used.
import { and, eq } from "drizzle-orm";
import { describe, expect, it } from "vitest";
import { insertion, param, query, statement } from "../src/storage/statement.js";
import {
  attempts,
  examPeople,
  pageTimes,
  pageVisits,
  participants,
  presence,
  rooms as roomsTable,
  streamEvents,
  unseated,
} from "../src/storage/tables.js";
import type { ExamsFixture } from "./support/exams-fixture.js";
import { listenExam } from "./support/listening.js";
import { ADMIN, type LiveFixture, openLiveFixture } from "./support/live-fixture.js";
import { reasonOf, refused } from "./support/reason.js";
import { shared, sharedSchools } from "./support/shared.js";
import { rowsOf } from "./support/tables.js";
import { writeRows } from "./support/writes.js";

const nextSchool = sharedSchools();
const idsIn = async ({ admin }: Pick<ExamsFixture, "admin">, roomId: string, role?: "teacher") =>
  (await admin.participant.list({ roomId, role })).map(({ userId }) => userId);
const unseatedOf = async ({ admin }: Pick<ExamsFixture, "admin">, examId: string) =>
  (await admin.participant.listUnseated({ examId })).people;
const importing = ({ admin, room }: ExamsFixture, ...lines: readonly string[]) =>
  admin.participant.import({
    examId: room.examId,
    file: Buffer.from(["id,name,role,extra minutes", ...lines, ""].join("\n")).toString("base64"),
  });
/** A room of the exam with nobody but its creator. */
const emptyRoom = ({ teacher, room }: ExamsFixture) =>
  teacher.room.create({ name: "Empty", examId: room.examId });

describe("room.rename", () => {
  it("gives the room another name, also one that has ended", async () => {
    await using fixture = await nextSchool();
    const { teacher, admin, sibling } = fixture;
    const at = { examId: sibling.examId, roomId: sibling.id };
    expect(await teacher.room.rename({ ...at, name: " 第二考场 " })).toMatchObject({ name: "第二考场" });
    expect((await admin.room.get({ roomId: sibling.id })).name).toBe("第二考场");
    await admin.room.end({ roomId: sibling.id });
    expect(await teacher.room.rename({ ...at, name: "B" })).toMatchObject({ name: "B", status: "ended" });
  });

  it("is a matter of the exam that the room belongs to", async () => {
    await using fixture = await nextSchool();
    const { admin, room, other } = fixture;
    const call = admin.room.rename({ examId: room.examId, roomId: other.id, name: "X" });
    expect(await reasonOf(call)).toBe("ROOM_NOT_FOUND");
    expect((await admin.room.get({ roomId: other.id })).name).toBe(other.name);
  });
});

describe("room.setTeacher", () => {
  it.each([
    ["of the room", "standby"],
    ["of another room", "teacher3"],
    ["without a room", "waiting"],
  ])("hands the room to a teacher %s, whom examinees answer to then", async (_, userId) => {
    await using fixture = await nextSchool();
    const { admin, teacher, room } = fixture;
    await admin.participant.add({
      roomId: room.id,
      participants: [{ userId: "standby", name: "Standby", role: "teacher" }],
    });
    await importing(fixture, "waiting,Waiting,teacher");
    const before = await idsIn(fixture, room.id, "teacher");
    const handed = await teacher.room.setTeacher({ examId: room.examId, roomId: room.id, userId });
    expect(handed.createTeacher).toBe(userId);
    expect(await idsIn(fixture, room.id, "teacher")).toEqual([...new Set([...before, userId])]);
    const examinee = fixture.as({ sub: "examinee1", role: "examinee" });
    expect(await reasonOf(examinee.participant.get({ roomId: room.id, userId }))).toBe("ok");
    expect(await reasonOf(examinee.participant.get({ roomId: room.id, userId: "teacher1" }))).toBe(
      "FORBIDDEN",
    );
    // The previous one can leave now.
    expect(await reasonOf(admin.participant.remove({ roomId: room.id, userId: "teacher1" }))).toBe("ok");
  });

  it("takes only teachers of the exam", async () => {
    await using fixture = await nextSchool();
    const { teacher, room, admin } = fixture;
    await importing(fixture, "waiting,Waiting,inspector");
    const hand = (userId: string) =>
      reasonOf(teacher.room.setTeacher({ examId: room.examId, roomId: room.id, userId }));
    expect(await hand("nobody")).toBe("PARTICIPANT_NOT_FOUND");
    expect(await hand("waiting")).toBe("PARTICIPANT_NOT_FOUND");
    // Of another exam.
    expect(await hand("teacher2")).toBe("PARTICIPANT_NOT_FOUND");
    expect(await hand("inspector1")).toBe("PARTICIPANT_CONFLICT");
    await admin.room.end({ roomId: room.id });
    expect(await hand("teacher3")).toBe("ROOM_ENDED");
    expect((await admin.room.get({ roomId: room.id })).createTeacher).toBe("teacher1");
  });
});

describe("room.delete", () => {
  it("deletes a room that only its creator is in", async () => {
    await using fixture = await nextSchool();
    const { admin, teacher, room } = fixture;
    const { id: roomId } = await emptyRoom(fixture);
    expect(await teacher.room.delete({ examId: room.examId, roomId })).toBe(true);
    expect(await reasonOf(admin.room.get({ roomId }))).toBe("ROOM_NOT_FOUND");
    expect((await admin.room.list({ examId: room.examId })).rooms.map(({ id }) => id)).not.toContain(roomId);
    expect(await reasonOf(teacher.room.delete({ examId: room.examId, roomId }))).toBe("ROOM_NOT_FOUND");
  });

  it("lets its teacher wait for another room, unless they delete it themselves", async () => {
    await using fixture = await nextSchool();
    const { admin, teacher } = fixture;
    const { id: examId } = await teacher.exam.create({
      name: "Rooms",
      startTime: new Date("2026-02-01T00:00:00Z"),
      endTime: new Date("2026-02-01T02:00:00Z"),
    });
    const waiting = async () =>
      (await admin.participant.listUnseated({ examId })).people.map(({ userId, role }) => [userId, role]);
    const create = async () => (await teacher.room.create({ name: "Empty", examId })).id;
    await teacher.room.delete({ examId, roomId: await create() });
    expect(await waiting()).toEqual([]);
    const roomId = await create();
    await admin.room.delete({ examId, roomId });
    expect(await waiting()).toEqual([["teacher1", "teacher"]]);
  });

  it("keeps a room with other people", async () => {
    await using fixture = await nextSchool();
    const { admin, room } = fixture;
    expect(await refused(admin.room.delete({ examId: room.examId, roomId: room.id }))).toMatchObject({
      reason: "EXAM_CONFLICT",
      message: expect.stringContaining("people are in it besides its createTeacher"),
    });
    expect(await idsIn(fixture, room.id)).toEqual(["examinee1", "examinee2"]);
  });

  it.each([
    [
      "a detection",
      ({ admin, detection }, roomId) => admin.cheat.addRecords({ roomId, records: [detection("teacher1")] }),
    ],
    ["a message", ({ teacher }, roomId) => teacher.im.send({ roomId, type: 30_001, data: "hello" })],
    [
      "a note",
      ({ teacher, room }, roomId) =>
        teacher.exam.note({ examId: room.examId, roomId, text: "Cold in here.", key: "n" }),
    ],
  ] as readonly [string, (fixture: ExamsFixture, roomId: string) => Promise<unknown>][])(
    "keeps a room with %s",
    async (_, leave) => {
      await using fixture = await nextSchool();
      const { teacher, room } = fixture;
      const { id: roomId } = await emptyRoom(fixture);
      await leave(fixture, roomId);
      expect(await refused(teacher.room.delete({ examId: room.examId, roomId }))).toMatchObject({
        reason: "EXAM_CONFLICT",
        message: expect.stringContaining("a person has entered it"),
      });
      expect(await reasonOf(teacher.room.get({ roomId }))).toBe("ok");
    },
  );
});

describe("participant.unseat", () => {
  it("takes a person out of their room, whom the next plan seats", async () => {
    await using fixture = await nextSchool();
    const { admin, teacher, room } = fixture;
    const { examId } = room;
    await admin.participant.setExtraMinutes({
      roomId: room.id,
      participants: [{ userId: "examinee1", extraMinutes: 20 }],
    });
    expect(await teacher.participant.unseat({ examId, roomId: room.id, userId: "examinee1" })).toBe(true);
    expect(await unseatedOf(fixture, examId)).toEqual([
      { userId: "examinee1", name: "Name of examinee1", role: "examinee", extraMinutes: 20 },
    ]);
    expect(await idsIn(fixture, room.id)).toEqual(["examinee2"]);
    const again = teacher.participant.unseat({ examId, roomId: room.id, userId: "examinee1" });
    expect(await reasonOf(again)).toBe("PARTICIPANT_NOT_FOUND");
    await teacher.exam.plan({ examId, roomSize: 30 });
    const { rooms, unseated } = await admin.participant.locate({ examId, userId: "examinee1" });
    expect([rooms.length, unseated]).toEqual([1, undefined]);
  });

  it("leaves those in their other room who have one", async () => {
    await using fixture = await nextSchool();
    const { admin, room, sibling } = fixture;
    const { examId } = room;
    await admin.participant.add({
      roomId: sibling.id,
      participants: [{ userId: "inspector1", name: "I", role: "inspector" }],
    });
    await admin.participant.unseat({ examId, roomId: room.id, userId: "inspector1" });
    expect(await unseatedOf(fixture, examId)).toEqual([]);
    await admin.participant.unseat({ examId, roomId: sibling.id, userId: "inspector1" });
    expect(await unseatedOf(fixture, examId)).toMatchObject([{ userId: "inspector1", role: "inspector" }]);
  });

  it("keeps whom the room cannot spare: its creator, and who has records", async () => {
    await using fixture = await nextSchool();
    const { admin, room, detection } = fixture;
    const { examId } = room;
    await admin.cheat.addRecords({ roomId: room.id, records: [detection("examinee1")] });
    for (const userId of ["teacher1", "examinee1"])
      expect(await reasonOf(admin.participant.unseat({ examId, roomId: room.id, userId }))).toBe(
        "PARTICIPANT_CONFLICT",
      );
    await admin.room.end({ roomId: room.id });
    const call = admin.participant.unseat({ examId, roomId: room.id, userId: "examinee2" });
    expect(await reasonOf(call)).toBe("ROOM_ENDED");
  });
});

describe("seating by hand", () => {
  it("takes people off the waiting list, also in rooms that the exam's creator is not in", async () => {
    await using fixture = await nextSchool();
    const { admin, teacher, room, sibling } = fixture;
    const { examId } = room;
    await importing(fixture, "late1,Late One,examinee,30", "late2,Late Two,examinee,", "t9,Nine,teacher,");
    const seat = (userId: string, name: string, role: "examinee" | "teacher" = "examinee") =>
      teacher.participant.add({ roomId: sibling.id, participants: [{ userId, name, role }] });
    expect(await seat("late1", "Late One")).toEqual({ added: 1, updated: 0, unchanged: 0 });
    await seat("t9", "Nine", "teacher");
    expect((await unseatedOf(fixture, examId)).map(({ userId }) => userId)).toEqual(["late2"]);
    const late = await admin.participant.get({ roomId: sibling.id, userId: "late1" });
    expect(late.extraMinutes).toBe(30);
    await teacher.participant.move({ roomId: sibling.id, userId: "late1", toRoomId: room.id });
    expect(await idsIn(fixture, room.id)).toContain("late1");
    await teacher.participant.move({ roomId: room.id, userId: "late1", toRoomId: sibling.id });
    await teacher.participant.remove({ roomId: sibling.id, userId: "t9" });
    expect(await idsIn(fixture, sibling.id, "teacher")).toEqual(["root", "teacher3"]);
  });

  it("gives minutes and new links in such a room", async () => {
    await using fixture = await nextSchool();
    const { admin, teacher, sibling } = fixture;
    const of = { examId: sibling.examId, roomId: sibling.id };
    const participants = [{ userId: "examinee3", extraMinutes: 5 }];
    await teacher.participant.setExtraMinutes({ ...of, participants });
    const given = await admin.participant.get({ ...of, userId: "examinee3" });
    expect(given.extraMinutes).toBe(5);
    const linkOf = async () => (await teacher.exam.cards({ ...of, userIds: ["examinee3"] })).cards[0]?.url;
    const before = await linkOf();
    await teacher.room.revokeLinks({ ...of, userIds: ["examinee3"] });
    expect(await linkOf()).not.toBe(before);
  });

  it("leaves everything else in such a room to its own teachers", async () => {
    await using fixture = await nextSchool();
    const { teacher, sibling } = fixture;
    const roomId = sibling.id;
    const person = { roomId, userId: "examinee3" };
    for (const call of [
      () => teacher.participant.list({ roomId }),
      () => teacher.participant.get(person),
      () => teacher.room.end({ roomId }),
      () => teacher.auth.issueToken({ roomId, userId: "examinee3", role: "examinee" }),
    ])
      expect(await reasonOf(call())).toBe("FORBIDDEN");
  });

  it("is refused to teachers of other rooms and to creators of other exams", async () => {
    await using fixture = await nextSchool();
    const { room, sibling, other } = fixture;
    const before = await idsIn(fixture, room.id);
    const participants = [{ userId: "examinee9", name: "Nine", role: "examinee" as const }];
    for (const sub of ["teacher2", "teacher3"]) {
      const caller = fixture.as({ sub, role: "teacher" });
      const own = sub === "teacher2" ? other.id : sibling.id;
      for (const call of [
        () => caller.participant.add({ roomId: room.id, participants }),
        () => caller.participant.move({ roomId: room.id, userId: "examinee1", toRoomId: own }),
        () => caller.participant.move({ roomId: own, userId: "examinee9", toRoomId: room.id }),
        () => caller.participant.remove({ roomId: room.id, userId: "examinee1" }),
      ])
        expect(await reasonOf(call())).toBe("FORBIDDEN");
    }
    expect(await idsIn(fixture, room.id)).toEqual(before);
  });
});

it("keeps whoever's page was connected once, and their room", async () => {
  await using fixture = await openLiveFixture({ config: { presenceSettleSeconds: 0 } });
  const { room } = fixture;
  const admin = fixture.as(ADMIN);
  const { examId } = room;
  const unseat = () => admin.participant.unseat({ examId, roomId: room.id, userId: "examinee1" });
  await using watching = await listenExam(fixture, ADMIN, { examId });
  const page = await fixture.listen(await fixture.token({ sub: "examinee1", role: "examinee" }), room.id);
  await watching.until(({ type }) => type === "participant_entered");
  expect(await refused(unseat())).toMatchObject({
    reason: "PARTICIPANT_CONFLICT",
    message: "examinee1 cannot be unseated: they have entered the room.",
  });
  await page.leave();
  await watching.until(({ type }) => type === "participant_left");
  expect(await reasonOf(unseat())).toBe("PARTICIPANT_CONFLICT");
  for (const userId of ["examinee1", "examinee2", "inspector1"])
    await admin.participant.remove({ roomId: room.id, userId });
  expect(await reasonOf(admin.room.delete({ examId, roomId: room.id }))).toBe("EXAM_CONFLICT");
});

describe("what a person has left", () => {
  const fixtureOf = shared(openLiveFixture);
  const AT = new Date("2026-01-02T03:00:00Z");
  const CAMERA = { camera: "main" } as const;
  const EXAMINEE = { sub: "p", role: "examinee" } as const;
  type MemberKey = Readonly<Record<"examId" | "roomId" | "userId", string>>;
  type Leave = (fixture: LiveFixture, seat: MemberKey) => Promise<unknown>;
  /** Some kinds never come alone, so their rows are written as the server would write them. */
  const row =
    (
      write: (tx: Parameters<Parameters<typeof writeRows>[1]>[0], seat: MemberKey) => Promise<unknown>,
    ): Leave =>
    ({ db }, seat) =>
      writeRows(db, (tx) => write(tx, seat));
  const setStopped = statement(
    query
      .update(participants)
      .set({ pcPublishStatus: "stopped" })
      .where(and(eq(participants.examId, param("examId")), eq(participants.userId, param("userId")))),
  );

  it.each([
    [
      "a page that is connected",
      "entered",
      row((tx, seat) =>
        tx.insert(insertion(presence), [
          { ...seat, ...CAMERA, role: "examinee", since: AT, instance: "other" },
        ]),
      ),
    ],
    [
      "a visit",
      "entered",
      row((tx, seat) => tx.insert(insertion(pageVisits), [{ ...seat, ...CAMERA, since: AT, leftAt: AT }])),
    ],
    [
      "the time when a page left",
      "entered",
      row((tx, seat) => tx.insert(insertion(pageTimes), [{ ...seat, ...CAMERA, leftAt: AT }])),
    ],
    [
      "a report of a stream",
      "entered",
      row((tx, seat) =>
        tx.insert(insertion(streamEvents), [
          { ...seat, ...CAMERA, action: "publish", eventTime: AT, ip: "", node: "", createdAt: AT },
        ]),
      ),
    ],
    [
      "a stream that has stopped",
      "entered",
      row((tx, { examId, userId }) => tx.run(setStopped, { examId, userId })),
    ],
    [
      "a message",
      "entered",
      ({ as }, { roomId }) => as(EXAMINEE).im.send({ roomId, type: 30_001, data: "here" }),
    ],
    [
      "a raised hand",
      "entered",
      ({ as }, { roomId }) => as(EXAMINEE).hand.raise({ roomId, userId: "p", kind: "help" }),
    ],
    [
      "checks of their devices",
      "entered",
      ({ as }, { roomId }) =>
        as(EXAMINEE).attempt.reportReadiness({ roomId, checks: { camera: { result: "passed" } } }),
    ],
    [
      "a detection",
      "recorded",
      ({ as }, { roomId, userId }) =>
        as(ADMIN).cheat.addRecords({
          roomId,
          records: [{ userId, isMainMonitor: true, detectTime: AT, detectType: "watch" }],
        }),
    ],
    [
      "a checked identity",
      "recorded",
      row((tx, { examId, userId }) =>
        tx.insert(insertion(examPeople), [{ examId, userId, identity: "confirmed", identityAt: AT }]),
      ),
    ],
    [
      "a decision",
      "recorded",
      row((tx, { examId, userId }) =>
        tx.insert(insertion(attempts), [
          {
            examId,
            userId,
            status: "paused",
            givesBack: false,
            pausedMs: 0,
            extendedMinutes: 0,
            updatedAt: AT,
          },
        ]),
      ),
    ],
    [
      "a note",
      "recorded",
      ({ as }, { examId, roomId, userId }) =>
        as(ADMIN).exam.note({
          examId,
          roomId,
          userId,
          severity: "look",
          at: AT,
          text: "Called",
          key: examId,
        }),
    ],
  ] as readonly (readonly [string, "entered" | "recorded", Leave])[])(
    "keeps them and their room: %s",
    async (_, trace, leave) => {
      const fixture = fixtureOf();
      const admin = fixture.as(ADMIN);
      const times = {
        startTime: new Date("2026-02-01T00:00:00Z"),
        endTime: new Date("2026-02-01T02:00:00Z"),
      };
      const { id: examId } = await admin.exam.create({ name: "Traces", ...times });
      const importing = (id: string, more: { dryRun?: true; remove?: string[] } = {}) =>
        admin.participant.import({
          examId,
          file: Buffer.from(`id,name\n${id},N\n`).toString("base64"),
          ...more,
        });
      await importing("p");
      const teachers = [{ userId: "t", name: "T", role: "teacher" as const }];
      const { rooms, plan } = await admin.exam.plan({ examId, roomSize: 30, teachers });
      const seat = { examId, roomId: rooms[0]?.roomId ?? "", userId: "p" };
      const outcomes = async () => ({
        absent: (await importing("new", { dryRun: true })).absent?.map(({ userId, stays }) => [
          userId,
          stays,
        ]),
        room: (await refused(admin.room.delete({ examId, roomId: seat.roomId }))).message,
      });
      expect(await outcomes()).toEqual({
        absent: [["p", undefined]],
        room: expect.stringContaining("people are in it"),
      });

      await leave(fixture, seat);
      expect(await outcomes()).toEqual({
        absent: [["p", trace]],
        room: expect.stringContaining("a person has entered it"),
      });
      const reason = trace === "entered" ? "they have entered" : "something is recorded";
      for (const call of [() => importing("new", { remove: ["p"] }), () => admin.participant.unseat(seat)])
        expect(await refused(call())).toMatchObject({
          reason: "PARTICIPANT_CONFLICT",
          message: expect.stringContaining(reason),
        });
      expect(await refused(admin.exam.undoPlan({ examId, plan: plan ?? 0 }))).toMatchObject({
        reason: "EXAM_CONFLICT",
        message: expect.stringMatching(/^The plan 1 cannot be undone: .*\bp\b.* the room Room 1\.$/),
      });
    },
  );
});

it("tells open pages of the exam", async () => {
  await using fixture = await openLiveFixture();
  const { room } = fixture;
  const { examId } = room;
  const admin = fixture.as(ADMIN);
  const { id: roomId } = await admin.room.create({ name: "Empty", examId });
  await using watching = await listenExam(fixture, ADMIN, { examId });
  // Each is read before the next call: events of a room that is gone are not told.
  await admin.room.rename({ examId, roomId, name: "Renamed" });
  await watching.until(({ type }) => type === "room_changed");
  await admin.room.setTeacher({ examId, roomId, userId: "teacher1" });
  await watching.until(({ type }) => type === "participant_added");
  await admin.participant.unseat({ examId, roomId, userId: ADMIN.sub });
  await watching.until(({ type }) => type === "participant_removed");
  await admin.room.delete({ examId, roomId });
  const told = await watching.until(({ type }) => type === "room_deleted");
  expect(told.map(({ type }) => type)).toContain("roster_changed");
});

describe("a plan", () => {
  /** An exam of teacher1 with people who have no room. */
  const waiting = async (fixture: ExamsFixture, examinees: number, teachers = 0) => {
    const times = { startTime: new Date("2026-02-01T00:00:00Z"), endTime: new Date("2026-02-01T02:00:00Z") };
    const { id: examId } = await fixture.teacher.exam.create({ name: "Planned", ...times });
    const lines = [
      ...Array.from({ length: examinees }, (_, n) => `p${n},P${n},`),
      ...Array.from({ length: teachers }, (_, n) => `l${n},L${n},teacher`),
    ];
    const file = Buffer.from(["id,name,role", ...lines, ""].join("\n")).toString("base64");
    await fixture.teacher.participant.import({ examId, file });
    return examId;
  };
  const stateOf = async ({ admin }: ExamsFixture, examId: string) => {
    const { rooms = [], people } = await admin.exam.people({ examId, pageSize: 100 });
    return {
      rooms: rooms.map(({ name, createTeacher }) => [name, createTeacher]),
      seated: people.flatMap(({ userId, roomId }) => (roomId === undefined ? [] : [userId])).toSorted(),
      unseated: people.flatMap(({ userId, roomId }) => (roomId === undefined ? [userId] : [])),
    };
  };

  it("is always shown, and says what would be enough", async () => {
    await using fixture = await nextSchool();
    const { teacher } = fixture;
    const examId = await waiting(fixture, 7, 2);
    const plan = await teacher.exam.plan({ examId, roomSize: 3, dryRun: true });
    expect(plan).toMatchObject({
      newRooms: 3,
      seated: 7,
      teachers: { needed: 3, available: 2, sufficientRoomSize: 4 },
    });
    expect(plan.plan).toBeUndefined();
    expect(await refused(teacher.exam.plan({ examId, roomSize: 3 }))).toMatchObject({
      reason: "EXAM_CONFLICT",
      message: expect.stringContaining("Name 1 more"),
    });
    const enough = await teacher.exam.plan({ examId, roomSize: 4, dryRun: true });
    expect(enough.teachers).toEqual({ needed: 2, available: 2 });
  });

  it("makes rooms without teachers, which the check names until a later plan hands them on", async () => {
    await using fixture = await nextSchool();
    const { teacher } = fixture;
    const examId = await waiting(fixture, 4, 1);
    const plan = await teacher.exam.plan({ examId, roomSize: 2, withoutTeachers: true });
    expect(plan).toMatchObject({ plan: 1, newRooms: 2, seated: 4 });
    expect((await stateOf(fixture, examId)).rooms).toEqual([
      ["Room 1", "l0"],
      ["Room 2", "teacher1"],
    ]);
    const lacking = async () =>
      (await teacher.exam.check({ examId })).items
        .find(({ code }) => code === "teachers")
        ?.rooms.map(({ name }) => name);
    expect(await lacking()).toEqual(["Room 2"]);
    const teachers = [{ userId: "l1", name: "L1", role: "teacher" as const }];
    expect(await teacher.exam.plan({ examId, roomSize: 2, teachers })).toMatchObject({
      plan: 2,
      newRooms: 0,
    });
    expect(await lacking()).toEqual([]);
    expect((await stateOf(fixture, examId)).rooms).toEqual([
      ["Room 1", "l0"],
      ["Room 2", "l1"],
    ]);
  });

  it("is undone as a whole, also after people were moved by hand, and keeps its number", async () => {
    await using fixture = await nextSchool();
    const { teacher, admin } = fixture;
    const examId = await waiting(fixture, 5, 1);
    const before = await stateOf(fixture, examId);
    const { rooms } = await teacher.exam.plan({ examId, roomSize: 3, withoutTeachers: true });
    const [from = "", to = ""] = rooms.map(({ roomId }) => roomId ?? "");
    await admin.participant.move({ roomId: from, userId: "p0", toRoomId: to });
    await teacher.room.setTeacher({ examId, roomId: to, userId: "l0" });
    expect(await teacher.exam.undoPlan({ examId, plan: 1 })).toMatchObject({ deletedRooms: 2 });
    const after = await stateOf(fixture, examId);
    expect({ ...after, unseated: after.unseated.toSorted() }).toEqual({
      ...before,
      unseated: before.unseated.toSorted(),
    });
    // Once more, there is nothing left to do.
    expect(await teacher.exam.undoPlan({ examId, plan: 1 })).toEqual({ unseated: 0, deletedRooms: 0 });
    expect(await reasonOf(teacher.exam.undoPlan({ examId, plan: 2 }))).toBe("INVALID_INPUT");
    const { entries } = await admin.audit.list({ examId });
    expect(entries.filter(({ procedure }) => procedure === "exam.undoPlan")).toMatchObject([
      { outcome: "ok", actorId: "teacher1", subject: "1" },
    ]);
    const again = await teacher.exam.plan({ examId, roomSize: 5, withoutTeachers: true });
    expect([again.plan, again.newRooms]).toEqual([2, 1]);
    expect(await teacher.exam.plans({ examId })).toMatchObject([
      { plan: 2, newRooms: 1, seated: 6, by: "teacher1" },
      { plan: 1, newRooms: 2, seated: 6, undoneAt: expect.any(Date) },
    ]);
  });

  it.each([
    [
      "a person has entered",
      ({ admin, detection }, roomId) => admin.cheat.addRecords({ roomId, records: [detection("p0")] }),
      "something is recorded about p0 in the room Room 1",
    ],
    [
      "another person was added",
      ({ admin }, roomId) =>
        admin.participant.add({ roomId, participants: [{ userId: "late", name: "L", role: "examinee" }] }),
      "late is in the room Room 1",
    ],
  ] as readonly [string, (fixture: ExamsFixture, roomId: string) => Promise<unknown>, string][])(
    "stays when %s",
    async (_, change, message) => {
      await using fixture = await nextSchool();
      const { teacher } = fixture;
      const examId = await waiting(fixture, 2, 1);
      const { rooms } = await teacher.exam.plan({ examId, roomSize: 30 });
      await change(fixture, rooms[0]?.roomId ?? "");
      const before = await stateOf(fixture, examId);
      expect(await refused(teacher.exam.undoPlan({ examId, plan: 1 }))).toMatchObject({
        reason: "EXAM_CONFLICT",
        message: expect.stringContaining(message),
      });
      expect(await stateOf(fixture, examId)).toEqual(before);
      expect((await teacher.exam.plans({ examId }))[0]?.undoneAt).toBeUndefined();
    },
  );

  it("is told to open pages, also when it is undone: rooms get a teacher, and go", async () => {
    await using fixture = await openLiveFixture();
    const admin = fixture.as(ADMIN);
    const times = { startTime: new Date("2026-02-01T00:00:00Z"), endTime: new Date("2026-02-01T02:00:00Z") };
    const { id: examId } = await admin.exam.create({ name: "Planned", ...times });
    await admin.participant.import({ examId, file: Buffer.from("id,name\np,P\n").toString("base64") });
    await admin.exam.plan({ examId, roomSize: 30, withoutTeachers: true });
    await using watching = await listenExam(fixture, ADMIN, { examId });
    const teachers = [{ userId: "t", name: "T", role: "teacher" as const }];
    await admin.exam.plan({ examId, roomSize: 30, teachers });
    const handedOn = (await watching.until(({ type }) => type === "room_changed")).at(-1);
    expect(handedOn).toMatchObject({ room: { createTeacher: "t" } });
    expect(await refused(admin.exam.undoPlan({ examId, plan: 1 }))).toMatchObject({
      message: expect.stringContaining("t is in the room Room 1, but the plan did not seat them there"),
    });
    await admin.exam.undoPlan({ examId, plan: 2 });
    // Before the room is deleted, with what has happened in it.
    await watching.until(({ type }) => type === "participant_removed");
    await admin.exam.undoPlan({ examId, plan: 1 });
    const told = await watching.until(({ type }) => type === "room_deleted");
    expect(told.map(({ type }) => type)).toContain("roster_changed");
    expect((await unseatedOf({ admin }, examId)).map(({ userId, role }) => [userId, role])).toEqual([
      ["t", "teacher"],
      ["p", "examinee"],
    ]);
  });

  describe("of many people", () => {
    /** Takes several transactions to undo. `happens` is called before each write. */
    const openLarge = async () => {
      const writes = { happens: async (_n: number): Promise<void> => undefined, seen: 0 };
      const fixture = await openLiveFixture({
        change: ({ db, ...deps }) => ({
          ...deps,
          db: {
            ...db,
            storage: {
              ...db.storage,
              async write(work, options) {
                writes.seen += 1;
                await writes.happens(writes.seen);
                return db.storage.write(work, options);
              },
            },
          },
        }),
      });
      const admin = fixture.as(ADMIN);
      const times = {
        startTime: new Date("2026-02-01T00:00:00Z"),
        endTime: new Date("2026-02-01T02:00:00Z"),
      };
      const { id: examId } = await admin.exam.create({ name: "Large", ...times });
      const file = ["id,name", ...Array.from({ length: 130 }, (_, n) => `p${n},P`), ""].join("\n");
      await admin.participant.import({ examId, file: Buffer.from(file).toString("base64") });
      const { rooms } = await admin.exam.plan({ examId, roomSize: 4, withoutTeachers: true });
      await fixture.services.bulk.drain();
      const state = async () => ({
        rooms: (await rowsOf(fixture.db, roomsTable)).filter((room) => room.examId === examId).length,
        seated: (await rowsOf(fixture.db, participants)).filter((seat) => seat.examId === examId).length,
        unseated: (await rowsOf(fixture.db, unseated)).length,
        isUndone: (await admin.exam.plans({ examId }))[0]?.undoneAt !== undefined,
      });
      const undo = () => admin.exam.undoPlan({ examId, plan: 1 });
      return { fixture, admin, examId, rooms, writes, state, undo };
    };

    it("is undone to the end by the same call, if it was cut off", async () => {
      const { fixture, writes, state, undo } = await openLarge();
      await using _ = fixture;
      writes.seen = 0;
      writes.happens = (n) => (n > 2 ? Promise.reject(new Error("from the test")) : Promise.resolve());
      await expect(undo()).rejects.toThrow();
      writes.happens = () => Promise.resolve();
      const midway = await state();
      expect(midway).toEqual({
        rooms: 33,
        seated: 130 - midway.unseated,
        unseated: expect.any(Number),
        isUndone: false,
      });
      expect([midway.seated > 0, midway.unseated > 0]).toEqual([true, true]);
      expect(await undo()).toEqual({ unseated: midway.seated, deletedRooms: 33 });
      expect(await state()).toEqual({ rooms: 0, seated: 0, unseated: 130, isUndone: true });
    });

    it("stays where people have come during the call, and the next plan seats the rest again", async () => {
      const { fixture, admin, examId, rooms, writes, state, undo } = await openLarge();
      await using _ = fixture;
      const last = { examId, roomId: rooms.at(-1)?.roomId ?? "", userId: "p129" };
      writes.seen = 0;
      writes.happens = async (n) => {
        if (n !== 2) return;
        const visit = { ...last, camera: "main", since: new Date(0), leftAt: new Date(1) } as const;
        await writeRows(fixture.db, (tx) => tx.insert(insertion(pageVisits), [visit]));
      };
      expect(await refused(undo())).toMatchObject({
        reason: "EXAM_CONFLICT",
        message: "The plan 1 cannot be undone: p129 has entered the room Room 33.",
      });
      writes.happens = () => Promise.resolve();
      const midway = await state();
      expect(midway).toMatchObject({ rooms: 33, isUndone: false });
      expect([midway.seated > 0, midway.unseated > 0]).toEqual([true, true]);
      expect(await admin.exam.plan({ examId, roomSize: 4, withoutTeachers: true })).toMatchObject({
        newRooms: 0,
        seated: midway.unseated,
      });
    });
  });
});
