import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, openAppFixture, PASSWORD } from "./support/console.js";
import { STORY_LANGUAGES, textsOf } from "./support/languages.js";

const LONG = "Maximiliana-Alexandra von Hohenstauffenberg-Wolkenstein zu Trost";
let fixture: AppFixture;
/** An exam of t1 with two rooms; the second one has only the inspector in it. */
const exam = { id: "", empty: "", rooms: ["", ""] };
const TYPES = ["manyPeople", "cellPhone", "scenePersonExit", "=SUM(A1)"];
const detection = (number: number, more: object = {}) => ({
  isMainMonitor: number % 3 !== 0,
  userId: `s${number % 5}`,
  detectTime: new Date(Date.now() - number * 1000),
  detectType: TYPES[number % TYPES.length] ?? "",
  extraInfo: number % 2 === 0 ? { confidence: 0.9, faces: number } : `face ${number}`,
  ...more,
});

beforeAll(async () => {
  fixture = await openAppFixture();
  const now = Date.now();
  const times = { startTime: new Date(now - 1_800_000), endTime: new Date(now + 3_600_000) };
  const { id: examId } = await fixture.teacher.exam.create({ name: "高等数学（下）期末考试", ...times });
  exam.id = examId;
  exam.empty = (await fixture.teacher.exam.create({ name: "Physics B", ...times })).id;
  const people = (from: number) =>
    ["王芳", "Li", LONG, "赵", "Sam O'Neill"].map((name, index) => ({
      userId: `s${from + index}`,
      name,
      role: "examinee" as const,
    }));
  const first = await fixture.teacher.room.create({
    examId,
    name: "第一考场 Room 1",
    participants: people(0),
  });
  const second = await fixture.teacher.room.create({ examId, name: "Room 2", participants: people(5) });
  exam.rooms = [first.id, second.id];
  await fixture.teacher.participant.add({
    roomId: second.id,
    participants: [{ userId: ACCOUNTS.inspector.userId, name: ACCOUNTS.inspector.name, role: "inspector" }],
  });
  await fixture.admin.account.create({ userId: "t2", name: "Other", role: "teacher", password: PASSWORD });
  await fixture.teacher.participant.add({
    roomId: second.id,
    participants: [{ userId: "t2", name: "Other", role: "teacher" }],
  });
  await fixture.teacher.cheat.addRecords({
    roomId: first.id,
    records: Array.from({ length: 55 }, (_, number) => detection(number)),
  });
  await fixture.teacher.cheat.addRecords({
    roomId: second.id,
    records: Array.from({ length: 5 }, (_, number) => detection(number, { userId: "s7" })),
  });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(STORY_LANGUAGES)("the records, in %s", (locale) => {
  const t = textsOf(locale);

  it("are filtered in the address, are held back while one reads, and are copied as they are shown", async () => {
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      path: `exams/${exam.id}/records?type=manyPeople`,
    });
    const { page, check, picture } = open;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    const stored = await Promise.all(
      exam.rooms.map((roomId) => fixture.admin.cheat.listRecords({ roomId, pageSize: 100 })),
    );
    const hidden = stored.flatMap(({ records }) => records.filter((one) => one.detectType !== "manyPeople"));
    await page.getByText(t("common.filter.hides", { count: hidden.length })).waitFor();
    await page.getByText("王芳").first().waitFor();
    // With the header. The rows are drawn a little later.
    const rows = Number(await page.getByRole("grid").getAttribute("aria-rowcount"));
    await check();
    await picture(`records-60-${locale}`);

    // Two of the shown type come, and three that the filter hides.
    const shown = page.getByRole("row").nth(1);
    const before = await shown.textContent();
    await fixture.teacher.cheat.addRecords({
      roomId: exam.rooms[0] ?? "",
      records: [0, 4, 1, 2, 3].map((number) => detection(number)),
    });
    await page.getByRole("button", { name: t("records.news", { count: 2 }) }).waitFor();
    expect(await shown.textContent()).toBe(before);
    await check();
    await picture(`records-news-${locale}`);
    await page.getByRole("button", { name: t("records.news", { count: 2 }) }).click();
    await page.getByRole("button", { name: t("records.news", { count: 2 }) }).waitFor({ state: "hidden" });
    await expect.poll(() => page.getByRole("row").count()).toBe(rows + 2);

    await page.getByRole("button", { name: t("common.csv.label") }).click();
    await page.getByRole("menuitem", { name: t("common.csv.copy") }).click();
    await page.getByText(t("common.csv.copied", { count: rows + 1 })).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied.split("\r\n")).toHaveLength(rows + 3);
    expect(copied).not.toContain("=SUM");
    await page.getByRole("button", { name: t("common.csv.label") }).click();
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: t("common.csv.download") }).click(),
    ]);
    expect((await readFile((await file.path()) ?? "", "utf8")).slice(1)).toBe(copied);
  });

  it("are opened by keyboard alone, show what the detector added, and lead to the candidate", async () => {
    await using open = await fixture.openConsole({
      role: "admin",
      locale,
      path: `exams/${exam.id}/records?q=s2`,
    });
    const { page, check, picture } = open;
    await page.getByRole("row").nth(1).focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/record=\d+/);
    await page.getByRole("button", { name: t("common.confirm.close") }).waitFor();
    await check();
    await picture(`records-open-${locale}`);
    await page.keyboard.press("Escape");
    await page.waitForURL((url) => !url.searchParams.has("record"));
    expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("row");
    await page.goBack();
    await page.getByRole("button", { name: t("common.confirm.close") }).waitFor();
    await page.getByRole("region").getByRole("link", { name: LONG }).click();
    await page.waitForURL(/candidates\/s2/);
  });

  it("are those of their own rooms for an invigilator who did not create the exam", async () => {
    await using open = await fixture.openConsole({ locale, path: `exams/${exam.id}/records` });
    const { page, check } = open;
    await page.getByLabel(t("common.signIn.user")).fill("t2");
    await page.getByLabel(t("common.signIn.password"), { exact: true }).fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.getByText(t("records.scope.own")).waitFor();
    const { records } = await fixture.admin.cheat.listRecords({ roomId: exam.rooms[1] ?? "" });
    await expect.poll(() => page.getByRole("row").count()).toBe(records.length + 1);
    await page.getByText(LONG).first().waitFor();
    await check();
    await fixture.teacher.cheat.addRecords({
      roomId: exam.rooms[1] ?? "",
      records: [detection(0, { userId: "s8" }), detection(4, { userId: "s8" })],
    });
    await page.getByRole("button", { name: t("records.news", { count: 2 }) }).waitFor();
  });

  it("teach when there is none, and appear at once", async () => {
    await using open = await fixture.openConsole({
      role: "admin",
      locale,
      path: `exams/${exam.empty}/records`,
    });
    const { page, check, picture } = open;
    await page.getByText(t("records.empty.title")).waitFor();
    await check();
    await picture(`records-0-${locale}`);
  });
});

it("are found among more than are read at once, and go with a person who is erased", async () => {
  const { admin } = fixture;
  const { id: examId } = await admin.exam.create({
    name: "Many",
    startTime: new Date(),
    endTime: new Date(Date.now() + 3_600_000),
  });
  const people = ["早", "欧阳瑞"].map((name, n) => ({ userId: `r${n}`, name, role: "examinee" as const }));
  const { id: roomId } = await admin.room.create({ examId, name: "Room 1", participants: people });
  const add = (userId: string, detectType: string, count: number) =>
    admin.cheat.addRecords({
      roomId,
      records: Array.from({ length: count }, () => detection(1, { userId, detectType })),
    });
  await add("r1", "earPhone", 2);
  for (let n = 0; n < 11; n++) await add("r0", "watch", 500);
  await using open = await fixture.openConsole({
    role: "admin",
    path: `exams/${examId}/records?type=earPhone`,
  });
  const { page, check, picture } = open;
  await page.getByText("2 shown, others hidden by filters").waitFor();
  await page.getByText("These are all records that match these filters.").waitFor();
  await expect.poll(() => page.getByRole("row").count()).toBe(3);
  await check();
  await picture("records-many");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByText(/The newest 5,100 records are read/).waitFor();
  await page.getByRole("searchbox").fill("ouyang");
  await page.getByText("2 shown, others hidden by filters").waitFor();

  await admin.participant.remove({ roomId, userId: "r1", withRecords: true });
  await page.getByText("Nothing matches these filters").waitFor();
  await check();
});

it("are found among more types than a page can show as buttons", async () => {
  const { admin } = fixture;
  const { id: examId } = await admin.exam.create({
    name: "Own detectors",
    startTime: new Date(),
    endTime: new Date(Date.now() + 3_600_000),
  });
  const { id: roomId } = await admin.room.create({
    examId,
    name: "Room 1",
    participants: [{ userId: "d1", name: "王芳", role: "examinee" }],
  });
  for (let from = 0; from < 1500; from += 500)
    await admin.cheat.addRecords({
      roomId,
      records: Array.from({ length: 500 }, (_, n) =>
        detection(1, { userId: "d1", detectType: `detector-${from + n}` }),
      ),
    });
  await using open = await fixture.openConsole({ role: "admin", path: `exams/${examId}/records` });
  const { page, check, picture } = open;
  const field = page.getByRole("combobox", { name: "Detection" });
  await field.waitFor();
  await page.getByText("You see the records of all rooms.").waitFor();
  expect(await page.getByRole("radio").count()).toBeLessThan(20);
  await check();
  await field.click();
  const options = page.getByRole("listbox").getByRole("option");
  await options.first().waitFor();
  expect(await options.count()).toBeLessThan(100);
  await check();
  await field.fill("or-1234");
  await expect.poll(() => options.allTextContents()).toEqual(["detector-1234"]);
  await picture("records-types");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/type=detector-1234/);
  await expect.poll(() => page.getByRole("row").count()).toBe(2);
  await page.reload();
  await expect.poll(() => field.inputValue()).toBe("detector-1234");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await expect.poll(() => field.inputValue()).toBe("");
  await page.setViewportSize({ width: 360, height: 740 });
  await check();
  await picture("records-types-360");
});

it.each(["en", "zh-CN"] as const)(
  "the records break no rule of accessibility, in light and dark and on a phone, in %s",
  async (locale) => {
    await using open = await fixture.openConsole({
      role: "admin",
      locale,
      path: `exams/${exam.id}/records`,
    });
    const { page, checkLooks } = open;
    await checkLooks(
      () => page.getByText(textsOf(locale)("records.scope.all")).waitFor(),
      `records-${locale}`,
    );
    // Which one is open is in the address.
    await page.getByRole("row").nth(2).click();
    await checkLooks(
      () => page.getByRole("button", { name: textsOf(locale)("common.confirm.close") }).waitFor(),
      `records-open-${locale}`,
    );
  },
);
