import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { STORY_LANGUAGES } from "./support/languages.js";
import { MORNING, type Morning, openMorning } from "./support/morning.js";

const WORDS = {
  en: {
    overview: "Overview",
    candidates: "Candidates",
    look: "Rooms that need a look",
    burst: /Hall A · 2 rooms/,
    cause: /6 disconnected .*one cause\?/,
    back: /6 disconnected .*1 back/,
    disconnected: /disconnected/,
    hides: "54 hidden by filters",
    changed: /Show 1 change/,
    select: (name: string) => `Select ${name}`,
    message: "Message",
    text: "Message",
    send: "Send",
    failed: "1 of 3 failed.",
    forbidden: "Your role may not do this. Ask the exam's creator or an administrator.",
    retry: "Try again for 1 person",
    done: "Done for 3 people.",
    time: "Time",
    field: "Minutes",
    reason: "Reason",
    give: "Give the time",
    close: "Close",
    undo: "Undo",
    undone: "Undone.",
    end: "End the exam",
    messageRooms: "Message rooms",
    menu: "Zhou Jing, menu",
    redFrom: (count: number) => `Mark red at ${count}+ detections`,
  },
  "zh-CN": {
    overview: "总览",
    candidates: "考生",
    look: "需要关注的考场",
    burst: /Hall A · 2 个考场/,
    cause: /6 人掉线.*可能是同一原因/,
    back: /6 人掉线.*1 人已恢复/,
    disconnected: /掉线/,
    hides: "筛选隐藏了 54 条",
    changed: /1 处变化，点击显示/,
    select: (name: string) => `选择${name}`,
    message: "发消息",
    text: "消息内容",
    send: "发送",
    failed: "3 人中有 1 人未成功。",
    forbidden: "你的角色没有这个权限。请联系考试创建者或管理员。",
    retry: "对这 1 人重试",
    done: "3 人已完成。",
    time: "时间",
    field: "分钟数",
    reason: "原因",
    give: "补时",
    close: "关闭",
    undo: "撤销",
    undone: "已撤销。",
    end: "结束考试",
    messageRooms: "向考场发消息",
    menu: "Zhou Jing，菜单",
    redFrom: (count: number) => `检测达 ${count} 次标红`,
  },
} as const;

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

/** An exam of 60 in six rooms, in which everybody is there and sends a picture. */
const openExam = async (name: string): Promise<Morning> => {
  const morning = await openMorning(fixture, {
    name,
    rooms: 6,
    perRoom: 10,
    roomName: (n) => (n < 3 ? `Hall A ${n + 1}` : `Hall B ${n + 1}`),
  });
  for (const who of morning.candidates) {
    await morning.come(who);
    await morning.publish(who);
  }
  for (const { id } of morning.rooms) await morning.come({ userId: "t1", roomId: id }, "main", "teacher");
  return morning;
};
const at = <Item>(items: readonly Item[], index: number): Item => {
  const item = items[index];
  if (item === undefined) throw new Error(`There is no item ${index}.`);
  return item;
};

it("shows numbers that agree, and cuts no reason off while there is room for it", async () => {
  await using morning = await openExam("Geography");
  for (const n of [0, 1, 2]) await morning.leave(at(morning.candidates, n));
  for (const n of [3, 4, 5, 6, 7, 8, 9, 10]) await morning.detect(at(morning.candidates, n), 5);
  await using open = await fixture.openConsole({ role: "admin", width: 1440, height: 900 });
  const { page, check } = open;
  // The server counts whole minutes: in the last one, no person had come yet.
  await page.route(/exam\.series/, async (route) => {
    const response = await route.fetch();
    const body: unknown = await response.json();
    const start = new Date(Math.floor(Date.now() / 60_000 - 3) * 60_000).toISOString();
    const zeros = { start, present: [0, 0, 0], publishing: [0, 0, 0], detections: [0, 0, 0] };
    for (const { result } of [body].flat() as { result: { data: { json: object } } }[])
      if ("present" in result.data.json) Object.assign(result.data.json, zeros);
    await route.fulfill({ response, json: body });
  });
  await page.goto(`${fixture.url}/console/exams/${morning.examId}`);
  await page.getByRole("link", { name: /^57\s*here\s*of 60$/ }).waitFor();
  await page.getByRole("link", { name: /^8\s*with detections\s*8 in the last 10 min$/ }).waitFor();
  const [present, publishing, detections] = [0, 1, 2].map((n) => page.getByRole("figure").nth(n));
  await expect.poll(() => present?.textContent()).toMatch(/^here 57/);
  expect(await publishing?.textContent()).toMatch(/^video on 60/);
  // Numbers of another time say which.
  expect(await detections?.textContent()).toMatch(/^detections at \d\d:\d\d 0/);

  const row = page
    .getByRole("grid", { name: "Rooms that need a look" })
    .getByRole("row", { name: /Hall A 1/ });
  await row.getByText(/7 people with detections/).waitFor();
  const reasons = row.getByText(/3 disconnected|people with detections/);
  expect(
    await reasons.evaluateAll((all) => all.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)),
  ).toEqual([0, 0]);
  const cell = await row.getByRole("gridcell").filter({ hasText: "people with detections" }).boundingBox();
  for (const reason of await reasons.all()) {
    const box = await reason.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual((cell?.x ?? 0) + (cell?.width ?? 0));
  }
  await check();

  const { id, name } = at(morning.rooms, 0);
  await page.goto(`${fixture.url}/console/exams/${morning.examId}/rooms/${id}`);
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: "End the room" }).click();
  const dialog = page.getByRole("dialog", { name: `End ${name} for 10 people?` });
  await dialog.getByText(/^7 of them are here, and their pages end at once: (.+, ){6}and .+$/).waitFor();
});

describe.each(STORY_LANGUAGES)("who watches an exam, in %s", (locale) => {
  const words = WORDS[locale];

  it("is told one cause once, opens who was hit, and rows stand still under the pointer", async () => {
    await using morning = await openExam("Physics");
    const hit = [0, 1, 2, 10, 11, 12].map((n) => at(morning.candidates, n));
    for (const who of hit) await morning.leave(who);
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      path: `exams/${morning.examId}`,
    });
    const { page, check, picture } = open;
    const row = page.getByRole("grid", { name: words.look }).getByRole("row", { name: words.burst });
    await row.getByText(words.cause).waitFor();
    await check();
    await picture(`overview-burst-${locale}`);
    await morning.come(at(hit, 0));
    await row.getByText(words.back).waitFor();

    await page.getByRole("main").getByRole("link", { name: words.disconnected }).first().click();
    await page.waitForURL(/candidates\?state=disconnected/);
    const list = page.getByRole("grid", { name: words.candidates });
    await list.getByRole("row", { name: at(hit, 5).userId }).hover();
    await morning.leave(at(morning.candidates, 30));
    await page.getByRole("button", { name: words.changed }).click();
    await list.getByRole("row", { name: at(morning.candidates, 30).userId }).waitFor();
    await page.getByText(words.hides).waitFor();
    await check();
    // A row that stands still under the pointer keeps the name of who is gone.
    const { userId, roomId, name } = at(hit, 4);
    await list.getByRole("row", { name: at(hit, 5).userId }).hover();
    await fixture.admin.participant.remove({ roomId, userId });
    await page.getByRole("button", { name: words.changed }).waitFor();
    await list.getByRole("row", { name: userId }).getByText(name, { exact: true }).waitFor();
    await page.getByRole("button", { name: words.changed }).click();
    await list.getByRole("row", { name: userId }).waitFor({ state: "detached" });
  });

  it("writes to many, of whom one cannot be reached, and another operator's changes show at once", async () => {
    await using morning = await openExam("History");
    // The exam's creator sees everybody, and may not write to a room that an administrator made.
    const lazyComponent = { userId: "late1", name: "Late", role: "examinee" } as const;
    const other = await fixture.admin.room.create({
      name: "Hall C 1",
      examId: morning.examId,
      participants: [lazyComponent],
    });
    const chosen = [
      at(morning.candidates, 0),
      at(morning.candidates, 1),
      { userId: lazyComponent.userId, roomId: other.id },
    ];
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      path: `exams/${morning.examId}/candidates?sort=id`,
    });
    const { page, check, picture } = open;
    await page.getByRole("row", { name: at(chosen, 0).userId }).waitFor();
    for (const { userId } of chosen) {
      await page.getByRole("searchbox").fill(userId);
      await page.getByRole("row", { name: userId }).getByRole("checkbox").check();
    }
    await page.getByRole("searchbox").fill("");
    await page.getByRole("button", { name: words.message, exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(words.text).fill("Please look at the board.");
    await check();
    await dialog.getByRole("button", { name: words.send, exact: true }).dblclick();
    await dialog.getByText(words.failed).waitFor();
    await dialog.getByText(words.forbidden).waitFor();
    await check();
    await picture(`message-failed-${locale}`);
    // A second operator lets the first one in.
    await fixture.admin.participant.add({
      roomId: other.id,
      participants: [{ userId: "t1", name: "Zhou Jing", role: "teacher" }],
    });
    await dialog.getByRole("button", { name: words.retry }).click();
    await dialog.getByText(words.done).waitFor();
    await dialog.getByRole("button", { name: words.close }).last().click();
    for (const { roomId, userId } of [at(chosen, 0), at(chosen, 2)]) {
      const { messages } = await fixture.admin.im.history({ roomId });
      expect(messages.filter(({ to }) => to?.includes(userId))).toHaveLength(1);
    }

    await page.getByRole("button", { name: words.time, exact: true }).click();
    await dialog.getByLabel(words.field, { exact: true }).fill("15");
    await dialog.getByLabel(words.reason, { exact: true }).selectOption("technical");
    await dialog.getByRole("button", { name: words.give, exact: true }).click();
    await dialog.getByRole("button", { name: words.close }).last().click();
    const minutesOf = async () => {
      const { people } = await fixture.admin.exam.people({ examId: morning.examId });
      return chosen.map(
        ({ userId }) => people.find((one) => one.userId === userId)?.attempt?.extendedMinutes,
      );
    };
    await page.getByRole("button", { name: words.undo }).waitFor();
    expect(await minutesOf()).toEqual([15, 15, 15]);
    await page.getByRole("button", { name: words.undo }).click();
    await page.getByText(words.undone, { exact: true }).waitFor();
    expect(await minutesOf()).toEqual([0, 0, 0]);
  });

  it("marks red at as many detections as they chose in the menu, on the list and in the room, and after a reload", async () => {
    await using morning = await openExam("Geography");
    const who = at(morning.candidates, 4);
    await morning.detect(who, 3);
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      path: `exams/${morning.examId}/candidates`,
    });
    const { page, check, picture } = open;
    const row = page.getByRole("row", { name: who.userId });
    await row.locator("[data-tone=amber]").first().waitFor();
    expect(await row.locator("[data-tone=red]").count()).toBe(0);
    await page.getByRole("button", { name: words.menu }).click();
    await page.getByRole("menuitemradio", { name: words.redFrom(5), checked: true }).waitFor();
    await check();
    await picture(`menu-${locale}`);
    await page.getByRole("menuitemradio", { name: words.redFrom(3) }).click();
    await row.locator("[data-tone=red]").first().waitFor();
    await page.goto(`${fixture.url}/console/exams/${morning.examId}/rooms/${who.roomId}`);
    await page.getByRole("listitem").filter({ hasText: who.name }).locator("[data-red]").first().waitFor();
    await page.getByRole("button", { name: words.menu }).click();
    await page.getByRole("menuitemradio", { name: words.redFrom(3), checked: true }).waitFor();
  });

  it("may only look, as an inspector, and sees the people of their rooms", async () => {
    await using morning = await openExam("Art");
    await fixture.teacher.participant.add({
      roomId: at(morning.rooms, 2).id,
      participants: [{ userId: "i1", name: "Sun Wei", role: "inspector" }],
    });
    await using open = await fixture.openConsole({
      role: "inspector",
      locale,
      path: `exams/${morning.examId}/candidates`,
    });
    const { page, check } = open;
    await page.getByRole("row", { name: at(morning.candidates, 20).userId }).waitFor();
    expect(await page.getByRole("grid").getAttribute("aria-rowcount")).toBe("11");
    expect(await page.getByRole("checkbox").count()).toBe(0);
    await check();
    await page.goto(`${fixture.url}/console/exams/${morning.examId}`);
    await page.getByRole("heading", { name: words.overview }).waitFor();
    expect(await page.getByRole("button", { name: words.end }).count()).toBe(0);
    expect(await page.getByRole("button", { name: words.messageRooms }).count()).toBe(0);
    await check();
  });
});
