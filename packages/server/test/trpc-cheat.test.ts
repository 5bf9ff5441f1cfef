import { describe, expect, it } from "vitest";
import { dataOf, expectDone, refusalOf, rest } from "./support/calls.js";
import { type ExamsFixture, openExamsFixture } from "./support/exams-fixture.js";
import { reasonOf, refused } from "./support/reason.js";
import { sharedSchools } from "./support/shared.js";

const nextSchool = sharedSchools();

const types = async (call: Promise<{ records: { detectType: string }[] }>) =>
  (await call).records.map(({ detectType }) => detectType);

describe("the cheat config", () => {
  it("is one for all rooms of an exam, set by the teachers of any", async () => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => now });
    const { examId } = fixture.room;
    const first = await fixture.teacher.cheat.getConfig({ examId });
    now = new Date("2026-01-02T03:05:00Z");
    await fixture.as({ sub: "teacher3", role: "teacher" }).cheat.setConfig({ examId, data: "second" });
    const second = { ...first, data: "second", updatedAt: now };
    expect(await fixture.as({ sub: "examinee1", role: "examinee" }).cheat.getConfig({ examId })).toEqual(
      second,
    );
    for (const roomId of [fixture.room.id, fixture.sibling.id])
      expect((await fixture.admin.room.get({ roomId })).cheatConfig).toEqual(second);
    expect(await fixture.admin.room.get({ roomId: fixture.other.id })).not.toHaveProperty("cheatConfig");
  });

  it("keeps any text byte for byte, through both entry points", async () => {
    const fixture = await nextSchool();
    const { examId } = fixture.room;
    const client = rest(fixture, await fixture.token({ sub: "teacher1", role: "teacher" }));
    for (const data of [
      "{}",
      ' {"a":1.0, "a":2}\r\n',
      "\u2028\ufeff\u0001é😀",
      '"\\u0000"',
      "x".repeat(65_536),
    ]) {
      expectDone(await client.post("cheat/setCheatConfig", { examId, data }));
      expect(dataOf(await client.post("cheat/getCheatConfig", { examId })).data).toBe(data);
      expect((await fixture.teacher.cheat.getConfig({ examId })).data).toBe(data);
    }
  });
});

describe("who records about whom", () => {
  it.each([
    ["an examinee about itself", { sub: "examinee1", role: "examinee" }, ["examinee1", "examinee1"], "ok"],
    ["an examinee about another", { sub: "examinee1", role: "examinee" }, ["examinee2"], "FORBIDDEN"],
    [
      "an examinee about itself and one other",
      { sub: "examinee1", role: "examinee" },
      ["examinee1", "examinee2"],
      "FORBIDDEN",
    ],
    [
      "an examinee about its other camera's login",
      { sub: "examinee1", role: "examinee" },
      ["pc_examinee1"],
      "FORBIDDEN",
    ],
    ["a teacher about anybody", { sub: "teacher1", role: "teacher" }, ["examinee1", "examinee2"], "ok"],
    ["an administrator about anybody", { sub: "root", role: "admin" }, ["examinee1", "examinee2"], "ok"],
    ["a teacher about people of no room", { sub: "teacher1", role: "teacher" }, ["left", "never was"], "ok"],
  ] as const)("%s", async (_, caller, about, expected) => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    // Whatever the clock of the detector says.
    const records = about.map((userId) => fixture.detection(userId, { detectTime: new Date(0) }));
    expect(await reasonOf(fixture.as(caller).cheat.addRecords({ roomId, records }))).toBe(expected);
    const kept = (await fixture.admin.cheat.listRecords({ roomId })).records.map(({ userId }) => userId);
    expect(kept).toEqual(expected === "ok" ? about.toReversed() : []);
  });
});

describe("a record", () => {
  it("comes back as it was given", async () => {
    await using fixture = await openExamsFixture();
    const roomId = fixture.room.id;
    const detectTime = new Date("2026-01-01T00:00:00.123Z");
    const given = [
      fixture.detection("examinee1", { detectTime, isMainMonitor: false, extraInfo: "{222}2" }),
      fixture.detection("examinee1", { detectTime, extraInfo: { message: "学生", empty: "" } }),
      fixture.detection("examinee1", { detectTime, extraInfo: '{"a":1}' }),
      fixture.detection("examinee1", { detectTime }),
    ];
    await fixture.teacher.cheat.addRecords({ roomId, records: given, examId: fixture.room.examId });
    const { records } = await fixture.teacher.cheat.listRecords({ roomId });
    const now = new Date("2026-01-02T03:04:05Z");
    expect(records.toReversed()).toStrictEqual(
      given.map((record, index) => ({
        id: index + 1,
        examId: fixture.room.examId,
        roomId,
        extraInfo: {},
        ...record,
        createdAt: now,
        updatedAt: now,
      })),
    );
  });

  it("of another exam than the room's is refused, in reading and in writing", async () => {
    const fixture = await nextSchool();
    const call = { roomId: fixture.room.id, examId: fixture.other.examId };
    const records = [fixture.detection("examinee1")];
    for (const attempt of [
      () => fixture.admin.cheat.addRecords({ ...call, records }),
      () => fixture.admin.cheat.listRecords(call),
    ])
      expect(await refused(attempt())).toMatchObject({ reason: "INVALID_INPUT", fields: ["examId"] });
    expect((await fixture.admin.cheat.listRecords({ roomId: fixture.room.id })).records).toEqual([]);
  });

  it("may be one of many that measure 256 KiB together, and not a byte more", async () => {
    const fixture = await nextSchool();
    const roomId = fixture.room.id;
    const room = 256 * 1024 - 2 * (Buffer.byteLength("examinee1") + Buffer.byteLength("manyPeople"));
    const pair = (size: number) =>
      [Math.floor(size / 2), Math.ceil(size / 2)].map((length) =>
        fixture.detection("examinee1", { extraInfo: "x".repeat(length) }),
      );
    expect(
      await refused(fixture.teacher.cheat.addRecords({ roomId, records: pair(room + 1) })),
    ).toMatchObject({ reason: "INVALID_INPUT", fields: ["records"] });
    expect((await fixture.teacher.cheat.listRecords({ roomId })).records).toEqual([]);
    expect(await fixture.teacher.cheat.addRecords({ roomId, records: pair(room) })).toBe(true);
  });
});

describe("an ended room", () => {
  const END = Date.parse("2026-01-02T03:10:00Z");
  const MINUTES = 60_000;

  it.each([
    ["at its end", 0, "ok"],
    ["a minute after", MINUTES, "ok"],
    ["ten minutes after, exactly", 10 * MINUTES, "ok"],
    ["a millisecond later", 10 * MINUTES + 1, "ROOM_ENDED"],
    ["half an hour after", 30 * MINUTES, "ROOM_ENDED"],
  ] as const)("asked %s (%i ms) for a record: %s", async (_, after, expected) => {
    let now = new Date("2026-01-02T03:04:05Z");
    await using fixture = await openExamsFixture({ now: () => now });
    const roomId = fixture.room.id;
    now = new Date(END);
    await fixture.teacher.room.end({ roomId });
    now = new Date(END + after);
    // Ending it again does not restart the grace period.
    await fixture.teacher.room.end({ roomId });
    const records = [fixture.detection("examinee1")];
    for (const caller of [
      { sub: "examinee1", role: "examinee" },
      { sub: "teacher1", role: "teacher" },
      { sub: "root", role: "admin" },
    ] as const)
      expect(await reasonOf(fixture.as(caller).cheat.addRecords({ roomId, records }))).toBe(expected);
    const client = rest(fixture, await fixture.token({ sub: "examinee1", role: "examinee" }));
    const data = JSON.stringify([{ ...records[0], detectTime: END }]);
    const answer = await client.post("cheat/addCheatRecord", { roomId, data });
    if (expected === "ok") expectDone(answer);
    else refusalOf(answer, 409, "ROOM_ENDED");
    // Existing records can always be read.
    const kept = (await fixture.teacher.cheat.listRecords({ roomId })).records;
    expect(kept).toHaveLength(expected === "ok" ? 4 : 0);
  });

  it("still takes its exam's config", async () => {
    const fixture = await nextSchool();
    const { id: roomId, examId } = fixture.room;
    await fixture.teacher.room.end({ roomId });
    expect(await fixture.teacher.cheat.setConfig({ examId, data: "after" })).toBe(true);
    expect((await fixture.teacher.room.get({ roomId })).cheatConfig?.data).toBe("after");
  });
});

describe("the records of an exam", () => {
  /** Adds records to the rooms in turn: A1 B1 C1 A2 B2 C2. */
  const fill = async (fixture: ExamsFixture) => {
    for (const turn of [1, 2])
      for (const [name, roomId] of [
        ["A", fixture.room.id],
        ["B", fixture.sibling.id],
        ["C", fixture.other.id],
      ] as const)
        await fixture.admin.cheat.addRecords({
          roomId,
          records: [fixture.detection("x", { detectType: `${name}${turn}` })],
        });
  };

  it.each([
    ["an administrator sees all rooms", { sub: "root", role: "admin" }, "B2 A2 B1 A1"],
    ["a teacher sees its room", { sub: "teacher1", role: "teacher" }, "A2 A1"],
    ["a teacher of both rooms sees both", { sub: "both", role: "teacher" }, "B2 A2 B1 A1"],
    ["an inspector sees its room", { sub: "inspector3", role: "inspector" }, "B2 B1"],
    ["an inspector here, teacher there, with the token of one", { sub: "mixed", role: "inspector" }, "A2 A1"],
    ["and with that of the other", { sub: "mixed", role: "teacher" }, "B2 B1"],
  ] as const)("%s", async (_, caller, expected) => {
    const fixture = await nextSchool();
    const person = (userId: string, role: "teacher" | "inspector") => ({ userId, name: "N", role });
    await fixture.admin.participant.add({
      roomId: fixture.room.id,
      participants: [person("both", "teacher"), person("mixed", "inspector")],
    });
    await fixture.admin.participant.add({
      roomId: fixture.sibling.id,
      participants: [person("both", "teacher"), person("mixed", "teacher")],
    });
    await fill(fixture);
    const { examId } = fixture.room;
    expect((await types(fixture.as(caller).cheat.listRecords({ examId }))).join(" ")).toBe(expected);
  });

  it("are those of a bound token's room alone", async () => {
    const fixture = await nextSchool();
    await fill(fixture);
    const { id: room, examId } = fixture.room;
    for (const role of ["admin", "teacher"] as const) {
      const bound = fixture.as({ sub: "teacher1", role, room });
      expect(await types(bound.cheat.listRecords({ examId }))).toEqual(["A2", "A1"]);
    }
  });

  it("are none for the maker of the exam, until it is in a room", async () => {
    const fixture = await nextSchool();
    const maker = fixture.as({ sub: "maker", role: "teacher" });
    const { id: examId } = await maker.exam.create({
      name: "E",
      startTime: new Date(0),
      endTime: new Date(1000),
    });
    const { id: roomId } = await fixture.admin.room.create({ name: "R", examId });
    await fixture.admin.cheat.addRecords({ roomId, records: [fixture.detection("x")] });
    expect(await types(maker.cheat.listRecords({ examId }))).toEqual([]);
    await fixture.admin.participant.add({
      roomId,
      participants: [{ userId: "maker", name: "M", role: "teacher" }],
    });
    expect(await types(maker.cheat.listRecords({ examId }))).toEqual(["manyPeople"]);
  });

  it("are found by type, person, camera and the time of arrival, within what the caller may see", async () => {
    let now = new Date("2026-01-02T03:00:00Z");
    await using fixture = await openExamsFixture({ now: () => now });
    const { examId, id: roomId } = fixture.room;
    const add = async (room: string, userId: string, more: Parameters<ExamsFixture["detection"]>[1]) => {
      await fixture.admin.cheat.addRecords({ roomId: room, records: [fixture.detection(userId, more)] });
      now = new Date(now.getTime() + 60_000);
    };
    await add(roomId, "examinee1", { detectType: "A" });
    await add(fixture.sibling.id, "examinee3", { detectType: "B" });
    await add(roomId, "examinee2", { detectType: "C", isMainMonitor: false });
    await add(roomId, "examinee1", { detectType: "D" });
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 2, 3, minute));
    const teacher = { sub: "teacher1", role: "teacher" } as const;
    const find = (
      filter: object,
      caller: Parameters<ExamsFixture["as"]>[0] = { sub: "root", role: "admin" },
    ) => types(fixture.as(caller).cheat.listRecords({ examId, ...filter }));
    expect(await find({ detectTypes: ["B", "D", "none"] })).toEqual(["D", "B"]);
    expect(await find({ userIds: ["examinee1"] })).toEqual(["D", "A"]);
    expect(await find({ userIds: ["examinee1", "examinee3"], detectTypes: ["A", "B"] })).toEqual(["B", "A"]);
    expect(await find({ isMainMonitor: false })).toEqual(["C"]);
    expect(await find({ receivedFrom: at(1), receivedTo: at(3) })).toEqual(["C", "B"]);
    expect(await find({ receivedFrom: at(3) })).toEqual(["D"]);
    expect(await find({ detectTypes: ["A", "B"] }, teacher)).toEqual(["A"]);
    expect(await find({ userIds: ["examinee3"] }, teacher)).toEqual([]);
    expect(await find({ roomId, userIds: ["examinee3"] })).toEqual([]);
    expect(await find({ roomId, receivedTo: at(1) }, { ...teacher, room: roomId })).toEqual(["A"]);
  });

  it.each([
    ["receivedTo", { receivedFrom: new Date(1), receivedTo: new Date(1) }],
    ["detectTypes", { detectTypes: [] }],
    ["detectTypes", { detectTypes: Array(101).fill("A") }],
    ["detectTypes", { detectTypes: ["x".repeat(65)] }],
    ["userIds", { userIds: Array(101).fill("u") }],
    ["pageSize", { pageSize: 1001 }],
  ])("refuse a filter whose %s is out of bounds", async (field, filter) => {
    const { admin, room } = await nextSchool();
    const refusal = await refused(admin.cheat.listRecords({ examId: room.examId, ...filter }));
    expect(refusal).toMatchObject({
      reason: "INVALID_INPUT",
      message: expect.stringContaining(`"${field}"`),
    });
  });

  it("have a cursor only while something older is left", async () => {
    await using fixture = await openExamsFixture();
    await fill(fixture);
    const { examId } = fixture.room;
    const client = rest(fixture, await fixture.token({ sub: "root", role: "admin" }));
    for (const [pageSize, tokens] of [
      [1, ["5", "4", "2", undefined]],
      [2, ["4", undefined]],
      [3, ["2", undefined]],
      [4, [undefined]],
      [5, [undefined]],
    ] as const) {
      let scrollToken: string | undefined;
      for (const expected of tokens) {
        const page = dataOf(await client.post("cheat/listCheatRecord", { examId, pageSize, scrollToken }));
        expect({ pageSize, token: page.scrollToken }).toEqual({ pageSize, token: expected });
        scrollToken = page.scrollToken;
      }
    }
    // After the oldest record, the page is empty and not an error.
    const beyond = dataOf(await client.post("cheat/listCheatRecord", { examId, scrollToken: "1" }));
    expect(beyond).toStrictEqual({ cheatRecordEntitys: [] });
  });
});
