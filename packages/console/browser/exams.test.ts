import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture, PASSWORD } from "./support/console.js";
import { STORY_LANGUAGES, textsOf } from "./support/languages.js";

const HOUR = 3_600_000;
let fixture: AppFixture;

beforeAll(async () => {
  fixture = await openAppFixture();
  const now = Date.now();
  const exam = (name: string, fromHours: number, hours: number) =>
    fixture.teacher.exam.create({
      name,
      startTime: new Date(now + fromHours * HOUR),
      endTime: new Date(now + (fromHours + hours) * HOUR),
    });
  await exam("Mathematics A", -0.5, 2.5);
  await exam("高等数学（下）期末考试", -0.5, 2);
  await exam("Physics B", 20, 2);
  await exam("Chemistry, resit", 44, 1.5);
  await exam("English, spring", -50, 2);
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(STORY_LANGUAGES)("the exams, in %s", (locale) => {
  const t = textsOf(locale);

  it("are there after signing in at a deep link, can be filtered, and the filter is in the address", async () => {
    await using open = await fixture.openConsole({ locale, path: "?view=running" });
    const { page, check, picture } = open;
    await page.getByRole("heading", { name: t("common.signIn.submit") }).waitFor();
    await check();
    await picture(`sign-in-${locale}`);
    await page.getByLabel(t("common.signIn.user")).fill("boss");
    await page.getByLabel(t("common.signIn.password"), { exact: true }).fill("not the password");
    await page.getByRole("button", { name: t("common.signIn.submit") }).click();
    await page.getByText(t("common.signIn.refused")).waitFor();
    await page.getByLabel(t("common.signIn.password"), { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: t("common.signIn.submit") }).click();
    await page.getByText("Mathematics A").waitFor();
    expect(new URL(page.url()).search).toBe("?view=running");
    expect(await page.getByRole("row").count()).toBe(3);
    const { exams } = await fixture.admin.exam.list({ pageSize: 100 });
    await page.getByText(t("common.filter.hides", { count: exams.length - 2 })).waitFor();
    await check();
    await page.getByRole("searchbox").fill("math");
    await page.waitForURL(/q=math/);
    await page.goBack();
    await page.getByRole("heading", { name: t("common.signIn.submit") }).waitFor({ state: "hidden" });
  });

  it("are made, deleted after their name was typed, and restored by the undo", async () => {
    await using open = await fixture.openConsole({ role: "admin", locale });
    const { page, check } = open;
    const name = `History ${locale}`;
    await page.getByRole("button", { name: t("exams.create") }).click();
    await page.getByRole("dialog").getByLabel(t("exams.form.name")).fill(name);
    await check();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("exams.form.submit") })
      .click();
    // Headings of the check list contain the same words, such as “No video service is set up”.
    await page.getByRole("heading", { name: t("setup.title"), level: 1 }).waitFor();
    await page
      .getByRole("navigation")
      .getByRole("link", { name: t("common.places.exams"), exact: true })
      .click();
    await page.getByRole("button", { name: t("exams.menu.label", { name }) }).click();
    await page.getByRole("menuitem", { name: t("exams.menu.delete") }).waitFor();
    await check();
    await page.getByRole("menuitem", { name: t("exams.menu.delete") }).click();
    const remove = page.getByRole("button", { name: t("exams.delete.action") });
    expect(await remove.isDisabled()).toBe(true);
    await page
      .getByRole("dialog")
      .getByText(t("exams.delete.text", { days: 7 }))
      .waitFor();
    await page.getByLabel(t("common.confirm.typeName", { name })).fill(name);
    await check();
    await remove.click();
    await page.getByRole("row", { name }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: t("common.undo.action") }).click();
    await page.getByRole("row", { name }).waitFor();
    await check();

    // A copy has a name of its own, and one of two equal names is told from the other.
    await page.getByRole("button", { name: t("exams.menu.label", { name }) }).click();
    await page.getByRole("menuitem", { name: t("exams.menu.duplicate") }).click();
    const copyName = page.getByRole("dialog").getByLabel(t("exams.form.name"));
    expect(await copyName.inputValue()).toBe(`${name} (2)`);
    await copyName.fill(name);
    await page.getByRole("button", { name: t("exams.form.submitDuplicate") }).click();
    await page.getByRole("heading", { name: t("setup.title"), level: 1 }).waitFor();
    await page
      .getByRole("navigation")
      .getByRole("link", { name: t("common.places.exams"), exact: true })
      .click();
    await page
      .getByRole("button", { name: t("exams.menu.label", { name }) })
      .nth(1)
      .click();
    await page.getByRole("menuitem", { name: t("exams.menu.duplicate") }).click();
    expect(await copyName.inputValue()).toBe(`${name} (2)`);
    await page.keyboard.press("Escape");
    await page
      .getByRole("button", { name: t("exams.menu.label", { name }) })
      .first()
      .click();
    await page.getByRole("menuitem", { name: t("exams.menu.delete") }).click();
    await page
      .getByRole("dialog")
      .getByText(t("exams.delete.equalNames", { count: 1 }))
      .waitFor();
    expect(await page.getByRole("dialog").getByRole("listitem").count()).toBe(2);
    await check();
    await open.picture(`delete-one-of-two-${locale}`);
  });
});

describe.each(STORY_LANGUAGES)("an exam to come that was deleted and restored, in %s", (locale) => {
  const t = textsOf(locale);

  it("loses no room: all that ended with the deletion are reopened at once, and Overview and Set up say so until then", async () => {
    const name = `Restored ${locale}`;
    const now = Date.now();
    const { id: examId } = await fixture.teacher.exam.create({
      name,
      startTime: new Date(now + 20 * 3_600_000),
      endTime: new Date(now + 22 * 3_600_000),
    });
    const roomIds: string[] = [];
    for (const n of [1, 2, 3]) {
      const room = await fixture.teacher.room.create({
        examId,
        name: `Hall ${n}`,
        participants: [{ userId: `r${n}`, name: `Candidate ${n}`, role: "examinee" }],
      });
      roomIds.push(room.id);
    }
    const statuses = () =>
      Promise.all(roomIds.map(async (roomId) => (await fixture.admin.room.get({ roomId })).status));
    // Ended on purpose, before the deletion. The time of a room's end tells the two apart, to the millisecond.
    const [first = ""] = roomIds;
    await fixture.teacher.room.end({ roomId: first });
    const { updatedAt } = await fixture.teacher.room.get({ roomId: first });
    await expect.poll(() => Date.now()).toBeGreaterThan(updatedAt.getTime());
    await fixture.teacher.exam.delete({ examId, withRooms: true });

    await using open = await fixture.openConsole({ role: "admin", locale, path: "?view=deleted" });
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog", { name: t("watching.reopen.title", { count: 2, name: "" }) });
    await page
      .getByRole("row", { name })
      .getByRole("button", { name: t("exams.menu.restore") })
      .click();
    await dialog.waitFor();
    await check();
    await picture(`restored-${locale}`);
    // A note says where the exam is when the dialog is closed.
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });

    await page.goto(`${fixture.url}/console/exams/${examId}/setup`);
    await page
      .getByText(t("setup.items.rooms.missing", { ended: 3 }))
      .first()
      .waitFor();
    await page
      .getByRole("alert")
      .getByText(t("watching.reopen.note", { ended: 3, total: 3 }))
      .waitFor();
    await check();
    await picture(`restored-setup-${locale}`);
    await page.goto(`${fixture.url}/console/exams/${examId}`);
    await page
      .getByRole("alert")
      .getByText(t("watching.reopen.note", { ended: 3, total: 3 }))
      .waitFor();
    await check();
    await picture(`restored-overview-${locale}`);
    await page.setViewportSize({ width: 360, height: 740 });
    await picture(`restored-overview-${locale}-360`);
    await page.setViewportSize({ width: 1440, height: 900 });

    await using ofTeacher = await fixture.openConsole({ role: "teacher", locale, path: `exams/${examId}` });
    await ofTeacher.page.getByRole("alert").getByText(t("watching.reopen.ask")).waitFor();
    expect(
      await ofTeacher.page.getByRole("button", { name: t("watching.reopen.button", { count: 2 }) }).count(),
    ).toBe(0);

    await page.getByRole("button", { name: t("watching.reopen.button", { count: 2 }) }).click();
    await dialog.getByRole("button", { name: t("watching.reopen.action"), exact: true }).dblclick();
    await dialog.getByText(t("common.bulk.rooms.done", { count: 2 })).waitFor();
    await check();
    await dialog
      .getByRole("button", { name: t("common.confirm.close") })
      .last()
      .click();
    expect(await statuses()).toEqual(["ended", "in_progress", "in_progress"]);
    // The one that ended on purpose is still said to have ended, to the teacher as well.
    for (const one of [page, ofTeacher.page])
      await one
        .getByRole("alert")
        .getByText(t("watching.reopen.note", { ended: 1, total: 3 }))
        .waitFor();

    // Deleted and restored once more, the dialog reopens them at once.
    await fixture.teacher.exam.delete({ examId, withRooms: true });
    await page.goto(`${fixture.url}/console/?view=deleted`);
    await page
      .getByRole("row", { name })
      .getByRole("button", { name: t("exams.menu.restore") })
      .click();
    await dialog.getByRole("button", { name: t("watching.reopen.action"), exact: true }).click();
    await dialog.getByText(t("common.bulk.rooms.done", { count: 2 })).waitFor();
    expect(await statuses()).toEqual(["ended", "in_progress", "in_progress"]);
    await fixture.admin.exam.delete({ examId, withRooms: true });
  });
});

it.each(["en", "zh-CN"] as const)(
  "the exams break no rule of accessibility, in light and dark and on a phone, in %s",
  async (locale) => {
    await using open = await fixture.openConsole({ role: "admin", locale });
    await open.checkLooks(() => open.page.getByRole("row").nth(1).waitFor(), `exams-${locale}`);
  },
);
