import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { openExamRoom, STREAMS } from "./support/exam-room.js";
import { serveHls } from "./support/hls.js";
import { patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";

let fixture: AppFixture;

beforeAll(async () => {
  fixture = await openAppFixture({ config: { ...STREAMS, presenceSettleSeconds: 0 } });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(STORY_LANGUAGES)("a candidate, in %s", (locale) => {
  const t = textsOf(locale);

  it("is followed from room to room, has a timeline with filters, and gets minutes that can be undone", async () => {
    const people = [{ userId: "e1", name: "王芳" }];
    const hall = await openExamRoom(fixture, { room: `Hall A ${locale}`, people });
    const other = await openExamRoom(fixture, { room: `Hall B ${locale}`, people: [], examId: hall.examId });
    // They come, go and come back before anybody looks.
    const isHere = (pages: number) =>
      expect.poll(() => fixture.teacher.room.presence({ roomId: hall.roomId })).toHaveLength(pages);
    const leaveFirst = await hall.enter("e1");
    await isHere(1);
    leaveFirst();
    await isHere(0);
    const leave = await hall.enter("e1");
    // Their clock is an hour slow.
    const detectTime = new Date(Date.now() - 3_600_000);
    await hall.as("e1").cheat.addRecords({
      roomId: hall.roomId,
      records: [{ isMainMonitor: true, userId: "e1", detectTime, detectType: "cellPhone" }],
    });
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      path: `exams/${hall.examId}/candidates/e1`,
    });
    const { page, check, picture } = open;
    await page.getByText(t("watching.types.cellPhone")).waitFor();
    await check();
    await picture(`candidate-${locale}`);
    await page.getByRole("radio", { name: t("watching.kinds.records") }).check();
    await expect.poll(() => new URL(page.url()).searchParams.get("kind")).toBe("records");
    const found = page.getByRole("listitem").filter({ hasText: t("watching.types.cellPhone") });
    expect(
      await found
        .filter({ hasText: patternOf(t.markup("watching.clocks.candidate", { time: () => UNKNOWN })) })
        .count(),
    ).toBe(1);

    await page.getByRole("radio", { name: t("watching.kinds.presence") }).check();
    const lines = page.getByRole("listitem");
    await expect
      .poll(() =>
        lines
          .filter({
            hasText: t("watching.what.own.entered", { camera: t("watching.streamDomains.picture.main") }),
          })
          .count(),
      )
      .toBe(2);
    expect(
      await lines
        .filter({
          hasText: t("watching.what.own.left", { camera: t("watching.streamDomains.picture.main") }),
        })
        .count(),
    ).toBe(1);

    await page.getByRole("button", { name: t("watching.acts.label", { name: "王芳" }) }).click();
    await page.getByRole("menuitem", { name: t("watching.acts.time") }).click();
    await page.getByLabel(t("watching.control.minutes"), { exact: true }).fill("15");
    await page.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("connection");
    await page.getByRole("button", { name: t("watching.control.action.give") }).click();
    await page.getByText(t("candidate.header.given", { minutes: 15 })).waitFor();
    await page.getByRole("button", { name: t("common.undo.action") }).click();
    await page.getByText(t("candidate.header.given", { minutes: 15 })).waitFor({ state: "detached" });

    // Their old link does not work any more: the page says why.
    const { roomId } = hall;
    const old = await fixture.app.token({ sub: "e1", role: "examinee", room: roomId });
    await page.getByRole("button", { name: t("candidate.access.look") }).click();
    await page.getByText(t("candidate.access.code.none")).waitFor();
    await fixture.teacher.room.revokeLinks({ roomId, userIds: ["e1"] });
    const input = encodeURIComponent(JSON.stringify({ json: { roomId } }));
    const answer = await fetch(`${fixture.url}/trpc/room.get?input=${input}`, {
      headers: { authorization: old },
    });
    expect(answer.status).toBe(401);
    await expect
      .poll(async () => {
        await page.getByRole("button", { name: t("candidate.access.again") }).click();
        return page.getByText(t("candidate.access.reasons.LINKS_REVOKED")).count();
      })
      .toBe(1);
    await page.getByText(t("candidate.access.reasons.LINKS_REVOKED")).scrollIntoViewIfNeeded();
    await check();
    await picture(`candidate-access-${locale}`);
    if (locale === "zh-CN") {
      const path = `exams/${hall.examId}/candidates/e1`;
      await using small = await fixture.openConsole({
        role: "teacher",
        locale,
        path,
        scheme: "dark",
        width: 360,
        height: 740,
      });
      await small.page.getByRole("button", { name: t("candidate.access.look") }).click();
      await small.page.getByText(t("candidate.access.reasons.LINKS_REVOKED")).scrollIntoViewIfNeeded();
      await small.picture("candidate-access-zh-CN-dark-360");
    }

    // Another person moves the candidate.
    await fixture.admin.participant.move({ roomId: hall.roomId, userId: "e1", toRoomId: other.roomId });
    await expect.poll(() => new URL(page.url()).searchParams.get("room")).toBe(other.roomId);
    await page
      .getByText(patternOf(t("candidate.moved", { name: UNKNOWN, room: `Hall B ${locale}` })))
      .first()
      .waitFor();
    await page.getByRole("link", { name: `Hall B ${locale}` }).waitFor();
    await check();

    await fixture.admin.participant.remove({ roomId: other.roomId, userId: "e1", withRecords: true });
    await page.getByText(t("candidate.removed.title", { id: "e1" })).waitFor();
    await check();
    await picture(`candidate-removed-${locale}`);
    leave();
  });

  it("is only looked at by an inspector, and says that the room has ended", async () => {
    const hall = await openExamRoom(fixture, {
      room: `Hall C ${locale}`,
      people: [{ userId: "e2", name: "王芳" }],
    });
    await using open = await fixture.openConsole({
      role: "inspector",
      locale,
      scheme: "dark",
      width: 360,
      height: 720,
      path: `exams/${hall.examId}/candidates/e2`,
    });
    const { page, check, picture } = open;
    await page.getByText(t("candidate.readOnly")).waitFor();
    expect(await page.getByRole("textbox").count()).toBe(0);
    // They check identities and write notes, and no more.
    await page.getByRole("button", { name: t("watching.acts.label", { name: "王芳" }) }).click();
    await expect
      .poll(() => page.getByRole("menuitem").allTextContents())
      .toEqual([t("watching.acts.identity"), t("watching.acts.note")]);
    await page.keyboard.press("Escape");
    await check();
    await picture(`candidate-inspector-${locale}`);
    await fixture.admin.room.end({ roomId: hall.roomId });
    await page
      .getByText(t("candidate.ended", { name: "王芳" }))
      .first()
      .waitFor();
    await check();
  });
});

it("plays a camera by HLS, and says when its picture stands still, is over, or is not there", async () => {
  const people = [{ userId: "e4", name: "张强" }];
  const hall = await openExamRoom(fixture, { room: "Hall E", people });
  for (const camera of ["main", "pc"] as const) {
    await hall.enter("e4", camera);
    await hall.report("e4", "publish", camera);
  }
  await using open = await fixture.openConsole({ role: "teacher" });
  const { page, check } = open;
  const hls = await serveHls(page);
  hls.set("pc", "missing");
  await page.goto(`${fixture.url}/console/exams/${hall.examId}/candidates/e4`);
  const frame = (camera: string) => page.locator(`[data-camera=${camera}]`);
  // The list of its segments does not go on, so it plays two seconds.
  await expect
    .poll(() =>
      frame("main")
        .locator("video")
        .evaluate((video: HTMLVideoElement) => video.currentTime),
    )
    .toBeGreaterThan(0.5);
  await frame("main").getByText("Connecting to the video…").waitFor();
  await frame("pc").getByText("The video does not play. It is tried again.").waitFor();
  hls.set("main", "over");
  await frame("main").getByText("The video does not play. It is tried again.").waitFor();
  await check();
});

it("keeps the link that a candidate has if the server cannot make another", async () => {
  const people = [{ userId: "e3", name: "李伟" }];
  const hall = await openExamRoom(fixture, { room: "Hall D", people });
  await using open = await fixture.openConsole({
    role: "teacher",
    path: `exams/${hall.examId}/candidates/e3`,
  });
  const { page } = open;
  await page.getByRole("button", { name: "Actions for 李伟" }).click();
  await page.getByRole("menuitem", { name: "New link" }).click();
  await page.getByRole("button", { name: "Make new links" }).click();
  await page.getByText("This was not done").first().waitFor();
  expect((await hall.as("e3").room.get({ roomId: hall.roomId })).id).toBe(hall.roomId);
});
