import { MAX_COUNTED } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { createTestApp, type TestApp, type TestCaller } from "../src/app/testing.js";
import { unseated } from "../src/storage/tables.js";
import { openAppFixture } from "./support/app-fixture.js";
import { trpc } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { callersOf } from "./support/permissions.js";
import { reasonOf, refused } from "./support/reason.js";
import { insertRows, rowsOf } from "./support/tables.js";

const TEACHER = { sub: "t1", role: "teacher" } as const;
const ADMIN = { sub: "root", role: "admin" } as const;
const START = new Date("2026-02-01T00:00:00Z");
const END = new Date("2026-02-01T02:00:00Z");
const hours = (count: number) => new Date(START.getTime() + count * 3_600_000);
const VIDEO = { name: "720p", data: { width: 1280, height: 720, frameRate: 15, maxBitrate: 900 } };

describe("exam.create", () => {
  it("makes an exam that its maker, an administrator, and nobody else reaches before it has rooms", async () => {
    await using app = await createTestApp();
    const made = await app.as(TEACHER).exam.create({ name: " 期末 ", startTime: START, endTime: END });
    expect(made).toStrictEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: "期末",
      startTime: START,
      endTime: END,
      cameras: "one",
      controlledBy: "rooms",
      mayManage: true,
      mayDuplicate: true,
      scheduledAudio: [],
      manualAudio: [],
      createdAt: new Date("2026-01-02T03:04:05Z"),
      updatedAt: new Date("2026-01-02T03:04:05Z"),
    });
    const get = (caller: Parameters<typeof app.as>[0]) => app.as(caller).exam.get({ examId: made.id });
    expect(await get(TEACHER)).toEqual(made);
    expect(await get(ADMIN)).toEqual(made);
    for (const caller of [
      { sub: "t2", role: "teacher" },
      { sub: "t1", role: "examinee" },
      { sub: "t1", role: "inspector" },
    ] as const)
      expect(await reasonOf(get(caller))).toBe("FORBIDDEN");
  });

  it.each([
    ["the same time", START],
    ["an hour before", hours(-1)],
  ])("refuses an end at %s", async (_, endTime) => {
    await using app = await createTestApp();
    expect(
      await refused(app.as(TEACHER).exam.create({ name: "E", startTime: START, endTime })),
    ).toMatchObject({ reason: "INVALID_INPUT", message: expect.stringContaining("must be after startTime") });
  });
});

describe("exam.update", () => {
  it("changes what is given and leaves the rest", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using app = await createTestApp({ now: () => now });
    const teacher = app.as(TEACHER);
    const made = await teacher.exam.create({
      name: "E",
      startTime: START,
      endTime: END,
      videoProfile: VIDEO,
    });
    now = new Date("2026-01-02T03:05:00Z");
    const examId = made.id;
    const kept = { ...made, updatedAt: now };
    const { videoProfile: _, ...plain } = kept;
    const steps = [
      [{}, kept],
      [{ name: "F" }, { ...kept, name: "F" }],
      [{ startTime: hours(1) }, { ...kept, name: "F", startTime: hours(1) }],
      [{ endTime: hours(3) }, { ...kept, name: "F", startTime: hours(1), endTime: hours(3) }],
      [
        { startTime: hours(5), endTime: hours(6), name: "E" },
        { ...kept, startTime: hours(5), endTime: hours(6) },
      ],
      [{ videoProfile: null }, { ...plain, startTime: hours(5), endTime: hours(6) }],
      [{ videoProfile: VIDEO }, { ...kept, startTime: hours(5), endTime: hours(6) }],
    ] as const;
    for (const [change, expected] of steps) {
      expect({ change, exam: await teacher.exam.update({ examId, ...change }) }).toStrictEqual({
        change,
        exam: expected,
      });
      expect(await teacher.exam.get({ examId })).toStrictEqual(expected);
    }
  });

  it.each([
    ["endTime", { endTime: START }],
    ["endTime", { endTime: hours(-1) }],
    ["startTime", { startTime: END }],
    ["startTime", { startTime: hours(3) }],
    ["endTime", { startTime: hours(5), endTime: hours(4) }],
  ] as const)("refuses to let the exam end before it starts, naming %s (%o)", async (field, change) => {
    await using app = await createTestApp();
    const teacher = app.as(TEACHER);
    const made = await teacher.exam.create({ name: "E", startTime: START, endTime: END });
    expect(await refused(teacher.exam.update({ examId: made.id, ...change }))).toMatchObject({
      reason: "INVALID_INPUT",
      fields: [field],
    });
    expect(await teacher.exam.get({ examId: made.id })).toEqual(made);
  });

  it("of an exam that does not exist tells administrators only", async () => {
    await using app = await createTestApp();
    expect(await reasonOf(app.as(ADMIN).exam.update({ examId: "none", name: "E" }))).toBe("EXAM_NOT_FOUND");
    expect(await reasonOf(app.as(TEACHER).exam.update({ examId: "none", name: "E" }))).toBe("FORBIDDEN");
  });
});

const url = "https://audio.example/x.wav";
const EXAM = { name: "E", startTime: START, endTime: END };
const clipsOf = async (app: TestApp, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push((await app.as(ADMIN).audio.create({ name: `${n}`, url })).id);
  return ids;
};

describe("the audio of an exam", () => {
  it("is made with it, at its times and by hand, the same only once", async () => {
    await using app = await createTestApp();
    const [a = "", b = ""] = await clipsOf(app, 2);
    const audio = [
      { clipId: b, startTime: hours(1) },
      { clipId: b },
      { clipId: a, startTime: START },
      { clipId: a },
      { clipId: b },
      { clipId: a, startTime: START },
    ];
    const made = await app.as(TEACHER).exam.create({ ...EXAM, audio });
    expect(made.scheduledAudio.map(({ clipId, startTime }) => [clipId, startTime])).toEqual([
      [a, START],
      [b, hours(1)],
    ]);
    expect(made.manualAudio.map(({ clipId }) => clipId)).toEqual([b, a]);
    expect(await app.as(TEACHER).exam.get({ examId: made.id })).toEqual(made);
  });

  it("is replaced as a whole, and what stays keeps its attachment", async () => {
    await using app = await createTestApp();
    const teacher = app.as(TEACHER);
    const [a = "", b = "", c = ""] = await clipsOf(app, 3);
    const made = await teacher.exam.create({
      ...EXAM,
      audio: [{ clipId: a }, { clipId: a, startTime: START }, { clipId: b }],
    });
    const examId = made.id;
    const other = await teacher.exam.create({ ...EXAM, audio: [{ clipId: a }] });
    const changed = await teacher.exam.update({
      examId,
      audio: [{ clipId: b }, { clipId: c }, { clipId: a, startTime: START }, { clipId: a, startTime: END }],
    });
    expect(changed.scheduledAudio).toEqual([
      ...made.scheduledAudio,
      expect.objectContaining({ clipId: a, startTime: END }),
    ]);
    expect(changed.manualAudio).toEqual([made.manualAudio[1], expect.objectContaining({ clipId: c })]);
    expect(await teacher.exam.update({ examId, name: "F" })).toEqual({ ...changed, name: "F" });
    expect(await teacher.exam.update({ examId, audio: [] })).toMatchObject({
      scheduledAudio: [],
      manualAudio: [],
    });
    expect(await teacher.exam.get({ examId: other.id })).toEqual(other);
  });

  it.each([
    ["C1 C2", "C2 C1", 1],
    ["C1 C2 C3", "C1 C3 C2", 2],
    ["C1 C2", "C3 C1 C2", 0],
    ["C1 C2 C3", "C3", 1],
    ["C1 C2 C3", "C1 C3", 2],
    ["C1 C2", "C1 C2 C1 C3", 2],
  ])("(%s, by hand and at one time) is played in the order it is given: %s", async (first, then, staying) => {
    await using app = await createTestApp();
    const teacher = app.as(TEACHER);
    const ids = new Map((await clipsOf(app, 3)).map((id, n) => [`C${n + 1}`, id]));
    const audioOf = (names: string) =>
      names.split(" ").flatMap((name) => {
        const clipId = ids.get(name) ?? "";
        return [{ clipId }, { clipId, startTime: START }];
      });
    const made = await teacher.exam.create({ ...EXAM, audio: audioOf(first) });
    const changed = await teacher.exam.update({ examId: made.id, audio: audioOf(then) });
    const expectedIds = [...new Set(then.split(" "))].map((name) => ids.get(name));
    for (const kind of ["manualAudio", "scheduledAudio"] as const) {
      expect(changed[kind].map(({ clipId }) => clipId)).toEqual(expectedIds);
      const before = new Set(made[kind].map(({ id }) => id));
      expect(changed[kind].filter(({ id }) => before.has(id))).toHaveLength(staying);
    }
  });

  it("must exist, or nothing is made and nothing is changed", async () => {
    await using app = await createTestApp();
    const teacher = app.as(TEACHER);
    const [a = ""] = await clipsOf(app, 1);
    const audio = [{ clipId: a }, { clipId: "none" }, { clipId: "neither" }];
    const missing = { reason: "AUDIO_CLIP_NOT_FOUND", message: "There is no audio clip none." };
    expect(await refused(teacher.exam.create({ ...EXAM, audio }))).toMatchObject(missing);
    expect(await app.as(ADMIN).exam.list({})).toEqual({ exams: [] });
    const made = await teacher.exam.create({ ...EXAM, audio: [{ clipId: a }] });
    const change = { examId: made.id, name: "F", audio };
    expect(await refused(teacher.exam.update(change))).toMatchObject(missing);
    expect(await teacher.exam.get({ examId: made.id })).toEqual(made);
    const backwards = { examId: made.id, endTime: START, audio: [] };
    expect(await reasonOf(teacher.exam.update(backwards))).toBe("INVALID_INPUT");
    expect(await teacher.exam.get({ examId: made.id })).toEqual(made);
  });

  it("is at most 200 entries", async () => {
    await using app = await createTestApp();
    const [a = ""] = await clipsOf(app, 1);
    const audio = Array.from({ length: 201 }, (_, n) => ({ clipId: a, startTime: new Date(n) }));
    expect(await reasonOf(app.as(TEACHER).exam.create({ ...EXAM, audio }))).toBe("INVALID_INPUT");
    const made = await app.as(TEACHER).exam.create({ ...EXAM, audio: audio.slice(1) });
    expect(made.scheduledAudio).toHaveLength(200);
  });
});

describe("exam.list", () => {
  const idsFor = async (app: TestApp, caller: TestCaller, pageSize = 100): Promise<string[]> => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await app.as(caller).exam.list({ pageSize, cursor });
      expect(page.exams.length).toBeLessThanOrEqual(pageSize);
      if (page.nextCursor !== undefined) expect(page.exams.length).toBe(pageSize);
      ids.push(...page.exams.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return ids;
  };

  it("gives an administrator all exams, and everybody else those that it reaches, newest first", async () => {
    await using fixture = await openExamsFixture();
    const [one, two] = [fixture.room.examId, fixture.other.examId];
    const made = (await fixture.teacher.exam.create(EXAM)).id;
    const others = (await fixture.as({ sub: "teacher2", role: "teacher" }).exam.create(EXAM)).id;
    const expected: readonly (readonly [TestCaller, readonly string[]])[] = [
      [ADMIN, [others, made, two, one]],
      [{ sub: "teacher1", role: "teacher" }, [made, one]],
      [{ sub: "teacher2", role: "teacher" }, [others, two]],
      [{ sub: "teacher3", role: "teacher" }, [one]],
      [{ sub: "inspector1", role: "inspector" }, [one]],
      [{ sub: "inspector2", role: "inspector" }, [two]],
      // Not in a room with that role, and not a teacher who could have created one.
      [{ sub: "teacher1", role: "inspector" }, []],
      [{ sub: "examinee1", role: "teacher" }, []],
      [{ sub: "nobody", role: "teacher" }, []],
      // Bound tokens.
      [{ ...ADMIN, exam: two }, [two]],
      [{ ...ADMIN, room: fixture.room.id }, [one]],
      [{ sub: "teacher1", role: "teacher", room: fixture.room.id }, [one]],
      [{ sub: "teacher1", role: "teacher", exam: made }, [made]],
    ];
    for (const [caller, exams] of expected)
      for (const pageSize of [1, 2, 100])
        expect({ caller, pageSize, exams: await idsFor(fixture, caller, pageSize) }).toEqual({
          caller,
          pageSize,
          exams,
        });
  });

  it("gives an exam once, in however many rooms of it a person is", async () => {
    await using fixture = await openExamsFixture();
    const { examId } = fixture.room;
    for (const name of ["R", "S"]) await fixture.teacher.room.create({ name, examId });
    expect(await idsFor(fixture, { sub: "teacher1", role: "teacher" }, 1)).toEqual([examId]);
  });

  it("puts exams in their own order, not in that of their rooms", async () => {
    await using app = await createTestApp();
    const ids: string[] = [];
    for (let n = 0; n < 6; n++) ids.push((await app.as(ADMIN).exam.create(EXAM)).id);
    const participants = [{ userId: "i1", name: "I", role: "inspector" as const }];
    for (const n of [3, 0, 5, 1, 4, 2])
      await app.as(ADMIN).room.create({ name: "R", examId: ids[n], participants });
    const inspector = { sub: "i1", role: "inspector" } as const;
    for (const pageSize of [1, 2, 3, 4, 6])
      expect(await idsFor(app, inspector, pageSize)).toEqual(ids.toReversed());
  });

  it("shows an exam without what it plays", async () => {
    await using app = await createTestApp();
    const {
      scheduledAudio: _,
      manualAudio: __,
      ...summary
    } = await app.as(TEACHER).exam.create({
      ...EXAM,
      videoProfile: VIDEO,
    });
    const plain = await app.as(TEACHER).exam.create(EXAM);
    const { exams } = await app.as(TEACHER).exam.list({});
    expect(exams[1]).toStrictEqual(summary);
    expect(exams[0]).not.toHaveProperty("videoProfile");
    expect(exams[0]?.id).toBe(plain.id);
  });

  it("tells callers what they may do with an exam, as the calls decide", async () => {
    await using fixture = await openExamsFixture();
    const { examId } = fixture.room;
    let managers = 0;
    for (const [name, caller] of Object.entries(callersOf(fixture))) {
      const as = fixture.as(caller);
      const listed = await as.exam.list({}).then(
        ({ exams }) => exams.find(({ id }) => id === examId),
        () => undefined,
      );
      if (!listed) continue;
      const { mayManage, mayDuplicate } = await as.exam.get({ examId });
      expect({ name, mayManage, mayDuplicate }).toEqual({
        name,
        mayManage: (await reasonOf(as.exam.update({ examId }))) === "ok",
        mayDuplicate: (await reasonOf(as.exam.duplicate({ examId, name: "Its copy" }))) === "ok",
      });
      expect(listed).toMatchObject({ mayManage, mayDuplicate });
      expect((await reasonOf(as.exam.end({ examId }))) === "ok").toBe(mayManage);
      if (mayManage) managers += 1;
    }
    // An administrator, the creator, and the creator with a token for this exam.
    expect(managers).toBe(3);
  });

  it("counts rooms and examinees on request, to everybody who may use the exam", async () => {
    await using fixture = await openExamsFixture();
    const { examId } = fixture.room;
    const rows = Array.from({ length: 40 }, (_, n) => `waits${n},Name,${n < 2 ? "teacher" : "examinee"}`);
    await fixture.teacher.participant.import({
      examId,
      file: Buffer.from(["id,name,role", ...rows].join("\n")).toString("base64"),
    });
    await fixture.teacher.room.end({ roomId: fixture.room.id });
    const callers = [
      ADMIN,
      { sub: "teacher1", role: "teacher" },
      { sub: "inspector3", role: "inspector" },
    ] as const;
    for (const caller of [...callers, { sub: "teacher1", role: "teacher", room: fixture.room.id } as const]) {
      const as = fixture.as(caller);
      const sizes = async () =>
        (await as.exam.list({ withCounts: true })).exams.map(({ id, counts }) => ({ id, counts }));
      expect(await sizes()).toContainEqual({ id: examId, counts: { rooms: 2, examinees: 41 } });
      expect((await as.exam.list({})).exams[0]).not.toHaveProperty("counts");
    }
    // Of several turns, each exam has its own.
    for (let n = 0; n < 11; n++) await fixture.admin.exam.create(EXAM);
    const { exams } = await fixture.admin.exam.list({ withCounts: true });
    expect(exams.map(({ counts }) => counts?.examinees)).toEqual([...Array(11).fill(0), 1, 41]);
  });

  it("counts up to a number", async () => {
    await using appFixture = await openAppFixture();
    const teacher = trpc(appFixture, await appFixture.token(TEACHER));
    const { id: examId } = (await teacher.mutate("exam.create", EXAM)).data;
    const now = new Date();
    await insertRows(
      appFixture.db,
      unseated,
      Array.from({ length: MAX_COUNTED + 1 }, (_, n) => ({
        examId,
        userId: `u${n}`,
        role: "examinee" as const,
        name: "N",
        createdAt: now,
        updatedAt: now,
      })),
    );
    const { exams } = (await teacher.query("exam.list", { withCounts: true })).data;
    expect(exams[0].counts).toEqual({ rooms: 0, examinees: MAX_COUNTED });
  });

  it("has twenty exams a page, and a hundred at most", async () => {
    await using app = await createTestApp();
    for (let n = 0; n < 21; n++) await app.as(ADMIN).exam.create(EXAM);
    const page = await app.as(ADMIN).exam.list({});
    expect(page.exams).toHaveLength(20);
    expect((await app.as(ADMIN).exam.list({ cursor: page.nextCursor })).exams).toHaveLength(1);
    expect(await reasonOf(app.as(ADMIN).exam.list({ pageSize: 101 }))).toBe("INVALID_INPUT");
  });
});

describe("exam.delete", () => {
  /** Seven days after the time of the app. */
  const ERASE_AT = new Date("2026-01-09T03:04:05Z");
  const gone = async (fixture: ExamsFixture, examId: string) => reasonOf(fixture.admin.exam.get({ examId }));

  it("of an exam with nothing in it takes its audio and its cheat config along", async () => {
    await using app = await createTestApp();
    const teacher = app.as(TEACHER);
    const [clipId = ""] = await clipsOf(app, 1);
    const { id: examId } = await teacher.exam.create({ ...EXAM, audio: [{ clipId }] });
    await teacher.cheat.setConfig({ examId, data: "{}" });
    expect(await teacher.exam.delete({ examId, erase: "now" })).toEqual({ rooms: 0, people: 0 });
    expect(await reasonOf(app.as(ADMIN).exam.get({ examId }))).toBe("EXAM_NOT_FOUND");
    // No exam plays the clip any more.
    expect(await app.as(ADMIN).audio.delete({ clipId })).toBe(true);
  });

  it("of an exam with rooms is asked for twice, and takes rooms and people along", async () => {
    await using fixture = await openExamsFixture();
    const { examId } = fixture.room;
    const conflict = await refused(fixture.teacher.exam.delete({ examId }));
    expect(conflict).toMatchObject({
      reason: "EXAM_CONFLICT",
      message: expect.stringContaining("has 2 rooms and 8 people"),
    });
    const before = await fixture.admin.exam.get({ examId: fixture.other.examId });
    expect(await fixture.teacher.exam.delete({ examId, withRooms: true })).toEqual({
      rooms: 2,
      people: 8,
      eraseAt: ERASE_AT,
    });
    expect(await gone(fixture, examId)).toBe("EXAM_NOT_FOUND");
    for (const { id: roomId } of [fixture.room, fixture.sibling])
      expect(await reasonOf(fixture.admin.room.get({ roomId }))).toBe("ROOM_NOT_FOUND");
    // The other exam is untouched.
    expect(await fixture.admin.exam.get({ examId: fixture.other.examId })).toEqual(before);
    expect(await fixture.admin.participant.list({ roomId: fixture.other.id })).toHaveLength(1);
    expect((await fixture.admin.room.list({})).rooms.map(({ id }) => id)).toEqual([fixture.other.id]);
  });

  it("counts people without a room, and takes them along", async () => {
    await using appFixture = await openAppFixture();
    const client = trpc(appFixture, await appFixture.token(ADMIN));
    const { data: made } = await client.mutate("exam.create", EXAM);
    const { data: other } = await client.mutate("exam.create", EXAM);
    const now = new Date();
    const waiting = [made.id, made.id, other.id].map((examId, n) => ({
      examId,
      userId: `e${n}`,
      role: "examinee" as const,
      name: "E",
      createdAt: now,
      updatedAt: now,
    }));
    await insertRows(appFixture.db, unseated, waiting);
    const refusedCall = await client.mutate("exam.delete", { examId: made.id });
    expect(refusedCall.error.data.reason).toBe("EXAM_CONFLICT");
    expect(refusedCall.error.message).toContain("has 0 rooms and 2 people");
    const deleted = await client.mutate("exam.delete", { examId: made.id, withRooms: true, erase: "now" });
    expect(deleted.data).toEqual({ rooms: 0, people: 2 });
    const left = await rowsOf(appFixture.db, unseated);
    expect(left.map(({ examId }) => examId)).toEqual([other.id]);
  });

  it("is refused while anything was recorded in it, whoever asks", async () => {
    await using fixture = await openExamsFixture();
    const { examId } = fixture.room;
    const record = (count: number) =>
      fixture.admin.cheat.addRecords({
        roomId: fixture.sibling.id,
        records: Array.from({ length: count }, () => fixture.detection("examinee3")),
      });
    for (const [more, message] of [
      [1, "1 cheat record."],
      [2, "3 cheat records."],
    ] as const) {
      await record(more);
      for (const withRooms of [false, true])
        expect(await refused(fixture.admin.exam.delete({ examId, withRooms }))).toMatchObject({
          reason: "EXAM_CONFLICT",
          message: `The exam ${examId} is kept: it holds ${message}`,
        });
    }
    expect(await fixture.admin.participant.list({ roomId: fixture.room.id })).toHaveLength(2);
    // Records of another exam do not prevent the deletion.
    expect(await fixture.admin.exam.delete({ examId: fixture.other.examId, withRooms: true })).toEqual({
      rooms: 1,
      people: 3,
      eraseAt: ERASE_AT,
    });
  });

  it("deletes what was recorded where an administrator types the exam's name", async () => {
    await using fixture = await openExamsFixture();
    const { examId } = fixture.room;
    const others = await fixture.admin.participant.list({ roomId: fixture.other.id });
    for (const roomId of [fixture.room.id, fixture.sibling.id])
      await fixture.admin.cheat.addRecords({
        roomId,
        records: [fixture.detection(roomId === fixture.room.id ? "examinee1" : "examinee3")],
      });
    const { name } = await fixture.admin.exam.get({ examId });
    const erase = (confirm?: string, caller = fixture.admin) =>
      caller.exam.delete({ examId, withRecords: true, ...(confirm !== undefined && { confirm }) });
    expect(await refused(erase())).toMatchObject({ reason: "INVALID_INPUT" });
    for (const wrong of [`${name} `, name.toUpperCase(), examId])
      expect(await refused(erase(wrong))).toMatchObject({
        reason: "INVALID_INPUT",
        message: expect.stringMatching(/^confirm must be the name/),
      });
    expect(await reasonOf(erase(name, fixture.teacher))).toBe("FORBIDDEN");
    expect(await erase(name)).toEqual({ rooms: 2, people: 8, records: 2, eraseAt: ERASE_AT });
    expect(await gone(fixture, examId)).toBe("EXAM_NOT_FOUND");
    expect(await fixture.admin.participant.list({ roomId: fixture.other.id })).toEqual(others);
  });

  it("is for administrators and the exam's maker, and deletes it once", async () => {
    await using fixture = await openExamsFixture();
    const { id: examId } = await fixture.teacher.exam.create(EXAM);
    for (const caller of [
      { sub: "teacher2", role: "teacher" },
      { sub: "teacher1", role: "inspector" },
      { sub: "teacher1", role: "teacher", exam: fixture.room.examId },
      { ...ADMIN, room: fixture.room.id },
    ] as const)
      expect(await reasonOf(fixture.as(caller).exam.delete({ examId }))).toBe("FORBIDDEN");
    const outcomes = await Promise.all(
      Array.from({ length: 3 }, () => reasonOf(fixture.admin.exam.delete({ examId }))),
    );
    expect(outcomes.toSorted()).toEqual(["EXAM_NOT_FOUND", "EXAM_NOT_FOUND", "ok"]);
  });
});
