import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runHere } from "./support/command.js";
import { csv, xlsx } from "./support/files.js";
import { installExam } from "./support/installation.js";

const install = async () => {
  const place = await installExam();
  return {
    ...place,
    import: (...args: string[]) => runHere(["roster", "import", ...args], { cwd: place.path }),
  };
};

/** Sends Ctrl-C when something is so in the database. */
const interruptWhen = async <Result>(
  { read }: Pick<Awaited<ReturnType<typeof installExam>>, "read">,
  query: string,
  work: () => Promise<Result>,
): Promise<Result> => {
  let isSent = false;
  const look = (): void => {
    if (isSent) return;
    isSent = read((open) => open.prepare(query).pluck().get() === 1);
    if (isSent) process.emit("SIGINT");
    else timer = setImmediate(look);
  };
  let timer = setImmediate(look);
  try {
    return await work();
  } finally {
    clearImmediate(timer);
    expect(isSent).toBe(true);
  }
};

describe("invigil roster import", () => {
  it("says what it did, and who has another name now", async () => {
    using place = await install();
    place.write("a.csv", "学号,姓名,考场,加时\n1,张三,Hall A,\n2,李四,,15\n");
    const first = await place.import("a.csv", "--exam", place.examId);
    expect(first).toMatchObject({
      code: 0,
      stdout: "2 rows: 2 added, 0 updated, 0 unchanged\n",
      stderr: "",
    });
    place.write("b.csv", "学号,姓名,加时\n1,张三,\n2,李思,20\n3,王五,\n");
    const second = await place.import("b.csv", "--exam", place.examId);
    expect(second.stdout.split("\n")).toEqual([
      "ROW  ID  WAS   IS    EXTRA MINUTES",
      "3    2   李四  李思  15 to 20",
      "",
      "3 rows: 1 added, 1 updated, 1 unchanged",
      "",
    ]);
    expect(await place.people()).toEqual({ waiting: 2, seated: 1 });
  });

  it("puts everybody into the room that is named, by its id or its name", async () => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    place.write(
      "b.xlsx",
      await xlsx([
        ["id", "name"],
        [2, "B"],
      ]),
    );
    for (const [file, room] of [
      ["a.csv", "Hall A"],
      ["b.xlsx", place.roomId],
    ] as const)
      expect((await place.import(file, "--exam", place.examId, "--room", room)).code).toBe(0);
    expect(await place.people()).toEqual({ waiting: 0, seated: 2 });
    const none = await place.import("a.csv", "--exam", place.examId, "--room", "Hall B");
    expect(none).toMatchObject({ code: 1, stderr: "invigil: There is no room 'Hall B'\n" });
  });

  it("takes the exam's name for its id, where only one has it", async () => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    expect((await place.import("a.csv", "--exam", "Finals")).code).toBe(0);
    const none = await place.import("a.csv", "--exam", "Mocks");
    expect(none).toMatchObject({ code: 1, stderr: "invigil: There is no exam 'Mocks'\n" });
  });

  it("only says what it would do in a dry run", async () => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    const { code, stdout } = await place.import("a.csv", "--exam", place.examId, "--dry-run");
    expect({ code, lines: stdout.split("\n") }).toEqual({
      code: 0,
      lines: [
        "First rows, as read:",
        "ROW  ID  NAME  ROLE      ROOM  EXTRA MINUTES",
        "2    1   A     examinee",
        "",
        "1 person new in the exam: 1",
        "",
        "1 row: 1 added, 0 updated, 0 unchanged (dry run: nothing was imported)",
        "",
      ],
    });
    expect(await place.people()).toEqual({ waiting: 0, seated: 0 });
  });

  it("names the columns that were not read, reads them as it is told, and lists who has extra minutes", async () => {
    using place = await install();
    place.write("a.csv", "id,name,extra,additional time,Zeit=Zuschlag\n1,A,,15,30\n2,B,,,20\n3,C,,,\n");
    const exam = ["--exam", place.examId] as const;
    const dry = await place.import("a.csv", ...exam, "--dry-run");
    expect(dry.stdout).toContain("\n2 columns were not read: 'additional time', 'Zeit=Zuschlag'\n");
    expect(dry.stdout).not.toContain("with extra minutes");
    const json = await place.import("a.csv", ...exam, "--dry-run", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ unreadColumns: ["additional time", "Zeit=Zuschlag"] });
    const column = ["--column", "Zeit=Zuschlag=extraMinutes"] as const;
    const told = await place.import("a.csv", ...exam, ...column, "--dry-run");
    expect(told.stdout).toContain("\n2 columns were not read: 'extra', 'additional time'\n");
    expect(told.stdout).toContain("\n2 people with extra minutes: 1 (30), 2 (20)\n");
    const done = await place.import("a.csv", ...exam, ...column);
    expect(done).toMatchObject({ code: 0, stderr: "" });
    const again = await place.import("a.csv", ...exam, ...column);
    expect(again.stdout).toMatch(/0 added, 0 updated, 3 unchanged\n$/);
  });

  it("warns of people of one name, with their ids", async () => {
    using place = await install();
    place.write("a.csv", "id,name\nu1,Li Wei\nu2,li wei\nu3,Li Wei \nu4,Bo\n");
    const warning = "WARNING: 3 people are named 'Li Wei': u1, u2, u3\n";
    const dry = await place.import("a.csv", "--exam", place.examId, "--dry-run");
    expect(dry.stdout).toContain(warning);
    expect((await place.import("a.csv", "--exam", place.examId)).stdout).toContain(warning);
  });

  it("leaves out rows with faults, and removes people who are not in the file, where they are named", async () => {
    using place = await install();
    const exam = ["--exam", place.examId] as const;
    place.write("a.csv", "学号,姓名,考场\n1,张三,Hall A\n2,李四,Hall A\n3,王五,\n");
    await place.import("a.csv", ...exam);
    place.write("b.csv", "学号,姓名,考场\n1,张三,\n4,,\n5,=1+1,Hall Z\n合计,2,\n");
    const faulty = await place.import("b.csv", ...exam, "--faults", "faults.csv");
    expect(faulty).toMatchObject({ code: 1, stdout: "" });
    expect(readFileSync(join(place.path, "faults.csv"), "utf8")).toBe(
      "\uFEFFrow,column,value,person,fault\r\n3,姓名,,4,is missing\r\n4,考场,Hall Z,'=1+1,there is no room 'Hall Z' in the exam\r\n",
    );
    const dry = await place.import("b.csv", ...exam, "--skip", "3,4", "--dry-run");
    expect(dry.stdout.split("\n").slice(4)).toEqual([
      "2 people of the exam not in the file. --remove removes those who never entered and have no records:",
      "ID  NAME  ROLE      ROOM    STAYS",
      "2   李四  examinee  Hall A",
      "3   王五  examinee",
      "",
      "Row 5 holds a total, and was left out.",
      "3 rows: 0 added, 0 updated, 1 unchanged, 2 left out (dry run: nothing was imported)",
      "",
    ]);
    const done = await place.import("b.csv", ...exam, "--skip", "3,4", "--remove", "2, 3");
    expect(done).toMatchObject({ code: 0, stderr: "" });
    expect(done.stdout).toMatch(/0 added, 0 updated, 1 unchanged, 2 left out, 2 removed\n$/);
    expect(await place.people()).toEqual({ waiting: 0, seated: 1 });
  });

  it.each([
    [["--skip", "3,x"], 2, /Specify a whole number/],
    [["--skip", "2"], 2, /<?skip>? names the row 2, which has no fault/],
    [["--column", "Zeit=extraMinutes"], 2, /columns?>? names 'Zeit', which is not in the file/],
    [["--column", "id=room", "--column", "name=room"], 2, /has two columns for room: 'id' and 'name'/],
    [["--column", "id=minutes"], 2, /Specify the title of a column and what it contains \(id, name, /],
    [["--remove", "1"], 2, /<?remove>? names 1, who is in the file or not in the exam/],
  ])("refuses %j", async (args, code, message) => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    const refused = await place.import("a.csv", "--exam", place.examId, ...args);
    expect(refused).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(message) });
    expect(await place.people()).toEqual({ waiting: 0, seated: 0 });
  });

  it.each([
    {
      what: "one is shorter than others that begin with zeros",
      ids: ["1", "002", "003"],
      rows: [
        "2    id      1      N1      has 1 digit where 2 others have 3: did the spreadsheet drop zeros?",
      ],
    },
    {
      what: "nearly all have one length",
      ids: [...Array.from({ length: 20 }, (_, n) => String(20_260_001 + n)), "2026001", "202600100"],
      rows: [
        "22   id      2026001    N21     has 7 digits where 20 others have 8: did the spreadsheet drop zeros?",
        "23   id      202600100  N22     has 9 digits where 20 others have 8",
      ],
    },
    { what: "not of a count from 1", ids: Array.from({ length: 99 }, (_, n) => String(n + 1)), rows: [] },
    { what: "not of ids with letters", ids: ["a1", "b02", "c003", "00004"], rows: [] },
  ])("warns of ids that may have lost zeros: $what", async ({ ids, rows }) => {
    using place = await install();
    place.write("a.csv", csv([["id", "name"], ...ids.map((id, n) => [id, `N${n + 1}`])]));
    const asked = ["a.csv", "--exam", place.examId] as const;
    for (const args of [[...asked, "--dry-run"], asked]) {
      const { code, stdout } = await place.import(...args);
      expect(code).toBe(0);
      const lines = stdout.split("\n");
      const warnings = lines.slice(
        // After the preview of a dry run.
        lines.findIndex((line) => / new in the exam: /.test(line)) + (args === asked ? 1 : 2),
        lines.findIndex((line) => / added, /.test(line)),
      );
      expect(warnings.slice(2, -1)).toEqual(rows);
      expect(warnings.slice(0, 1)).toEqual(rows.length > 0 ? [expect.stringMatching(/^WARNING: /)] : []);
    }
    expect(await place.people()).toEqual({ waiting: ids.length, seated: 0 });
  });

  it("lists a thousand people with another name, and counts the others", async () => {
    using place = await install();
    const named = (name: string) =>
      csv([["id", "name"], ...Array.from({ length: 1002 }, (_, n) => [`k${n}`, `${name} ${n}`])]);
    place.write("a.csv", named("Old"));
    place.write("b.csv", named("New"));
    await place.import("a.csv", "--exam", place.examId);
    const { code, stdout } = await place.import("b.csv", "--exam", place.examId);
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(-5)).toEqual([
      expect.stringMatching(/^1001 +k999 +Old 999 +New 999 *$/),
      "and 2 more",
      "",
      "1002 rows: 0 added, 1002 updated, 0 unchanged",
      "",
    ]);
  });

  it("lists the faulty rows and imports no one", async () => {
    using place = await install();
    place.write("a.csv", `学号,姓名\n${"1,张三\n".repeat(103)}`);
    const { code, stdout, stderr } = await place.import("a.csv", "--exam", place.examId);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    const lines = stderr.split("\n");
    expect(lines.slice(0, 2)).toEqual([
      "ROW  COLUMN  VALUE  PERSON  REASON",
      "3    学号    1      张三    is in row 2 already",
    ]);
    expect(lines.slice(101)).toEqual(["and 2 more faults", "invigil: 102 faults; nothing was imported", ""]);
    expect(await place.people()).toEqual({ waiting: 0, seated: 0 });
  });

  it("prints JSON for programs: the result, or the faults", async () => {
    using place = await install();
    place.write("a.csv", "id,name\n1,A\n");
    place.write("b.csv", "id,name\n1,\n");
    const done = await place.import("a.csv", "--exam", place.examId, "--json");
    expect(JSON.parse(done.stdout)).toEqual({
      rows: 1,
      added: 1,
      updated: 0,
      unchanged: 0,
      changes: [],
      moreChanges: 0,
    });
    const faulty = await place.import("b.csv", "--exam", place.examId, "--json");
    expect({ code: faulty.code, stderr: faulty.stderr, faults: JSON.parse(faulty.stdout) }).toEqual({
      code: 1,
      stderr: "",
      faults: {
        faults: [
          { row: 2, cell: 1, column: "name", value: "", person: "1", code: "missing", reason: "is missing" },
        ],
        more: 0,
      },
    });
  });

  it.each([
    [
      "is not there",
      "none.csv",
      /^invigil: <file> cannot be used: The file none\.csv cannot be read: no such file or directory\.\n$/,
    ],
    ["is no roster", "notes.txt", /^invigil: <file> has no column for the id: [^\n]*\n$/],
  ])("refuses a file that %s with one line", async (_, file, line) => {
    using place = await install();
    place.write("notes.txt", "Dear all\n");
    const { code, stdout, stderr } = await place.import(file, "--exam", place.examId);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: expect.stringMatching(line) });
  });
});

describe("Ctrl-C during `invigil roster import`", () => {
  const ROWS = 4000;
  const people = csv([["id", "name"], ...Array.from({ length: ROWS }, (_, n) => [`k${n}`, `Name ${n}`])]);
  const rowsIn = ({ read }: Awaited<ReturnType<typeof install>>) =>
    read((open) => ({
      people: open.prepare("SELECT count(*) FROM unseated").pluck().get(),
      changes: open.prepare("SELECT count(*) FROM bulk_changes").pluck().get(),
    }));

  it("undoes what was written, and says so", async () => {
    using place = await install();
    place.write("people.csv", people);
    const ended = await interruptWhen(place, "SELECT count(*) > 500 FROM unseated", () =>
      place.import("people.csv", "--exam", "Finals"),
    );
    expect(ended).toEqual({
      code: 130,
      signal: null,
      stdout: "",
      stderr: "invigil: interrupted; nothing was imported\n",
    });
    expect(rowsIn(place)).toEqual({ people: 0, changes: 0 });
    expect(await place.import("people.csv", "--exam", "Finals")).toMatchObject({ code: 0, stderr: "" });
    expect(rowsIn(place)).toEqual({ people: ROWS, changes: 0 });
  });

  it("leaves the rest of an import that everybody sees to others", async () => {
    using place = await install();
    place.write("people.csv", people);
    const ended = await interruptWhen(
      place,
      "SELECT count(*) FROM bulk_changes WHERE state = 'announced'",
      () => place.import("people.csv", "--exam", "Finals", "--json"),
    );
    expect(ended).toMatchObject({ code: 130, signal: null });
    expect(JSON.parse(ended.stdout)).toMatchObject({ added: ROWS });
    expect(JSON.parse(ended.stderr)).toEqual({
      error: { message: expect.stringMatching(/^interrupted; everybody was imported, and /) },
    });
    expect(await place.people()).toEqual({ waiting: ROWS, seated: 0 });
    expect(rowsIn(place)).toEqual({ people: ROWS, changes: 1 });
    // The next change of the exam does it.
    place.write("one.csv", "id,name\nz1,Z\n");
    expect(await place.import("one.csv", "--exam", "Finals")).toMatchObject({ code: 0, stderr: "" });
    expect(rowsIn(place)).toEqual({ people: ROWS + 1, changes: 0 });
  });
});
