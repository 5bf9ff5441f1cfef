import { describe, expect, it } from "vitest";
import { InvigilError } from "../src/platform/errors.js";
import { ADMIN, openExamFixture, people } from "./support/exam-fixture.js";

describe("exam.plan", () => {
  it("makes the rooms that people need, and seats them", async () => {
    const groups: object[] = [];
    await using fixture = await openExamFixture(async (group) => void groups.push(group));
    await fixture.wait(...people("examinee", 5), ...people("teacher", 3), ...people("inspector", 1));
    const { data } = await fixture.plan({ roomSize: 3 });
    expect(await fixture.roomList()).toEqual(["Room 1: t0 t2 | i0 | e0 e1 e2", "Room 2: t1 t2 | i0 | e3 e4"]);
    const { rooms } = (await (await fixture.as(ADMIN)).query("room.list", { examId: fixture.examId })).data;
    const [second, first] = rooms;
    expect([first, second]).toMatchObject([
      { name: "Room 1", createTeacher: "t0", status: "in_progress", audioStatus: "silent" },
      { name: "Room 2", createTeacher: "t1", status: "in_progress", audioStatus: "silent" },
    ]);
    expect(groups).toEqual([
      {
        groupId: first.id,
        name: "Room 1",
        creatorId: "t0",
        members: ["t0", "t2", "i0", "e0", "e1", "e2"],
      },
      { groupId: second.id, name: "Room 2", creatorId: "t1", members: ["t1", "t2", "i0", "e3", "e4"] },
    ]);
    const seated = (userId: string, role: string, spare = false) => ({
      userId,
      name: `Name of ${userId}`,
      role,
      spare,
    });
    expect(data).toEqual({
      plan: 1,
      teachers: { needed: 2, available: 3 },
      newRooms: 2,
      seated: 5,
      waiting: 0,
      rooms: [
        {
          roomId: first.id,
          name: "Room 1",
          isNew: true,
          examinees: 3,
          seated: [
            seated("t0", "teacher"),
            seated("t2", "teacher", true),
            seated("i0", "inspector"),
            ...["e0", "e1", "e2"].map((id) => seated(id, "examinee")),
          ],
        },
        {
          roomId: second.id,
          name: "Room 2",
          isNew: true,
          examinees: 2,
          seated: [
            seated("t1", "teacher"),
            seated("t2", "teacher", true),
            seated("i0", "inspector"),
            ...["e3", "e4"].map((id) => seated(id, "examinee")),
          ],
        },
      ],
    });
  });

  it("opens their rooms to those who are seated, with streams and extra minutes", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait(
      { userId: "slow", name: "Slow", role: "examinee", extraMinutes: 15 },
      ...people("teacher", 1),
    );
    const { roomId } = (await fixture.plan()).data.rooms[0] ?? {};
    const slow = await fixture.as({ sub: "slow", role: "examinee" });
    const { data } = await slow.query("participant.get", { roomId, userId: "slow" });
    expect(data).toMatchObject({ name: "Slow", extraMinutes: 15, hasRoomInProgress: true });
    expect(data.streams.pc.pushUrl).toContain(`${fixture.examId}-${roomId}-slow_pc`);
    expect((await slow.query("exam.get", { examId: fixture.examId })).data.endTime).toEqual(
      new Date("2026-02-01T03:45:00Z"),
    );
    const teacher = await fixture.as({ sub: "t0", role: "teacher" });
    expect((await teacher.query("participant.list", { roomId })).data).toHaveLength(1);
    const { data: left } = await teacher.query("participant.listUnseated", { examId: fixture.examId });
    expect(left).toBeUndefined();
    const waiting = await (await fixture.as(ADMIN)).query("participant.listUnseated", {
      examId: fixture.examId,
    });
    expect(waiting.data).toEqual({ people: [], totals: { unseated: 0, seated: 1 } });
  });

  it("seats 4,000 in 143 rooms of 27 or 28, 160 teachers and 40 inspectors with them", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait(...people("examinee", 4000), ...people("inspector", 40));
    const { data } = await fixture.plan({
      teachers: people("teacher", 160),
      seed: "2026",
      roomName: "第{n}考场",
    });
    expect(data).toMatchObject({ newRooms: 143, seated: 4000 });
    expect(new Set(data.rooms.map(({ examinees }) => examinees))).toEqual(new Set([27, 28]));
    expect([data.rooms[0]?.name, data.rooms.at(-1)?.name]).toEqual(["第001考场", "第143考场"]);
    const rooms = (await fixture.roomList()).map((line) => line.split(/: | \| /));
    expect(new Set(rooms.flatMap(([, , , examinees = ""]) => examinees.split(" "))).size).toBe(4000);
    expect(new Set(rooms.flatMap(([, teachers = ""]) => teachers.split(" "))).size).toBe(160);
    for (const [, teachers = "", inspectors = ""] of rooms)
      expect([teachers.split(" ").length, inspectors.split(" ").length]).toEqual([2, 1]);
    const [, , , first = ""] = rooms[0] ?? [];
    expect(first.startsWith("e0 e1 e2")).toBe(false);
  });

  it("only says what would be done when it is a dry run, and then does just that", async () => {
    let groups = 0;
    await using fixture = await openExamFixture(async () => void groups++);
    await fixture.wait(...people("examinee", 30), ...people("inspector", 2));
    const input = { roomSize: 7, seed: "x", teachers: people("teacher", 7) };
    const before = await fixture.state();
    const { data: dry } = await fixture.plan({ ...input, dryRun: true });
    expect(await fixture.state()).toEqual(before);
    expect(groups).toBe(0);
    expect(dry.rooms.every((room) => !("roomId" in room))).toBe(true);
    const { data: done } = await fixture.plan(input);
    expect(done.rooms).toMatchObject(dry.rooms);
    expect(groups).toBe(5);
  });

  it("adds nothing when it is done twice, with the same teachers too", async () => {
    let groups = 0;
    await using fixture = await openExamFixture(async () => void groups++);
    await fixture.wait(...people("examinee", 10), ...people("inspector", 3));
    const input = { roomSize: 4, teachers: [...people("teacher", 5), ...people("inspector", 1, "x")] };
    await fixture.plan(input);
    const before = await fixture.state();
    const made = groups;
    const { data } = await fixture.plan(input);
    expect(data).toMatchObject({ newRooms: 0, seated: 0 });
    expect(data.rooms.map(({ roomId, examinees, seated }) => [typeof roomId, examinees, seated])).toEqual([
      ["string", 4, []],
      ["string", 3, []],
      ["string", 3, []],
    ]);
    expect(await fixture.state()).toEqual(before);
    expect(groups).toBe(made);
  });

  it("seats those who come later beside the others, and in further rooms", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait(...people("examinee", 5), ...people("teacher", 3));
    await fixture.plan({ roomSize: 3 });
    await fixture.wait(...people("examinee", 3, "late"));
    const { data } = await fixture.plan({ roomSize: 3, teachers: people("teacher", 1, "new") });
    expect(data).toMatchObject({ newRooms: 1, seated: 3 });
    expect(await fixture.roomList()).toEqual([
      "Room 1: t0 t2 |  | e0 e1 e2",
      "Room 2: t1 t2 |  | e3 e4 late0",
      "Room 3: new0 t2 |  | late1 late2",
    ]);
  });

  it("leaves ended rooms and other exams alone, and takes no name twice", async () => {
    await using fixture = await openExamFixture();
    const admin = await fixture.as(ADMIN);
    const make = (name: string, examId: string) => admin.mutate("room.create", { name, examId });
    const ended = await make("Hall", fixture.examId);
    await admin.mutate("room.end", { roomId: ended.data.id });
    await make("Room 3", fixture.examId);
    await make("Room 4", fixture.otherExamId);
    await fixture.wait(...people("examinee", 5), ...people("teacher", 2));
    const { data } = await fixture.plan({ roomSize: 2 });
    expect(data.rooms.map(({ name, isNew, examinees }) => [name, isNew, examinees])).toEqual([
      ["Room 3", false, 2],
      ["Room 4", true, 2],
      ["Room 5", true, 1],
    ]);
    expect((await fixture.roomList())[0]).toBe("Hall: root |  | ");
  });

  it("does not seat anybody who was put into a room meanwhile, but takes its extra minutes along", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait(
      { userId: "e0", name: "Slow", role: "examinee", extraMinutes: 20 },
      ...people("teacher", 1),
    );
    const admin = await fixture.as(ADMIN);
    const { data: room } = await admin.mutate("room.create", {
      name: "R",
      examId: fixture.examId,
      participants: [{ userId: "e0", name: "Slow", role: "examinee" }],
    });
    const got = await admin.query("participant.get", { roomId: room.id, userId: "e0" });
    expect(got.data.extraMinutes).toBe(20);
    expect((await fixture.plan()).data).toMatchObject({ newRooms: 0, seated: 0 });
    expect(await fixture.roomList()).toEqual(["R: root t0 |  | e0"]);
  });

  it.each([
    ["participant.add", "e0"],
    ["room.create with people", "e0"],
    ["room.create as its creator", "root"],
  ])("waits no longer for somebody who got a room in another role: by %s", async (way, userId) => {
    await using fixture = await openExamFixture();
    await fixture.wait(
      { userId, name: "E", role: "examinee", extraMinutes: 20 },
      ...people("examinee", 1, "x"),
    );
    const admin = await fixture.as(ADMIN);
    const asTeacher = { userId, name: "E", role: "teacher" };
    const { data: room } = await admin.mutate("room.create", {
      name: "R",
      examId: fixture.examId,
      participants: way === "room.create with people" ? [asTeacher] : people("inspector", 1),
    });
    if (way === "participant.add")
      await admin.mutate("participant.add", { roomId: room.id, participants: [asTeacher] });
    const got = await admin.query("participant.get", { roomId: room.id, userId });
    expect(got.data).toMatchObject({ role: "teacher", extraMinutes: 0 });
    expect((await fixture.plan()).data).toMatchObject({ newRooms: 0, seated: 1 });
    const waiting = await admin.query("participant.listUnseated", { examId: fixture.examId });
    expect(waiting.data.totals).toEqual({ unseated: 0, seated: 1 });
  });

  it("keeps those who wait where there is no room to put them into", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait(...people("teacher", 2), ...people("inspector", 1));
    const before = await fixture.state();
    const none = { rooms: [], newRooms: 0, seated: 0 };
    expect((await fixture.plan()).data).toEqual({
      ...none,
      teachers: { needed: 0, available: 2 },
      waiting: 3,
    });
    // A person who is named and also waits counts once.
    const { data } = await fixture.plan({ teachers: people("teacher", 4) });
    expect(data).toEqual({ ...none, teachers: { needed: 0, available: 4 }, waiting: 5 });
    expect(await fixture.state()).toEqual(before);
  });
});

describe("a plan is refused, and nothing is done,", () => {
  const refused = async (fixture: Awaited<ReturnType<typeof openExamFixture>>, input: object) => {
    const before = await fixture.state();
    const { error } = await fixture.plan(input);
    expect(await fixture.state()).toEqual(before);
    return { reason: error.data.reason, message: error.message, fields: error.data.fieldErrors };
  };
  /** Also in a dry run. */
  const refusedAlways = async (...of: Parameters<typeof refused>) => {
    const refusal = await refused(...of);
    const [fixture, input] = of;
    expect(await refused(fixture, { ...input, dryRun: true })).toEqual(refusal);
    return refusal;
  };

  it("when there are fewer teachers than rooms", async () => {
    await using fixture = await openExamFixture();
    await fixture.wait(...people("examinee", 10), ...people("teacher", 1));
    const { reason, message } = await refused(fixture, { roomSize: 3, teachers: people("teacher", 1, "x") });
    expect(reason).toBe("EXAM_CONFLICT");
    expect(message).toBe(
      "Rooms without a teacher: 4, with those that the plan makes; teachers without a room: 2. Name 2 more, make the rooms larger, or plan without teachers.",
    );
    const { data } = await fixture.plan({ roomSize: 3, teachers: people("teacher", 1, "x"), dryRun: true });
    expect(data).toMatchObject({
      newRooms: 4,
      seated: 10,
      teachers: { needed: 4, available: 2, sufficientRoomSize: 5 },
    });
    expect(data).not.toHaveProperty("plan");
  });

  it.each([
    ["e0", "teacher", "e0 is in the exam as examinee, and cannot be its teacher too."],
    ["i0", "teacher", "i0 is in the exam as inspector, and cannot be its teacher too."],
    ["there", "inspector", "there is in the exam as examinee, and cannot be its inspector too."],
    ["root", "inspector", "root is in the exam as teacher, and cannot be its inspector too."],
  ])("when %s is named as %s", async (userId, role, message) => {
    await using fixture = await openExamFixture();
    await fixture.wait(...people("examinee", 2), ...people("teacher", 2), ...people("inspector", 1));
    await (await fixture.as(ADMIN)).mutate("room.create", {
      name: "R",
      examId: fixture.examId,
      participants: people("examinee", 1, "there").map((person) => ({ ...person, userId: "there" })),
    });
    const teachers = [
      { userId: "t9", name: "T", role: "teacher" },
      { userId, name: "X", role },
    ];
    expect(await refusedAlways(fixture, { teachers })).toMatchObject({
      reason: "PARTICIPANT_CONFLICT",
      message,
    });
  });

  it("when somebody waits who is there as something else", async () => {
    await using fixture = await openExamFixture();
    const participants = [{ userId: "e0", name: "E", role: "inspector" }];
    await (await fixture.as(ADMIN)).mutate("room.create", {
      name: "R",
      examId: fixture.examId,
      participants,
    });
    await fixture.wait(...people("examinee", 1));
    expect((await refusedAlways(fixture, {})).reason).toBe("PARTICIPANT_CONFLICT");
  });

  it.each<[field: string, input: object, examinees?: number]>([
    ["roomSize", { roomSize: 0 }],
    ["roomSize", { roomSize: 501 }],
    ["roomName", { roomName: "Room" }],
    // The rooms need numbers of four digits.
    ["roomName", { roomName: `${"{n}".repeat(16)}x` }, 1000],
    ["teachers[0].role", { teachers: [{ userId: "a", name: "A", role: "examinee" }] }],
    [
      "teachers[1].userId",
      {
        teachers: [
          { userId: "a", name: "A", role: "teacher" },
          { userId: "a", name: "B", role: "inspector" },
        ],
      },
    ],
  ])("when %s is wrong: %j", async (field, input, examinees = 10) => {
    await using fixture = await openExamFixture();
    await fixture.wait(...people("examinee", examinees), ...people("teacher", examinees));
    const { reason, fields } = await refusedAlways(fixture, { roomSize: 1, ...input });
    expect([reason, Object.keys(fields)]).toEqual(["INVALID_INPUT", [field]]);
  });

  it("when the message service fails, which is asked for no more groups then", async () => {
    let requests = 0;
    await using fixture = await openExamFixture(async () => {
      requests += 1;
      if (requests === 3) throw new InvigilError("PROVIDER_FAILED", "The message service failed.");
    });
    await fixture.wait(...people("examinee", 40), ...people("teacher", 40));
    const before = await fixture.state();
    const { error } = await fixture.plan({ roomSize: 1 });
    expect(error.data.reason).toBe("PROVIDER_FAILED");
    expect(await fixture.state()).toEqual(before);
    expect(requests).toBeLessThan(40);
  });
});

describe("while a plan makes its groups", () => {
  it("it asks for eight at a time", async () => {
    let open = 0;
    const seen: number[] = [];
    await using fixture = await openExamFixture(async () => {
      open += 1;
      seen.push(open);
      await new Promise((resolve) => setImmediate(resolve));
      open -= 1;
    });
    await fixture.wait(...people("examinee", 30), ...people("teacher", 30));
    await fixture.plan({ roomSize: 1 });
    expect(seen).toHaveLength(30);
    expect(Math.max(...seen)).toBe(8);
  });

  it("another plan may do the same: one of them is carried out, and nobody sits twice", async () => {
    const waiting: (() => void)[] = [];
    await using fixture = await openExamFixture(
      () =>
        new Promise((resolve) => {
          waiting.push(resolve);
          // Each plan creates two rooms: by now, both plans have read the exam.
          if (waiting.length === 4) for (const goOn of waiting) goOn();
        }),
    );
    await fixture.wait(...people("examinee", 4), ...people("teacher", 3));
    const answers = await Promise.all([fixture.plan({ roomSize: 2 }), fixture.plan({ roomSize: 2 })]);
    const outcomes = answers.map(({ error }): string => error?.data.reason ?? "ok");
    expect(outcomes.toSorted()).toEqual(["EXAM_CONFLICT", "ok"]);
    expect(await fixture.roomList()).toEqual(["Room 1: t0 t2 |  | e0 e1", "Room 2: t1 t2 |  | e2 e3"]);
  });

  type RoomFixture = Awaited<ReturnType<typeof openExamFixture>>;
  const inAdmin = async (fixture: RoomFixture, path: string, input: object) =>
    expect((await (await fixture.as(ADMIN)).mutate(path, input)).error).toBeUndefined();
  it.each<[string, (fixture: RoomFixture, roomId: string) => Promise<void>]>([
    ["somebody is imported", async (fixture) => await fixture.wait(...people("examinee", 1, "late"))],
    ["a room ends", (fixture, roomId) => inAdmin(fixture, "room.end", { roomId })],
    ["a room is made", (fixture) => inAdmin(fixture, "room.create", { name: "New", examId: fixture.examId })],
    [
      "somebody is taken out",
      (fixture) => inAdmin(fixture, "participant.removeFromExam", { examId: fixture.examId, userId: "e1" }),
    ],
    [
      "a seat is taken",
      (fixture, roomId) =>
        inAdmin(fixture, "participant.add", { roomId, participants: people("examinee", 1, "x") }),
    ],
  ])("%s: the plan is refused, and may be made again", async (_, change) => {
    let meanwhile: (() => Promise<void>) | undefined;
    await using fixture = await openExamFixture(async () => {
      const happens = meanwhile;
      meanwhile = undefined;
      await happens?.();
    });
    const { data: room } = await (await fixture.as(ADMIN)).mutate("room.create", {
      name: "R",
      examId: fixture.examId,
    });
    await fixture.wait(...people("examinee", 4), ...people("teacher", 3));
    let changed: object = {};
    meanwhile = async () => {
      await change(fixture, room.id);
      changed = await fixture.state();
    };
    const { error } = await fixture.plan({ roomSize: 2 });
    expect(error.data.reason).toBe("EXAM_CONFLICT");
    expect(await fixture.state()).toEqual(changed);
    expect((await fixture.plan({ roomSize: 2 })).error).toBeUndefined();
  });
});
