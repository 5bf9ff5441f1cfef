import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enter, type SitPage } from "../../candidate/browser/support/world.js";
import { launchChromium } from "../../server/browser/support/chromium.js";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { CANDIDATE_TEXTS, STORY_LANGUAGES, textsOf } from "./support/languages.js";

// A candidate on their own page, as staff see them: in the checks, in the exam, and in the room to which they are moved during a pause.

let fixture: AppFixture;
let candidates: Browser;
beforeAll(async () => {
  fixture = await openAppFixture({ config: { media: { host: undefined, ports: [18_600, 18_649] } } });
  candidates = await launchChromium(["--use-fake-device-for-media-stream=fps=5"], { asksForDevices: true });
});
afterAll(async () => {
  await candidates?.close();
  await fixture?.[Symbol.asyncDispose]();
});

const says = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();

it.each(STORY_LANGUAGES)(
  "is in the checks, then here, and goes on in the room to which they are moved while it is paused, in %s",
  async (locale) => {
    const t = textsOf(locale);
    const theirs = CANDIDATE_TEXTS[locale];
    const people = [{ userId: "e1", name: "王芳" }];
    const { examId, roomId } = await openExamRoom(fixture, { room: "Room 1", people });
    const { id: toRoomId } = await fixture.teacher.room.create({ examId, name: "Room 2" });
    const path = (room: string) => `exams/${examId}/rooms/${room}`;
    await using open = await fixture.openConsole({ role: "teacher", locale, path: path(roomId) });
    const { page, check, picture } = open;

    const [link] = await fixture.admin.room.joinLinks({ roomId, role: "examinee" });
    const context = await candidates.newContext({ locale, permissions: ["camera", "microphone"] });
    const own = await context.newPage();
    await own.goto(link?.url.replace(/^https?:\/\/[^/]+/, fixture.url) ?? "");
    await says(page, t("room.counts.checking", { count: 1 }));
    await says(page, t("room.counts.here", { count: 0 }));
    await page
      .getByRole("listitem")
      .filter({ hasText: "王芳" })
      .getByText(t("common.state.checking"))
      .waitFor();
    await own.getByRole("button", { name: theirs.hand.kinds.technical, exact: true }).click();
    await page
      .getByRole("button", { name: t("watching.hand.kinds.technical") })
      .first()
      .waitFor();
    await check();
    await picture(`moved-checks-room-${locale}`);
    await page.goto(`${fixture.url}/console/exams/${examId}`);
    const tile = page.getByRole("link", { name: new RegExp(`^1\\s*${t("overview.tiles.checking")}`) });
    await tile.waitFor();
    await check();
    await picture(`moved-checks-overview-${locale}`);
    await tile.click();
    await page.getByRole("row", { name: "e1" }).getByText(t("common.state.checking")).waitFor();
    await check();
    await picture(`moved-checks-list-${locale}`);

    // Safe: it uses the page alone.
    await enter({ page: own } as SitPage, locale);
    await page.goto(`${fixture.url}/console/${path(roomId)}`);
    await says(page, t("room.counts.here", { count: 1 }));
    expect(await page.getByText(t("common.state.checking")).count()).toBe(0);

    const reason = { code: "technical" } as const;
    await fixture.teacher.attempt.pause({ roomId, reason, key: "pause" });
    await says(own, theirs.paused.title);
    await fixture.teacher.participant.move({ roomId, userId: "e1", toRoomId });
    await page.goto(`${fixture.url}/console/${path(toRoomId)}`);
    await says(page, t("room.counts.paused", { count: 1 }));
    await says(page, t("room.counts.here", { count: 1 }));
    await says(own, theirs.during.seen);
    await says(own, theirs.paused.title);
    await check();
    await picture(`moved-paused-${locale}`);
    await page.getByRole("button", { name: t("watching.acts.label", { name: "Room 2" }) }).click();
    await page.getByRole("menuitem", { name: t("watching.acts.time"), exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(t("watching.control.ways.resume"), { exact: true }).check();
    await dialog.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("technical");
    await dialog.getByRole("button", { name: t("watching.control.ways.resume"), exact: true }).click();
    await own.getByRole("timer").waitFor();
    await page.getByText(t("room.counts.paused", { count: 1 })).waitFor({ state: "detached" });
    await context.close();
  },
);
