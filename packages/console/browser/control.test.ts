import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { STORY_LANGUAGES } from "./support/languages.js";
import { type Candidate, MORNING, type Morning, openMorning } from "./support/morning.js";

// Decisions about the attempts of people: who gets time, who pauses and whose exam ends, each from one of the screens that offer it.

const WORDS = {
  en: {
    actions: (name: string) => `Actions for ${name}`,
    time: "Time",
    pause: "Pause",
    resume: "Resume",
    give: "Give more time",
    minutes: "Minutes",
    reason: "Reason",
    message: "Message to the candidate (optional)",
    note: "Note for staff (optional, candidates never see it)",
    changes: (count: number) => new RegExp(`^This changes ${count} candidate`),
    refused: "not possible for 1",
    giveTime: "Give the time",
    failed: "1 of 3 failed.",
    retry: "Try again for 1 person",
    over: "Their exam has ended. Reopen it first.",
    paused: "Paused",
    pausedSince: /^Paused since/,
    undo: "Undo",
    undone: "Undone.",
    close: "Close",
    done: "Done for 3 people.",
    end: "End their exam",
    reopen: "Reopen their exam",
    ended: /^Ended by an invigilator at/,
    left: /left/,
    pausedCount: "3 paused",
    endsAt: /^paused, ends at/,
    rooms: "Done for 2 rooms.",
    inRoom: "3 candidates",
    unchanged: "0 candidates, 3 without a change",
    newLink: "New link",
    overview: "Overview",
    changed: "This has changed since you were asked. Check it, and confirm again.",
    fails: "This was not done",
    decided: /^[\d:]+Paused by Zhou Jing/,
    decidedAll: "Zhou Jing paused the exam of 3 candidates: Disturbance",
  },
  "zh-CN": {
    actions: (name: string) => `${name}的操作`,
    time: "时间",
    pause: "暂停",
    resume: "继续",
    give: "补时",
    minutes: "分钟数",
    reason: "原因",
    message: "给考生的说明（选填）",
    note: "内部备注（选填，考生看不到）",
    changes: (count: number) => new RegExp(`^${count} 名考生会变化`),
    refused: "1 名无法执行",
    giveTime: "补时",
    failed: "3 人中有 1 人未成功。",
    retry: "对这 1 人重试",
    over: "考试已结束，请先恢复其考试。",
    paused: "暂停中",
    pausedSince: /^自 .*起暂停中/,
    undo: "撤销",
    undone: "已撤销。",
    close: "关闭",
    done: "3 人已完成。",
    end: "结束其考试",
    reopen: "恢复其考试",
    ended: /由监考结束$/,
    left: /剩余/,
    pausedCount: "暂停 3",
    endsAt: /^暂停中，.*结束/,
    rooms: "2 个考场已完成。",
    inRoom: "3 名考生",
    unchanged: "0 名考生，另有 3 名不变",
    newLink: "换发链接",
    overview: "总览",
    changed: "以上内容已有变化，请核对后再次确认。",
    fails: "操作未完成",
    decided: /Zhou Jing暂停考试/,
    decidedAll: "Zhou Jing暂停了 3 名考生的考试（受到干扰）",
  },
} as const;

let fixture: AppFixture;
let morning: Morning;
beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  morning = await openMorning(fixture, { name: "Physics", rooms: 2, perRoom: 3 });
  for (const who of morning.candidates) {
    await morning.come(who);
    await morning.publish(who);
  }
});
afterEach(async () => {
  await morning[Symbol.asyncDispose]();
});

const candidate = (n: number): Candidate => {
  const who = morning.candidates[n];
  if (!who) throw new Error(`There is no candidate ${n}.`);
  return who;
};
/** The attempts of candidates, in their order. */
const attempts = async (...numbers: readonly number[]) => {
  const { people } = await fixture.admin.exam.people({ examId: morning.examId });
  return numbers.map((n) => people.find(({ userId }) => userId === candidate(n).userId)?.attempt);
};
const statuses = async (...numbers: readonly number[]) =>
  (await attempts(...numbers)).map((attempt) => attempt?.status ?? "running");
const reason = { code: "other" } as const;

describe.each(STORY_LANGUAGES)("who decides during an exam, in %s", (locale) => {
  const words = WORDS[locale];
  const openPage = (path: string, size: { width?: number; height?: number } = {}) =>
    fixture.openConsole({ role: "teacher", locale, path: `exams/${morning.examId}${path}`, ...size });

  it("pauses a candidate for a reason that the candidate reads, and lets them go on", async () => {
    const { userId, name, roomId } = candidate(0);
    await using open = await openPage(`/candidates/${userId}`);
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    const choose = async (entry: string) => {
      await page.getByRole("button", { name: words.actions(name) }).click();
      await page.getByRole("menuitem", { name: entry, exact: true }).click();
    };
    await choose(words.time);
    await dialog.getByLabel(words.pause, { exact: true }).check();
    const pause = dialog.getByRole("button", { name: words.pause, exact: true });
    // Without a reason, nothing is decided.
    expect(await pause.isDisabled()).toBe(true);
    await dialog.getByLabel(words.reason, { exact: true }).selectOption("technical");
    await dialog.getByLabel(words.message).fill("Please wait, we restart the router.");
    await dialog.getByLabel(words.note).fill("Power cut in hall A.");
    await dialog.getByText(words.changes(1)).waitFor();
    await dialog.getByText(words.endsAt).waitFor();
    await check();
    await picture(`control-pause-${locale}`);
    await pause.dblclick();
    await dialog.waitFor({ state: "detached" });
    await page.getByText(words.pausedSince).first().waitFor();
    expect(await statuses(0, 1)).toEqual(["paused", "running"]);
    const own = fixture.app.as({ sub: userId, role: "examinee", room: roomId });
    const { entries } = await own.exam.entries({ examId: morning.examId });
    expect(entries).toMatchObject([{ kind: "pause", message: "Please wait, we restart the router." }]);
    const line = page.getByRole("listitem").filter({ hasText: words.decided });
    await line.filter({ hasText: "Please wait, we restart the router." }).waitFor();
    expect(await line.filter({ hasText: "Power cut in hall A." }).count()).toBe(1);
    await check();
    await picture(`control-paused-${locale}`);

    await choose(words.time);
    // Who is paused is probably to go on.
    expect(await dialog.getByLabel(words.resume, { exact: true }).isChecked()).toBe(true);
    await dialog.getByLabel(words.reason, { exact: true }).selectOption("technical");
    await dialog.getByRole("button", { name: words.resume, exact: true }).click();
    await dialog.waitFor({ state: "detached" });
    await page.getByText(words.pausedSince).first().waitFor({ state: "detached" });
    expect(await statuses(0)).toEqual(["running"]);
    await page.getByRole("button", { name: words.undo }).last().click();
    await page.getByText(words.pausedSince).first().waitFor();
  });

  it("gives a selection more time after a look at what it changes, tries again for one, and undoes it", async () => {
    const { userId, name, roomId } = candidate(1);
    await fixture.teacher.attempt.terminate({ roomId, userIds: [userId], reason, key: "before" });
    await using open = await openPage("/candidates?sort=id");
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    for (const n of [0, 1, 3])
      await page
        .getByRole("row", { name: candidate(n).userId })
        .getByRole("checkbox")
        .check();
    await page.getByRole("toolbar").getByRole("button", { name: words.time, exact: true }).click();
    await dialog.getByLabel(words.minutes, { exact: true }).fill("15");
    await dialog.getByLabel(words.reason, { exact: true }).selectOption("connection");
    await dialog.getByText(words.changes(2)).waitFor();
    await dialog.getByText(words.refused).waitFor();
    await dialog.getByRole("listitem").filter({ hasText: name }).getByText(words.over).waitFor();
    await check();
    await picture(`control-extend-${locale}`);
    await dialog.getByRole("button", { name: words.giveTime, exact: true }).dblclick();
    await dialog.getByText(words.failed).waitFor();
    await dialog.getByRole("listitem").filter({ hasText: name }).getByText(words.over).waitFor();
    await picture(`control-extended-${locale}`);
    await fixture.teacher.attempt.reopen({ roomId, userIds: [userId], reason, key: "again" });
    await dialog.getByRole("button", { name: words.retry }).click();
    await dialog.getByText(words.done).waitFor();
    await picture(`control-given-${locale}`);
    const minutes = async () => (await attempts(0, 1, 3)).map((attempt) => attempt?.extendedMinutes);
    expect(await minutes()).toEqual([15, 15, 15]);
    await dialog.getByRole("button", { name: words.close }).last().click();
    await page.getByRole("row", { name: userId }).getByText("+15").waitFor();
    await picture(`control-list-${locale}`);
    await page.getByRole("button", { name: words.undo }).click();
    await page.getByText(words.undone, { exact: true }).waitFor();
    expect(await minutes()).toEqual([0, 0, 0]);
  });

  it("asks again before it pauses someone whom a colleague has extended, and keeps what was typed", async () => {
    const { userId, name, roomId } = candidate(0);
    await using open = await openPage(`/candidates/${userId}`);
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: words.actions(name) }).click();
    await page.getByRole("menuitem", { name: words.time, exact: true }).click();
    await dialog.getByLabel(words.pause, { exact: true }).check();
    await dialog.getByLabel(words.reason, { exact: true }).selectOption("technical");
    await dialog.getByLabel(words.message).fill("Please wait.");
    await dialog.getByText(words.changes(1)).waitFor();
    await dialog.getByText(words.endsAt).waitFor();
    const before = await dialog.getByText(words.endsAt).textContent();
    await fixture.admin.attempt.extend({ roomId, userIds: [userId], minutes: 15, reason, key: "colleague" });
    const pause = dialog.getByRole("button", { name: words.pause, exact: true });
    // Without a network, nothing is decided, and nothing is lost.
    await page.route("**/trpc/attempt.pause*", (route) => route.abort("connectionrefused"));
    await pause.click();
    await dialog.getByText(words.fails).waitFor();
    await page.unroute("**/trpc/attempt.pause*");
    await pause.dblclick();
    await dialog.getByText(words.changed).waitFor();
    expect(await dialog.getByText(words.endsAt).textContent()).not.toBe(before);
    expect(await dialog.getByLabel(words.message).inputValue()).toBe("Please wait.");
    expect(await statuses(0)).toEqual(["running"]);
    await check();
    await picture(`control-changed-${locale}`);
    await page.setViewportSize({ width: 390, height: 844 });
    await check();
    await dialog.getByText(words.changed).scrollIntoViewIfNeeded();
    await picture(`control-changed-phone-${locale}`);
    await pause.click();
    await dialog.waitFor({ state: "detached" });
    expect(await statuses(0)).toEqual(["paused"]);
  });

  it("ends the exam of one, whose page hears it, and reopens it, on a phone", async () => {
    const { userId, name, roomId } = candidate(2);
    await using open = await openPage(`/candidates/${userId}`, { width: 360, height: 740 });
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    const own = fixture.app.as({ sub: userId, role: "examinee", room: roomId });
    const choose = async (entry: string) => {
      await page.getByRole("button", { name: words.actions(name) }).click();
      await page.getByRole("menuitem", { name: entry, exact: true }).click();
      await dialog.getByLabel(words.reason, { exact: true }).selectOption("misconduct");
      await dialog.getByText(words.changes(1)).waitFor();
      await check();
      await picture(`control-${entry === words.end ? "terminate" : "reopen"}-${locale}`);
      await dialog.getByRole("button", { name: entry, exact: true }).click();
      await dialog.waitFor({ state: "detached" });
    };
    await choose(words.end);
    await page.getByText(words.ended).waitFor();
    expect(await own.room.get({ roomId })).toMatchObject({ status: "ended" });
    await check();
    await picture(`control-terminated-${locale}`);
    await choose(words.reopen);
    await page.getByText(words.ended).waitFor({ state: "detached" });
    expect(await own.room.get({ roomId })).toMatchObject({ status: "in_progress" });
    expect(await statuses(0, 1, 2)).toEqual(["running", "running", "running"]);
  });

  it("pauses a whole room, whose tiles and bar say so, and all rooms of the exam", async () => {
    const [room] = morning.rooms;
    await using open = await openPage(`/rooms/${room?.id}`);
    const { page, check, picture } = open;
    const dialog = page.getByRole("dialog");
    const decide = async (place: string, entry: string, done: string, shot?: string) => {
      await page.getByRole("button", { name: words.actions(place) }).click();
      await page.getByRole("menuitem", { name: words.time, exact: true }).click();
      await dialog.getByLabel(entry, { exact: true }).check();
      await dialog.getByLabel(words.reason, { exact: true }).selectOption("disturbance");
      await dialog
        .getByRole("status")
        .filter({ hasText: words.changes(3) })
        .waitFor();
      await check();
      if (shot) await picture(`control-${shot}-${locale}`);
      await dialog.getByRole("button", { name: entry, exact: true }).click();
      await dialog.getByText(done).waitFor();
    };
    await decide(room?.name ?? "", words.pause, words.done);
    await dialog.getByRole("button", { name: words.close }).last().click();
    await page.getByText(words.pausedCount).waitFor();
    await page.getByRole("button", { name: words.undo }).click();
    await page.getByText(words.pausedCount).waitFor({ state: "detached" });
    await decide(room?.name ?? "", words.pause, words.done);
    await dialog.getByRole("button", { name: words.close }).last().click();
    await page.getByText(words.pausedCount).waitFor();
    const tiles = page.getByRole("listitem").filter({ has: page.locator("[data-camera]") });
    await expect.poll(() => tiles.filter({ hasText: words.paused }).count()).toBe(3);
    expect(await statuses(0, 1, 2, 3)).toEqual(["paused", "paused", "paused", "running"]);
    await check();
    // What was decided at once is one line, each time.
    await expect.poll(() => page.getByText(words.decidedAll).count()).toBe(2);
    await page.reload();
    await expect.poll(() => page.getByText(words.decidedAll).count()).toBe(2);
    await picture(`control-room-${locale}`);
    await page.goto(`${fixture.url}/console/exams/${morning.examId}`);
    await decide(words.overview, words.pause, words.rooms, "exam");
    // The people of the first room were paused before.
    await dialog.getByText(words.inRoom, { exact: true }).waitFor();
    await dialog.getByText(words.unchanged).waitFor();
    expect(await statuses(0, 1, 2, 3, 4, 5)).toEqual(Array(6).fill("paused"));
    await picture(`control-exam-done-${locale}`);
  });
});

it("offers no more than the exam allows, and a new link to those whose time goes on after their link", async () => {
  const { userId, name, roomId } = candidate(0);
  // The room has a teacher besides the exam's creator.
  const examId = (
    await fixture.admin.exam.create({
      name: "Chemistry",
      startTime: new Date(Date.now() - 3_600_000),
      endTime: new Date(Date.now() + 3_600_000),
    })
  ).id;
  const own = await fixture.admin.room.create({
    examId,
    name: "Hall Z",
    participants: [
      { userId: "t1", name: "Zhou Jing", role: "teacher" },
      { userId: "z1", name: "Zora", role: "examinee" },
    ],
  });
  await fixture.admin.exam.update({ examId, controlledBy: "creator", maxRoomMinutes: 10 });
  await using open = await fixture.openConsole({ role: "teacher", path: `exams/${examId}/candidates/z1` });
  const { page } = open;
  const dialog = page.getByRole("dialog");
  const actions = page.getByRole("button", { name: "Actions for Zora" });
  await actions.click();
  await page.getByRole("menuitem", { name: "Time", exact: true }).waitFor();
  expect(await page.getByRole("menuitem", { name: "End their exam" }).count()).toBe(0);
  await page.getByRole("menuitem", { name: "Time", exact: true }).click();
  await dialog.getByRole("radio", { name: "Pause" }).waitFor();
  expect(await dialog.getByRole("radio").count()).toBe(2);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await fixture.admin.exam.update({ examId, controlledBy: "rooms" });
  await page.reload();
  await actions.click();
  await page.getByRole("menuitem", { name: "Time", exact: true }).click();
  await dialog.getByText("You may give a candidate at most 10 minutes in total.").waitFor();
  await dialog.getByLabel("Minutes", { exact: true }).fill("11");
  await dialog.getByText("These would be more minutes in total than allowed.").waitFor();
  expect((await fixture.admin.room.get({ roomId: own.id })).id).toBe(own.id);

  await page.goto(`${fixture.url}/console/exams/${morning.examId}/candidates/${userId}`);
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Time", exact: true }).click();
  await dialog.getByLabel("Minutes", { exact: true }).fill("600");
  await dialog.getByLabel("Reason", { exact: true }).selectOption("health");
  await dialog.getByText("needs a new link").waitFor();
  await dialog.getByRole("button", { name: "Give the time" }).click();
  await dialog.getByRole("button", { name: "New link" }).click();
  await dialog.getByRole("button", { name: "Make new links" }).click();
  await dialog.getByLabel(`QR code of the link of ${name}`).waitFor();
  expect((await fixture.admin.participant.get({ roomId, userId })).extraMinutes).toBe(0);
});
