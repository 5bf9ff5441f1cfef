import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchChromium } from "../../server/browser/support/chromium.js";
import { type MediaApp, openMediaApp } from "../../server/browser/support/media-app.js";
import { qrCamera, showsMoving } from "../../server/browser/support/qr-camera.js";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { type ExamRoom, openExamRoom } from "./support/exam-room.js";
import { patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";

// Candidates publish with the typed client, and the embedded media server carries their cameras to the console.

const PEOPLE = [
  { userId: "e1", name: "王芳" },
  { userId: "e2", name: "Emma Clarke" },
  { userId: "e3", name: "Not there" },
];
const cameras = [qrCamera("e1"), qrCamera("e2")];
let app: MediaApp;
let fixture: AppFixture;
let browsers: Browser[];

beforeAll(async () => {
  app = await openMediaApp();
  fixture = await openAppFixture({ config: { media: { host: undefined, ports: [18_800, 18_899] } } });
  browsers = await Promise.all(cameras.map(({ args }) => launchChromium(args)));
});
afterAll(async () => {
  await Promise.all((browsers ?? []).map((browser) => browser.close()));
  await fixture?.[Symbol.asyncDispose]();
  await app?.[Symbol.asyncDispose]();
  for (const camera of cameras) camera[Symbol.dispose]();
});

/** Opens the page of a candidate, who publishes. */
const publish = async ({ roomId }: ExamRoom, person: 1 | 2): Promise<Page> => {
  const browser = browsers[person - 1] ?? expect.fail("no browser");
  const token = await fixture.app.token({ sub: `e${person}`, role: "examinee", room: roomId });
  return app.begin(browser, { url: fixture.url, token, roomId });
};
/** Says of the page that its tab is hidden, or is not. */
const setHidden = (page: Page, isHidden: boolean) =>
  page.evaluate(
    (state) => {
      Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    },
    isHidden ? "hidden" : "visible",
  );

it.each(STORY_LANGUAGES)(
  "shows candidates in their room and on their page soon after they publish, until they are terminated, in %s",
  async (locale) => {
    const t = textsOf(locale);
    const hall = await openExamRoom(fixture, { room: `Hall ${locale}`, people: PEOPLE });
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      path: `exams/${hall.examId}/rooms/${hall.roomId}?tiles=4`,
    });
    const { page, check, picture } = open;
    const asked: string[][] = [];
    const ended: number[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/trpc/stream.watch"))
        asked.push(JSON.parse(request.postData() ?? "").json.userIds);
    });
    page.on("response", (response) => {
      if (response.request().method() === "DELETE") ended.push(response.status());
    });
    const video = (name: string) =>
      page.getByLabel(t("watching.picture.label", { name, camera: t("watching.picture.main") }));
    await page.getByRole("heading", { name: `Hall ${locale}` }).waitFor();

    const first = await publish(hall, 1);
    await showsMoving(video("王芳"), "e1");
    expect(asked).toEqual([["e1"]]);
    const second = await publish(hall, 2);
    await showsMoving(video("Emma Clarke"), "e2");
    await check();
    await picture(`streams-room-${locale}`);

    // A page that is not looked at watches none, and later asks for all in one call.
    await setHidden(page, true);
    await expect.poll(() => ended).toEqual([204, 204]);
    asked.splice(0);
    await setHidden(page, false);
    await showsMoving(video("王芳"), "e1");
    await showsMoving(video("Emma Clarke"), "e2");
    expect(asked.map((userIds) => userIds.toSorted())).toEqual([["e1", "e2"]]);

    await fixture.teacher.attempt.terminate({
      roomId: hall.roomId,
      userIds: ["e1"],
      answers: "submit",
      reason: { code: "other" },
      key: locale,
    });
    await video("王芳").waitFor({ state: "detached" });
    await showsMoving(video("Emma Clarke"), "e2");

    await page.goto(`${fixture.url}/console/exams/${hall.examId}/candidates/e2?room=${hall.roomId}`);
    await showsMoving(video("Emma Clarke"), "e2");
    await check();
    await picture(`streams-candidate-${locale}`);
    await second.evaluate("streaming.stop()");
    await page
      .getByText(patternOf(t.markup("watching.picture.stoppedSince", { time: () => UNKNOWN })))
      .first()
      .waitFor();
    await expect.poll(() => page.locator("video").count()).toBe(0);
    await Promise.all([first, second].map((one) => one.close()));
  },
);
