import { describe, expect, it } from "vitest";
import { csv } from "./support/files.js";
import { refusalOf, sharedHalls } from "./support/roster.js";
import { type Cell, workbook } from "./support/workbooks.js";

const nextHall = sharedHalls();

const HEADER: readonly Cell[] = ["学号", "姓名", "考场", "加时"];

describe("a workbook of people", () => {
  it("is imported as it is shown: zeros, merged rooms, a title, and sheets beside it", async () => {
    await using fixture = await nextHall();
    for (const name of ["Hall A", "Hall B"]) await fixture.room(name);
    const file = workbook([
      { name: "填写说明", rows: [["学号"], ["请在第二张表填写名单"]] },
      {
        name: "名单",
        rows: [
          ["2026年高三 名单"],
          [],
          HEADER,
          [{ value: 777, format: "00000" }, "张三", "Hall A", { value: 15, format: 1 }],
          [
            { value: 778, format: "00000" },
            { rich: ["李", "四"], phonetic: "li si" },
          ],
          ["779", "王五", { inline: "Hall B" }],
          ["780", "赵六"],
        ],
        merges: ["A1:D1", "C4:C5", "C6:C7"],
      },
      { name: "空白", rows: [[]] },
    ]);
    expect(await fixture.import(file)).toMatchObject({ rows: 4, added: 4, unreadSheets: ["填写说明"] });
    expect(
      (await fixture.people()).map(({ userId, name, room, extraMinutes }) => [
        userId,
        name,
        room,
        extraMinutes,
      ]),
    ).toEqual([
      ["00777", "张三", "Hall A", 15],
      ["00778", "李四", "Hall A", 0],
      ["779", "王五", "Hall B", 0],
      ["780", "赵六", "Hall B", 0],
    ]);
  });

  it("is imported with a warning of numbers among texts, which may have lost zeros", async () => {
    await using fixture = await nextHall();
    const texts = Array.from({ length: 8 }, (_, n) => [`2026${n}`, `T${n}`]);
    const file = workbook([{ rows: [["学号", "姓名"], ...texts, [20269, "Number"], ["20268", "Text"]] }]);
    expect(await fixture.import(file)).toMatchObject({
      added: 10,
      warnings: [
        {
          row: 10,
          column: "学号",
          value: "20269",
          person: "Number",
          reason: "is a number, and most others are text: did the spreadsheet drop zeros?",
        },
      ],
      moreWarnings: 0,
    });
    // A column of numbers is what most lists have.
    const numbers = workbook([
      {
        rows: [
          ["学号", "姓名"],
          [31, "A"],
          [32, "B"],
          ["33", "C"],
        ],
      },
    ]);
    expect(await fixture.import(numbers)).not.toHaveProperty("warnings");
  });

  it("is refused with row, column, value and name where it does not say what it shows", async () => {
    await using fixture = await nextHall();
    await fixture.room("Hall A");
    const before = await fixture.everything();
    const file = workbook([
      {
        rows: [
          HEADER,
          [{ value: 777.5, format: "0" }, "A"],
          [{ value: 46085, format: 14 }, "B"],
          [{ value: 20260001, format: 2 }, "C"],
          [{ value: Number("330102200801011234"), format: "0" }, "D"],
          [{ error: "#N/A" }, "E"],
          ["k6", "F", { value: 46085, format: "m-d" }],
          ["k7", "G"],
          ["k8", "H", null, { value: 0.5, format: "0" }],
          ["k9", "I", "Hall A"],
        ],
        hiddenRows: [8],
        merges: ["B10:C10"],
      },
    ]);
    const { fields } = await refusalOf(fixture.import(file));
    expect(fields).toEqual({
      "rows[2].学号": ["shows '778' but contains 777.5: format the column as text ('778', of 'A')"],
      "rows[3].学号": [
        "is a date of the spreadsheet (2026/03/04): format the column as text ('2026/03/04', of 'B')",
      ],
      "rows[4].学号": [
        "is a number that is shown with decimals: make the column text ('20260001.00', of 'C')",
      ],
      "rows[5].学号": [
        "is a number whose last digits the spreadsheet has lost: make the column text ('3.3010220080101126E+17', of 'D')",
      ],
      "rows[6].学号": ["shows the error '#N/A': correct its formula ('#N/A', of 'E')"],
      "rows[7].考场": [
        "is a date of the spreadsheet (2026/03/04): format the column as text ('2026/03/04', of 'F')",
      ],
      "rows[8].学号": ["is in a hidden row: show the row, or delete it ('k7', of 'G')"],
      "rows[9].加时": ["shows '1' but contains 0.5: format the column as text ('1', of 'H')"],
      "rows[10].考场": ["is merged with B10: unmerge the cells ('Hall A', of 'I')"],
    });
    expect(await fixture.everything()).toEqual(before);
  });

  it("may hold anything in columns that are not read", async () => {
    await using fixture = await nextHall();
    const file = workbook([
      {
        rows: [
          ["id", "name", "birthday", "mark"],
          ["k1", "A", { value: 38000, format: 14 }, { value: 1.26, format: "0.0" }],
        ],
      },
    ]);
    expect(await fixture.import(file)).toMatchObject({ added: 1 });
  });

  it("is refused where a column that is read is hidden, or the header", async () => {
    await using fixture = await nextHall();
    const rows = [HEADER, ["k1", "A"]];
    const column = await refusalOf(fixture.import(workbook([{ name: "S", rows, hiddenColumns: [1] }])));
    expect(column.message).toBe(
      "file has a header '学号' that is in the hidden column A: show the column, or delete it (row 1 of the sheet 'S' was taken for the header)",
    );
    const header = await refusalOf(fixture.import(workbook([{ name: "S", rows, hiddenRows: [1] }])));
    expect(header.message).toMatch(
      /^file has a header that is hidden: show its row \(row 1 of the sheet 'S'/,
    );
  });

  it("takes the second of two rows of a header, which says more", async () => {
    await using fixture = await nextHall();
    await fixture.room("Hall A");
    const rows = [
      ["学号", "姓名", "安排", null],
      [null, null, "考场", "加时"],
      ["k1", "A", "Hall A", 5],
    ];
    await fixture.import(workbook([{ rows, merges: ["A1:A2", "B1:B2", "C1:D1"] }]));
    expect(await fixture.people()).toMatchObject([{ userId: "k1", room: "Hall A", extraMinutes: 5 }]);
  });

  it("is told in which row and sheet a header was looked for", async () => {
    await using fixture = await nextHall();
    const file = workbook([
      { name: "说明", rows: [["Read me"]] },
      { name: "名单", rows: [["title"], ["序号", "姓名", "班级"], [1, "A", "一班"]] },
    ]);
    const { message } = await refusalOf(fixture.import(file));
    expect(message).toMatch(
      /^file has no column for the id: its header must be one of 学号, .*\(row 1 of the sheet '说明' was taken for the header\)$/,
    );
    const alone = await refusalOf(
      fixture.import(workbook([{ name: "名单", rows: [["title"], ["序号", "姓名"], [1, "A"]] }])),
    );
    expect(alone.message).toMatch(
      /^file has no column for the id: .*\(row 2 of the sheet '名单' was taken for the header\)$/,
    );
  });

  it("is refused by the names of its sheets where two hold people", async () => {
    await using fixture = await nextHall();
    const sheet = (name: string, id: string) => ({
      name,
      rows: [
        ["id", "name"],
        [id, "A"],
      ],
    });
    const { message } = await refusalOf(fixture.import(workbook([sheet("一班", "k1"), sheet("二班", "k2")])));
    expect(message).toBe(
      "file cannot be used: Several sheets of the workbook contain people: '一班' and '二班'. Combine them, or hide the others.",
    );
    expect(await fixture.people()).toEqual([]);
  });
});

describe("a header", () => {
  it.each([
    ["工号", "姓名"],
    ["教工号", "教师姓名"],
    ["员工号", "姓名"],
    ["职工编号", "姓 名"],
    ["*准考证号：", "*姓名："],
    ["考生号", "考生姓名（必填）"],
    ["学 号", "名字"],
    ["学籍号", "学生姓名"],
    ["用户ID", "姓名"],
    ["Student-ID", "Full Name"],
    ["student_id", "student_name"],
    ["studentId", "NAME"],
    ["Candidate No.", "Candidate Name"],
    ["Staff ID (required)", "Staff name"],
    ["Employee number", "employee name"],
  ])("%s and %s", async (id, name) => {
    await using fixture = await nextHall();
    expect(
      await fixture.import(
        csv([
          [id, name],
          ["k1", "A"],
        ]),
      ),
    ).toMatchObject({ added: 1 });
    expect(await fixture.people()).toMatchObject([{ userId: "k1", name: "A" }]);
  });

  it("is what lists mean first, where others stand beside it", async () => {
    await using fixture = await nextHall();
    await fixture.import(
      csv([
        ["工号", "考号", "姓名", "教师姓名"],
        ["7", "k1", "A", "T"],
      ]),
    );
    expect(await fixture.people()).toMatchObject([{ userId: "k1", name: "A" }]);
    const { message } = await refusalOf(
      fixture.import(
        csv([
          ["工号", "教工号", "姓名"],
          ["7", "8", "A"],
        ]),
      ),
    );
    expect(message).toBe("file has two columns for the same field: '工号' and '教工号'");
  });

  it.each([
    ["考场名称", "延时(分钟)"],
    ["Exam room", "Extra time (minutes)"],
    ["room_name", "Additional Minutes"],
  ])("with a room and minutes: %s, %s", async (room, minutes) => {
    await using fixture = await nextHall();
    await fixture.room("Hall A");
    await fixture.import(
      csv([
        ["id", "name", room, minutes],
        ["k1", "A", "Hall A", "5"],
      ]),
    );
    expect(await fixture.people()).toMatchObject([{ room: "Hall A", extraMinutes: 5 }]);
  });
});
