import type { Page, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode, xlsx } from "../../server/test/support/files.js";
import { type AppFixture, type ConsolePage, openAppFixture } from "./support/console.js";
import { patternOf, STORY_LANGUAGES, STORY_LOOKS, textsOf, UNKNOWN } from "./support/languages.js";

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

/** What a sheet and its people may be called. */
const SHEETS = {
  en: {
    header: ["id", "name", "role", "extra minutes"],
    teacher: "teacher",
    people: ["Wang Fang", "Li Na", "Zhou Jing"],
  },
  "zh-CN": { header: ["学号", "姓名", "角色", "加时"], teacher: "监考", people: ["王芳", "李娜", "周静"] },
} as const;

describe.each(STORY_LANGUAGES)("an exam, in %s", (locale) => {
  const t = textsOf(locale);
  const texts = SHEETS[locale];

  it("is set up from a spreadsheet to printed cards in the browser alone", async () => {
    await using open = await fixture.openConsole({ role: "teacher", locale });
    const { page, check } = open;
    await page
      .getByRole("button", { name: t("exams.create") })
      .first()
      .click();
    await page.getByRole("dialog").getByLabel(t("exams.form.name")).fill(`Physics ${locale}`);
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("exams.form.submit") })
      .click();
    await at(open, "roster").waitFor();
    // The dialog hides the page until it has closed.
    await page.getByRole("heading", { level: 1 }).waitFor();
    await check();

    await at(open, "details").click();
    await page.getByLabel(t("setup.details.name"), { exact: true }).fill(`Physics B ${locale}`);
    await page
      .getByRole("button", { name: t("setup.form.save") })
      .first()
      .click();
    await page.getByRole("banner").getByText(`Physics B ${locale}`).waitFor();

    await at(open, "roster").click();
    const people = Array.from({ length: 24 }, (_, n) => [
      `2026${String(n).padStart(4, "0")}`,
      `${texts.people[n % 3]}${n}`,
      "",
      n === 3 ? 20 : "",
    ]);
    const staff = [1, 2].map((n) => [`t-${locale}-${n}`, `${texts.people[2]}${n}`, texts.teacher, ""]);
    const sheet = await xlsx([[...texts.header], ...staff, ...people]);
    await page.locator("input[type=file]").setInputFiles(file("roster.xlsx", sheet));
    const run = page.getByRole("button", { name: t("setup.roster.import", { count: 26, removed: 0 }) });
    await run.waitFor();
    // Nothing changes or stays, so nothing says so. The announcement for screen readers is the same text.
    await page
      .getByText(t("setup.roster.added", { count: 26 }), { exact: true })
      .first()
      .waitFor();
    await check();
    await run.dblclick();
    await page
      .getByText(t("setup.roster.importedTitle", { what: t("setup.roster.added", { count: 26 }) }), {
        exact: true,
      })
      .waitFor();
    await check();

    await at(open, "rooms").click();
    await page.getByLabel(t("setup.rooms.size")).fill("8");
    await page.getByText(t("setup.rooms.need", { newRooms: 3, needed: 3, available: 2 })).waitFor();
    await check();

    // Three rooms need three teachers.
    await at(open, "staff").click();
    await page.getByLabel(t("setup.staff.add.userId")).fill(`t-${locale}-3`);
    await page.getByLabel(t("setup.staff.add.name"), { exact: true }).fill(texts.people[0]);
    await page.getByRole("button", { name: t("setup.staff.add.submit"), exact: true }).click();
    await page.getByRole("listitem").getByText(texts.people[0], { exact: true }).waitFor();
    await check();

    await at(open, "rooms").click();
    expect(await page.getByLabel(t("setup.rooms.size")).inputValue()).toBe("8");
    const apply = page.getByRole("button", { name: t("setup.rooms.apply", { newRooms: 3 }) });
    await apply.click();
    await check();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("setup.rooms.apply", { newRooms: 3 }) })
      .dblclick();
    await page.getByText(t("setup.rooms.applied", { seated: 24 })).waitFor();
    const [exam] = (await fixture.teacher.exam.list({})).exams;
    const examId = exam?.id ?? "";
    expect(exam?.name).toBe(`Physics B ${locale}`);
    expect((await fixture.admin.room.list({ examId })).rooms).toHaveLength(3);

    await at(open, "links").click();
    await page.getByText(t("setup.links.cards", { count: 27 })).waitFor();
    await check();
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: t("setup.links.download") }).click();
    const stream = await (await waiting).createReadStream();
    const text = Buffer.concat(await stream.toArray()).toString();
    const columns = ["role", "room", "id", "name", "code", "link", "pcCode", "pcLink", "expires"] as const;
    const header = columns.map((column) => t(`setup.links.csv.${column}`)).join(",");
    expect(text.slice(1, header.length + 1)).toBe(header);
    expect(text.trim().split("\r\n")).toHaveLength(28);

    // An inspector of all rooms has one card with a code for each.
    const { rooms } = await fixture.admin.room.list({ examId });
    for (const { id: roomId } of rooms)
      await fixture.admin.participant.add({
        roomId,
        participants: [{ userId: `i-${locale}`, name: texts.people[1], role: "inspector" }],
      });
    await page.getByRole("button", { name: t("setup.links.print") }).click();
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
    await at(open, "links").getByText(t("setup.items.links.ok")).waitFor();
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

describe.each(STORY_LOOKS)("a list with columns that are not read, in $locale", ({ locale, ...look }) => {
  const t = textsOf(locale);
  const between = t("setup.roster.between");
  const unread = (...names: readonly string[]) =>
    t("setup.roster.unreadColumns", { count: names.length, names: names.join(between) });

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
    await page.getByText(unread("additional time", "Zeitzuschlag"), { exact: true }).waitFor();
    expect(await page.getByText(t("setup.roster.withExtra", { count: 2 })).count()).toBe(0);
    await page.getByText(t("setup.roster.meanings")).click();
    await page.getByLabel("Zeitzuschlag").selectOption({ label: t("setup.roster.fields.extraMinutes") });
    await page.getByText(unread("extra", "additional time"), { exact: true }).waitFor();
    await page.getByText(t("setup.roster.withExtra", { count: 2 })).click();
    await page
      .getByText(
        [
          t("setup.roster.withExtraOne", { name: "Eva", userId: "k1", minutes: 30 }),
          t("setup.roster.withExtraOne", { name: "Fay", userId: "k2", minutes: 20 }),
        ].join(between),
      )
      .waitFor();
    // Each field has one column.
    expect(
      await page
        .getByLabel("additional time")
        .getByRole("option", { name: t("setup.roster.fields.extraMinutes") })
        .isDisabled(),
    ).toBe(true);
    await check();
    await open.picture(`setup-columns-${locale}`);
    await page.getByRole("button", { name: t("setup.roster.import", { count: 3, removed: 0 }) }).click();
    await page
      .getByText(t("setup.roster.importedTitle", { what: t("setup.roster.added", { count: 3 }) }), {
        exact: true,
      })
      .waitFor();
    await page.getByText(t("setup.roster.extraOf", { minutes: 30 }), { exact: true }).waitFor();
    await check();
    await open.picture(`setup-minutes-${locale}`);
    await page.setViewportSize({ width: 360, height: 740 });
    await page
      .getByText(t("setup.roster.extraOf", { minutes: 30 }), { exact: true })
      .scrollIntoViewIfNeeded();
    await check();
    await open.picture(`setup-minutes-${locale}-360`);
    expect((await fixture.teacher.exam.people({ examId })).people).toMatchObject([
      { userId: "k1", extraMinutes: 30 },
      { userId: "k2", extraMinutes: 20 },
      { userId: "k3", extraMinutes: 0 },
    ]);
  });
});

describe.each(STORY_LOOKS)(
  "a list that comes again with faults and without some people, in $locale",
  ({ locale, ...look }) => {
    const t = textsOf(locale);

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
      await page
        .getByRole("heading", { name: t("setup.roster.faults", { count: 2, name: "roster.csv" }) })
        .waitFor();
      await check();
      await open.picture(`setup-again-faults-${locale}`);
      const waiting = page.waitForEvent("download");
      await page.getByRole("button", { name: t("setup.roster.faultsFile.download") }).click();
      const text = Buffer.concat(await (await (await waiting).createReadStream()).toArray()).toString();
      const lines = text.slice(1).trim().split("\r\n");
      const texts = (["cell", "column", "value", "fault"] as const).map((name) =>
        t(`setup.roster.faultsFile.${name}`),
      );
      expect(lines[0]).toBe(texts.toSpliced(3, 0, t("setup.roster.person")).join(","));
      expect(lines.slice(1).map((line) => line.split(",").slice(0, 4).join())).toEqual([
        "C4,姓名,,20260006",
        "D5,考场,三号楼,'=Fay",
      ]);

      await page.getByRole("button", { name: t("setup.roster.skip", { count: 2 }) }).click();
      for (const said of [
        t("setup.roster.skipped", { count: 2 }),
        t("setup.roster.totalRows", { rows: "7" }),
        t("setup.roster.newPeople", { count: 1 }),
        t("setup.roster.stays.recorded"),
      ])
        await page.getByText(said).first().waitFor();
      // The digits and the minutes as they were read.
      const first = page.getByRole("row").filter({ hasText: "Ann" }).first();
      expect(await first.getByRole("rowheader").textContent()).toBe("20260001");
      expect(await first.getByRole("cell").last().textContent()).toBe("30");
      await page.getByText(t("setup.roster.absent", { count: 3 })).waitFor();
      await page.getByLabel(t("setup.roster.chooseAll", { count: 2 })).check();
      expect(await page.getByRole("checkbox", { checked: true }).count()).toBe(3);
      await page.getByLabel(t("setup.roster.chooseAll", { count: 2 })).uncheck();
      await page.getByLabel(t("setup.roster.removeOne", { name: "Ben" }), { exact: true }).check();
      await check();
      await open.picture(`setup-again-absent-${locale}`);
      await page
        .getByRole("button", { name: t("setup.roster.import", { count: 2, removed: 1 }), exact: true })
        .click();
      await page
        .getByText(
          t("setup.roster.importedTitle", {
            what: [
              t("setup.roster.added", { count: 1 }),
              t("setup.roster.updated", { count: 1 }),
              t("setup.roster.removed", { count: 1 }),
            ].join(" · "),
          }),
          { exact: true },
        )
        .waitFor();
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

it.each([
  ["en", 1280, "light"],
  ["zh-CN", 390, "dark"],
] as const)(
  "asks before it changes the times of a running exam, and takes the change back, in %s at %i",
  async (locale, width, scheme) => {
    const t = textsOf(locale);
    const changed = patternOf(
      t("watching.what.decided.because", {
        text: t("watching.what.own.decided.times", { by: "Zhou Jing", from: UNKNOWN, to: UNKNOWN }),
        reason: t("watching.control.reason.codes.mistake"),
      }),
    );
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
      await page.getByLabel(t("setup.details.minutes")).fill("5");
      await page
        .getByRole("button", { name: t("setup.form.save") })
        .first()
        .click();
      return page.getByRole("dialog", { name: t("setup.details.running.title", { count: 3 }) });
    };
    const first = await change();
    await first.getByText(t("setup.details.running.over", { count: 2 })).waitFor();
    await check();
    await open.picture(`setup-times-${locale}-${width}`);
    await first.getByRole("button", { name: t("common.confirm.cancel") }).click();
    expect(await ends()).toEqual(endTime);

    const dialog = await change();
    await dialog.getByLabel(t("watching.control.reason.label")).selectOption("technical");
    await dialog.getByLabel(t("watching.control.reason.message")).fill("The house is on fire.");
    await open.picture(`setup-times-filled-${locale}-${width}`);
    await dialog.getByRole("button", { name: t("setup.details.running.actionOver", { count: 2 }) }).click();
    await page.getByRole("button", { name: t("common.undo.action") }).waitFor();
    expect(await ends()).toEqual(new Date(startTime.getTime() + 5 * 60_000));
    await check();
    await page.getByRole("button", { name: t("common.undo.action") }).click();
    await page.getByText(t("common.undo.undone")).waitFor();
    expect(await ends()).toEqual(endTime);

    // Another person changes them before the next one is taken back.
    const again = await change();
    await again.getByLabel(t("watching.control.reason.label")).selectOption("technical");
    await again.getByRole("button", { name: t("setup.details.running.actionOver", { count: 2 }) }).click();
    const undo = page.getByRole("button", { name: t("common.undo.action") });
    await undo.waitFor();
    const theirs = new Date(startTime.getTime() + HOUR);
    await fixture.admin.exam.update({ examId, endTime: theirs, reason: { code: "other" } });
    await undo.click();
    await page
      .getByText(patternOf(t("setup.details.running.again", { from: UNKNOWN, to: UNKNOWN })))
      .waitFor();
    await open.picture(`setup-times-not-undone-${locale}-${width}`);
    expect(await ends()).toEqual(theirs);

    await page.goto(`${fixture.url}/console/exams/${examId}/candidates/r1-${locale}`);
    await page.getByText(changed).first().waitFor();
    expect(await page.getByText(t("watching.what.own.timeOver"), { exact: true }).count()).toBe(2);
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

it.each([
  ["en", 1280, "light"],
  ["zh-CN", 360, "dark"],
] as const)(
  "says what the candidate's page needs, shows and notices, in %s at %i",
  async (locale, width, scheme) => {
    const t = textsOf(locale);
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
    const save = page.getByRole("button", { name: t("setup.form.save") }).nth(1);
    const stored = async () => {
      const { cameras, questionsUrl, detectors } = await ownPage.admin.exam.get({ examId });
      return { cameras, questionsUrl, detectors, ...(await ownPage.admin.exam.consent({ examId })) };
    };
    await page.getByLabel(t("setup.details.sitting.cameras.label"), { exact: true }).selectOption("both");
    await page.getByLabel(t("setup.details.sitting.questionsUrl")).fill("ftp://questions.example");
    await page.getByText(t("setup.details.sitting.frontTab")).waitFor();
    expect(await page.getByLabel(t("watching.types.pageHidden")).isDisabled()).toBe(true);
    await page.getByLabel(t("watching.types.pictureDark")).uncheck();
    await page.getByLabel(t("setup.details.sitting.consent.en")).fill("You are watched.");
    await save.click();
    await page.getByText(t("setup.details.sitting.questionsWrong")).waitFor();
    await page.getByLabel(t("setup.details.sitting.questionsUrl")).fill("https://questions.example/1");
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
    await page.getByText(t("setup.form.saved"), { exact: true }).waitFor();
    await page.getByLabel(t("setup.details.sitting.consent.en")).fill("");
    await page.getByText(t("setup.details.sitting.consent.emptied")).first().waitFor();
    await save.click();
    expect(await stored()).toMatchObject({ version: 1, en: "You are watched." });
  },
);

describe.each(STORY_LOOKS)("a mind that changes, in $locale", ({ locale, ...look }) => {
  const t = textsOf(locale);

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
      const back = page.getByRole("link", { name: t("setup.allSteps") });
      await link.or(back).filter({ visible: true }).first().waitFor();
      if (!(await link.isVisible())) await back.click();
      await link.click();
    };
    const confirm = (name: string) => page.getByRole("dialog").getByRole("button", { name }).click();
    const importRows = async (rows: readonly string[], [candidates, staff]: [number, number]) => {
      await to("roster");
      const text = Buffer.from(["id,name,role", ...rows].join("\n"));
      await page.locator("input[type=file]").setInputFiles(file("roster.csv", text, "text/csv"));
      await page
        .getByRole("button", { name: t("setup.roster.import", { count: rows.length, removed: 0 }) })
        .click();
      await page
        .getByText(t("setup.roster.importedTitle", { what: t("setup.roster.added", { count: rows.length }) }))
        .first()
        .waitFor();
      // Until the page knows them, a plan can change under a click.
      await page.getByText(t("setup.roster.counts", { examinees: candidates, staff })).waitFor();
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
    await page.getByLabel(t("setup.details.name"), { exact: true }).waitFor();
    await at(open, "staff")
      .getByText(t("setup.staffSoFar", { count: 0 }))
      .waitFor();
    await check();
    await importRows(
      Array.from({ length: 60 }, (_, n) => `${100 + n},Li ${n},`),
      [60, 0],
    );
    await page.getByText(t("setup.roster.noRoom")).first().waitFor();
    await page.getByLabel(t("setup.roster.search")).fill("159");
    await expect.poll(() => page.getByRole("gridcell", { name: "Li 59", exact: true }).count()).toBe(1);
    await expect.poll(() => page.getByRole("gridcell", { name: "Li 1", exact: true }).count()).toBe(0);
    await check();
    await picture("roster");

    await to("rooms");
    await page.getByText(t("setup.rooms.need", { newRooms: 2, needed: 2, available: 0 })).waitFor();
    await page.getByRole("link", { name: t("setup.rooms.addStaff") }).waitFor();
    await check();
    await picture("lacking");
    await page.getByRole("button", { name: t("setup.rooms.applyWithout", { count: 2 }) }).click();
    await page
      .getByRole("dialog")
      .getByText(t("setup.rooms.answerable", { count: 2 }))
      .waitFor();
    await check();
    await picture("without");
    await confirm(t("setup.rooms.applyWithout", { count: 2 }));
    await page.getByText(t("setup.rooms.applied", { seated: 60 })).waitFor();
    expect(await state()).toEqual({ rooms: ["t1", "t1"], unseated: 0 });

    // The check list leads to where the rooms are handed on.
    await to("check");
    await page.getByRole("heading", { name: t("setup.items.teachers.missing", { rooms: 2 }) }).waitFor();
    await check();
    await page
      .getByRole("link", { name: t("setup.check.go", { step: t("setup.steps.staff") }) })
      .first()
      .click();
    await page
      .getByText(t("setup.staff.noTeacher", { name: "Zhou Jing" }))
      .first()
      .waitFor();
    await page.getByLabel(t("setup.staff.add.userId")).fill("t7");
    await page.getByLabel(t("setup.staff.add.name"), { exact: true }).fill("Wang Lei");
    await page.getByRole("combobox", { name: t("setup.staff.add.room") }).selectOption({ index: 1 });
    await page.getByRole("button", { name: t("setup.staff.add.submit"), exact: true }).click();
    await page.getByText(t("setup.staff.add.done", { name: "Wang Lei" })).waitFor();
    expect(await state()).toEqual({ rooms: ["t1", "t7"], unseated: 0 });
    await check();
    await picture("staff");

    await to("rooms");
    await page.getByRole("button", { name: t("setup.rooms.plans.undoOne", { plan: 1 }) }).click();
    await page
      .getByRole("dialog")
      .getByText(t("setup.rooms.plans.confirm", { newRooms: 2, seated: 60 }))
      .waitFor();
    await check();
    await picture("undo");
    await confirm(t("setup.rooms.plans.undoOne", { plan: 1 }));
    await page.getByText(t("setup.rooms.plans.done", { plan: 1, unseated: 61, deletedRooms: 2 })).waitFor();
    expect(await state()).toEqual({ rooms: [], unseated: 61 });

    await importRows(["t8,Sun Li,teacher"], [60, 2]);
    await to("rooms");
    await page.getByRole("button", { name: t("setup.rooms.apply", { newRooms: 2 }) }).click();
    await confirm(t("setup.rooms.apply", { newRooms: 2 }));
    // The notice of the first plan, which says the same, may still be there.
    await expect.poll(state).toEqual({ rooms: ["t7", "t8"], unseated: 0 });

    await importRows(
      Array.from({ length: 5 }, (_, n) => `late${n},Late ${n},`),
      [65, 2],
    );
    await to("rooms");
    await page.getByText(t("setup.rooms.need", { newRooms: 1, needed: 1, available: 0 })).waitFor();
    // The rooms are still there.
    await expect.poll(() => page.getByRole("rowheader").getByRole("link").count()).toBe(2);
    await check();
    await picture("late");
    await page.getByRole("button", { name: t("setup.rooms.sufficientSize", { size: 33 }) }).click();
    await page.getByText(t("setup.rooms.summary", { seated: 5, newRooms: 0 })).waitFor();
    await page.getByRole("button", { name: t("setup.rooms.apply", { newRooms: 0 }), exact: true }).click();
    await confirm(t("setup.rooms.apply", { newRooms: 0 }));
    await page.getByText(t("setup.rooms.applied", { seated: 5 })).waitFor();
    expect(await state()).toEqual({ rooms: ["t7", "t8"], unseated: 0 });

    // Late people are in the rooms of the plan before, so that it stays.
    await page.getByRole("button", { name: t("setup.rooms.plans.undoOne", { plan: 2 }) }).click();
    await confirm(t("setup.rooms.plans.undoOne", { plan: 2 }));
    await page
      .getByRole("dialog")
      .getByText(patternOf(t("setup.rooms.plans.refused", { reason: UNKNOWN })))
      .waitFor();
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
      has: page.getByRole("heading", { name: t("setup.check.ofServer"), exact: true, level: 3 }),
    });
    const apart = section.last();
    await apart.getByText("INVIGIL_WATCH_APP_URL").waitFor();
    expect(await apart.getByRole("link").count()).toBe(0);
    await page.getByRole("heading", { name: t("setup.items.roster.missing") }).waitFor();
    expect(await apart.getByRole("heading", { name: t("setup.items.roster.missing") }).count()).toBe(0);
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
