import { afterAll, beforeAll, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { textsOf } from "./support/languages.js";

// The checks of candidates before an exam, as staff see them.

const PEOPLE = [
  { userId: "e1", name: "王芳" },
  { userId: "e2", name: "Emma Clarke" },
  { userId: "e3", name: "李伟" },
];
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
    const t = textsOf(locale);
    const noCamera = t("watching.readiness.why", {
      name: t("watching.readiness.checks.camera"),
      why: t("watching.readiness.details.busy"),
    });
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
      await row("e1").getByText(t("watching.readiness.ready")).waitFor();
      await row("e2").getByText(noCamera).waitFor();
      await row("e3").getByText(t("watching.readiness.unchecked")).waitFor();
      await check();
      await picture(`readiness-${name}-${scheme}`);
      await page
        .getByRole("radio", { name: t("candidates.filters.notReady") })
        .or(page.getByText(t("candidates.filters.notReady")))
        .first()
        .click();
      await row("e1").waitFor({ state: "detached" });
      await row("e2")
        .getByRole("checkbox", { name: t("common.table.select", { name: "Emma Clarke" }) })
        .check();
      await page.getByRole("button", { name: t("watching.readiness.waveThrough"), exact: true }).click();
      await row("e2").waitFor({ state: "detached" });
      await page.getByRole("button", { name: t("common.undo.action") }).click();
      await row("e2").getByText(noCamera).waitFor();
    }

    const detected = { userId: "e2", isMainMonitor: true, detectType: "pictureDark", detectTime: new Date() };
    for (const extraInfo of [
      { id: "a", phase: "begin" },
      { id: "a", phase: "end", durationMs: 12_000 },
    ])
      await hall.as("e2").cheat.addRecords({ roomId, records: [{ ...detected, extraInfo }] });
    await page.goto(`${fixture.url}/console/exams/${examId}/candidates/e2?room=${roomId}`);
    await page
      .getByText(
        t("watching.what.lasted", {
          said: t("watching.types.pictureDark"),
          time: t("common.length.seconds", { seconds: 12 }),
        }),
        { exact: true },
      )
      .waitFor();
    await page.getByText(t("watching.what.own.consented"), { exact: true }).waitFor();
    await page.getByRole("button", { name: t("watching.readiness.waveThrough"), exact: true }).click();
    await page.getByText(t("watching.readiness.wavedUnseen"), { exact: true }).waitFor();
    await page.getByRole("button", { name: t("watching.readiness.detectOff") }).click();
    await page.getByText(t("watching.readiness.detectorsOff")).waitFor();
    const { members } = await fixture.teacher.room.snapshot({ roomId });
    expect(members.find(({ userId }) => userId === "e2")).toMatchObject({
      detectorsOff: true,
      readiness: { wavedThrough: true },
    });
    await check();
    await picture(`readiness-candidate-${name}-${scheme}`);
  },
);
