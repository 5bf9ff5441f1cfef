import { describe, expect, it } from "vitest";
import { createTestApp, type TestApp } from "../src/app/testing.js";
import { openExamsFixture } from "./support/exams-fixture.js";
import { reasonOf, refused } from "./support/reason.js";

const TEACHER = { sub: "t1", role: "teacher", name: "Tea Cher" } as const;
const people = (app: TestApp, roomId: string, role: "teacher" | "inspector" | "examinee") =>
  app
    .as({ sub: "root", role: "admin" })
    .participant.list({ roomId, role })
    .then((list) => list.map(({ userId, name }) => [userId, name]));
const examinee = (userId: string, name = userId) => ({ userId, name, role: "examinee" as const });

describe("room.create", () => {
  it("makes no room in an exam that is deleted meanwhile", async () => {
    await using fixture = await openExamsFixture();
    const exam = { name: "Maths", startTime: new Date(1e12), endTime: new Date(2e12) };
    const { id: examId } = await fixture.admin.exam.create(exam);
    const [deleted, made] = await Promise.all([
      reasonOf(fixture.admin.exam.delete({ examId })),
      refused(fixture.admin.room.create({ name: "R", examId })),
    ]);
    expect(deleted).toBe("ok");
    expect(made).toMatchObject({ reason: "EXAM_NOT_FOUND", message: `There is no exam ${examId}.` });
  });

  it("makes an exam of the room's name, from in 30 minutes on, for two hours", async () => {
    await using app = await createTestApp();
    const room = await app.as(TEACHER).room.create({ name: " Room ", imServer: ["aliyun_new"] });
    const exam = await app.as(TEACHER).exam.get({ examId: room.examId });
    expect(exam).toMatchObject({
      id: room.examId,
      name: "Room",
      startTime: new Date("2026-01-02T03:34:05Z"),
      endTime: new Date("2026-01-02T05:34:05Z"),
      createdAt: new Date("2026-01-02T03:04:05Z"),
    });
  });

  it.each([
    ["the name of its token", TEACHER, "Tea Cher"],
    ["its id", { sub: "t1", role: "teacher" }, "t1"],
    ["the name of its token, an administrator's too", { sub: "t1", role: "admin", name: "Boss" }, "Boss"],
  ] as const)("makes the caller its teacher, named by %s", async (_, caller, name) => {
    await using app = await createTestApp();
    const room = await app.as(caller).room.create({ name: "R" });
    expect(room.createTeacher).toBe("t1");
    expect(await people(app, room.id, "teacher")).toEqual([["t1", name]]);
  });

  it("takes people, in their order after the creator", async () => {
    await using app = await createTestApp();
    const room = await app.as(TEACHER).room.create({
      name: "R",
      participants: [
        examinee("z", "Zed"),
        { userId: "t2", name: "Two", role: "teacher" },
        examinee("a", "Ada"),
        { userId: "i1", name: "Ins", role: "inspector" },
      ],
    });
    expect(await people(app, room.id, "examinee")).toEqual([
      ["z", "Zed"],
      ["a", "Ada"],
    ]);
    expect(await people(app, room.id, "teacher")).toEqual([
      ["t1", "Tea Cher"],
      ["t2", "Two"],
    ]);
    expect(await people(app, room.id, "inspector")).toEqual([["i1", "Ins"]]);
  });

  it("lets people name the creator again as a teacher, whose name that becomes", async () => {
    await using app = await createTestApp();
    const participants = [examinee("a"), { userId: "t1", name: "Another", role: "teacher" as const }];
    const room = await app.as(TEACHER).room.create({ name: "R", participants });
    expect(await people(app, room.id, "teacher")).toEqual([["t1", "Another"]]);
  });

  it.each(["examinee", "inspector"] as const)("does not let the creator be an %s too", async (role) => {
    await using app = await createTestApp();
    const participants = [examinee("a"), { userId: "t1", name: "Me", role }];
    expect(await refused(app.as(TEACHER).room.create({ name: "R", participants }))).toMatchObject({
      reason: "INVALID_INPUT",
      fields: ["participants[1].role"],
    });
    expect((await app.as(TEACHER).room.list({})).rooms).toEqual([]);
  });

  it.each(["t 1", "t@x", "x".repeat(62), "老师"])(
    "refuses a creator whose id %s cannot be a participant's",
    async (sub) => {
      await using app = await createTestApp();
      expect(await refused(app.as({ sub, role: "teacher" }).room.create({ name: "R" }))).toMatchObject({
        reason: "INVALID_INPUT",
        fields: ["sub"],
      });
    },
  );

  describe("with demo examinees", () => {
    const demo = { config: { demoExaminees: 3 } };
    it("invents them for a room without an exam and without people", async () => {
      await using app = await createTestApp(demo);
      const { id } = await app.as(TEACHER).room.create({ name: "R" });
      expect(await people(app, id, "examinee")).toEqual([
        [`examinee1_${id}`, "学生1"],
        [`examinee2_${id}`, "学生2"],
        [`examinee3_${id}`, "学生3"],
      ]);
    });

    it("invents none for a room with people, or of an exam that is there", async () => {
      await using app = await createTestApp(demo);
      const teacher = app.as(TEACHER);
      const peopled = await teacher.room.create({ name: "R", participants: [examinee("a")] });
      expect(await people(app, peopled.id, "examinee")).toEqual([["a", "a"]]);
      const ofExam = await teacher.room.create({ name: "R", examId: peopled.examId });
      expect(await people(app, ofExam.id, "examinee")).toEqual([]);
    });
  });

  it("with an exam makes one more room of it, and no exam", async () => {
    await using app = await createTestApp();
    const teacher = app.as(TEACHER);
    const exam = await teacher.exam.create({
      name: "E",
      startTime: new Date("2026-02-01T00:00:00Z"),
      endTime: new Date("2026-02-01T01:00:00Z"),
    });
    const first = await teacher.room.create({ name: "One", examId: exam.id });
    const second = await teacher.room.create({ name: "Two", examId: exam.id });
    expect([first.examId, second.examId]).toEqual([exam.id, exam.id]);
    expect(await teacher.exam.get({ examId: exam.id })).toEqual(exam);
    const { rooms } = await teacher.room.list({ examId: exam.id });
    expect(rooms.map(({ name }) => name)).toEqual(["Two", "One"]);
  });

  it("with an exam that does not exist tells administrators only", async () => {
    await using app = await createTestApp();
    const call = { name: "R", examId: "none" };
    expect(await reasonOf(app.as({ sub: "root", role: "admin" }).room.create(call))).toBe("EXAM_NOT_FOUND");
    expect(await reasonOf(app.as(TEACHER).room.create(call))).toBe("FORBIDDEN");
  });

  it.each([["rong_cloud"], ["aliyun_old"], ["aliyun_new", "rong_cloud"]] as const)(
    "with %s %s is refused for want of a provider, and makes nothing",
    async (...imServer) => {
      await using app = await createTestApp();
      expect(
        await refused(app.as(TEACHER).room.create({ name: "R", imServer: [...imServer] })),
      ).toMatchObject({
        reason: "PROVIDER_NOT_CONFIGURED",
        message: expect.stringContaining(imServer.at(-1) ?? ""),
      });
      expect((await app.as(TEACHER).room.list({})).rooms).toEqual([]);
    },
  );

  it("gives ids that the message services take, each greater than the last", async () => {
    await using app = await createTestApp();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await app.as(TEACHER).room.create({ name: "R" })).id);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9]{1,64}$/);
    expect(ids).toEqual([...new Set(ids)].toSorted());
  });
});

describe("room.end", () => {
  it("silences the room, and keeps the first end", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using app = await createTestApp({ now: () => now });
    const teacher = app.as(TEACHER);
    const { id: roomId } = await teacher.room.create({ name: "R" });
    await teacher.room.setAudioStatus({ roomId, audioStatus: "speaking" });
    expect((await teacher.room.get({ roomId })).audioStatus).toBe("speaking");
    now = new Date("2026-01-02T03:10:00Z");
    expect(await teacher.room.end({ roomId })).toBe(true);
    const ended = await teacher.room.get({ roomId });
    expect(ended).toMatchObject({ status: "ended", audioStatus: "silent", updatedAt: now });
    now = new Date("2026-01-02T03:20:00Z");
    expect(await teacher.room.end({ roomId })).toBe(true);
    expect(await teacher.room.get({ roomId })).toEqual(ended);
    for (const audioStatus of ["speaking", "silent"] as const)
      expect(await reasonOf(teacher.room.setAudioStatus({ roomId, audioStatus }))).toBe("ROOM_ENDED");
  });
});

describe("room.list", () => {
  it.each([
    ["an administrator every room", { sub: "root", role: "admin" }, ["C", "B", "A"]],
    ["a teacher its own", { sub: "teacher1", role: "teacher" }, ["A"]],
    ["a teacher that was added", { sub: "teacher3", role: "teacher" }, ["B"]],
    ["a creator its own", { sub: "root", role: "teacher" }, ["B"]],
    ["a stranger none", { sub: "nobody", role: "teacher" }, []],
    ["an examinee with a teacher's token none", { sub: "examinee1", role: "teacher" }, []],
  ] as const)("shows %s", async (_, caller, names) => {
    await using fixture = await openExamsFixture();
    const { rooms } = await fixture.as(caller).room.list({});
    expect(rooms.map(({ name }) => name)).toEqual(names.map((name) => `Room ${name}`));
  });

  it("filters by exam and status", async () => {
    await using fixture = await openExamsFixture();
    const { admin, room, other } = fixture;
    await admin.room.end({ roomId: room.id });
    const list = async (filter: Parameters<typeof admin.room.list>[0]) =>
      (await admin.room.list(filter)).rooms.map(({ name }) => name.slice(-1)).join("");
    expect(await list({ status: "in_progress" })).toBe("CB");
    expect(await list({ status: "ended" })).toBe("A");
    expect(await list({ examId: room.examId })).toBe("BA");
    expect(await list({ examId: room.examId, status: "in_progress" })).toBe("B");
    expect(await list({ examId: other.examId, status: "ended" })).toBe("");
    expect(await list({ examId: "none" })).toBe("");
    const teacher = fixture.as({ sub: "teacher1", role: "teacher" });
    expect((await teacher.room.list({ status: "in_progress" })).rooms).toEqual([]);
    expect((await teacher.room.list({ status: "ended", examId: room.examId })).rooms).toHaveLength(1);
    expect((await teacher.room.list({ examId: other.examId })).rooms).toEqual([]);
  });

  it("shows a token that is bound to a room that room alone", async () => {
    await using fixture = await openExamsFixture();
    const { room, sibling, other } = fixture;
    for (const role of ["admin", "teacher"] as const) {
      const bound = fixture.as({ sub: "teacher1", role, room: room.id });
      const list = async (filter: Parameters<typeof bound.room.list>[0]) =>
        (await bound.room.list(filter)).rooms.map(({ id }) => id);
      expect(await list({})).toEqual([room.id]);
      expect(await list({ examId: room.examId, status: "in_progress" })).toEqual([room.id]);
      expect(await list({ examId: other.examId })).toEqual([]);
      expect(await list({ status: "ended" })).toEqual([]);
      expect(await list({ cursor: room.id })).toEqual([]);
    }
    const foreign = fixture.as({ sub: "teacher1", role: "teacher", room: sibling.id });
    expect(await reasonOf(foreign.room.list({}))).toBe("FORBIDDEN");
  });

  it("shows of a room no more than a room has", async () => {
    await using fixture = await openExamsFixture();
    for (const caller of [
      fixture.admin,
      fixture.teacher,
      fixture.as({ sub: "teacher1", role: "teacher", room: fixture.room.id }),
    ]) {
      const { rooms } = await caller.room.list({ examId: fixture.room.examId });
      expect(rooms.find(({ id }) => id === fixture.room.id)).toStrictEqual(fixture.room);
    }
  });

  it("shows a token that is bound to an exam that exam's rooms alone", async () => {
    await using fixture = await openExamsFixture();
    const { room, other } = fixture;
    const admin = fixture.as({ sub: "root", role: "admin", exam: room.examId });
    const teacher = fixture.as({ sub: "teacher1", role: "teacher", exam: room.examId });
    const foreign = fixture.as({ sub: "teacher1", role: "teacher", exam: other.examId });
    const list = async (caller: typeof admin, examId?: string) =>
      (await caller.room.list({ examId })).rooms.map(({ name }) => name.slice(-1)).join("");
    expect([await list(admin), await list(teacher), await list(foreign)]).toEqual(["BA", "A", ""]);
    expect([await list(admin, room.examId), await list(admin, other.examId)]).toEqual(["BA", ""]);
    expect(await list(foreign, room.examId)).toBe("");
  });

  it("pages, newest first, to the last room and no further", async () => {
    await using app = await createTestApp();
    const names: string[] = [];
    for (let n = 0; n < 5; n++) names.unshift((await app.as(TEACHER).room.create({ name: `R${n}` })).name);
    for (const caller of [app.as(TEACHER), app.as({ sub: "root", role: "admin" })])
      for (const pageSize of [1, 2, 4, 5, 6]) {
        const pages: string[][] = [];
        let cursor: string | undefined;
        do {
          const page = await caller.room.list({ pageSize, cursor });
          pages.push(page.rooms.map(({ name }) => name));
          cursor = page.nextCursor;
        } while (cursor);
        expect({ pageSize, names: pages.flat() }).toEqual({ pageSize, names });
        expect(pages).toHaveLength(Math.ceil(5 / pageSize));
      }
  });

  it.each([0, undefined])("has 20 rooms a page for a pageSize of %s", async (pageSize) => {
    await using app = await createTestApp();
    for (let n = 0; n < 21; n++) await app.as(TEACHER).room.create({ name: "R" });
    const { rooms, nextCursor } = await app.as(TEACHER).room.list({ pageSize });
    expect({ length: rooms.length, last: nextCursor }).toEqual({ length: 20, last: rooms.at(-1)?.id });
  });
});
