import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { STORY_LANGUAGES } from "./support/languages.js";

// A candidate raises their hand. An invigilator finds it on each screen, answers it, and sees it in what happened.

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture({ config: { presenceSettleSeconds: 0 } });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

const WORDS = {
  en: {
    waiting: "2 without an answer",
    list: "Raised hands",
    open: /^王芳\. Raised hand: break/,
    filter: /^Raised hand/,
    title: "Raised hand of 王芳",
    note: "Note for colleagues",
    take: "Take",
    taken: /Raised hand: break, .*, with you/,
    takenBy: /Raised hand: technical problem, .*, with Sun Li/,
    grant: "Grant the break",
    onBreak: /^王芳\. On a break/,
    end: "End the break",
    began: "The break began",
    resolved: "The hand is resolved (break): Five minutes",
    seen: "Take the hand",
    conflict: "A colleague has taken this hand, or it is resolved already.",
  },
  "zh-CN": {
    waiting: "待处理 2",
    list: "举手",
    open: /^王芳，举手：休息/,
    filter: /^举手/,
    title: "王芳举手",
    note: "给同事的备注",
    take: "受理",
    taken: /举手：休息，.*，由你受理/,
    takenBy: /举手：设备问题，.*，由Sun Li受理/,
    grant: "准许休息",
    onBreak: /^王芳，休息中/,
    end: "结束休息",
    began: "开始休息",
    resolved: "举手已处理（休息）：Five minutes",
    seen: "受理举手",
    conflict: "已由其他监考受理，或已处理完毕。",
  },
} as const;

describe.each(STORY_LANGUAGES)("a raised hand, in %s", (locale) => {
  const words = WORDS[locale];

  it("is found on each screen, taken, granted and resolved, and stays in what happened", async () => {
    const people = [
      { userId: "e1", name: "王芳" },
      { userId: "e2", name: "Emma Clarke" },
      { userId: "e3", name: "Li Wei" },
    ];
    const hall = await openExamRoom(fixture, { room: `Hall ${locale}`, people });
    const { examId, roomId } = hall;
    const leave = await Promise.all(people.map(({ userId }) => hall.enter(userId)));
    await hall.as("e1").hand.raise({ roomId, kind: "break", text: "May I leave for five minutes?" });
    await hall.as("e2").hand.raise({ roomId, kind: "technical", text: "My camera is dark" });
    await using open = await fixture.openConsole({ role: "teacher", locale, path: `exams/${examId}` });
    const { page, check, picture } = open;
    await page.getByText(words.waiting).waitFor();
    const lines = page.getByRole("list", { name: words.list, exact: true }).getByRole("listitem");
    await expect.poll(() => lines.allTextContents()).toHaveLength(2);
    expect(await lines.first().textContent()).toContain("王芳");
    await check();
    await picture(`hands-overview-${locale}`);

    // By the keyboard: Enter does the first thing that can be done.
    await page.getByRole("button", { name: words.open }).press("Enter");
    const dialog = page.getByRole("dialog", { name: words.title });
    await dialog.getByLabel(words.note).fill("Five minutes");
    await check({ within: "[role=dialog]" });
    await picture(`hands-dialog-${locale}`);
    await dialog.getByLabel(words.note).press("Enter");
    await dialog.waitFor({ state: "detached" });
    await lines.getByText(words.taken).waitFor();

    await page.goto(new URL(`exams/${examId}/candidates?state=hand`, new URL("/console/", page.url())).href);
    await page.getByRole("radio", { name: words.filter }).waitFor();
    await expect.poll(() => page.getByRole("row").filter({ hasText: "Li Wei" }).count()).toBe(0);
    await page.getByText(words.taken).first().waitFor();
    await check();
    await picture(`hands-candidates-${locale}`);

    await page.goto(new URL(`exams/${examId}/rooms/${roomId}`, new URL("/console/", page.url())).href);
    await page.getByRole("button", { name: words.open }).click();
    await dialog.getByRole("button", { name: words.grant }).click();
    await page.getByRole("button", { name: words.onBreak }).waitFor();
    const seen = { isMainMonitor: true, detectTime: new Date(), detectType: "actionPoseHandup" };
    await hall.as("e3").cheat.addRecords({ roomId, records: [{ ...seen, userId: "e3" }] });
    await page.getByRole("button", { name: words.seen }).click();
    const handsOf = async (userId: string) =>
      (await fixture.teacher.hand.list({ roomId, userId })).hands.map(({ status }) => status);
    await expect.poll(() => handsOf("e3")).toEqual(["taken"]);
    await check();
    await picture(`hands-room-${locale}`);
    await page.setViewportSize({ width: 360, height: 720 });
    await picture(`hands-room-phone-${locale}`);
    await page.setViewportSize({ width: 1280, height: 800 });

    await page.goto(new URL(`exams/${examId}/candidates/e1`, new URL("/console/", page.url())).href);
    await page.getByText(words.began).waitFor();
    // Not the hands of others in the room.
    expect(await page.getByText("My camera is dark").count()).toBe(0);
    await picture(`hands-candidate-${locale}`);
    await page.getByRole("button", { name: words.onBreak }).click();
    await dialog.getByRole("button", { name: words.end }).click();
    await page.getByText(words.resolved).waitFor();
    await check();

    // A colleague was faster.
    await page.goto(new URL(`exams/${examId}/candidates/e2`, new URL("/console/", page.url())).href);
    const taken = (await fixture.admin.hand.list({ roomId, userId: "e2" })).hands.at(0);
    const colleague = { userId: "t2", name: "Sun Li", role: "teacher" as const };
    await fixture.admin.participant.add({ roomId, participants: [colleague] });
    const { hand } = fixture.app.as({ sub: colleague.userId, role: colleague.role });
    await page.route("**/trpc/hand.answer*", async (route) => {
      await hand.answer({ roomId, handId: taken?.id ?? 0, action: "take" });
      await route.continue();
    });
    await page
      .getByRole("button", { name: /Emma Clarke/ })
      .and(page.locator("[class*=hand]"))
      .click();
    await page.getByRole("dialog").getByRole("button", { name: words.take, exact: true }).click();
    await page.getByText(words.conflict).waitFor();
    // Each screen names the colleague.
    for (const path of ["candidates/e2", "candidates?state=hand", `rooms/${roomId}`, ""]) {
      await page.goto(new URL(`exams/${examId}/${path}`, new URL("/console/", page.url())).href);
      await page.getByText(words.takenBy).first().waitFor();
    }
    for (const each of leave) each();
  });
});
