import { describe, expect, it } from "vitest";
import { csv, encode, xlsx } from "../../../test/support/files.js";
import { readStaff } from "./staff.js";

type Rows = readonly (readonly string[])[];
/** Reads the same rows in each file format. */
const FORMATS = [
  ["CSV", async (rows: Rows) => Buffer.from(csv(rows))],
  ["XLSX", xlsx],
] as const;

const readText = (text: string) => readStaff({ bytes: Buffer.from(text) });

describe.each(FORMATS)("teachers and inspectors in %s", (_, fileOf) => {
  const read = async (rows: Rows) => readStaff({ bytes: await fileOf(rows) });

  it("are read in the file's order; whose role is empty is a teacher", async () => {
    const staff = await read([
      ["工号", "考号", "姓名", "角色", "考场", "加时"],
      ["7", "t1", " 王芳 ", "监考", "", ""],
      ["", "t2", "Li", "", "", "0"],
      ["", "", "", "", "", ""],
      ["", "i1", "Insp", "巡考", "", ""],
      ["", "i2", "Insp", "Inspector", "", ""],
    ]);
    expect(staff).toEqual([
      { userId: "t1", name: "王芳", role: "teacher" },
      { userId: "t2", name: "Li", role: "teacher" },
      { userId: "i1", name: "Insp", role: "inspector" },
      { userId: "i2", name: "Insp", role: "inspector" },
    ]);
  });

  it("are teachers all of them where no column says otherwise", async () => {
    expect(
      await read([
        ["ID", "Name"],
        ["t1", "A"],
      ]),
    ).toEqual([{ userId: "t1", name: "A", role: "teacher" }]);
  });

  it("are refused with every fault of the file, by row", async () => {
    const room = "must be empty: the plan gives teachers and inspectors their rooms";
    const staff = await read([
      ["id", "name", "Role", "room", "extra"],
      ["e1", "A", "考生"],
      ["t1", "A", "teacher", "Hall A"],
      ["t1", "Again", "inspector"],
      ["", "A"],
      ["t2", ""],
      ["t 3", "A"],
      ["t4", "A", "boss"],
      ["t5", "A", "", "", "10"],
      ["e2", "A", "student", "Hall A"],
      ["pc_1", "A"],
    ]);
    expect(staff).toMatchObject({
      faults: [
        {
          row: 2,
          column: "Role",
          value: "examinee",
          person: "A",
          reason: "must be a teacher or an inspector",
        },
        { row: 3, column: "room", value: "Hall A", person: "A", reason: room },
        { row: 4, column: "id", value: "t1", person: "Again", reason: "is in row 3 already" },
        { row: 5, column: "id", value: "", person: "A", reason: "is missing" },
        { row: 6, column: "name", value: "", person: "t2", reason: "is missing" },
        {
          row: 7,
          column: "id",
          value: "t 3",
          person: "A",
          reason: expect.stringMatching(/^must be 1 to 61 letters/),
        },
        {
          row: 8,
          column: "Role",
          value: "boss",
          person: "A",
          reason: expect.stringMatching(/^'boss' is none of/),
        },
        {
          row: 9,
          column: "extra",
          value: "10",
          person: "A",
          reason: "is for examinees, not for a person who is teacher",
        },
        { row: 10, column: "room", value: "Hall A", person: "A", reason: room },
        {
          row: 10,
          column: "Role",
          value: "examinee",
          person: "A",
          reason: "must be a teacher or an inspector",
        },
        {
          row: 11,
          column: "id",
          value: "pc_1",
          person: "A",
          reason: expect.stringMatching(/^must not begin with 'pc_'/),
        },
      ],
      more: 0,
    });
  });

  it("are refused when the file is no roster", async () => {
    await expect(read([["name"], ["A"]])).rejects.toMatchObject({
      code: "INVALID_INPUT",
      fields: { file: [expect.stringMatching(/^has no column for the id: /)] },
    });
    await expect(read([["id", "name"]])).rejects.toThrow("file has a header but no rows below it");
  });
});

it("reads teachers as Excel in China saves them", async () => {
  const bytes = encode("考号,姓名,角色\r\nt1,王芳,老师\r\ni1,李娜,督导\r\n", "gb18030");
  expect(await readStaff({ bytes })).toEqual([
    { userId: "t1", name: "王芳", role: "teacher" },
    { userId: "i1", name: "李娜", role: "inspector" },
  ]);
});

it("lists the first ten thousand faults of all kinds by row, and counts the others", async () => {
  // Examinees and missing names alternate. The two errors are found at different times.
  const lines = Array.from({ length: 12_000 }, (_, n) => (n % 2 === 0 ? `k${n},,` : `k${n},A,examinee`));
  const staff = await readText(`id,name,role\n${lines.join("\n")}\n`);
  if (!("faults" in staff)) throw new Error("the file was taken");
  expect(staff.faults.map(({ row, column }) => `${row} ${column}`)).toEqual(
    Array.from({ length: 10_000 }, (_, n) => `${n + 2} ${n % 2 === 0 ? "name" : "role"}`),
  );
  expect(staff.more).toBe(2000);
});

it("detects duplicates, however far apart the rows are", async () => {
  const others = Array.from({ length: 1200 }, (_, n) => `k${n},A\n`).join("");
  expect(await readText(`id,name\nt1,A\n${others}t1,B\n`)).toMatchObject({
    faults: [
      {
        row: 1203,
        column: "id",
        value: expect.any(String),
        person: expect.any(String),
        reason: "is in row 2 already",
      },
    ],
    more: 0,
  });
});

it("says that there is no such file", async () => {
  await expect(readStaff({ path: "/nowhere/teachers.csv" })).rejects.toThrow(
    /^file cannot be used: The file \/nowhere\/teachers\.csv cannot be read: no such file or directory\.$/,
  );
});
