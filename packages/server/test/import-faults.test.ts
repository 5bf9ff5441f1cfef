import { rosterFaultCodes } from "@invigil/schema";
import { describe, expect, it } from "vitest";
import { csv, forged } from "./support/files.js";
import { type Format, openRoomFixture, type RoomFixture, refusalOf, sheet } from "./support/roster.js";
import { shared } from "./support/shared.js";

const HEADER = ["考号", "班级", "姓名", "考场", "Role", " Extra  Minutes "] as const;
/** A row: id, name, room, role, extra minutes, and cells beyond the header. */
type Cells = readonly [
  id?: string,
  name?: string,
  room?: string,
  role?: string,
  extra?: string,
  more?: string,
];

/** An exam with data that rows can conflict with. */
const openCrowdedHall = async (options?: Parameters<typeof openRoomFixture>[0]) => {
  const fixture = await openRoomFixture(options);
  const { id: otherExam } = await fixture.admin.exam.create({
    name: "Another",
    startTime: new Date(0),
    endTime: new Date(1),
  });
  const roomA = await fixture.room("A", {
    people: [
      { userId: "seated", name: "Seated", role: "examinee" },
      { userId: "guard", name: "Guard", role: "teacher" },
    ],
  });
  await fixture.room("B");
  for (let n = 0; n < 2; n += 1) await fixture.room("Twins");
  const ended = await fixture.room("Over");
  await fixture.admin.room.end({ roomId: ended });
  const foreign = await fixture.room("Foreign", { examId: otherExam });
  await fixture.import("id,name,role\nwaiting,Waiting,teacher\n");
  return { ...fixture, roomA, ended, foreign };
};
type Crowded = Awaited<ReturnType<typeof openCrowdedHall>>;

/** A clock that advances a minute for each import, so that none exceeds the rate limit. */
const minuteByMinute = () => {
  let minutes = 0;
  return () => {
    minutes += 1;
    return minutes * 60_000;
  };
};

const LONG = "x".repeat(65);
const ID = /^must be 1 to 61 letters, digits, '_', '-' or '\.'$/;

/** All kinds of invalid rows, with the expected errors. They begin in row 2, with valid rows in between. */
const KINDS: readonly {
  kind: string;
  cells: Cells | ((fixture: Crowded) => Cells);
  faults: readonly (readonly [column: string, reason: RegExp])[];
}[] = [
  { kind: "no id", cells: ["", "A"], faults: [["考号", /^is missing$/]] },
  { kind: "no name", cells: ["k2", ""], faults: [["姓名", /^is missing$/]] },
  {
    kind: "neither id nor name, but a room",
    cells: ["", "", "A"],
    faults: [
      ["考号", /^is missing$/],
      ["姓名", /^is missing$/],
    ],
  },
  {
    kind: "an id that an earlier row has",
    cells: ["twice", "A"],
    faults: [["考号", /^is in row 2 already$/]],
  },
  { kind: "the same once more", cells: ["twice", "B"], faults: [["考号", /^is in row 2 already$/]] },
  { kind: "an id of 62 characters", cells: ["1".repeat(62), "A"], faults: [["考号", ID]] },
  { kind: "an id with a space inside", cells: ["2026 01", "A"], faults: [["考号", ID]] },
  { kind: "an id in Chinese", cells: ["张三", "A"], faults: [["考号", ID]] },
  { kind: "an id in circled digits", cells: ["①②③", "A"], faults: [["考号", ID]] },
  { kind: "an id with a slash", cells: ["2026/01", "A"], faults: [["考号", ID]] },
  {
    kind: "an id that marks a PC camera",
    cells: ["pc_1", "A"],
    faults: [["考号", /^must not begin with 'pc_'/]],
  },
  {
    kind: "an id whose digits are lost",
    cells: ["3.30102E+17", "A"],
    faults: [["考号", /last digits the spreadsheet has lost/]],
  },
  {
    kind: "an id that is a truth value",
    cells: ["TRUE", "A"],
    faults: [["考号", /^is a truth value/]],
  },
  {
    kind: "a name of 65 characters",
    cells: ["k13", LONG],
    faults: [["姓名", /^must be at most 64 characters$/]],
  },
  {
    kind: "a role that is none",
    cells: ["k14", "A", "", "校长"],
    faults: [["Role", /^'校长' is none of 考生/]],
  },
  {
    kind: "a role that no roster gives",
    cells: ["k15", "A", "", "admin"],
    faults: [["Role", /^'admin' is none of/]],
  },
  {
    kind: "a room that is not there",
    cells: ["k16", "A", "Z"],
    faults: [["考场", /^there is no room 'Z' in the exam$/]],
  },
  { kind: "a room in other letters", cells: ["k17", "A", "a"], faults: [["考场", /^there is no room 'a'/]] },
  {
    kind: "a room of another exam, by name",
    cells: ["k18", "A", "Foreign"],
    faults: [["考场", /^there is no room 'Foreign'/]],
  },
  {
    kind: "a room of another exam, by id",
    cells: ({ foreign }) => ["k19", "A", foreign],
    faults: [["考场", /^there is no room/]],
  },
  {
    kind: "a name that two rooms have",
    cells: ["k20", "A", "Twins"],
    faults: [["考场", /^'Twins' is the name of more than one room/]],
  },
  {
    kind: "an ended room, by name",
    cells: ["k21", "A", "Over"],
    faults: [["考场", /^the room 'Over' has ended$/]],
  },
  {
    kind: "an ended room, by id",
    cells: ({ ended }) => ["k22", "A", ended],
    faults: [["考场", /^the room 'Over' has ended$/]],
  },
  {
    kind: "extra minutes in words",
    cells: ["k23", "A", "", "", "ten"],
    faults: [["Extra  Minutes", /^must be a whole number$/]],
  },
  {
    kind: "half a minute",
    cells: ["k24", "A", "", "", "1.5"],
    faults: [["Extra  Minutes", /^must be a whole number$/]],
  },
  {
    kind: "minutes below zero",
    cells: ["k25", "A", "", "", "-5"],
    faults: [["Extra  Minutes", /^must be at least 0$/]],
  },
  {
    kind: "more than ten hours",
    cells: ["k26", "A", "", "", "601"],
    faults: [["Extra  Minutes", /^must be at most 600$/]],
  },
  {
    kind: "extra minutes for a teacher",
    cells: ["k27", "A", "", "监考", "10"],
    faults: [["Extra  Minutes", /^is for examinees, not for a person who is teacher$/]],
  },
  {
    kind: "extra minutes for an inspector",
    cells: ["k28", "A", "", "巡考", "10"],
    faults: [["Extra  Minutes", /who is inspector$/]],
  },
  {
    kind: "a cell beyond the header",
    cells: ["k29", "A", "", "", "", "?"],
    faults: [["column 7", /^has content but no header$/]],
  },
  {
    kind: "somebody who is in a room in another role",
    cells: ["guard", "A"],
    faults: [["Role", /^is teacher in the exam already, not examinee$/]],
  },
  {
    kind: "an examinee of a room as a teacher",
    cells: ["seated", "A", "", "teacher"],
    faults: [["Role", /^is examinee in the exam already, not teacher$/]],
  },
  {
    kind: "somebody who waits for a room in another role",
    cells: ["waiting", "A"],
    faults: [["Role", /^is teacher in the exam already/]],
  },
  {
    kind: "everything at once",
    cells: ["pc_/", LONG, "Z", "?", "x", "!"],
    faults: [
      ["column 7", /^has content/],
      ["考号", ID],
      ["考号", /^must not begin/],
      ["姓名", /at most 64/],
      ["Role", /is none of/],
      ["Extra  Minutes", /whole number/],
      ["考场", /^there is no room/],
    ],
  },
];
/** `seated` may occur only once, so this kind has a file of its own. */
const MOVED: Cells = ["seated", "Seated", "B"];

const rowOf = ([id = "", name = "", room = "", role = "", extra = "", more]: Cells): string[] => [
  id,
  "一班",
  name,
  room,
  role,
  extra,
  ...(more === undefined ? [] : [more]),
];

/** Row 2 is the first of the duplicates. Then each kind is followed by a valid row. */
const fileOf = (fixture: Crowded) => {
  const kinds = KINDS.map(({ cells }) => (typeof cells === "function" ? cells(fixture) : cells));
  const rows = kinds.flatMap((cells, n) => [rowOf(cells), rowOf([`good${n}`, "Good"])]);
  return [[...HEADER], rowOf(["twice", "A"]), ...rows];
};

/** The errors, one per line, sorted within a row. */
const linesOf = (fields: Readonly<Record<string, string[]>>): [string, string][] =>
  Object.entries(fields).flatMap(([field, reasons]) =>
    reasons.map((reason) => [field, reason] satisfies [string, string]),
  );

const expectNothingChanged = async (fixture: RoomFixture, call: () => Promise<void>): Promise<void> => {
  const before = await fixture.everything();
  await call();
  expect(await fixture.everything()).toEqual(before);
};

describe("a roster with 34 kinds of faulty rows", () => {
  // A refused roster changes nothing.
  const crowded = shared(() => openCrowdedHall({ monotonic: minuteByMinute() }));

  it("has at least the 30 that were asked for", () => {
    expect(new Set(KINDS.map(({ kind }) => kind)).size).toBe(34);
  });

  it.each<Format>(["CSV", "XLSX"])(
    "is refused with every one of them, and imports nobody (%s)",
    async (format) => {
      const fixture = crowded();
      const file = await sheet(format, fileOf(fixture));
      await expectNothingChanged(fixture, async () => {
        const { code, message, fields } = await refusalOf(fixture.import(file));
        const expected = KINDS.flatMap(({ kind, faults }, n) =>
          faults.map(([column, reason]) => ({ kind, field: `rows[${3 + 2 * n}].${column}`, reason })),
        );
        const lines = linesOf(fields);
        for (const { kind, field, reason } of expected) {
          const found = lines.some(([where, what]) => where === field && reason.test(what));
          expect({ kind, field, reason, found, there: fields[field] }).toMatchObject({ found: true });
        }
        expect(lines).toHaveLength(expected.length);
        expect(code).toBe("INVALID_INPUT");
        expect(message).toBe(
          `rows[3].考号 is missing (${expected.length} faults in the file; nothing was imported)`,
        );
      });
    },
  );

  it.each(KINDS.map((kind, n) => ({ ...kind, n })))(
    "is refused for one of them alone: $kind",
    async ({ n, faults }) => {
      const fixture = crowded();
      const rows = fileOf(fixture);
      const file = csv([...rows.slice(0, 2), rows[2 + 2 * n] ?? []]);
      await expectNothingChanged(fixture, async () => {
        const { fields } = await refusalOf(fixture.import(file));
        expect(linesOf(fields)).toHaveLength(faults.length);
      });
    },
  );

  it("is imported without them", async () => {
    await using fixture = await openCrowdedHall();
    const rows = fileOf(fixture).filter((_, n) => n < 2 || n % 2 === 1);
    expect(await fixture.import(csv(rows))).toMatchObject({ rows: 35, added: 35 });
  });
});

describe("a dry run that asks for the faults", () => {
  const FILE = [
    ["学号", "班级", "姓名", "考场", "角色", "加时"],
    ["1001", "一班", "王芳", "A", "", ""],
    ["1002", "一班", "", "A", "", ""],
    ["1003", "一班", "李娜", "Z", "", ""],
    ["1004", "一班", "赵敏", "A", "", ""],
    ["1005", "一班", "陈静", "A", "", ""],
    ["1006", "一班", "刘洋", "A", "", ""],
    ["1001", "二班", "王芳", "A", "", ""],
    ["guard", "二班", "Guard", "A", "", ""],
    ["seated", "二班", "Seated", "B", "", ""],
  ];

  it.each<Format>(["CSV", "XLSX"])(
    "gets them with their part of the sheet, and changes nothing (%s)",
    async (format) => {
      await using fixture = await openCrowdedHall();
      const file = await sheet(format, FILE);
      await expectNothingChanged(fixture, async () => {
        const {
          faults = [],
          sheet: piece,
          ...counts
        } = await fixture.import(file, { dryRun: true, withFaults: true });
        expect(counts).toEqual({
          rows: 9,
          unreadColumns: ["班级"],
          added: 0,
          updated: 0,
          unchanged: 0,
          changes: [],
          moreChanges: 0,
        });
        expect(
          faults.map(({ row, column, cell, value, code, detail }) => [
            row,
            column,
            cell,
            value,
            code,
            detail,
          ]),
        ).toEqual([
          [3, "姓名", 2, "", "missing", undefined],
          [4, "考场", 3, "Z", "unknown_room", undefined],
          [8, "学号", 0, "1001", "repeated", "2"],
          [9, "角色", 4, "examinee", "other_role", "teacher"],
          [10, "考场", 3, "B", "other_room", "A"],
        ]);
        expect(piece).toEqual({
          header: FILE[0],
          // Row 6 is beside no fault.
          rows: [2, 3, 4, 5, 7, 8, 9, 10].map((row) => ({ row, cells: FILE[row - 1] })),
        });
        const marked = piece?.rows.find(({ row }) => row === faults[1]?.row)?.cells[faults[1]?.cell ?? -1];
        expect(marked).toBe("Z");
      });
    },
  );

  it("gets none for a file without faults, and imports as before when it is no dry run", async () => {
    await using fixture = await openCrowdedHall();
    const asked = { dryRun: true, withFaults: true };
    expect(Object.keys(await fixture.import(csv(FILE.slice(0, 2)), asked))).not.toContain("faults");
    const { code } = await refusalOf(fixture.import(csv(FILE), { ...asked, dryRun: false }));
    expect(code).toBe("INVALID_INPUT");
  });

  it("names each fault by a code, and shows at most 30 columns of 40 characters", async () => {
    await using fixture = await openCrowdedHall();
    const rows = fileOf(fixture);
    const { faults = [] } = await fixture.import(csv(rows), { dryRun: true, withFaults: true });
    expect(new Set(faults.map(({ code }) => code))).toEqual(
      new Set(
        rosterFaultCodes.filter(
          (code) => !["hidden_row", "ambiguous", "not_your_room", "other_room"].includes(code),
        ),
      ),
    );
    const wide = Array.from({ length: 50 }, (_, n) => `column ${n}`);
    const { sheet: piece } = await fixture.import(
      csv([
        ["id", "name", ...wide],
        ["1", "", ...wide.map(() => LONG)],
      ]),
      {
        dryRun: true,
        withFaults: true,
      },
    );
    expect(piece?.header).toHaveLength(30);
    expect(piece?.rows[0]?.cells[5]).toBe(`${"x".repeat(40)}…`);
  });
});

describe("an examinee who sits in another room", () => {
  it("is a fault that says which", async () => {
    await using fixture = await openCrowdedHall();
    await expectNothingChanged(fixture, async () => {
      const { fields } = await refusalOf(fixture.import(csv([[...HEADER], rowOf(MOVED)])));
      expect(fields).toEqual({
        "rows[2].考场": [`is in the room 'A' (${fixture.roomA}) of the exam already`],
      });
    });
  });

  it("is one that does not say which to those who run another room", async () => {
    await using fixture = await openCrowdedHall();
    const roomId = await fixture.room("Mine", { people: [{ userId: "t", name: "T", role: "teacher" }] });
    const teacher = fixture.as({ sub: "t", role: "teacher" });
    const { fields } = await refusalOf(fixture.import("id,name\nseated,Seated\n", { roomId }, teacher));
    expect(fields).toEqual({ "rows[2].id": ["is in another room of the exam already"] });
  });
});

describe("a file of faults", () => {
  it("lists the first hundred by row, whoever found them, and counts the others", async () => {
    await using fixture = await openCrowdedHall();
    // Half of the rows conflict with stored data, the others are invalid in themselves.
    const rows = Array.from({ length: 300 }, (_, n) => (n % 2 === 0 ? `k${n},A,Over` : `k${n},,`));
    const { fields, message } = await refusalOf(fixture.import(`id,name,room\n${rows.join("\n")}\n`));
    expect(Object.keys(fields)).toEqual(
      Array.from({ length: 100 }, (_, n) => `rows[${n + 2}].${n % 2 === 0 ? "room" : "name"}`),
    );
    expect(message).toMatch(/\(300 faults in the file; nothing was imported\)$/);
  });

  it("lists the first hundred by row, also where a fault is found some rows later", async () => {
    await using fixture = await openRoomFixture();
    const rows = ["k1,A", "k1,A", ...Array.from({ length: 300 }, (_, n) => `x${n},`), "k1,A"];
    const { fields } = await refusalOf(fixture.import(`id,name\n${rows.join("\n")}\n`));
    expect(Object.keys(fields)).toEqual([
      "rows[3].id",
      ...Array.from({ length: 99 }, (_, n) => `rows[${n + 4}].name`),
    ]);
  });

  it("quotes the beginning of a cell only, and nothing that moves a terminal's cursor", async () => {
    await using fixture = await openRoomFixture();
    const cell = `\u001b[2J\u202e${"考".repeat(50)}`;
    const { fields } = await refusalOf(fixture.import(`id,name,room,role\nk1,A,${cell},${cell}\n`));
    const shown = `'[2J${"考".repeat(37)}…'`;
    expect(fields["rows[2].room"]).toEqual([`there is no room ${shown} in the exam`]);
    expect(fields["rows[2].role"]?.[0]).toMatch(new RegExp(`^${shown.replace("[", "\\[")} is none of`));
  });

  it("numbers rows as the spreadsheet does: blank rows and lines within a cell", async () => {
    await using fixture = await openRoomFixture();
    const { fields } = await refusalOf(fixture.import('id,name,note\n\n1,A,"x\ny"\n  ,\t\n2,,\n'));
    expect(Object.keys(fields)).toEqual(["rows[5].name"]);
  });
});

describe("a file that is no roster", () => {
  const empty = shared(() => openRoomFixture({ monotonic: minuteByMinute() }));

  it.each([
    ["is empty", "", /must not be empty|is empty/],
    ["is a mark and nothing more", Buffer.of(0xef, 0xbb, 0xbf), /^file is empty$/],
    ["has a header only", "id,name\n", /^file has a header but no rows below it$/],
    ["has blank rows only", "id,name\n,\n\n", /^file has a header but no rows below it$/],
    [
      "has no column for the id",
      "name\nA\n",
      /^file has no column for the id: its header must be one of 学号/,
    ],
    ["has no column for the name", "id\nA\n", /^file has no column for the name: .*姓名/],
    ["begins with a blank row", "\nid,name\n1,A\n", /^file has no column for the id/],
    [
      "has two columns for the id",
      "学号,姓名,ID\n1,A,1\n",
      /^file has two columns for the same field: '学号' and 'ID'$/,
    ],
    [
      "is an old workbook",
      Buffer.from("d0cf11e0a1b11ae1", "hex"),
      /^file cannot be used: The file is an \.xls/,
    ],
    ["is no text", Buffer.from([0x41, 0xff, 0xff]), /^file cannot be used: The file is not text/],
  ])("is refused: it %s", async (_, file, sentence) => {
    const fixture = empty();
    await expectNothingChanged(fixture, async () => {
      const call = fixture.import(file);
      if (file.length === 0) {
        await expect(call).rejects.toThrow(sentence);
        return;
      }
      const { code, message, fields } = await refusalOf(call);
      expect({ code, message }).toEqual({ code: "INVALID_INPUT", message: expect.stringMatching(sentence) });
      expect(Object.keys(fields)).toEqual(["file"]);
    });
  });

  it("does not keep the next one waiting: a workbook with a cell that a parser never ends with", async () => {
    await using fixture = await openRoomFixture();
    const cell = `<c r="A1" t="inlineStr"><is><t>${"x".repeat(16_000_000)}</t></is></c>`;
    const [refused, next] = await Promise.all([
      refusalOf(fixture.import(Buffer.from(forged(`<row r="1">${cell}</row>`)))),
      fixture.import("id,name\nk1,N\n"),
    ]);
    expect(refused.message).toMatch(/^file cannot be used: A cell of the workbook is longer than 32,767/);
    expect(next).toMatchObject({ added: 1 });
  });

  it.each([
    ["CSV", async (lines: number) => Buffer.from(`id,name\n${"\n".repeat(lines)}`)],
    [
      "XLSX",
      async (lines: number) => Buffer.from(forged(`<row r="1"><c r="A1"/></row>${"<row/>".repeat(lines)}`)),
    ],
  ])("counts every row, also a million empty ones (%s)", async (_, fileOf) => {
    await using fixture = await openRoomFixture();
    const { message } = await refusalOf(fixture.import(await fileOf(1_000_000)));
    expect(message).toMatch(/at most \d+ rows/);
  });

  it("is told all that is wrong with its header", async () => {
    await using fixture = await openRoomFixture();
    const { fields } = await refusalOf(fixture.import("room,考场,name\n1,1,A\n"));
    expect(fields.file).toHaveLength(2);
  });
});
