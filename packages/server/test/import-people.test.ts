import { describe, expect, it } from "vitest";
import { csv, encode } from "./support/files.js";
import { openRoomFixture, type Person, refusalOf, sheet } from "./support/roster.js";

const person = (userId: string, room: string | null, more: Partial<Person> = {}): Person => ({
  userId,
  room,
  role: "examinee",
  name: `Name of ${userId}`,
  extraMinutes: 0,
  ...more,
});
const byId = (people: readonly Person[]): Person[] =>
  people.toSorted((one, other) => (one.userId < other.userId ? -1 : 1));

describe("importing a roster", () => {
  it("seats those whose rows name a room, and lets the others wait for one, in the file's order", async () => {
    await using fixture = await openRoomFixture();
    const roomA = await fixture.room("A");
    await fixture.room("B");
    const file = csv([
      ["准考证号", "姓名", "班级", "考场", "角色", "加时（分钟）"],
      [" k3 ", " Name of k3 ", "1", "", "", ""],
      ["k1", "Name of k1", "1", "A", "考生", "15"],
      ["", "", "", "", "", ""],
      ["k2", "Name of k2", "2", roomA, "Student", "0"],
      ["t1", "Name of t1", "", " B ", "监考", ""],
      ["t2", "Name of t2", "", "", "INVIGILATOR", "0"],
      ["i1", "Name of i1", "", "", "ｉｎｓｐｅｃｔｏｒ", ""],
    ]);
    expect(await fixture.import(file)).toEqual({
      rows: 6,
      added: 6,
      updated: 0,
      unchanged: 0,
      changes: [],
      moreChanges: 0,
      unreadColumns: ["班级"],
    });
    expect(await fixture.people()).toEqual([
      person("k1", "A", { extraMinutes: 15 }),
      person("k2", "A"),
      person("t1", "B", { role: "teacher" }),
      person("k3", null),
      person("t2", null, { role: "teacher" }),
      person("i1", null, { role: "inspector" }),
    ]);
  });

  it("seats all others in the call's room", async () => {
    await using fixture = await openRoomFixture();
    const roomId = await fixture.room("A");
    await fixture.room("B");
    await fixture.import("id,name,room\nk1,Name of k1,\nk2,Name of k2,B\n", { roomId });
    expect(await fixture.people()).toEqual([person("k1", "A"), person("k2", "B")]);
  });

  it.each(["学号,姓名", "考号\t姓名", "ID;Name", "User ID,NAME", "student id;name", "ＩＤ,Ｎａｍｅ"])(
    "knows the columns '%s'",
    async (header) => {
      await using fixture = await openRoomFixture();
      const delimiter = /[,;\t]/.exec(header)?.[0] ?? "";
      expect(await fixture.import(`${header}\nk1${delimiter}A\n`)).toMatchObject({ added: 1 });
    },
  );

  it.each(["考场", "考场号", "Room"])("knows the room's column '%s'", async (header) => {
    await using fixture = await openRoomFixture();
    await fixture.room("101");
    await fixture.import(`id,name,${header}\nk1,Name of k1,101\n`);
    expect(await fixture.people()).toEqual([person("k1", "101")]);
  });

  it.each(["加时", "加时(分钟)", "加时（分钟）", "Extra Minutes", "extra"])(
    "knows the extra minutes' column '%s'",
    async (header) => {
      await using fixture = await openRoomFixture();
      await fixture.import(`id,name,${header}\nk1,Name of k1,600\n`);
      expect(await fixture.people()).toEqual([person("k1", null, { extraMinutes: 600 })]);
    },
  );

  it.each([
    ["examinee", ["", "考生", "学生", "examinee", "Candidate", "student"]],
    ["teacher", ["老师", "教师", "监考", "监考员", "Teacher", "invigilator"]],
    ["inspector", ["巡考", "督导", "INSPECTOR"]],
  ])("knows who is %s", async (role, texts) => {
    await using fixture = await openRoomFixture();
    await fixture.import(csv([["id", "name", "role"], ...texts.map((text, n) => [`k${n}`, "N", text])]));
    expect((await fixture.people()).map((one) => one.role)).toEqual(texts.map(() => role));
  });

  it("names the columns that were not read, also beside one that means the same", async () => {
    await using fixture = await openRoomFixture();
    const file = "id,name,extra,additional time, Zeitzuschlag ,\nk1,Name of k1,5,15,30,\n";
    const unread = { unreadColumns: ["additional time", "Zeitzuschlag"] };
    for (const dryRun of [true, false])
      expect(await fixture.import(file, { dryRun })).toMatchObject({ added: 1, ...unread });
    const faulty = { dryRun: true, withFaults: true };
    expect(await fixture.import(file.replace("k1", "k 1"), faulty)).toMatchObject({
      faults: [{ code: "invalid_id" }],
      ...unread,
    });
    expect(await fixture.import("id,name\nk1,Name of k1\n")).not.toHaveProperty("unreadColumns");
    const many = Array.from({ length: 102 }, (_, n) => `c${n}`);
    expect(await fixture.import(`id,name,${many.join()}\nk1,Name of k1\n`)).toMatchObject({
      unreadColumns: many.slice(0, 100),
      moreUnreadColumns: 2,
    });
  });

  it("names those who have one name, in the file and in the exam", async () => {
    await using fixture = await openRoomFixture();
    const file = "id,name\nu1,Li Wei\nu2,ｌｉ　ｗｅｉ\nu3,王芳\n";
    const two = { sameNames: [{ name: "Li Wei", userIds: ["u1", "u2"], count: 2 }] };
    for (const dryRun of [true, false]) expect(await fixture.import(file, { dryRun })).toMatchObject(two);
    const more = "id,name\nu9,LI WEI\nu8,Alice\n";
    expect(await fixture.import(more, { dryRun: true })).toMatchObject({
      sameNames: [{ name: "LI WEI", userIds: ["u9", "u1", "u2"], count: 3 }],
    });
    expect(await fixture.import(more)).not.toHaveProperty("sameNames");
    const many = Array.from({ length: 101 }, (_, n) => `a${n},Ann ${n}\nb${n},Ann ${n}\n`).join("");
    const crowd = Array.from({ length: 101 }, (_, n) => `c${n},Bo\n`).join("");
    const result = await fixture.import(`id,name\n${crowd}${many}`);
    expect(result.sameNames).toHaveLength(100);
    expect(result).toMatchObject({ moreSameNames: 2 });
    expect(result.sameNames?.[0]).toMatchObject({ name: "Bo", count: 101 });
    expect(result.sameNames?.[0]?.userIds).toHaveLength(100);
    const skipped = "id,name\nx1,Ed\nx2,\nx3,Ed\n";
    expect(await fixture.import(skipped, { skip: [3] })).toMatchObject({ sameNames: [{ name: "Ed" }] });
  });

  it.each(["CSV", "XLSX"] as const)("reads columns as the caller says, from %s", async (format) => {
    await using fixture = await openRoomFixture();
    const file = await sheet(format, [
      ["Kennung", "name", "extra", "Zeitzuschlag (min)"],
      ["k1", "Name of k1", "sick", "30"],
      ["k2", "Name of k2", "", ""],
    ]);
    const columns = [
      { column: "Kennung", field: "id" as const },
      { column: "zeit zuschlag", field: "extraMinutes" as const },
    ];
    expect(await fixture.import(file, { columns, dryRun: true })).toMatchObject({
      unreadColumns: ["extra"],
      withExtraMinutes: [{ row: 2, userId: "k1", name: "Name of k1", extraMinutes: 30 }],
    });
    await fixture.import(file, { columns });
    expect(await fixture.people()).toEqual([person("k1", null, { extraMinutes: 30 }), person("k2", null)]);
    // Those who had extra minutes before have them still.
    expect(await fixture.import("id,name\nk1,Name of k1\n", { dryRun: true })).toMatchObject({
      withExtraMinutes: [{ userId: "k1", extraMinutes: 30 }],
    });
    const faulty = await sheet(format, [
      ["Kennung", "name"],
      ["k 1", "N"],
    ]);
    const asked = { columns: columns.slice(0, 1), dryRun: true, withFaults: true };
    expect(await fixture.import(faulty, asked)).toMatchObject({
      faults: [{ column: "Kennung", code: "invalid_id" }],
      sheet: { header: ["Kennung", "name"], rows: [{ row: 2 }] },
    });
  });

  it.each([
    [[["Zeit", "extraMinutes"]], "columns names 'Zeit', which is not in the file"],
    [[["Note", "role"]], "columns names 'Note', which is the title of 2 columns"],
    [
      [
        ["Note", "role"],
        ["name", "role"],
      ],
      "columns has two columns for role: 'Note' and 'name'",
    ],
    [
      [
        ["Note", "role"],
        ["note", "room"],
      ],
      "columns gives 'note' two meanings: role and room",
    ],
    [[["name", "id"]], "file has no column for the name"],
  ] as const)("refuses the meanings %j", async (meanings, message) => {
    await using fixture = await openRoomFixture();
    const columns = meanings.map(([column, field]) => ({ column, field }));
    const refused = await refusalOf(fixture.import("id,name,Note,Note\nk1,N,,\n", { columns }));
    expect(refused.code).toBe("INVALID_INPUT");
    expect(refused.message).toContain(message);
    expect(await fixture.people()).toEqual([]);
  });

  it("takes 4,000 rows of GB18030, as a school's spreadsheet writes them", async () => {
    await using fixture = await openRoomFixture();
    const rows = Array.from({ length: 4000 }, (_, n) => [
      `2026${10_000 + n}`,
      `考生${n}`,
      n % 40 ? "" : "30",
    ]);
    const file = encode(csv([["学号", "姓名", "加时"], ...rows]), "gb18030");
    expect(await fixture.import(file)).toMatchObject({ rows: 4000, added: 4000 });
    const people = await fixture.people();
    expect(people).toHaveLength(4000);
    expect(people[3999]).toEqual(person("202613999", null, { name: "考生3999" }));
    expect(people.filter(({ extraMinutes }) => extraMinutes === 30)).toHaveLength(100);
    expect(await fixture.import(file)).toMatchObject({ rows: 4000, unchanged: 4000 });
  });

  it("takes numbers of a workbook for ids, names, rooms and minutes", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("101");
    await fixture.import(
      await sheet("XLSX", [
        ["学号", "姓名", "考场", "加时"],
        [20260001, 42, 101, 15],
      ]),
    );
    expect(await fixture.people()).toEqual([person("20260001", "101", { name: "42", extraMinutes: 15 })]);
  });

  it("takes ids that look like numbers with an exponent", async () => {
    await using fixture = await openRoomFixture();
    await fixture.import("id,name\n5E12,Name of 5E12\n1e5,Name of 1e5\n");
    expect(await fixture.people()).toEqual([person("5E12", null), person("1e5", null)]);
  });

  it("means the open one of two rooms with a name", async () => {
    await using fixture = await openRoomFixture();
    await fixture.admin.room.end({ roomId: await fixture.room("A") });
    const open = await fixture.room("A");
    await fixture.import("id,name,room\nk1,N,A\n");
    expect((await fixture.admin.participant.list({ roomId: open })).map(({ userId }) => userId)).toEqual([
      "k1",
    ]);
  });
});

describe("importing again", () => {
  const FILE = csv([
    ["id", "name", "room", "role", "extra"],
    ["k1", "Name of k1", "A", "", "15"],
    ["k2", "Name of k2", "", "", ""],
    ["t1", "Name of t1", "A", "teacher", ""],
  ]);

  it("changes nothing, not even a time", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("A");
    await fixture.import(FILE);
    const before = await fixture.everything();
    const again = { rows: 3, added: 0, updated: 0, unchanged: 3, changes: [], moreChanges: 0 };
    expect(await fixture.import(FILE)).toEqual(again);
    expect(await fixture.import(FILE, { dryRun: true })).toMatchObject({ ...again, newPeople: [] });
    expect(await fixture.everything()).toEqual(before);
  });

  it("changes nothing about somebody who has got a room meanwhile", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("A");
    await fixture.import("id,name,extra\nk1,Name of k1,15\n");
    await fixture.import("id,name,room\nk1,Name of k1,A\n");
    const before = await fixture.everything();
    expect(await fixture.import("id,name,extra\nk1,Name of k1,15\n")).toMatchObject({ unchanged: 1 });
    expect(await fixture.everything()).toEqual(before);
  });

  it("updates names and extra minutes where the person is, and lists them", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("A");
    await fixture.import(FILE);
    const file = csv([
      ["id", "name", "room", "role", "extra"],
      ["k2", "Another name", "", "", "5"],
      ["k1", "Name of k1", "", "", "0"],
      ["t1", "Renamed", "A", "teacher", ""],
      ["new", "Name of new", "", "", ""],
    ]);
    const changes = [
      {
        row: 2,
        userId: "k2",
        was: { name: "Name of k2", extraMinutes: 0 },
        is: { name: "Another name", extraMinutes: 5 },
      },
      {
        row: 3,
        userId: "k1",
        was: { name: "Name of k1", extraMinutes: 15 },
        is: { name: "Name of k1", extraMinutes: 0 },
      },
      {
        row: 4,
        userId: "t1",
        was: { name: "Name of t1", extraMinutes: 0 },
        is: { name: "Renamed", extraMinutes: 0 },
      },
    ];
    const before = await fixture.everything();
    const done = { rows: 4, added: 1, updated: 3, unchanged: 0, changes, moreChanges: 0 };
    expect(await fixture.import(file, { dryRun: true })).toMatchObject(done);
    expect(await fixture.everything()).toEqual(before);
    expect(await fixture.import(file)).toEqual(done);
    expect(byId(await fixture.people())).toEqual([
      person("k1", "A"),
      person("k2", null, { name: "Another name", extraMinutes: 5 }),
      person("new", null),
      person("t1", "A", { role: "teacher", name: "Renamed" }),
    ]);
  });

  it("leaves extra minutes as they are where the file is silent", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("A");
    await fixture.import("id,name,room,extra\nk1,N,A,15\nk2,N,,20\n");
    await fixture.import("id,name\nk1,Name of k1\nk2,Name of k2\n");
    await fixture.import("id,name,extra\nk1,Name of k1,\nk2,Name of k2,\n");
    expect(await fixture.people()).toEqual([
      person("k1", "A", { extraMinutes: 15 }),
      person("k2", null, { extraMinutes: 20 }),
    ]);
  });

  it("seats those who waited when their rows name a room now, and lists whose name or minutes are others", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("A");
    await fixture.import("id,name,extra\nk1,Name of k1,15\nk2,Old,\n");
    const result = await fixture.import("id,name,room,extra\nk1,Name of k1,A,\nk2,Name of k2,A,5\n");
    expect(result).toEqual({
      rows: 2,
      added: 0,
      updated: 2,
      unchanged: 0,
      changes: [
        {
          row: 3,
          userId: "k2",
          was: { name: "Old", extraMinutes: 0 },
          is: { name: "Name of k2", extraMinutes: 5 },
        },
      ],
      moreChanges: 0,
    });
    expect(await fixture.people()).toEqual([
      person("k1", "A", { extraMinutes: 15 }),
      person("k2", "A", { extraMinutes: 5 }),
    ]);
  });

  it("puts a teacher into one room more, and renames it in all of them when the row names none", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("A");
    await fixture.room("B");
    await fixture.import("id,name,role,room\nt1,Old,teacher,A\n");
    expect(await fixture.import("id,name,role,room\nt1,Name of t1,teacher,B\n")).toMatchObject({ added: 1 });
    expect((await fixture.people()).map(({ room, name }) => [room, name])).toEqual([
      ["A", "Old"],
      ["B", "Name of t1"],
    ]);
    expect(await fixture.import("id,name,role\nt1,Name of t1,teacher\n")).toMatchObject({ updated: 1 });
    expect((await fixture.people()).map(({ name }) => name)).toEqual(["Name of t1", "Name of t1"]);
  });

  it("knows nothing of another exam's people", async () => {
    await using fixture = await openRoomFixture();
    const { id: examId } = await fixture.admin.exam.create({
      name: "Another",
      startTime: new Date(0),
      endTime: new Date(1),
    });
    await fixture.room("Elsewhere", { examId, people: [{ userId: "k1", name: "Old", role: "teacher" }] });
    await fixture.import("id,name\nk2,Old\n", { examId });
    expect(await fixture.import("id,name\nk1,Name of k1\nk2,Name of k2\n")).toMatchObject({ added: 2 });
    expect(await fixture.people()).toEqual([person("k1", null), person("k2", null)]);
  });

  it("lists the first thousand whose name or minutes are others, and counts the rest", async () => {
    await using fixture = await openRoomFixture();
    const named = (name: string) =>
      csv([["id", "name"], ...Array.from({ length: 1005 }, (_, n) => [`k${n}`, name])]);
    await fixture.import(named("Old"));
    const { updated, changes, moreChanges } = await fixture.import(named("New"));
    expect({ updated, listed: changes.length, moreChanges, last: changes.at(-1)?.userId }).toEqual({
      updated: 1005,
      listed: 1000,
      moreChanges: 5,
      last: "k999",
    });
  });
});

describe("a dry run", () => {
  it("says what would be done, and does nothing", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("A");
    const before = await fixture.everything();
    const file = "id,name,room\nk1,N,A\nk2,N,\n";
    expect(await fixture.import(file, { dryRun: true })).toMatchObject({ rows: 2, added: 2 });
    expect(await fixture.everything()).toEqual(before);
  });
});

describe("a preview", () => {
  it("shows the first ten people as they were read, and who is new", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("1号考场");
    await fixture.import("id,name\n20260001,Old\n");
    const file = csv([
      ["学号", "姓名", "考场", "角色", "加时"],
      ["２０２６０００１", "Old", "", "", ""],
      [" ２０２６－ａ ", "Wide", "１号考场", "考生", "３０分钟"],
      ["20260003", "Plain", "", "", "15 min"],
      ...Array.from({ length: 1005 }, (_, n) => [`k${n}`, `N${n}`, "", "", ""]),
    ]);
    const { preview, newPeople, moreNewPeople } = await fixture.import(file, { dryRun: true });
    expect(preview?.slice(0, 3)).toEqual([
      { row: 2, userId: "20260001", name: "Old", role: "examinee" },
      { row: 3, userId: "2026-a", name: "Wide", role: "examinee", room: "1号考场", extraMinutes: 30 },
      { row: 4, userId: "20260003", name: "Plain", role: "examinee", extraMinutes: 15 },
    ]);
    expect(preview).toHaveLength(10);
    expect(newPeople?.slice(0, 2)).toEqual([
      { row: 3, userId: "2026-a", name: "Wide" },
      { row: 4, userId: "20260003", name: "Plain" },
    ]);
    expect([newPeople?.length, moreNewPeople]).toEqual([1000, 7]);
    await fixture.import(file);
    const read = (await fixture.people()).filter(({ userId }) => userId.startsWith("2026"));
    expect(byId(read)).toEqual([
      { userId: "2026-a", name: "Wide", role: "examinee", room: "1号考场", extraMinutes: 30 },
      { userId: "20260001", name: "Old", role: "examinee", room: null, extraMinutes: 0 },
      { userId: "20260003", name: "Plain", role: "examinee", room: null, extraMinutes: 15 },
    ]);
  });

  it.each([
    ["合计", "", "400"],
    ["", "合 计", "400人"],
    ["", "", "小计：30人"],
    ["Total", "", "28"],
    ["总人数", "400", ""],
  ])("names a row that holds a total (%s, %s, %s), which is no person", async (number, id, name) => {
    await using fixture = await openRoomFixture();
    const file = csv([
      ["序号", "学号", "姓名"],
      ["1", "k1", "王合计"],
      [number, id, name],
      ["2", "total", "Total Recall"],
    ]);
    expect(await fixture.import(file)).toMatchObject({ rows: 2, added: 2, totalRows: [3] });
    expect((await fixture.people()).map(({ userId }) => userId)).toEqual(["k1", "total"]);
  });
});

describe("people of the exam who are not in the file", () => {
  /** An exam whose examinees differ in what they have left, and a file without them. */
  const openExamWithAbsent = async () => {
    const fixture = await openRoomFixture();
    const roomId = await fixture.room("A");
    const ended = await fixture.room("Ended");
    const later = await fixture.room("B");
    const seated = ["stays", "entered", "left", "recorded", "noted", "untouched"];
    await fixture.import(
      csv([
        ["id", "name", "room", "role"],
        ...seated.map((userId) => [userId, "N", "A", ""]),
        ["over", "N", "Ended", ""],
        ["waiting", "N", "", ""],
        ["t1", "N", "B", "teacher"],
      ]),
    );
    await fixture.admin.room.end({ roomId: ended });
    const as = (sub: string) => fixture.as({ sub, role: "examinee", room: roomId });
    await as("entered").attempt.reportReadiness({ roomId, checks: { camera: { result: "passed" } } });
    const detection = (userId: string) => ({
      isMainMonitor: true,
      userId,
      detectTime: new Date("2026-02-01T08:30:00Z"),
      detectType: "scenePersonExit",
    });
    await as("left").cheat.addRecords({ roomId, records: [detection("left")] });
    await fixture.admin.participant.move({ roomId, userId: "left", toRoomId: later });
    await as("recorded").cheat.addRecords({ roomId, records: [detection("recorded")] });
    await fixture.admin.exam.note({
      examId: fixture.examId,
      roomId,
      userId: "noted",
      severity: "look",
      at: new Date("2026-02-01T08:30:00Z"),
      text: "Late",
      key: "n",
    });
    return fixture;
  };
  const FILE = "id,name\nstays,N\nnew,N\n";

  it("are listed in a dry run, with why they cannot be removed, in the roles of the file", async () => {
    await using fixture = await openExamWithAbsent();
    const { absent, moreAbsent } = await fixture.import(FILE, { dryRun: true });
    expect(absent?.map(({ userId, room, stays }) => [userId, room, stays])).toEqual([
      ["entered", "A", "entered"],
      ["recorded", "A", "recorded"],
      ["noted", "A", "recorded"],
      ["untouched", "A", undefined],
      ["over", "Ended", "room_ended"],
      ["left", "B", "recorded"],
      ["waiting", undefined, undefined],
    ]);
    expect(moreAbsent).toBeUndefined();
    const { absent: withStaff } = await fixture.import("id,name,role\nt2,N,监考\n", { dryRun: true });
    expect(withStaff?.map(({ userId, stays }) => [userId, stays])).toEqual([
      ["root", "room_creator"],
      ["t1", undefined],
    ]);
  });

  it("stay unless they are named, and are removed then", async () => {
    await using fixture = await openExamWithAbsent();
    const remove = ["untouched", "waiting"];
    expect(await fixture.import(FILE, { dryRun: true, remove })).toMatchObject({ removed: 2, added: 1 });
    const before = (await fixture.people()).length;
    expect(await fixture.import(FILE, { remove })).toMatchObject({ added: 1, removed: 2 });
    const left = (await fixture.people()).map(({ userId }) => userId);
    expect(left).toHaveLength(before - 1);
    expect(left).toContain("new");
    expect(left.filter((userId) => remove.includes(userId))).toEqual([]);
    const { entries } = await fixture.admin.audit.list({
      examId: fixture.examId,
      personId: "untouched",
    });
    expect(entries.map(({ procedure }) => procedure)).toContain("participant.import");
  });

  it.each([
    ["entered", "PARTICIPANT_CONFLICT", "entered cannot be removed: they have entered the exam."],
    ["left", "PARTICIPANT_CONFLICT", "left cannot be removed: something is recorded about them."],
    ["noted", "PARTICIPANT_CONFLICT", "noted cannot be removed: something is recorded about them."],
    ["over", "PARTICIPANT_CONFLICT", "over cannot be removed: their room has ended."],
    ["stays", "INVALID_INPUT", "remove names stays, who is in the file or not in the exam"],
    ["nobody", "INVALID_INPUT", "remove names nobody, who is in the file or not in the exam"],
  ])("cannot be removed if they are like %s, and nothing is imported", async (userId, code, message) => {
    await using fixture = await openExamWithAbsent();
    const before = await fixture.everything();
    const refusal = await refusalOf(fixture.import(FILE, { remove: ["untouched", userId] }));
    expect({ code: refusal.code, message: refusal.message }).toEqual({ code, message });
    expect(await fixture.everything()).toEqual(before);
  });

  it("are those of the whole exam, so an import into a room neither lists nor removes them", async () => {
    await using fixture = await openExamWithAbsent();
    const roomId = await fixture.room("C");
    const file = "id,name\nnew,N\n";
    expect(await fixture.import(file, { roomId, dryRun: true })).not.toHaveProperty("absent");
    const { message } = await refusalOf(fixture.import(file, { roomId, remove: ["untouched"] }));
    expect(message).toBe("remove is for an import into the whole exam, without a room");
  });

  it("cannot be removed while a row whose id cannot be read is left out", async () => {
    await using fixture = await openExamWithAbsent();
    const file = `${FILE}2.02E+11,N\n`;
    const skip = [4];
    expect(await fixture.import(file, { skip })).toMatchObject({ skipped: 1 });
    const { message } = await refusalOf(fixture.import(file, { skip, remove: ["untouched"] }));
    expect(message).toMatch(/^remove cannot be used with a file whose row 4 has no id/);
  });
});

describe("rows that are left out", () => {
  const FILE = csv([
    ["id", "name", "room"],
    ["k1", "N", ""],
    ["k2", "", ""],
    ["k3", "N", "nowhere"],
    ["k1", "N", ""],
    ["k5", "N", "A"],
    ["k6", "N", ""],
  ]);

  it("are those that the dry run has listed, and the other rows are imported", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("A");
    await fixture.room("B");
    await fixture.import("id,name,room\nk5,N,B\nk2,Before,\n");
    const { faults = [] } = await fixture.import(FILE, { dryRun: true, withFaults: true });
    const skip = faults.map(({ row }) => row);
    expect(skip).toEqual([3, 4, 5, 6]);
    const dry = await fixture.import(FILE, { dryRun: true, withFaults: true, skip });
    // The rows name k2 and k5, so they are not absent.
    expect(dry).toMatchObject({ added: 2, updated: 0, unchanged: 0, skipped: 4, absent: [] });
    expect(dry).not.toHaveProperty("faults");
    expect(await fixture.import(FILE, { skip })).toMatchObject({ rows: 6, added: 2, skipped: 4 });
    expect(byId(await fixture.people())).toEqual([
      person("k1", null, { name: "N" }),
      person("k2", null, { name: "Before" }),
      person("k5", "B", { name: "N" }),
      person("k6", null, { name: "N" }),
    ]);
  });

  it("do not excuse any other row, and have a fault", async () => {
    await using fixture = await openRoomFixture();
    const before = await fixture.everything();
    const others = await refusalOf(fixture.import(FILE, { skip: [3, 4, 5] }));
    expect(Object.keys(others.fields)).toEqual(["rows[6].room"]);
    for (const row of [2, 8, 400]) {
      const faultless = await refusalOf(fixture.import(FILE, { skip: [3, 4, 5, 6, row] }));
      expect(faultless.message).toBe(`skip names the row ${row}, which has no fault: read the file again`);
    }
    const tooMany = Array.from({ length: 10_001 }, (_, n) => n + 2);
    const refusal = await fixture.import(FILE, { skip: tooMany }).catch((error: unknown) => String(error));
    expect(refusal).toMatch(/at most 10000/);
    expect(await fixture.everything()).toEqual(before);
  });

  it("may be ten thousand, all of which a dry run lists", async () => {
    await using fixture = await openRoomFixture();
    const rows = Array.from({ length: 10_000 }, (_, n) => [`k${n}`, ""]);
    const file = csv([["id", "name"], ["good", "N"], ...rows]);
    const { faults = [], moreFaults, sheet } = await fixture.import(file, { dryRun: true, withFaults: true });
    expect([faults.length, moreFaults, sheet?.rows.length]).toEqual([10_000, undefined, 102]);
    const skip = faults.map(({ row }) => row);
    expect(await fixture.import(file, { skip })).toMatchObject({ added: 1, skipped: 10_000 });
  });
});

describe("two imports at once", () => {
  it("are each whole", async () => {
    await using fixture = await openRoomFixture();
    const file = csv([["id", "name"], ...Array.from({ length: 3000 }, (_, n) => [`k${n}`, "N"])]);
    const results = await Promise.all([
      fixture.import(file),
      fixture.import(file),
      fixture.import("id,name\nk1,\n").catch(() => null),
    ]);
    const whole = results.map((result) => result && `${result.added} and ${result.unchanged}`);
    expect(new Set(whole)).toEqual(new Set(["3000 and 0", "0 and 3000", null]));
  });
});

describe("who may import into what", () => {
  const FILE = "id,name\nk1,N\n";

  it("is the maker of the exam, also into a room that it is not in", async () => {
    await using fixture = await openRoomFixture();
    const maker = fixture.as({ sub: "maker", role: "teacher" });
    const { id: examId } = await maker.exam.create({
      name: "M",
      startTime: new Date(0),
      endTime: new Date(1),
    });
    const roomId = await fixture.room("A", { examId });
    expect(await fixture.import(FILE, { examId, roomId }, maker)).toMatchObject({ added: 1 });
    expect(await fixture.import("id,name\nk2,N\n", { examId }, maker)).toMatchObject({ added: 1 });
  });

  it("is a teacher of the room, into that room alone", async () => {
    await using fixture = await openRoomFixture();
    await fixture.room("Other");
    const roomId = await fixture.room("A", { people: [{ userId: "t", name: "T", role: "teacher" }] });
    const teacher = fixture.as({ sub: "t", role: "teacher" });
    expect((await refusalOf(fixture.import(FILE, {}, teacher))).code).toBe("FORBIDDEN");
    expect(await fixture.import(FILE, { roomId }, teacher)).toMatchObject({ added: 1 });
    // Rows may name only that room.
    expect(await fixture.import("id,name,room\nk2,N,A\n", { roomId }, teacher)).toMatchObject({ added: 1 });
    const { fields } = await refusalOf(fixture.import("id,name,room\nk3,N,Other\n", { roomId }, teacher));
    expect(fields).toEqual({
      "rows[2].room": ["must be empty or 'A': you may import into that room only"],
    });
  });

  it("is nobody into a room of another exam, or one that is not there", async () => {
    await using fixture = await openRoomFixture();
    const { id: examId } = await fixture.admin.exam.create({
      name: "M",
      startTime: new Date(0),
      endTime: new Date(1),
    });
    const roomId = await fixture.room("A", { examId, people: [{ userId: "t", name: "T", role: "teacher" }] });
    const teacher = fixture.as({ sub: "t", role: "teacher" });
    expect((await refusalOf(fixture.import(FILE, { roomId }, teacher))).code).toBe("FORBIDDEN");
    expect((await refusalOf(fixture.import(FILE, { roomId }))).code).toBe("ROOM_NOT_FOUND");
    expect((await refusalOf(fixture.import(FILE, { roomId: "none" }))).code).toBe("ROOM_NOT_FOUND");
    expect((await refusalOf(fixture.import(FILE, { examId: "none" }))).code).toBe("EXAM_NOT_FOUND");
    expect((await refusalOf(fixture.import(FILE, { examId: "none", roomId }))).code).toBe("EXAM_NOT_FOUND");
  });

  it("is nobody into a room that has ended", async () => {
    await using fixture = await openRoomFixture();
    const roomId = await fixture.room("A");
    await fixture.admin.room.end({ roomId });
    const { code, message } = await refusalOf(fixture.import(FILE, { roomId }));
    expect({ code, message }).toEqual({ code: "ROOM_ENDED", message: `The room ${roomId} has ended.` });
  });
});
