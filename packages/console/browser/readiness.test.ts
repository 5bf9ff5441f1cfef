import { afterAll, beforeAll, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";

// The checks of candidates before an exam, as staff see them.

const PEOPLE = [
  { userId: "e1", name: "王芳" },
  { userId: "e2", name: "Emma Clarke" },
  { userId: "e3", name: "李伟" },
];
const WORDS = {
  en: {
    ready: "Ready",
    missing: "Missing: microphone, connection, and camera (used by another app)",
    camera: /camera \(used by another app\)/,
    unchecked: "Not checked",
    filter: /Checks missing/,
    select: (name: string) => `Select ${name}`,
    wave: "Wave through",
    waved: "Waved through without a camera: nobody sees them",
    undo: "Undo",
    off: "Switch detectors off",
    areOff: "The detectors of their page are off.",
    consented: "Agreed to be watched",
    lasted: "Picture dark or covered, for 12 s",
  },
  "zh-CN": {
    ready: "已就绪",
    camera: /摄像头（被其他程序占用）/,
    unchecked: "未检查",
    filter: /检查未完成/,
    select: (name: string) => `选择${name}`,
    wave: "放行",
    waved: "已放行，但没有摄像头画面，无人能看到该考生",
    undo: "撤销",
    off: "关闭检测",
    areOff: "该考生页面的检测已关闭。",
    consented: "已同意监考",
    lasted: "画面过暗或被遮挡，持续 12 秒",
  },
} as const;

let fixture: AppFixture;
beforeAll(async () => {
  fixture = await openAppFixture();
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

it.each([
  ["en", 1280, "light"],
  ["zh-CN", 1280, "dark"],
  ["zh-CN", 360, "light"],
  ["en", 360, "dark"],
] as const)(
  "staff see what is missing, and let a candidate begin, in %s at %i, %s",
  async (locale, width, scheme) => {
    const words = WORDS[locale];
    const name = `${locale}-${width}`;
    const hall = await openExamRoom(fixture, { room: `Hall ${name}`, people: PEOPLE });
    const { roomId, examId } = hall;
    const passed = { result: "passed" } as const;
    for (const userId of ["e1", "e2"]) {
      const { attempt } = hall.as(userId);
      await attempt.consent({ roomId, version: 0 });
      const camera = userId === "e1" ? passed : ({ result: "failed", detail: "busy" } as const);
      await attempt.reportReadiness({ roomId, checks: { camera, microphone: passed, connection: passed } });
    }
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      width,
      scheme,
      path: `exams/${examId}/candidates`,
    });
    const { page, check, picture } = open;
    const row = (userId: string) => page.getByRole("row", { name: userId });
    if (width === 1280) {
      await row("e1").getByText(words.ready).waitFor();
      await row("e2").getByText(words.camera).waitFor();
      await row("e3").getByText(words.unchecked).waitFor();
      await check();
      await picture(`readiness-${name}-${scheme}`);
      await page.getByRole("radio", { name: words.filter }).or(page.getByText(words.filter)).first().click();
      await row("e1").waitFor({ state: "detached" });
      await row("e2")
        .getByRole("checkbox", { name: words.select("Emma Clarke") })
        .check();
      await page.getByRole("button", { name: words.wave, exact: true }).click();
      await row("e2").waitFor({ state: "detached" });
      await page.getByRole("button", { name: words.undo }).click();
      await row("e2").getByText(words.camera).waitFor();
    }

    const detected = { userId: "e2", isMainMonitor: true, detectType: "pictureDark", detectTime: new Date() };
    for (const extraInfo of [
      { id: "a", phase: "begin" },
      { id: "a", phase: "end", durationMs: 12_000 },
    ])
      await hall.as("e2").cheat.addRecords({ roomId, records: [{ ...detected, extraInfo }] });
    await page.goto(`${fixture.url}/console/exams/${examId}/candidates/e2?room=${roomId}`);
    await page.getByText(words.lasted, { exact: true }).waitFor();
    await page.getByText(words.consented, { exact: true }).waitFor();
    await page.getByRole("button", { name: words.wave, exact: true }).click();
    await page.getByText(words.waved, { exact: true }).waitFor();
    await page.getByRole("button", { name: words.off }).click();
    await page.getByText(words.areOff).waitFor();
    const { members } = await fixture.teacher.room.snapshot({ roomId });
    expect(members.find(({ userId }) => userId === "e2")).toMatchObject({
      detectorsOff: true,
      readiness: { wavedThrough: true },
    });
    await check();
    await picture(`readiness-candidate-${name}-${scheme}`);
  },
);
