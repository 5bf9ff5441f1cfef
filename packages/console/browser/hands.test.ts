import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";

// A candidate raises their hand. An invigilator finds it on each screen, answers it, and sees it in what happened.

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture({ config: { presenceSettleSeconds: 0 } });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(STORY_LANGUAGES)("a raised hand, in %s", (locale) => {
  const t = textsOf(locale);
  const kind = t("watching.hand.kinds.break");
  const time = UNKNOWN;
  const handOf = (status: string) => patternOf(t("watching.hand.open", { name: "王芳", words: status }));
  const raised = handOf(t("watching.hand.status.raised", { kind, time }));
  const onBreak = handOf(t("watching.hand.status.granted", { time }));
  const takenByYou = patternOf(t("watching.hand.status.taken", { kind, time, by: t("watching.hand.you") }));
  const takenByColleague = patternOf(
    t("watching.hand.status.taken", { kind: t("watching.hand.kinds.technical"), time, by: "Sun Li" }),
  );

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
    await page.getByText(t("overview.tiles.waiting", { count: 2 })).waitFor();
    const lines = page
      .getByRole("list", { name: t("overview.hands.label"), exact: true })
      .getByRole("listitem");
    await expect.poll(() => lines.allTextContents()).toHaveLength(2);
    expect(await lines.first().textContent()).toContain("王芳");
    await check();
    await picture(`hands-overview-${locale}`);

    // By the keyboard: Enter does the first thing that can be done.
    await page.getByRole("button", { name: raised }).press("Enter");
    const dialog = page.getByRole("dialog", { name: t("watching.hand.title", { name: "王芳" }) });
    await dialog.getByLabel(t("watching.hand.note")).fill("Five minutes");
    await check({ within: "[role=dialog]" });
    await picture(`hands-dialog-${locale}`);
    await dialog.getByLabel(t("watching.hand.note")).press("Enter");
    await dialog.waitFor({ state: "detached" });
    await lines.getByText(takenByYou).waitFor();

    await page.goto(new URL(`exams/${examId}/candidates?state=hand`, new URL("/console/", page.url())).href);
    await page.getByRole("radio", { name: t("candidates.filters.hand") }).waitFor();
    await expect.poll(() => page.getByRole("row").filter({ hasText: "Li Wei" }).count()).toBe(0);
    await page.getByText(takenByYou).first().waitFor();
    await check();
    await picture(`hands-candidates-${locale}`);

    await page.goto(new URL(`exams/${examId}/rooms/${roomId}`, new URL("/console/", page.url())).href);
    await page.getByRole("button", { name: raised }).click();
    await dialog.getByRole("button", { name: t("watching.hand.actions.grant") }).click();
    await page.getByRole("button", { name: onBreak }).waitFor();
    const seen = { isMainMonitor: true, detectTime: new Date(), detectType: "actionPoseHandup" };
    await hall.as("e3").cheat.addRecords({ roomId, records: [{ ...seen, userId: "e3" }] });
    await page.getByRole("button", { name: t("watching.hand.takeSeen") }).click();
    const handsOf = async (userId: string) =>
      (await fixture.teacher.hand.list({ roomId, userId })).hands.map(({ status }) => status);
    await expect.poll(() => handsOf("e3")).toEqual(["taken"]);
    await check();
    await picture(`hands-room-${locale}`);
    await page.setViewportSize({ width: 360, height: 720 });
    await picture(`hands-room-phone-${locale}`);
    await page.setViewportSize({ width: 1280, height: 800 });

    await page.goto(new URL(`exams/${examId}/candidates/e1`, new URL("/console/", page.url())).href);
    await page.getByText(t("watching.what.own.hand.granted")).waitFor();
    // Not the hands of others in the room.
    expect(await page.getByText("My camera is dark").count()).toBe(0);
    await picture(`hands-candidate-${locale}`);
    await page.getByRole("button", { name: onBreak }).click();
    await dialog.getByRole("button", { name: t("watching.hand.actions.endBreak") }).click();
    await page
      .getByText(
        t("watching.what.handText", {
          said: t("watching.what.own.hand.resolved", { kind: t("watching.hand.kinds.break") }),
          text: "Five minutes",
        }),
      )
      .waitFor();
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
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("watching.hand.actions.take"), exact: true })
      .click();
    await page.getByText(t("common.error.reasons.HAND_CONFLICT")).waitFor();
    // Each screen names the colleague.
    for (const path of ["candidates/e2", "candidates?state=hand", `rooms/${roomId}`, ""]) {
      await page.goto(new URL(`exams/${examId}/${path}`, new URL("/console/", page.url())).href);
      await page.getByText(takenByColleague).first().waitFor();
    }
    for (const each of leave) each();
  });
});
