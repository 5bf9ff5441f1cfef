import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode, xlsx } from "../../server/test/support/files.js";
import { type AppFixture, type ConsolePage, openAppFixture } from "./support/console.js";
import { STORY_LANGUAGES, STORY_LOOKS } from "./support/languages.js";

const HOUR = 3_600_000;
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const STEPS = ["details", "audio", "roster", "rooms", "staff", "links", "settings", "check"] as const;
/** The longest name that a person may have. */
const LONG = "Wolfeschlegelsteinhausenbergerdorff Featherstonehaugh-Cholmonde";

let fixture: AppFixture;
/** A server at whose own page candidates sit exams. */
let ownPage: AppFixture;
beforeAll(async () => {
  ownPage = await openAppFixture({
    config: {
      publicUrl: "https://exam.example",
      apps: { watchUrl: "https://watch.example/", examineeUrl: undefined },
    },
  });
  fixture = await openAppFixture({
    config: {
      publicUrl: "https://exam.example",
      apps: { watchUrl: "https://watch.example/", examineeUrl: "https://sit.example/" },
    },
  });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
  await ownPage?.[Symbol.asyncDispose]();
});

const examOf = async (name: string, role: "admin" | "teacher" = "teacher"): Promise<string> => {
  const startTime = new Date(Date.now() + 20 * HOUR);
  const { id } = await fixture[role].exam.create({
    name,
    startTime,
    endTime: new Date(startTime.getTime() + 2 * HOUR),
  });
  return id;
};

const file = (name: string, buffer: Buffer, mimeType = XLSX) => ({ name, mimeType, buffer });
const importInto = (examId: string, rows: readonly string[]) =>
  fixture.teacher.participant.import({ examId, file: Buffer.from(rows.join("\n")).toString("base64") });
const at = (open: ConsolePage, step: string) => open.page.locator(`ol a[href$="/setup/${step}"]`);

const WORDS = {
  en: {
    create: "New exam",
    name: "Name",
    submit: "Create the exam",
    save: "Save",
    import: /^Import 26 people$/,
    preview: "26 new people",
    imported: "Imported: 26 new people",
    size: "Candidates per room",
    apply: "Make 3 rooms and seat them",
    seated: "24 candidates have a room now.",
    toPrint: "Print the cards",
    print: "Print",
    cards: "27 cards.",
    ready: "Each candidate has a link or code",
    download: "Download the links (CSV)",
    addTeacher: { userId: "User name or id", name: "Name", submit: "Add" },
    noTeachers: "3 new rooms, 3 invigilators needed, 2 so far",
    header: ["id", "name", "role", "extra minutes"],
    teacher: "teacher",
    people: ["Wang Fang", "Li Na", "Zhou Jing"],
    columns: "role,room,id,name,code,link,second camera code,second camera link,valid until",
  },
  "zh-CN": {
    create: "新建考试",
    name: "名称",
    submit: "新建考试",
    save: "保存",
    import: /^导入 26 人$/,
    preview: "新增 26 人",
    imported: "已导入：新增 26 人",
    size: "每个考场最多考生数",
    apply: "新建 3 个考场并安排座位",
    seated: "24 名考生已有考场。",
    toPrint: "打印准考卡",
    print: "打印",
    cards: "27 张准考卡。",
    ready: "每名考生都有链接或考试码",
    download: "下载链接（CSV）",
    addTeacher: { userId: "用户名或工号", name: "姓名", submit: "添加" },
    noTeachers: "新建 3 个考场，需要 3 名监考，现有 2 名",
    header: ["学号", "姓名", "角色", "加时"],
    teacher: "监考",
    people: ["王芳", "李娜", "周静"],
    columns: "角色,考场,考号,姓名,考试码,链接,第二机位考试码,第二机位链接,有效期至",
  },
} as const;

describe.each(STORY_LANGUAGES)("an exam, in %s", (locale) => {
  const words = WORDS[locale];

  it("is set up from a spreadsheet to printed cards in the browser alone", async () => {
    await using open = await fixture.openConsole({ role: "teacher", locale });
    const { page, check } = open;
    await page.getByRole("button", { name: words.create }).first().click();
    await page.getByRole("dialog").getByLabel(words.name).fill(`Physics ${locale}`);
    await page.getByRole("dialog").getByRole("button", { name: words.submit }).click();
    await at(open, "roster").waitFor();
    // The dialog hides the page until it has closed.
    await page.getByRole("heading", { level: 1 }).waitFor();
    await check();

    await at(open, "details").click();
    await page.getByLabel(words.name, { exact: true }).fill(`Physics B ${locale}`);
    await page.getByRole("button", { name: words.save }).first().click();
    await page.getByRole("banner").getByText(`Physics B ${locale}`).waitFor();

    await at(open, "roster").click();
    const people = Array.from({ length: 24 }, (_, n) => [
      `2026${String(n).padStart(4, "0")}`,
      `${words.people[n % 3]}${n}`,
      "",
      n === 3 ? 20 : "",
    ]);
    const staff = [1, 2].map((n) => [`t-${locale}-${n}`, `${words.people[2]}${n}`, words.teacher, ""]);
    const sheet = await xlsx([[...words.header], ...staff, ...people]);
    await page.locator("input[type=file]").setInputFiles(file("roster.xlsx", sheet));
    const run = page.getByRole("button", { name: words.import });
    await run.waitFor();
    // Nothing changes or stays, so nothing says so. The announcement for screen readers is the same text.
    await page.getByText(words.preview, { exact: true }).first().waitFor();
    await check();
    await run.dblclick();
    await page.getByText(words.imported, { exact: true }).waitFor();
    await check();

    await at(open, "rooms").click();
    await page.getByLabel(words.size).fill("8");
    await page.getByText(words.noTeachers).waitFor();
    await check();

    // Three rooms need three teachers.
    await at(open, "staff").click();
    await page.getByLabel(words.addTeacher.userId).fill(`t-${locale}-3`);
    await page.getByLabel(words.addTeacher.name, { exact: true }).fill(words.people[0]);
    await page.getByRole("button", { name: words.addTeacher.submit, exact: true }).click();
    await page.getByRole("listitem").getByText(words.people[0], { exact: true }).waitFor();
    await check();

    await at(open, "rooms").click();
    expect(await page.getByLabel(words.size).inputValue()).toBe("8");
    const apply = page.getByRole("button", { name: words.apply });
    await apply.click();
    await check();
    await page.getByRole("dialog").getByRole("button", { name: words.apply }).dblclick();
    await page.getByText(words.seated).waitFor();
    const [exam] = (await fixture.teacher.exam.list({})).exams;
    const examId = exam?.id ?? "";
    expect(exam?.name).toBe(`Physics B ${locale}`);
    expect((await fixture.admin.room.list({ examId })).rooms).toHaveLength(3);

    await at(open, "links").click();
    await page.getByText(words.cards).waitFor();
    await check();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: words.download }).click();
    const stream = await (await waiting).createReadStream();
    const text = Buffer.concat(await stream.toArray()).toString();
    expect(text.slice(1, words.columns.length + 1)).toBe(words.columns);
    expect(text.trim().split("\r\n")).toHaveLength(28);

    // An inspector of all rooms has one card with a code for each.
    const { rooms } = await fixture.admin.room.list({ examId });
    for (const { id: roomId } of rooms)
      await fixture.admin.participant.add({
        roomId,
        participants: [{ userId: `i-${locale}`, name: words.people[1], role: "inspector" }],
      });
    await page.getByRole("button", { name: words.toPrint }).click();
    await page.getByRole("article").nth(27).waitFor();
    expect(await page.getByRole("article").getByRole("img").count()).toBe(24 * 2 + 3 + 3);
    const own = page.getByRole("article").last();
    expect(await own.getByRole("img").count()).toBe(3);
    for (const { name } of rooms) await own.getByText(name, { exact: true }).waitFor();
    await check();
    await own.scrollIntoViewIfNeeded();
    await open.picture(`setup-cards-${locale}`);
    await page.emulateMedia({ media: "print" });
    // One sheet for each room's staff, one for its eight candidates, and one for the inspector.
    const printed = (await page.pdf()).toString("latin1").match(/\/Type \/Page\b/g);
    expect(printed).toHaveLength(7);
    await page.emulateMedia({ media: "screen" });
    await page.goBack();
    await at(open, "check").click();
    await at(open, "links").getByText(words.ready).waitFor();
    await check();
  });
});

describe("a faulty sheet in Chinese", () => {
  it("is shown with its own cells and what is wrong with each, and imports no one; corrected, it does", async () => {
    const examId = await examOf("高等数学");
    await using open = await fixture.openConsole({
      role: "teacher",
      locale: "zh-CN",
      path: `exams/${examId}/setup/roster`,
    });
    const { page, check } = open;
    const rows = [
      "学号,班级,姓名,考场,角色",
      ...Array.from({ length: 8 }, (_, n) => `202600${n},一班,考生${n},,`),
      "2026009,一班,,,",
      "2026010,一班,李娜,三号楼,",
      "2026003,二班,张伟,,",
      "2026012,二班,刘洋,,校长",
    ];
    const send = (lines: readonly string[]) =>
      page
        .locator("input[type=file]")
        .setInputFiles(file("名单.csv", encode(lines.join("\r\n"), "gb18030"), "text/csv"));
    await send(rows);
    await page.getByRole("heading", { name: "名单.csv 中有 4 处错误，无法导入" }).waitFor();
    const marked = page.locator("td[data-fault]");
    expect(await marked.allTextContents()).toEqual(["", "三号楼", "2026003", "校长"]);
    for (const text of [
      "C10 姓名 不能为空",
      "D11 考场 本场考试没有这个考场",
      "A12 学号 与第 5 行重复",
      "E13 角色 不是有效的角色",
    ])
      await page.getByText(text).waitFor();
    // Rows without a fault are there only beside one.
    await expect(page.getByRole("rowheader", { name: "3", exact: true }).count()).resolves.toBe(0);
    await check();
    await open.picture("setup-faults-zh");
    await page.setViewportSize({ width: 360, height: 740 });
    await check();
    await open.picture("setup-faults-zh-360");
    expect((await fixture.teacher.exam.people({ examId })).people).toEqual([]);
    await send(rows.slice(0, 9));
    await page.getByRole("button", { name: "导入 8 人" }).click();
    await page.getByText("已导入：新增 8 人", { exact: true }).waitFor();
    // The dialog says what a roster is if the file is none at all.
    await page
      .locator("input[type=file]")
      .setInputFiles(file("成绩.csv", Buffer.from("a,b\n1,2\n"), "text/csv"));
    await page.getByText("成绩.csv 不是可以读取的名单").waitFor();
    await check();
  });
});

const UNREAD = {
  en: {
    unread: "2 columns were not read: additional time, Zeitzuschlag",
    rest: "2 columns were not read: extra, additional time",
    say: "Say what a column contains",
    field: "Extra minutes",
    minutes: "2 people with extra minutes",
    listed: "Eva (k1): 30 min, Fay (k2): 20 min",
    import: "Import 3 people",
    imported: "Imported: 3 new people",
    shown: "+30 min",
  },
  "zh-CN": {
    unread: "有 2 列未读取：additional time、Zeitzuschlag",
    rest: "有 2 列未读取：extra、additional time",
    say: "指定列的内容",
    field: "加时（分钟）",
    minutes: "2 人有加时",
    listed: "Eva（k1）：30 分钟、Fay（k2）：20 分钟",
    import: "导入 3 人",
    imported: "已导入：新增 3 人",
    shown: "+30 分钟",
  },
} as const;

describe.each(STORY_LOOKS)("a list with columns that are not read, in $locale", ({ locale, ...look }) => {
  const words = UNREAD[locale];

  it("names them, reads one as the person says, and shows who has extra minutes", async () => {
    const examId = await examOf(`Latin ${locale}`);
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      ...look,
      path: `exams/${examId}/setup/roster`,
    });
    const { page, check } = open;
    const rows = ["id,name,extra,additional time,Zeitzuschlag", "k1,Eva,,5,30", "k2,Fay,,,20", "k3,Gil,,,"];
    await page
      .locator("input[type=file]")
      .setInputFiles(file("roster.csv", Buffer.from(rows.join("\n")), "text/csv"));
    await page.getByText(words.unread, { exact: true }).waitFor();
    expect(await page.getByText(words.minutes).count()).toBe(0);
    await page.getByText(words.say).click();
    await page.getByLabel("Zeitzuschlag").selectOption({ label: words.field });
    await page.getByText(words.rest, { exact: true }).waitFor();
    await page.getByText(words.minutes).click();
    await page.getByText(words.listed).waitFor();
    // Each field has one column.
    expect(
      await page.getByLabel("additional time").getByRole("option", { name: words.field }).isDisabled(),
    ).toBe(true);
    await check();
    await open.picture(`setup-columns-${locale}`);
    await page.getByRole("button", { name: words.import }).click();
    await page.getByText(words.imported, { exact: true }).waitFor();
    await page.getByText(words.shown, { exact: true }).waitFor();
    await check();
    await open.picture(`setup-minutes-${locale}`);
    await page.setViewportSize({ width: 360, height: 740 });
    await page.getByText(words.shown, { exact: true }).scrollIntoViewIfNeeded();
    await check();
    await open.picture(`setup-minutes-${locale}-360`);
    expect((await fixture.teacher.exam.people({ examId })).people).toMatchObject([
      { userId: "k1", extraMinutes: 30 },
      { userId: "k2", extraMinutes: 20 },
      { userId: "k3", extraMinutes: 0 },
    ]);
  });
});

const AGAIN = {
  en: {
    faults: "2 faults in roster.csv: nothing can be imported",
    download: "Download the faults (CSV)",
    columns: "cell,column,content,Person,fault",
    skip: "Leave out the 2 rows with faults",
    skipped: "2 rows with faults are left out.",
    total: "Rows that hold totals are left out: 7.",
    isNew: "New in this exam: 1",
    absent: "3 people of this exam are not in the list",
    stays: "stays: something is recorded about them",
    all: "Remove all 2 people who can be removed",
    one: "Remove Ben",
    import: "Import 2 people and remove 1",
    imported: "Imported: 1 new person · 1 changed · 1 removed",
  },
  "zh-CN": {
    faults: "roster.csv 中有 2 处错误，无法导入",
    download: "下载错误清单（CSV）",
    columns: "单元格,列,内容,人员,错误",
    skip: "略过有错误的 2 行",
    skipped: "略过了有错误的 2 行。",
    total: "第 7 行是合计行，已略过。",
    isNew: "本场考试新增：1 人",
    absent: "本场考试中有 3 人不在名单中",
    stays: "保留：已有相关记录",
    all: "移除可以移除的 2 人",
    one: "移除Ben",
    import: "导入 2 人，移除 1 人",
    imported: "已导入：新增 1 人 · 变更 1 人 · 移除 1 人",
  },
} as const;

describe.each(STORY_LOOKS)(
  "a list that comes again with faults and without some people, in $locale",
  ({ locale, ...look }) => {
    const words = AGAIN[locale];

    it("is imported without the faulty rows, and the chosen people are removed", async () => {
      const examId = await examOf(`Greek ${locale}`);
      const { id: roomId } = await fixture.teacher.room.create({ name: "R1", examId });
      const people = ["20260001,Ann,", "20260002,Ben,", "20260003,Cid,", "20260004,Dot,R1"];
      await importInto(examId, ["id,name,room", ...people]);
      await fixture.teacher.exam.note({
        examId,
        roomId,
        userId: "20260004",
        severity: "look",
        at: new Date(),
        text: "Late",
        key: `note-${locale}`,
      });
      await using open = await fixture.openConsole({
        role: "teacher",
        locale,
        ...look,
        path: `exams/${examId}/setup/roster`,
      });
      const { page, check } = open;
      const rows = [
        "序号,学号,姓名,考场,加时",
        "1,２０２６０００１,Ann,,３０分钟",
        "2,20260005,Eve,,",
        "3,20260006,,,",
        "4,20260007,=Fay,三号楼,",
        ",,,,",
        "合计,4,,,",
      ];
      await page
        .locator("input[type=file]")
        .setInputFiles(file("roster.csv", Buffer.from(rows.join("\n")), "text/csv"));
      await page.getByRole("heading", { name: words.faults }).waitFor();
      await check();
      await open.picture(`setup-again-faults-${locale}`);
      const waiting = page.waitForEvent("download");
      await page.getByRole("button", { name: words.download }).click();
      const text = Buffer.concat(await (await (await waiting).createReadStream()).toArray()).toString();
      const lines = text.slice(1).trim().split("\r\n");
      expect(lines[0]).toBe(words.columns);
      expect(lines.slice(1).map((line) => line.split(",").slice(0, 4).join())).toEqual([
        "C4,姓名,,20260006",
        "D5,考场,三号楼,'=Fay",
      ]);

      await page.getByRole("button", { name: words.skip }).click();
      for (const said of [words.skipped, words.total, words.isNew, words.stays])
        await page.getByText(said).first().waitFor();
      // The digits and the minutes as they were read.
      const first = page.getByRole("row").filter({ hasText: "Ann" }).first();
      expect(await first.getByRole("rowheader").textContent()).toBe("20260001");
      expect(await first.getByRole("cell").last().textContent()).toBe("30");
      await page.getByText(words.absent).waitFor();
      await page.getByLabel(words.all).check();
      expect(await page.getByRole("checkbox", { checked: true }).count()).toBe(3);
      await page.getByLabel(words.all).uncheck();
      await page.getByLabel(words.one, { exact: true }).check();
      await check();
      await open.picture(`setup-again-absent-${locale}`);
      await page.getByRole("button", { name: words.import, exact: true }).click();
      await page.getByText(words.imported, { exact: true }).waitFor();
      await check();
      const after = (await fixture.teacher.exam.people({ examId })).people;
      const examinees = after.filter(({ role }) => role === "examinee");
      expect(examinees.map(({ userId, extraMinutes }) => [userId, extraMinutes])).toEqual([
        ["20260004", 0],
        ["20260001", 30],
        ["20260003", 0],
        ["20260005", 0],
      ]);
    });
  },
);

describe("what was typed", () => {
  it("stays while other steps and screens are looked at, and after a reload", async () => {
    const examId = await examOf("Chemistry");
    await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/setup/details` });
    const { page, check } = open;
    const name = page.getByLabel("Name", { exact: true });
    await name.fill("Chemistry, resit");
    await at(open, "roster").click();
    await at(open, "details").getByText("Not saved").waitFor();
    await check();
    await page.getByRole("link", { name: "Overview" }).click();
    await page.goBack();
    await at(open, "details").click();
    expect(await name.inputValue()).toBe("Chemistry, resit");
    page.on("dialog", (dialog) => void dialog.accept());
    await page.reload();
    await name.waitFor();
    expect(await name.inputValue()).toBe("Chemistry, resit");
    expect((await fixture.teacher.exam.get({ examId })).name).toBe("Chemistry");
  });

  it.each([
    {
      step: "details",
      call: /exam\.update/,
      field: "Name",
      saved: "History A",
      typed: "History B",
      fill: async () => undefined,
      button: (page: Page) => page.getByRole("button", { name: "Save" }).first(),
      stored: async (examId: string) => (await fixture.admin.exam.get({ examId })).name,
    },
    {
      step: "details",
      call: /cheat\.setConfig/,
      field: "Settings of the detectors, as the apps read them",
      saved: '{"every":1}',
      typed: '{"every":2}',
      fill: (page: Page) => page.getByRole("button", { name: "Edit as text" }).click(),
      button: (page: Page) => page.getByRole("button", { name: "Save" }).nth(1),
      stored: async (examId: string) => (await fixture.admin.cheat.getConfig({ examId })).data,
    },
    {
      step: "settings",
      call: /exam\.update/,
      field: "Width",
      saved: "320",
      typed: "640",
      async fill(page: Page) {
        await page.getByLabel("Picture", { exact: true }).selectOption("own");
        for (const name of ["Height", "Pictures per second", "Maximum kbit/s"])
          await page.getByLabel(name).fill("30");
      },
      button: (page: Page) => page.getByRole("button", { name: "Save" }),
      stored: async (examId: string) =>
        String((await fixture.admin.exam.get({ examId })).videoProfile?.data.width),
    },
    {
      step: "staff",
      call: /participant\.import/,
      field: "User name or id",
      saved: "t7",
      typed: "t8",
      // What was not typed again is empty for the next person.
      emptied: "Name",
      fill: (page: Page) => page.getByLabel("Name", { exact: true }).fill("Sun Li"),
      button: (page: Page) => page.getByRole("button", { name: "Add" }),
      stored: async (examId: string) =>
        (await fixture.admin.exam.people({ examId })).people.map(({ userId }) => userId).join(),
    },
  ])(
    "stays if it was typed into $field while it was being saved",
    async ({ step, call, field: label, ...form }) => {
      const examId = await examOf(`History of ${label}`.slice(0, 40));
      await using open = await fixture.openConsole({
        role: "teacher",
        path: `exams/${examId}/setup/${step}`,
      });
      const { page } = open;
      await form.fill(page);
      const field = page.getByLabel(label, { exact: true });
      await field.fill(form.saved);
      const written = page.waitForResponse(call);
      await page.route(
        call,
        async (route) => {
          await field.fill(form.typed);
          await route.continue();
        },
        { times: 1 },
      );
      await form.button(page).click();
      await written;
      expect(await form.stored(examId)).toBe(form.saved);
      await page
        .getByText(/^Saved\.$|^Sun Li is added\.$/)
        .first()
        .waitFor();
      await at(open, step).getByText("Not saved").waitFor();
      expect(await field.inputValue()).toBe(form.typed);
      if ("emptied" in form && form.emptied !== undefined)
        await expect.poll(() => page.getByLabel(form.emptied, { exact: true }).inputValue()).toBe("");
    },
  );

  it("does not overwrite what another person saved in between: a person decides", async () => {
    const examId = await examOf("Biology");
    await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/setup/details` });
    const { page, check } = open;
    await page.getByLabel("Name", { exact: true }).fill("Biology A");
    await fixture.admin.exam.update({ examId, name: "Biology B" });
    const save = page.getByRole("button", { name: "Save" }).first();
    // The page may have heard of it already, and then the button is disabled.
    await save.click({ force: true });
    await page.getByText("they have “Biology B”, you have “Biology A”").waitFor();
    expect((await fixture.admin.exam.get({ examId })).name).toBe("Biology B");
    await check();
    await open.picture("setup-conflict-en");
    await page.getByRole("button", { name: "Keep mine" }).click();
    await save.click();
    await page.getByRole("banner").getByText("Biology A").waitFor();
    expect((await fixture.admin.exam.get({ examId })).name).toBe("Biology A");
  });
});

const RUNNING = {
  en: {
    minutes: "Length in minutes",
    save: "Save",
    title: "Change the times for 3 candidates?",
    over: "For 2 candidates the exam is over at once.",
    verb: "Change the times, and end it for 2",
    cancel: "Cancel",
    reason: "Reason",
    message: "Message to the candidate (optional)",
    undo: "Undo",
    undone: "Undone.",
    again: /^The times were changed again since, to /,
    timeOver: "Time over",
    changed: /^Zhou Jing changed the end of the exam from .* to .*: Mistake corrected/,
  },
  "zh-CN": {
    minutes: "时长（分钟）",
    save: "保存",
    title: "更改 3 名考生的考试时间？",
    over: "2 名考生的考试将立即结束。",
    verb: "更改时间，2 人立即结束",
    cancel: "取消",
    reason: "原因",
    message: "给考生的说明（选填）",
    undo: "撤销",
    undone: "已撤销。",
    again: /^时间之后又被改为 /,
    timeOver: "考试时间已到",
    changed: /^Zhou Jing将考试结束时间由 .* 改为 .*（更正误操作）/,
  },
} as const;
it.each([
  ["en", 1280, "light"],
  ["zh-CN", 390, "dark"],
] as const)(
  "asks before it changes the times of a running exam, and takes the change back, in %s at %i",
  async (locale, width, scheme) => {
    const words = RUNNING[locale];
    // The form knows no seconds.
    const startTime = new Date(Math.floor(Date.now() / 60_000) * 60_000 - 30 * 60_000);
    const endTime = new Date(startTime.getTime() + 2 * HOUR);
    const { id: examId } = await fixture.teacher.exam.create({
      name: `Physics ${locale}`,
      startTime,
      endTime,
    });
    await fixture.teacher.room.create({
      name: "Hall A",
      examId,
      participants: [
        { userId: `r1-${locale}`, name: "王芳", role: "examinee" },
        { userId: `r2-${locale}`, name: LONG, role: "examinee" },
        { userId: `r3-${locale}`, name: "Li Wei", role: "examinee", extraMinutes: 60 },
      ],
    });
    const ends = async () => (await fixture.admin.exam.get({ examId })).endTime;
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      width,
      scheme,
      path: `exams/${examId}/setup/details`,
    });
    const { page, check } = open;
    const change = async () => {
      await page.getByLabel(words.minutes).fill("5");
      await page.getByRole("button", { name: words.save }).first().click();
      return page.getByRole("dialog", { name: words.title });
    };
    const first = await change();
    await first.getByText(words.over).waitFor();
    await check();
    await open.picture(`setup-times-${locale}-${width}`);
    await first.getByRole("button", { name: words.cancel }).click();
    expect(await ends()).toEqual(endTime);

    const dialog = await change();
    await dialog.getByLabel(words.reason).selectOption("technical");
    await dialog.getByLabel(words.message).fill("The house is on fire.");
    await open.picture(`setup-times-filled-${locale}-${width}`);
    await dialog.getByRole("button", { name: words.verb }).click();
    await page.getByRole("button", { name: words.undo }).waitFor();
    expect(await ends()).toEqual(new Date(startTime.getTime() + 5 * 60_000));
    await check();
    await page.getByRole("button", { name: words.undo }).click();
    await page.getByText(words.undone).waitFor();
    expect(await ends()).toEqual(endTime);

    // Another person changes them before the next one is taken back.
    const again = await change();
    await again.getByLabel(words.reason).selectOption("technical");
    await again.getByRole("button", { name: words.verb }).click();
    const undo = page.getByRole("button", { name: words.undo });
    await undo.waitFor();
    const theirs = new Date(startTime.getTime() + HOUR);
    await fixture.admin.exam.update({ examId, endTime: theirs, reason: { code: "other" } });
    await undo.click();
    await page.getByText(words.again).waitFor();
    await open.picture(`setup-times-not-undone-${locale}-${width}`);
    expect(await ends()).toEqual(theirs);

    await page.goto(`${fixture.url}/console/exams/${examId}/candidates/r1-${locale}`);
    await page.getByText(words.changed).first().waitFor();
    expect(await page.getByText(words.timeOver, { exact: true }).count()).toBe(2);
    await check();
    await open.picture(`setup-times-history-${locale}-${width}`);
  },
);

it("says who decides during the exam, and how many minutes invigilators give", async () => {
  const examId = await examOf("Music");
  await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/setup/details` });
  const { page, check } = open;
  const save = page.getByRole("button", { name: "Save" }).first();
  const control = async () => {
    const { controlledBy, maxRoomMinutes } = await fixture.admin.exam.get({ examId });
    return [controlledBy, maxRoomMinutes];
  };
  const most = page.getByLabel("Most minutes that invigilators may give a candidate");
  await most.fill("601");
  await save.click();
  await page.getByText("A whole number from 0 to 600, or nothing.").waitFor();
  await most.fill("15");
  await check();
  await open.picture("setup-control-en");
  await save.click();
  await expect.poll(control).toEqual(["rooms", 15]);
  const by = page.getByLabel("Who gives more time, ends exams and reopens them");
  await by.selectOption("Only the person who created the exam");
  await save.click();
  await expect.poll(control).toEqual(["creator", 15]);
});

const SITTING = {
  en: {
    cameras: "Cameras",
    address: "Address of the questions",
    hidden: "Left the page",
    dark: "Picture dark or covered",
    text: "Consent text in English",
    frontTab: /The questions are in the front tab/,
    empty: "Write a text in at least one language.",
    wrong: "Enter an https address, or an http address in your own network.",
    save: "Save",
    saved: "Saved.",
  },
  "zh-CN": {
    cameras: "机位",
    address: "试题网址",
    hidden: "离开页面",
    dark: "画面过暗或被遮挡",
    text: "英文监考说明",
    frontTab: /试题在前台标签页中/,
    empty: "请至少填写一种语言。",
    wrong: "请输入 https 网址，或内网的 http 网址。",
    save: "保存",
    saved: "已保存。",
  },
} as const;
it.each([
  ["en", 1280, "light"],
  ["zh-CN", 360, "dark"],
] as const)(
  "says what the candidate's page needs, shows and notices, in %s at %i",
  async (locale, width, scheme) => {
    const words = SITTING[locale];
    const startTime = new Date(Date.now() + 20 * HOUR);
    const { id: examId } = await ownPage.teacher.exam.create({
      name: `Art ${locale}`,
      startTime,
      endTime: new Date(startTime.getTime() + 2 * HOUR),
    });
    await using open = await ownPage.openConsole({
      role: "teacher",
      locale,
      width,
      scheme,
      path: `exams/${examId}/setup/details`,
    });
    const { page, check } = open;
    const save = page.getByRole("button", { name: words.save }).nth(1);
    const stored = async () => {
      const { cameras, questionsUrl, detectors } = await ownPage.admin.exam.get({ examId });
      return { cameras, questionsUrl, detectors, ...(await ownPage.admin.exam.consent({ examId })) };
    };
    await page.getByLabel(words.cameras, { exact: true }).selectOption("both");
    await page.getByLabel(words.address).fill("ftp://questions.example");
    await page.getByText(words.frontTab).waitFor();
    expect(await page.getByLabel(words.hidden).isDisabled()).toBe(true);
    await page.getByLabel(words.dark).uncheck();
    await page.getByLabel(words.text).fill("You are watched.");
    await save.click();
    await page.getByText(words.wrong).waitFor();
    await page.getByLabel(words.address).fill("https://questions.example/1");
    await check();
    await save.scrollIntoViewIfNeeded();
    await open.picture(`setup-sitting-${locale}-${width}-${scheme}`);
    await save.click();
    await expect.poll(stored).toMatchObject({
      cameras: "both",
      questionsUrl: "https://questions.example/1",
      detectors: ["pageHidden", "focusLost", "pictureFrozen", "deviceLost", "deviceMuted"],
      version: 1,
      en: "You are watched.",
    });
    await page.getByText(words.saved, { exact: true }).waitFor();
    await page.getByLabel(words.text).fill("");
    await page.getByText(words.empty).first().waitFor();
    await save.click();
    expect(await stored()).toMatchObject({ version: 1, en: "You are watched." });
  },
);

const MINDS = {
  en: {
    allSteps: "All steps",
    noneYet: "None yet",
    import: /^Import /,
    imported: /^Imported: /,
    counts: (candidates: number, staff: number) =>
      staff === 0 ? `${candidates} candidates.` : `${candidates} candidates, ${staff} invigilators`,
    noRoom: "No room yet",
    search: "Name, id or room",
    need: "2 new rooms, 2 invigilators needed, none yet",
    byHand: "Add invigilators by hand",
    without: "Plan without 2 invigilators",
    answerable: "You are then answerable for 2 rooms",
    seated: "60 candidates have a room now.",
    lacking: "2 rooms have no invigilator",
    toStaff: "Go to Invigilators and inspectors",
    answers: "No invigilator: Zhou Jing is answerable",
    add: { userId: "User name or id", name: "Name", room: "Room", submit: "Add", done: "Wang Lei is added." },
    undo: (plan: number) => `Undo plan ${plan}`,
    undoing: "The people whom it seated wait for a room again",
    undone: "Plan 1 is undone: 61 people wait for a room, 2 rooms are deleted.",
    apply: "Make 2 rooms and seat them",
    late: "1 new room, 1 invigilator needed, none yet",
    larger: "Plan 33 to a room: everyone fits",
    fits: "Seats 5 candidates: the rooms that exist have space.",
    seat: "Seat them",
    lateSeated: "5 candidates have a room now.",
    refused: /^Someone has entered one of its rooms/,
    server: "For the administrator of the server",
    roster: "No candidates yet",
  },
  "zh-CN": {
    allSteps: "全部步骤",
    noneYet: "还没有",
    import: /^导入 /,
    imported: /^已导入：/,
    counts: (candidates: number, staff: number) =>
      staff === 0 ? `${candidates} 名考生。` : `${candidates} 名考生，${staff} 名监考`,
    noRoom: "尚无考场",
    search: "姓名、考号或考场",
    need: "新建 2 个考场，需要 2 名监考，还没有监考",
    byHand: "逐个添加监考",
    without: "暂缺 2 名监考，先行编排",
    answerable: "2 个考场由你负责",
    seated: "60 名考生已有考场。",
    lacking: "2 个考场没有监考",
    toStaff: "前往监考与巡考",
    answers: "没有监考，暂由Zhou Jing负责",
    add: { userId: "用户名或工号", name: "姓名", room: "考场", submit: "添加", done: "已添加Wang Lei。" },
    undo: (plan: number) => `撤销编排 ${plan}`,
    undoing: "由这次编排安排的 60 人会重新等待分配考场",
    undone: "已撤销编排 1：61 人重新等待分配考场，删除了 2 个考场。",
    apply: "新建 2 个考场并安排座位",
    late: "新建 1 个考场，需要 1 名监考，还没有监考",
    larger: "改为每个考场 33 人，即可安排所有人",
    fits: "为 5 名考生安排座位：现有考场坐得下。",
    seat: "安排座位",
    lateSeated: "5 名考生已有考场。",
    refused: /^有人已进入其中的考场/,
    server: "须由服务器管理员处理",
    roster: "还没有考生",
  },
} as const;

describe.each(STORY_LOOKS)("a mind that changes, in $locale", ({ locale, ...look }) => {
  const words = MINDS[locale];

  it("plans without invigilators, undoes it, plans with them, and seats late people", async () => {
    const examId = await examOf(`Music ${locale}`);
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      ...look,
      path: `exams/${examId}/setup`,
    });
    const { page, check } = open;
    const picture = (name: string) => open.picture(`setup-mind-${name}-${locale}`);
    const to = async (step: string) => {
      const link = at(open, step);
      const back = page.getByRole("link", { name: words.allSteps });
      await link.or(back).filter({ visible: true }).first().waitFor();
      if (!(await link.isVisible())) await back.click();
      await link.click();
    };
    const confirm = (name: string) => page.getByRole("dialog").getByRole("button", { name }).click();
    const importRows = async (rows: readonly string[], [candidates, staff]: [number, number]) => {
      await to("roster");
      const text = Buffer.from(["id,name,role", ...rows].join("\n"));
      await page.locator("input[type=file]").setInputFiles(file("roster.csv", text, "text/csv"));
      await page.getByRole("button", { name: words.import }).click();
      await page.getByText(words.imported).first().waitFor();
      // Until the page knows them, a plan can change under a click.
      await page.getByText(words.counts(candidates, staff)).waitFor();
    };
    const state = async () => {
      const { rooms = [], people } = await fixture.admin.exam.people({ examId, pageSize: 100 });
      return {
        rooms: rooms.map(({ createTeacher }) => createTeacher).toSorted(),
        unseated: people.filter(({ roomId }) => roomId === undefined).length,
      };
    };

    // It opens at the first step, and invigilators can be added before there are rooms.
    await page.locator("h2#setup-step").waitFor();
    await page.getByLabel(WORDS[locale].name, { exact: true }).waitFor();
    await at(open, "staff").getByText(words.noneYet).waitFor();
    await check();
    await importRows(
      Array.from({ length: 60 }, (_, n) => `${100 + n},Li ${n},`),
      [60, 0],
    );
    await page.getByText(words.noRoom).first().waitFor();
    await page.getByLabel(words.search).fill("159");
    await expect.poll(() => page.getByRole("gridcell", { name: "Li 59", exact: true }).count()).toBe(1);
    await expect.poll(() => page.getByRole("gridcell", { name: "Li 1", exact: true }).count()).toBe(0);
    await check();
    await picture("roster");

    await to("rooms");
    await page.getByText(words.need).waitFor();
    await page.getByRole("link", { name: words.byHand }).waitFor();
    await check();
    await picture("lacking");
    await page.getByRole("button", { name: words.without }).click();
    await page.getByRole("dialog").getByText(words.answerable).waitFor();
    await check();
    await picture("without");
    await confirm(words.without);
    await page.getByText(words.seated).waitFor();
    expect(await state()).toEqual({ rooms: ["t1", "t1"], unseated: 0 });

    // The check list leads to where the rooms are handed on.
    await to("check");
    await page.getByRole("heading", { name: words.lacking }).waitFor();
    await check();
    await page.getByRole("link", { name: words.toStaff }).first().click();
    await page.getByText(words.answers).first().waitFor();
    await page.getByLabel(words.add.userId).fill("t7");
    await page.getByLabel(words.add.name, { exact: true }).fill("Wang Lei");
    await page.getByRole("combobox", { name: words.add.room }).selectOption({ index: 1 });
    await page.getByRole("button", { name: words.add.submit, exact: true }).click();
    await page.getByText(words.add.done).waitFor();
    expect(await state()).toEqual({ rooms: ["t1", "t7"], unseated: 0 });
    await check();
    await picture("staff");

    await to("rooms");
    await page.getByRole("button", { name: words.undo(1) }).click();
    await page.getByRole("dialog").getByText(words.undoing).waitFor();
    await check();
    await picture("undo");
    await confirm(words.undo(1));
    await page.getByText(words.undone).waitFor();
    expect(await state()).toEqual({ rooms: [], unseated: 61 });

    await importRows(["t8,Sun Li,teacher"], [60, 2]);
    await to("rooms");
    await page.getByRole("button", { name: words.apply }).click();
    await confirm(words.apply);
    // The notice of the first plan, which says the same, may still be there.
    await expect.poll(state).toEqual({ rooms: ["t7", "t8"], unseated: 0 });

    await importRows(
      Array.from({ length: 5 }, (_, n) => `late${n},Late ${n},`),
      [65, 2],
    );
    await to("rooms");
    await page.getByText(words.late).waitFor();
    // The rooms are still there.
    await expect.poll(() => page.getByRole("rowheader").getByRole("link").count()).toBe(2);
    await check();
    await picture("late");
    await page.getByRole("button", { name: words.larger }).click();
    await page.getByText(words.fits).waitFor();
    await page.getByRole("button", { name: words.seat, exact: true }).click();
    await confirm(words.seat);
    await page.getByText(words.lateSeated).waitFor();
    expect(await state()).toEqual({ rooms: ["t7", "t8"], unseated: 0 });

    // Late people are in the rooms of the plan before, so that it stays.
    await page.getByRole("button", { name: words.undo(2) }).click();
    await confirm(words.undo(2));
    await page.getByRole("dialog").getByText(words.refused).waitFor();
    await check();
    await picture("refused");
    expect(await state()).toEqual({ rooms: ["t7", "t8"], unseated: 0 });
  });

  it("finds what is the server administrator's apart from what is the office's", async () => {
    // A server on which nothing is set.
    await using bare = await openAppFixture();
    const startTime = new Date(Date.now() + 20 * HOUR);
    const endTime = new Date(startTime.getTime() + 2 * HOUR);
    const { id: examId } = await bare.teacher.exam.create({ name: "Drama", startTime, endTime });
    const path = `exams/${examId}/setup/check`;
    await using open = await bare.openConsole({ role: "teacher", locale, ...look, path });
    const { page, check } = open;
    const section = page.locator("section", {
      has: page.getByRole("heading", { name: words.server, exact: true, level: 3 }),
    });
    const apart = section.last();
    await apart.getByText("INVIGIL_WATCH_APP_URL").waitFor();
    expect(await apart.getByRole("link").count()).toBe(0);
    await page.getByRole("heading", { name: words.roster }).waitFor();
    expect(await apart.getByRole("heading", { name: words.roster }).count()).toBe(0);
    await check();
    await open.picture(`setup-check-bare-${locale}`);
  });
});

describe("a roster that is imported again after the plan", () => {
  it("adds who is new, moves no one, and the next plan seats the new ones alone", async () => {
    const examId = await examOf("Latin");
    await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/setup/roster` });
    const { page } = open;
    const send = async (rows: readonly string[], says: string, candidates: number) => {
      await at(open, "roster").click();
      const text = ["id,name,role", ...rows].join("\n");
      await page.locator("input[type=file]").setInputFiles(file("roster.csv", Buffer.from(text), "text/csv"));
      await page.getByRole("button", { name: /^Import / }).click();
      await page.getByText(says).waitFor();
      // Until the page knows them, a plan can change under a click.
      await page.getByText(`${candidates} candidates, 2 invigilators and inspectors.`).waitFor();
    };
    const size = page.getByLabel("Candidates per room");
    const plan = async (says: string) => {
      await at(open, "rooms").click();
      const apply = page.getByRole("button", { name: /^(Make|Seat) / });
      await apply.click();
      await page
        .getByRole("dialog")
        .getByRole("button", { name: /^(Make|Seat) / })
        .click();
      await page.getByText(says).waitFor();
    };
    const seats = async () => {
      const { people } = await fixture.teacher.exam.people({ examId });
      return new Map(
        people.filter(({ role }) => role === "examinee").map((one) => [one.userId, [one.name, one.roomId]]),
      );
    };
    const first = ["t1,Zhou Jing,teacher", "t2,Sun Li,teacher", "a,Ann,", "b,Ben,", "c,Cid,"];
    await send(first, "Imported: 5 new people", 3);
    await at(open, "rooms").click();
    await size.fill("2");
    await plan("3 candidates have a room now.");
    const before = await seats();
    await send(
      [...first.slice(0, 3), "b,Benjamin,", "c,Cid,", "d,Dot,"],
      "Imported: 1 new person · 1 changed",
      4,
    );
    expect(await seats()).toEqual(
      new Map([...before, ["b", ["Benjamin", before.get("b")?.[1]]], ["d", ["Dot", undefined]]]),
    );
    // The size is still that of the first plan, also after a reload.
    await at(open, "rooms").click();
    await page.reload();
    await size.waitFor();
    expect(await size.inputValue()).toBe("2");
    await plan("1 candidate has a room now.");
    const after = await seats();
    expect(after.get("d")?.[1]).toBeDefined();
    for (const id of ["a", "b", "c"]) expect(after.get(id)?.[1]).toBe(before.get(id)?.[1]);
    expect((await fixture.admin.room.list({ examId })).rooms).toHaveLength(2);
  });
});

describe("a second person", () => {
  it("imports people, and the plan that is open shows them without a reload", async () => {
    const examId = await examOf("History");
    await importInto(examId, ["id,name,role", "t,Teacher,teacher", "e0,Zero,"]);
    await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/setup/rooms` });
    const { page } = open;
    await page.getByText("Seats 1 candidate: 1 new room is needed.").waitFor();
    await importInto(examId, ["id,name", ...Array.from({ length: 9 }, (_, n) => `f${n},Further ${n}`)]);
    await page.getByText("Seats 10 candidates: 1 new room is needed.").waitFor();
    await at(open, "roster").getByText("10 candidates").waitFor();
  });

  it.each([1, 2])("imports people while the page opens: call %i for them is late", async (late) => {
    const examId = await examOf("Early");
    await importInto(examId, ["id,name,role", "t,Teacher,teacher", "e0,Zero,"]);
    await using open = await fixture.openConsole({ role: "teacher", path: "" });
    const { page } = open;
    let calls = 0;
    const held: Route[] = [];
    await page.route(/exam\.people/, (route) => {
      calls += 1;
      return calls === late ? void held.push(route) : route.continue();
    });
    await page.goto(new URL(`exams/${examId}/setup/rooms`, page.url()).href);
    await expect.poll(() => held.length).toBe(1);
    await importInto(examId, ["id,name", "f1,Further"]);
    await held[0]?.continue();
    await page.getByText("Seats 2 candidates: 1 new room is needed.").waitFor();
  });

  it("waits for the people of the exam before it says for how many it makes links", async () => {
    const examId = await examOf("Late");
    await fixture.teacher.room.create({
      name: "Hall A",
      examId,
      participants: [{ userId: "e1", name: "Wang Fang", role: "examinee" }],
    });
    await using open = await fixture.openConsole({ role: "teacher" });
    const { page } = open;
    const held: Route[] = [];
    let isLate = true;
    await page.route(/exam\.people/, (route) => (isLate ? void held.push(route) : route.continue()));
    await page.goto(new URL(`exams/${examId}/setup/links`, page.url()).href);
    await expect.poll(() => held.length).toBeGreaterThan(0);
    await page.getByRole("heading", { name: "Links and cards" }).waitFor();
    expect(await page.getByRole("button", { name: "Print the cards" }).count()).toBe(0);
    isLate = false;
    for (const route of held) await route.continue();
    expect(await page.getByRole("button", { name: "Print the cards" }).isEnabled()).toBe(true);
  });
});

describe("audio", () => {
  it("is uploaded, scheduled relative to the exam, and moves with it", async () => {
    const examId = await examOf("English");
    await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/setup/audio` });
    const { page, check } = open;
    const wav = Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVEfmt "), Buffer.alloc(200)]);
    await page.locator("input[type=file]").setInputFiles(file("15 minutes left.wav", wav, "audio/wav"));
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText("15 minutes left is in the library.").waitFor();
    await page.getByLabel("Clip from the library").selectOption({ label: "15 minutes left" });
    await page.getByLabel("When").selectOption("beforeEnd");
    await page.getByLabel("Minutes", { exact: true }).fill("15");
    await page.getByRole("button", { name: "Add the clip" }).dblclick();
    await page.getByText("(15 min before the end)").waitFor();
    await check();
    const before = await fixture.teacher.exam.get({ examId });
    expect(before.scheduledAudio).toHaveLength(1);
    await at(open, "details").click();
    const time = await page.getByLabel("Begins at").inputValue();
    await page.getByLabel("Begins at").fill(time === "10:00" ? "11:00" : "10:00");
    await page.getByRole("button", { name: "Save" }).first().click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    const after = await fixture.teacher.exam.get({ examId });
    const toEnd = ({ endTime, scheduledAudio: [clip] }: typeof after) =>
      endTime.getTime() - (clip?.startTime.getTime() ?? 0);
    expect([after.scheduledAudio.length, toEnd(after)]).toEqual([1, 15 * 60_000]);
    expect(after.startTime).not.toEqual(before.startTime);
    await at(open, "audio").click();
    await page.getByRole("button", { name: "Remove 15 minutes left" }).click();
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("(15 min before the end)").waitFor();
  });

  it("is named as the file that is chosen, until a person names it", async () => {
    const examId = await examOf("Chemistry");
    await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/setup/audio` });
    const { page } = open;
    const wav = Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVEfmt "), Buffer.alloc(200)]);
    const choose = (name: string) =>
      page.locator("input[type=file]").setInputFiles(file(name, wav, "audio/wav"));
    const name = page.getByLabel("Name in the library");
    await choose("Rules.wav");
    await expect.poll(() => name.inputValue()).toBe("Rules");
    await choose("Pens down.wav");
    await expect.poll(() => name.inputValue()).toBe("Pens down");
    await name.fill("The end");
    await choose("Final call.wav");
    await page.getByText("Final call.wav").waitFor();
    expect(await name.inputValue()).toBe("The end");
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByText("The end is in the library.").waitFor();
  });

  it("is refused by name when a file is none, by the browser or by the server", async () => {
    const examId = await examOf("Biology");
    await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/setup/audio` });
    const { page, check, picture } = open;
    const input = page.locator("input[type=file]");
    const uploads: string[] = [];
    page.on("request", (request) => void (request.method() === "POST" && uploads.push(request.url())));
    await input.setInputFiles(file("timetable.pdf", Buffer.from("%PDF-1.7"), "application/pdf"));
    await page
      .getByRole("alert")
      .getByText(/^timetable\.pdf is not an audio file/)
      .waitFor();
    expect(await page.getByRole("button", { name: "Upload" }).isDisabled()).toBe(true);
    expect(uploads.filter((url) => url.endsWith("/audio"))).toEqual([]);
    await input.setInputFiles(file("renamed.mp3", Buffer.from("pens down"), "audio/mpeg"));
    await page.getByRole("alert").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Upload" }).click();
    await page
      .getByRole("alert")
      .getByText(/^renamed\.mp3 is not an audio file/)
      .waitFor();
    expect(uploads.filter((url) => url.endsWith("/audio"))).toHaveLength(1);
    await check();
    await picture("audio-refused");
  });
});

describe("an inspector", () => {
  it("sees the exam's set-up and changes nothing", async () => {
    const examId = await examOf("Geography");
    const participants = [
      { userId: "i1", name: "Sun Wei", role: "inspector" },
      { userId: "e1", name: "Wang Fang", role: "examinee" },
    ] as const;
    await fixture.teacher.room.create({ name: "Hall A", examId, participants: [...participants] });
    await using open = await fixture.openConsole({
      role: "inspector",
      path: `exams/${examId}/setup/details`,
    });
    const { page, check } = open;
    await page.getByText("View only. The exam's creator").waitFor();
    expect(await page.getByLabel("Name", { exact: true }).getAttribute("readonly")).not.toBeNull();
    for (const step of ["details", "audio", "rooms", "staff", "settings"] as const) {
      await at(open, step).click();
      await page.locator("h2#setup-step").waitFor();
      for (const name of [/Save/, /Add/, /Upload/, /Remove/, /Import/, /Print/])
        expect(await page.getByRole("button", { name }).count()).toBe(0);
      await check();
    }
    await at(open, "staff").click();
    await page.getByRole("rowheader", { name: "Hall A" }).waitFor();
    // Parts that they may not read are not offered, also at their address.
    expect(await at(open, "links").count()).toBe(0);
    await page.goto(`${fixture.url}/console/exams/${examId}/setup/links?print=everybody`);
    await page.getByText("View only. The exam's creator").waitFor();
    expect(await page.getByRole("article").count()).toBe(0);
  });
});

/** The steps that look different when an exam has nothing. */
const EMPTY = ["", "audio", "rooms", "staff", "links"];

it.each([
  ["en", "light", 1280],
  ["zh-CN", "dark", 360],
] as const)(
  "the steps break no rule of accessibility, empty and with 60 people (%s, %s, %i pixels wide)",
  async (locale, scheme, width) => {
    const isEnglish = locale === "en";
    const name = isEnglish ? "Mathematics A, first paper, autumn" : "高等数学（下）期末考试";
    const [empty, full] = [await examOf(name), await examOf(name)];
    const names = isEnglish ? ["Wang Fang", "O", LONG] : ["王芳", "李", "古丽巴哈尔·阿卜杜热合曼·买买提江"];
    await importInto(full, [
      "id,name,role",
      ...[1, 2, 3].map((n) => `t${n},${isEnglish ? "Zhou Jing" : "周静"} ${n},teacher`),
      `t4,${names[2]},teacher`,
      "i1,Sun Wei,inspector",
      ...Array.from({ length: 60 }, (_, n) => `2026${100 + n},${names[n % 3]},`),
    ]);
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      scheme,
      width,
      path: `exams/${full}/setup/details`,
    });
    const { page, check, picture } = open;
    const look = async (kind: string, examId: string, step: string) => {
      await page.goto(`${fixture.url}/console/exams/${examId}/setup/${step}`);
      await page.locator("h2#setup-step").waitFor();
      if (kind !== "empty" && ["rooms", "staff"].includes(step))
        await page.getByRole("rowheader").first().waitFor();
      await check();
      await picture(`setup-${step || "none"}-${kind}-${locale}-${scheme}-${width}`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    };
    await look("unplanned", full, "rooms");
    await fixture.teacher.exam.plan({ examId: full, roomSize: 20 });
    for (const step of ["", ...STEPS]) await look("full", full, step);
    for (const step of EMPTY) await look("empty", empty, step);
  },
);
