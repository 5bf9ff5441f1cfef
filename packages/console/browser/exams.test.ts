import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture, PASSWORD } from "./support/console.js";
import { STORY_LANGUAGES } from "./support/languages.js";

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

const WORDS = {
  en: {
    signIn: "Sign in",
    user: "User name",
    password: "Password",
    wrong: "The user name or the password is wrong",
    title: "Exams",
    running: /Running/,
    hides: (count: number) => `${count} hidden by filters`,
    create: "New exam",
    name: "Name",
    submit: "Create the exam",
    setup: "Set up",
    exams: "Exams",
    duplicate: "Duplicate",
    duplicateAction: "Duplicate the exam",
    equalNames: "Another exam has this name:",
    actions: (name: string) => `Actions for ${name}`,
    remove: "Delete",
    confirm: (name: string) => `To confirm, type: ${name}`,
    removeAction: "Delete the exam",
    restorable: "An administrator can restore it for 7 days.",
    undo: "Undo",
  },
  "zh-CN": {
    signIn: "登录",
    user: "用户名",
    password: "密码",
    wrong: "用户名或密码不正确",
    title: "考试",
    running: /进行中/,
    hides: (count: number) => `筛选隐藏了 ${count} 条`,
    create: "新建考试",
    name: "名称",
    submit: "新建考试",
    setup: "考试准备",
    exams: "考试",
    duplicate: "复制",
    duplicateAction: "复制考试",
    equalNames: "另有 1 场同名考试：",
    actions: (name: string) => `${name}的操作`,
    remove: "删除",
    confirm: (name: string) => `请输入以下名称确认：${name}`,
    removeAction: "删除考试",
    restorable: "管理员可在 7 天内恢复。",
    undo: "撤销",
  },
} as const;

describe.each(STORY_LANGUAGES)("the exams, in %s", (locale) => {
  const words = WORDS[locale];

  it("are there after signing in at a deep link, can be filtered, and the filter is in the address", async () => {
    await using open = await fixture.openConsole({ locale, path: "?view=running" });
    const { page, check, picture } = open;
    await page.getByRole("heading", { name: words.signIn }).waitFor();
    await check();
    await picture(`sign-in-${locale}`);
    await page.getByLabel(words.user).fill("boss");
    await page.getByLabel(words.password, { exact: true }).fill("not the password");
    await page.getByRole("button", { name: words.signIn }).click();
    await page.getByText(words.wrong).waitFor();
    await page.getByLabel(words.password, { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: words.signIn }).click();
    await page.getByText("Mathematics A").waitFor();
    expect(new URL(page.url()).search).toBe("?view=running");
    expect(await page.getByRole("row").count()).toBe(3);
    const { exams } = await fixture.admin.exam.list({ pageSize: 100 });
    await page.getByText(words.hides(exams.length - 2)).waitFor();
    await check();
    await page.getByRole("searchbox").fill("math");
    await page.waitForURL(/q=math/);
    await page.goBack();
    await page.getByRole("heading", { name: words.signIn }).waitFor({ state: "hidden" });
  });

  it("are made, deleted after their name was typed, and restored by the undo", async () => {
    await using open = await fixture.openConsole({ role: "admin", locale });
    const { page, check } = open;
    const name = `History ${locale}`;
    await page.getByRole("button", { name: words.create }).click();
    await page.getByRole("dialog").getByLabel(words.name).fill(name);
    await check();
    await page.getByRole("dialog").getByRole("button", { name: words.submit }).click();
    // Headings of the check list contain the same words, such as “No video service is set up”.
    await page.getByRole("heading", { name: words.setup, level: 1 }).waitFor();
    await page.getByRole("navigation").getByRole("link", { name: words.exams, exact: true }).click();
    await page.getByRole("button", { name: words.actions(name) }).click();
    await page.getByRole("menuitem", { name: words.remove }).waitFor();
    await check();
    await page.getByRole("menuitem", { name: words.remove }).click();
    const remove = page.getByRole("button", { name: words.removeAction });
    expect(await remove.isDisabled()).toBe(true);
    await page.getByRole("dialog").getByText(words.restorable).waitFor();
    await page.getByLabel(words.confirm(name)).fill(name);
    await check();
    await remove.click();
    await page.getByRole("row", { name }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: words.undo }).click();
    await page.getByRole("row", { name }).waitFor();
    await check();

    // A copy has a name of its own, and one of two equal names is told from the other.
    await page.getByRole("button", { name: words.actions(name) }).click();
    await page.getByRole("menuitem", { name: words.duplicate }).click();
    const copyName = page.getByRole("dialog").getByLabel(words.name);
    expect(await copyName.inputValue()).toBe(`${name} (2)`);
    await copyName.fill(name);
    await page.getByRole("button", { name: words.duplicateAction }).click();
    await page.getByRole("heading", { name: words.setup, level: 1 }).waitFor();
    await page.getByRole("navigation").getByRole("link", { name: words.exams, exact: true }).click();
    await page
      .getByRole("button", { name: words.actions(name) })
      .nth(1)
      .click();
    await page.getByRole("menuitem", { name: words.duplicate }).click();
    expect(await copyName.inputValue()).toBe(`${name} (2)`);
    await page.keyboard.press("Escape");
    await page
      .getByRole("button", { name: words.actions(name) })
      .first()
      .click();
    await page.getByRole("menuitem", { name: words.remove }).click();
    await page.getByRole("dialog").getByText(words.equalNames).waitFor();
    expect(await page.getByRole("dialog").getByRole("listitem").count()).toBe(2);
    await check();
    await open.picture(`delete-one-of-two-${locale}`);
  });
});

describe.each(STORY_LANGUAGES)("an exam to come that was deleted and restored, in %s", (locale) => {
  const texts =
    locale === "en"
      ? {
          restore: "Restore",
          dialog: "Reopen 2 rooms?",
          reopen: "Reopen",
          done: "Done for 2 rooms.",
          close: "Close",
          ended: "3 of 3 rooms have ended",
          one: "1 of 3 rooms has ended",
          button: "Reopen 2 rooms",
          ask: "An administrator can reopen them.",
          all: "All 3 rooms have ended",
        }
      : {
          restore: "恢复",
          dialog: "重新开启 2 个考场？",
          reopen: "重新开启",
          done: "2 个考场已完成。",
          close: "关闭",
          ended: "3 个考场中有 3 个已结束",
          one: "3 个考场中有 1 个已结束",
          button: "重新开启 2 个考场",
          ask: "管理员可以重新开启。",
          all: "3 个考场均已结束",
        };

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
    const dialog = page.getByRole("dialog", { name: texts.dialog });
    await page.getByRole("row", { name }).getByRole("button", { name: texts.restore }).click();
    await dialog.waitFor();
    await check();
    await picture(`restored-${locale}`);
    // A note says where the exam is when the dialog is closed.
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });

    await page.goto(`${fixture.url}/console/exams/${examId}/setup`);
    await page.getByText(texts.all).first().waitFor();
    await page.getByRole("alert").getByText(texts.ended).waitFor();
    await check();
    await picture(`restored-setup-${locale}`);
    await page.goto(`${fixture.url}/console/exams/${examId}`);
    await page.getByRole("alert").getByText(texts.ended).waitFor();
    await check();
    await picture(`restored-overview-${locale}`);
    await page.setViewportSize({ width: 360, height: 740 });
    await picture(`restored-overview-${locale}-360`);
    await page.setViewportSize({ width: 1440, height: 900 });

    await using ofTeacher = await fixture.openConsole({ role: "teacher", locale, path: `exams/${examId}` });
    await ofTeacher.page.getByRole("alert").getByText(texts.ask).waitFor();
    expect(await ofTeacher.page.getByRole("button", { name: texts.button }).count()).toBe(0);

    await page.getByRole("button", { name: texts.button }).click();
    await dialog.getByRole("button", { name: texts.reopen, exact: true }).dblclick();
    await dialog.getByText(texts.done).waitFor();
    await check();
    await dialog.getByRole("button", { name: texts.close }).last().click();
    expect(await statuses()).toEqual(["ended", "in_progress", "in_progress"]);
    // The one that ended on purpose is still said to have ended, to the teacher as well.
    for (const one of [page, ofTeacher.page]) await one.getByRole("alert").getByText(texts.one).waitFor();

    // Deleted and restored once more, the dialog reopens them at once.
    await fixture.teacher.exam.delete({ examId, withRooms: true });
    await page.goto(`${fixture.url}/console/?view=deleted`);
    await page.getByRole("row", { name }).getByRole("button", { name: texts.restore }).click();
    await dialog.getByRole("button", { name: texts.reopen, exact: true }).click();
    await dialog.getByText(texts.done).waitFor();
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
