import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";
import { MORNING, type Morning, openMorning } from "./support/morning.js";

/** What the overview says of six at once. The time beside it is a minute, or two if the next one had begun. */
const BURST = { en: "6 disconnected", "zh-CN": "6 人掉线" } as const;

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
  const t = textsOf(locale);

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
    const row = page
      .getByRole("grid", { name: t("overview.looks.title") })
      .getByRole("row", { name: t("overview.looks.several", { hall: "Hall A", count: 2 }) });
    await row.getByText(patternOf(`${BURST[locale]}${UNKNOWN}${t("overview.reasons.oneCause")}`)).waitFor();
    await check();
    await picture(`overview-burst-${locale}`);
    await morning.come(at(hit, 0));
    await row
      .getByText(patternOf(`${BURST[locale]}${UNKNOWN}${t("overview.reasons.back", { count: 1 })}`))
      .waitFor();

    await page
      .getByRole("main")
      .getByRole("link", { name: t("overview.tiles.disconnected") })
      .first()
      .click();
    await page.waitForURL(/candidates\?state=disconnected/);
    const list = page.getByRole("grid", { name: t("candidates.title") });
    await list.getByRole("row", { name: at(hit, 5).userId }).hover();
    await morning.leave(at(morning.candidates, 30));
    await page.getByRole("button", { name: t("common.table.changed", { count: 1 }) }).click();
    await list.getByRole("row", { name: at(morning.candidates, 30).userId }).waitFor();
    await page.getByText(t("common.filter.hides", { count: 54 })).waitFor();
    await check();
    // A row that stands still under the pointer keeps the name of who is gone.
    const { userId, roomId, name } = at(hit, 4);
    await list.getByRole("row", { name: at(hit, 5).userId }).hover();
    await fixture.admin.participant.remove({ roomId, userId });
    await page.getByRole("button", { name: t("common.table.changed", { count: 1 }) }).waitFor();
    await list.getByRole("row", { name: userId }).getByText(name, { exact: true }).waitFor();
    await page.getByRole("button", { name: t("common.table.changed", { count: 1 }) }).click();
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
    await page.getByRole("button", { name: t("watching.acts.message"), exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(t("watching.message.text")).fill("Please look at the board.");
    await check();
    await dialog.getByRole("button", { name: t("watching.message.action"), exact: true }).dblclick();
    await dialog.getByText(t("common.bulk.people.failed", { failed: 1, total: 3 })).waitFor();
    await dialog.getByText(t("common.error.reasons.FORBIDDEN")).waitFor();
    await check();
    await picture(`message-failed-${locale}`);
    // A second operator lets the first one in.
    await fixture.admin.participant.add({
      roomId: other.id,
      participants: [{ userId: "t1", name: "Zhou Jing", role: "teacher" }],
    });
    await dialog.getByRole("button", { name: t("common.bulk.people.retry", { count: 1 }) }).click();
    await dialog.getByText(t("common.bulk.people.done", { count: 3 })).waitFor();
    await dialog
      .getByRole("button", { name: t("common.confirm.close") })
      .last()
      .click();
    for (const { roomId, userId } of [at(chosen, 0), at(chosen, 2)]) {
      const { messages } = await fixture.admin.im.history({ roomId });
      expect(messages.filter(({ to }) => to?.includes(userId))).toHaveLength(1);
    }

    await page.getByRole("button", { name: t("watching.acts.time"), exact: true }).click();
    await dialog.getByLabel(t("watching.control.minutes"), { exact: true }).fill("15");
    await dialog.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("technical");
    await dialog.getByRole("button", { name: t("watching.control.action.give"), exact: true }).click();
    await dialog
      .getByRole("button", { name: t("common.confirm.close") })
      .last()
      .click();
    const minutesOf = async () => {
      const { people } = await fixture.admin.exam.people({ examId: morning.examId });
      return chosen.map(
        ({ userId }) => people.find((one) => one.userId === userId)?.attempt?.extendedMinutes,
      );
    };
    await page.getByRole("button", { name: t("common.undo.action") }).waitFor();
    expect(await minutesOf()).toEqual([15, 15, 15]);
    await page.getByRole("button", { name: t("common.undo.action") }).click();
    await page.getByText(t("common.undo.undone"), { exact: true }).waitFor();
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
    await page.getByRole("button", { name: t("common.menu.label", { name: "Zhou Jing" }) }).click();
    await page
      .getByRole("menuitemradio", { name: t("common.menu.redFrom", { count: 5 }), checked: true })
      .waitFor();
    await check();
    await picture(`menu-${locale}`);
    await page.getByRole("menuitemradio", { name: t("common.menu.redFrom", { count: 3 }) }).click();
    await row.locator("[data-tone=red]").first().waitFor();
    await page.goto(`${fixture.url}/console/exams/${morning.examId}/rooms/${who.roomId}`);
    await page.getByRole("listitem").filter({ hasText: who.name }).locator("[data-red]").first().waitFor();
    await page.getByRole("button", { name: t("common.menu.label", { name: "Zhou Jing" }) }).click();
    await page
      .getByRole("menuitemradio", { name: t("common.menu.redFrom", { count: 3 }), checked: true })
      .waitFor();
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
    await page.getByRole("heading", { name: t("overview.title") }).waitFor();
    expect(await page.getByRole("button", { name: t("watching.acts.endExam") }).count()).toBe(0);
    expect(await page.getByRole("button", { name: t("watching.acts.messageRooms") }).count()).toBe(0);
    await check();
  });
});
