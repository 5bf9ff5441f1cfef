import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { query } from "../src/storage/statement.js";
import { cheatRecords, exams, recordedPeople, roomExams, rooms, unseated } from "../src/storage/tables.js";
import { runHere, runWell } from "./support/command.js";
import { openTestDatabase, type TestDatabase } from "./support/database.js";
import { people, type Waiting } from "./support/exam-fixture.js";
import { tempFolder, testEnv } from "./support/process.js";
import { change, insertRows, rowsOf } from "./support/tables.js";

const now = new Date("2026-01-02T03:04:05Z");
let folder: ReturnType<typeof tempFolder>;
let db: TestDatabase;

beforeEach(async () => {
  folder = tempFolder();
  db = await openTestDatabase({ file: join(folder.path, "data/invigil.db") });
  const exam = { startTime: now, endTime: now, createdBy: "root", createdAt: now, updatedAt: now };
  await insertRows(db, exams, [
    { id: "e1", name: "数学", ...exam },
    { id: "e2", name: "Art", ...exam },
    { id: "e3", name: "Art", ...exam },
  ]);
  return async () => {
    await db.close();
    folder[Symbol.dispose]();
  };
});

const wait = (...waiting: readonly Waiting[]) => {
  const rows = waiting.map((person) => ({ examId: "e1", ...person, createdAt: now, updatedAt: now }));
  return insertRows(db, unseated, rows);
};
const invigil = (...args: readonly string[]) => runHere(args, { cwd: folder.path, env: testEnv });
/** The output of a command that succeeds. */
const printed = (...args: readonly string[]) => runWell(args, { cwd: folder.path, env: testEnv });
/** The error message of a command. */
const complaint = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await invigil(...args);
  // 2: the command line is wrong.
  expect({ code, stdout, lines: stderr.split("\n").length }).toEqual({
    code: expect.toBeOneOf([1, 2]),
    stdout: "",
    lines: 2,
  });
  return stderr.trimEnd();
};
const withTeachers = (name: string) => ["exam", "plan", "e1", "--room-size", "3", "--teachers", name];
const file = (name: string, text: string): string => {
  const path = join(folder.path, name);
  writeFileSync(path, text);
  return path;
};

describe("invigil exam plan", () => {
  it("prints the plan as a table, then does it, and the second time nothing", async () => {
    await wait(...people("examinee", 5), ...people("inspector", 1));
    const teachers = file(
      "teachers.csv",
      "\ufeffID,Name,role\nt1,王芳,teacher\nt2,Li\nt3,Spare,\ni9,Insp,inspector\n",
    );
    const plan = [
      "exam",
      "plan",
      "数学",
      "--room-size",
      "3",
      "--teachers",
      teachers,
      "--room-name",
      "第{n}考场",
    ];
    const table = [
      "room      teacher    spares      inspectors        examinees  new?",
      "第1考场  王芳 (t1)  Spare (t3)  Name of i0 (i0)  3          new",
      "第2考场  Li (t2)    Spare (t3)  Insp (i9)        2          new",
    ];
    const lines = async (...args: string[]) =>
      (await printed(...plan, ...args)).split("\n").map((line) => line.replaceAll(/ {2,}/g, "  "));
    const squeezed = table.map((line) => line.replaceAll(/ {2,}/g, "  "));
    expect(await lines("--dry-run")).toEqual([
      ...squeezed,
      "",
      "Would create 2 rooms and seat 5 examinees, 2 teachers, 1 spare, 2 inspectors. Nothing was changed.",
      "",
    ]);
    expect(await lines()).toEqual([
      ...squeezed,
      "",
      "Created 2 rooms and seated 5 examinees, 2 teachers, 1 spare, 2 inspectors. 'exam undo-plan --plan 1' undoes it.",
      "",
    ]);
    expect((await lines()).at(-2)).toBe("Nothing to do: no person needs a room.");
  });

  it("prints the plan as JSON for programs, shuffled where that is asked for", async () => {
    await wait(...people("examinee", 12), ...people("teacher", 1));
    const out = await printed("exam", "plan", "e1", "--room-size", "12", "--shuffle", "2026", "--json");
    const { rooms, ...counts } = JSON.parse(out);
    const teachers = { needed: 1, available: 1 };
    expect(counts).toEqual({ plan: 1, teachers, newRooms: 1, seated: 12, waiting: 0 });
    expect(rooms).toMatchObject([
      { roomId: expect.stringMatching(/^[0-9a-f]{32}$/), name: "Room 1", isNew: true },
    ]);
    const ids = rooms[0].seated.map(({ userId }: { userId: string }) => userId).join(" ");
    expect(ids).toBe("t0 e8 e10 e9 e0 e4 e5 e1 e2 e3 e6 e11 e7");
  });

  it("says how many teachers and inspectors have no room, and why", async () => {
    const plan = ["exam", "plan", "e1", "--room-size", "3"];
    expect(await printed(...plan)).toBe("Nothing to do: no person needs a room.\n");
    const sentence = (who: string) =>
      `Nothing to do yet: ${who} no room, because the exam has no room in progress and no examinee without a room.\n`;
    const teachers = file("teachers.csv", "id,name\nx1,X\n");
    const withFile = [...plan, "--teachers", teachers];
    expect(await printed(...withFile)).toBe(sentence("1 teacher or inspector has"));
    await wait(...people("teacher", 2), ...people("inspector", 1));
    expect(await printed(...withFile)).toBe(sentence("4 teachers and inspectors have"));
  });

  it("refuses what it cannot do in one line", async () => {
    await wait(...people("examinee", 5));
    const plan = (exam: string, ...args: string[]) =>
      complaint("exam", "plan", exam, "--room-size", "3", ...args);
    expect(await plan("Art")).toMatch(
      /^invigil: 2 exams are named 'Art': specify the id of one of them \(e3 begins .*, e2 begins .*\)$/,
    );
    expect(await plan("Physics")).toBe("invigil: There is no exam 'Physics'");
    expect(await plan("e1")).toMatch(/^invigil: Rooms without a teacher: 2, .*Name 2 more/);
    expect(await plan("e1", "--room-name", "Room")).toMatch(/^invigil: --room-name must contain \{n\}/);
    expect(await complaint("exam", "plan", "e1", "--room-size", "0")).toBe(
      "invigil: --room-size must be at least 1",
    );
  });

  it("plans without teachers, whom it asks for, lists the plans and undoes one", async () => {
    await wait(...people("examinee", 5));
    const plan = ["exam", "plan", "e1", "--room-size", "3"];
    const lacking = "2 rooms need a teacher, and 0 teachers have no room";
    expect(await printed(...plan, "--dry-run")).toMatch(`Nothing was changed. ${lacking}.\n`);
    await wait(...people("teacher", 1));
    const lackingOne = "2 rooms need a teacher, and 1 teacher has no room: --room-size 5 would do";
    expect(await printed(...plan, "--dry-run")).toMatch(`Nothing was changed. ${lackingOne}.\n`);
    const { code, stderr } = await invigil(...plan, "--without-teachers", "pc_a");
    expect([code, stderr]).toEqual([2, expect.stringContaining("must not begin with 'pc_'")]);
    expect(await printed(...plan, "--without-teachers", "office")).toMatch(
      `Created 2 rooms and seated 5 examinees, 1 teacher, 0 spares, 0 inspectors. 'exam undo-plan --plan 1' undoes it. ${lackingOne}.\n`,
    );
    expect((await rowsOf(db, rooms)).map(({ createTeacher }) => createTeacher)).toEqual(["t0", "office"]);

    expect(await printed("exam", "plans", "数学")).toMatch(
      /^PLAN +MADE +BY +ROOMS +SEATS +UNDONE\n1 +2.* operator +2 +6 *\n$/,
    );
    const undo = ["exam", "undo-plan", "e1", "--yes", "--plan"];
    expect(await complaint(...undo, "2")).toMatch(/^invigil: --plan must be the number of a plan/);
    expect(await printed(...undo, "1")).toBe("Unseated 6 people and deleted 2 rooms.\n");
    expect(JSON.parse(await printed(...undo, "1", "--json"))).toEqual({ unseated: 0, deletedRooms: 0 });
    expect([await rowsOf(db, rooms), (await rowsOf(db, unseated)).length]).toEqual([[], 6]);
    expect(JSON.parse(await printed("exam", "plans", "e1", "--json"))).toMatchObject([
      { plan: 1, newRooms: 2, seated: 6, undoneAt: expect.any(String) },
    ]);
  });

  it.each([
    ["name\nA\n", /^invigil: --teachers has no column for the id: its header must be one of 学号, .*$/],
    [
      'id,name\n"t1,A\n',
      /^invigil: --teachers cannot be used: Row 2 cannot be read: a quote is not closed\.$/,
    ],
    ["id,name\n", /^invigil: --teachers has a header but no rows below it$/],
  ])("refuses the teachers' file %j in one line", async (text, expected) => {
    file("teachers.csv", text);
    expect(await complaint(...withTeachers("teachers.csv"))).toMatch(expected);
  });

  it("refuses a teachers' file that is not there", async () => {
    expect(await complaint(...withTeachers("none.csv"))).toMatch(
      /^invigil: --teachers cannot be used: The file none\.csv cannot be read: no such file or directory\.$/,
    );
  });

  it("lists every faulty row of a teachers' file, and plans nothing", async () => {
    await wait(...people("examinee", 2));
    const rows = ["t1,A,teacher,", "t2,B,boss,", ",C,,", "t 1,D,,", "t1,E,,", "k1,F,考生,", "t3,G,,Room 1"];
    file("teachers.csv", `id,name,Role,room\n${rows.join("\n")}\n`);
    const { code, stdout, stderr } = await invigil(...withTeachers("teachers.csv"));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.split("\n")).toEqual([
      "ROW  COLUMN  VALUE     PERSON  REASON",
      "3    Role    boss      B       'boss' is none of 考生 (examinee), 老师 (teacher) and 巡考 (inspector)",
      "4    id                C       is missing",
      expect.stringMatching(/^5 {4}id {6}t 1 {7}D {7}must be 1 to 61 letters/),
      "6    id      t1        E       is in row 2 already",
      "7    Role    examinee  F       must be a teacher or an inspector",
      "8    room    Room 1    G       must be empty: the plan gives teachers and inspectors their rooms",
      "invigil: 6 faults; nothing was planned",
      "",
    ]);
    const json = await invigil(...withTeachers("teachers.csv"), "--json");
    expect({ ...json, stdout: JSON.parse(json.stdout) }).toMatchObject({
      code: 1,
      stdout: { faults: [{ row: 3 }, { row: 4 }, { row: 5 }, { row: 6 }, { row: 7 }, { row: 8 }], more: 0 },
      stderr: "",
    });
    expect(await rowsOf(db, unseated)).toHaveLength(2);
    expect(await rowsOf(db, rooms)).toEqual([]);
  });
});

describe("invigil roster list", () => {
  it("lists all who have no room, and says how many examinees have one", async () => {
    await wait(...people("examinee", 3), ...people("teacher", 2));
    await printed("exam", "plan", "数学", "--room-size", "2");
    await wait(...people("examinee", 101, "late"), {
      userId: "slow",
      name: "慢",
      role: "examinee",
      extraMinutes: 20,
    });
    const list = (await printed("roster", "list", "--exam", "数学")).split("\n");
    expect(list).toHaveLength(106);
    expect(list[0]).toMatch(/^id +name +role +extra minutes$/);
    expect(list[102]).toMatch(/^slow +慢 +examinee +20$/);
    expect(list[104]).toBe("102 people have no room; 3 examinees sit in rooms.");
    const json = JSON.parse(await printed("roster", "list", "--exam", "e1", "--json"));
    expect({ ...json, people: json.people.length }).toEqual({ people: 102, unseated: 102, seated: 3 });
  });

  it("prints zeros for an exam without people", async () => {
    const sentence = "0 people have no room; 0 examinees sit in rooms.\n";
    expect(await printed("roster", "list", "--exam", "e1")).toBe(sentence);
  });
});

describe("invigil roster move", () => {
  it("finds the room that somebody is in, and moves it to another", async () => {
    await wait(...people("examinee", 3), ...people("teacher", 3));
    await printed("exam", "plan", "数学", "--room-size", "2");
    await wait(...people("examinee", 1, "slow"));
    const move = (user: string, ...args: string[]) => [
      "roster",
      "move",
      user,
      "--exam",
      "数学",
      "--to",
      ...args,
    ];
    expect(await printed(...move("e0", "Room 2"))).toBe("Moved e0 to Room 2.\n");
    expect(await complaint(...move("e0", "Room 2"))).toMatch(
      /^invigil: e0 cannot be moved: it is in the room/,
    );
    expect(await complaint(...move("slow0", "Room 2"))).toMatch(/^invigil: slow0 has no room yet/);
    expect(await complaint(...move("e99", "Room 2"))).toBe("invigil: There is no e99 in the exam e1.");
    expect(await complaint(...move("e1", "Room 9"))).toBe("invigil: There is no room 'Room 9'");
    expect(await complaint(...move("t2", "Room 1"))).toBe(
      "invigil: t2 is in 2 rooms: specify with --from which one to leave (Room 1, Room 2)",
    );
    expect(await complaint(...move("t2", "Room 1", "--from", "Room 2"))).toMatch(/is in the room/);
  });
});

describe("of rooms with one name", () => {
  const insertRoom = async (id: string, status: "in_progress" | "ended") => {
    await insertRows(db, roomExams, [{ roomId: id, examId: "e1" }]);
    await insertRows(db, rooms, [
      {
        id,
        examId: "e1",
        name: "Room 1",
        status,
        imServer: ["aliyun_new"],
        createTeacher: "t",
        audioStatus: "silent",
        createdAt: now,
        updatedAt: now,
      },
    ]);
  };
  const move = ["roster", "move", "x", "--exam", "e1", "--from", "Room 1", "--to", "Room 1"];
  const ambiguous = (ids: string) =>
    `invigil: 2 rooms are named 'Room 1': specify the id of one of them (${ids})`;

  it("the one in progress is meant", async () => {
    await insertRoom("r1", "in_progress");
    await insertRoom("r2", "ended");
    expect(await complaint(...move)).toBe("invigil: There is no x in the room r1.");
  });

  it("none is meant when two are in progress, or all have ended", async () => {
    await insertRoom("r1", "in_progress");
    await insertRoom("r2", "in_progress");
    expect(await complaint(...move)).toBe(ambiguous("r2, r1"));
    await change(db, query.update(rooms).set({ status: "ended" }));
    expect(await complaint(...move)).toBe(ambiguous("r2, r1"));
  });
});

describe("invigil roster remove", () => {
  it("takes somebody out of the exam, with records only when it is told to", async () => {
    await wait(...people("examinee", 2), ...people("teacher", 1));
    const { rooms } = JSON.parse(await printed("exam", "plan", "e1", "--room-size", "2", "--json"));
    await wait(...people("examinee", 1, "slow"));
    const record = {
      examId: "e1",
      roomId: rooms[0].roomId,
      userId: "e1",
      detectType: "watch",
      createdAt: now,
    };
    const seen = { isMainMonitor: true, detectTime: now, extraInfo: "", extraInfoIsObject: false };
    await insertRows(db, cheatRecords, [{ ...record, ...seen }]);
    await insertRows(db, recordedPeople, [
      { examId: record.examId, roomId: record.roomId, userId: record.userId },
    ]);
    const remove = ["roster", "remove", "e1", "--exam", "数学", "--yes"];
    expect(await complaint(...remove)).toBe(
      "invigil: e1 cannot be removed: 1 cheat record is kept about it.",
    );
    expect(JSON.parse(await printed(...remove, "--with-records", "--json"))).toEqual({
      rooms: 1,
      records: 1,
    });
    expect(await printed("roster", "remove", "e0", "--exam", "e1", "--yes")).toBe(
      "Removed e0 from 1 room, with 0 cheat records.\n",
    );
    expect(await printed("roster", "remove", "slow0", "--exam", "e1", "--yes")).toBe(
      "Removed slow0, who had no room yet.\n",
    );
    const sentence = "0 people have no room; 0 examinees sit in rooms.\n";
    expect(await printed("roster", "list", "--exam", "e1")).toBe(sentence);
  });
});
