import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enter, type SitPage } from "../../candidate/browser/support/world.js";
import { launchChromium } from "../../server/browser/support/chromium.js";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { STORY_LANGUAGES } from "./support/languages.js";

// A candidate on their own page, as staff see them: in the checks, in the exam, and in the room to which they are moved during a pause.

const WORDS = {
  en: {
    checks: "In the checks",
    inChecks: "1 in the checks",
    here: "1 here",
    noneHere: "0 here",
    tile: /^1\s+in the checks/,
    raised: /technical problem/i,
    technical: "Technical problem",
    paused: "Your exam is paused",
    onePaused: "1 paused",
    actions: "Actions for Room 2",
    time: "Time",
    resume: "Resume",
    reason: "Reason",
    seen: "You are seen.",
  },
  "zh-CN": {
    checks: "考前检查中",
    inChecks: "考前检查 1",
    here: "在线 1",
    noneHere: "在线 0",
    tile: /^1\s*考前检查中/,
    raised: /设备问题/,
    technical: "设备问题",
    paused: "考试已暂停",
    onePaused: "暂停 1",
    actions: "Room 2的操作",
    time: "时间",
    resume: "继续",
    reason: "原因",
    seen: "监考老师能看到你。",
  },
} as const;

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
    const words = WORDS[locale];
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
    await says(page, words.inChecks);
    await says(page, words.noneHere);
    await page.getByRole("listitem").filter({ hasText: "王芳" }).getByText(words.checks).waitFor();
    await own.getByRole("button", { name: words.technical, exact: true }).click();
    await page.getByRole("button", { name: words.raised }).first().waitFor();
    await check();
    await picture(`moved-checks-room-${locale}`);
    await page.goto(`${fixture.url}/console/exams/${examId}`);
    const tile = page.getByRole("link", { name: words.tile });
    await tile.waitFor();
    await check();
    await picture(`moved-checks-overview-${locale}`);
    await tile.click();
    await page.getByRole("row", { name: "e1" }).getByText(words.checks).waitFor();
    await check();
    await picture(`moved-checks-list-${locale}`);

    // Safe: it uses the page alone.
    await enter({ page: own } as SitPage, locale);
    await page.goto(`${fixture.url}/console/${path(roomId)}`);
    await says(page, words.here);
    expect(await page.getByText(words.checks).count()).toBe(0);

    const reason = { code: "technical" } as const;
    await fixture.teacher.attempt.pause({ roomId, reason, key: "pause" });
    await says(own, words.paused);
    await fixture.teacher.participant.move({ roomId, userId: "e1", toRoomId });
    await page.goto(`${fixture.url}/console/${path(toRoomId)}`);
    await says(page, words.onePaused);
    await says(page, words.here);
    await says(own, words.seen);
    await says(own, words.paused);
    await check();
    await picture(`moved-paused-${locale}`);
    await page.getByRole("button", { name: words.actions }).click();
    await page.getByRole("menuitem", { name: words.time, exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(words.resume, { exact: true }).check();
    await dialog.getByLabel(words.reason, { exact: true }).selectOption("technical");
    await dialog.getByRole("button", { name: words.resume, exact: true }).click();
    await own.getByRole("timer").waitFor();
    await page.getByText(words.onePaused).waitFor({ state: "detached" });
    await context.close();
  },
);
