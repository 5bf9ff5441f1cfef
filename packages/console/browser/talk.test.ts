import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enter, type SitPage } from "../../candidate/browser/support/world.js";
import { launchChromium } from "../../server/browser/support/chromium.js";
import type { Locale } from "../src/texts/texts.js";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { type ExamRoom, openExamRoom } from "./support/exam-room.js";
import { CANDIDATE_TEXTS, patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";
import { heardIn, speaksInATone, TONE_HERTZ } from "./support/tone.js";

// A teacher talks to one candidate from the console. The candidates are on their own pages. All microphones beep, and that of the teacher is
// a tone.

let fixture: AppFixture;
let candidates: Browser;
beforeAll(async () => {
  fixture = await openAppFixture(
    { config: { media: { host: undefined, ports: [18_900, 18_999] } } },
    { asksForDevices: true },
  );
  // With the autoplay policy that candidates have.
  candidates = await launchChromium(["--use-fake-device-for-media-stream=fps=5"], { asksForDevices: true });
});
afterAll(async () => {
  await candidates?.close();
  await fixture?.[Symbol.asyncDispose]();
});

/** Runs in the page of a candidate: keeps its connections. */
const keepConnections = () => {
  const connections: RTCPeerConnection[] = [];
  Object.assign(globalThis, { connections });
  const Connection = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Connection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.push(this);
    }
  };
};
/** How much sound a page has received, in the energy of its samples. */
const soundOf = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] };
    let energy = 0;
    for (const connection of connections)
      for (const one of (await connection.getStats()).values() as Iterable<RTCInboundRtpStreamStats>)
        if (one.type === "inbound-rtp" && one.kind === "audio") energy += one.totalAudioEnergy ?? 0;
    return energy;
  });

const says = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
const click = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).first().click();

/** Enters the exam on a candidate's page. */
const sits = async (
  { roomId }: ExamRoom,
  userId: string,
  locale: Locale,
): Promise<{ page: Page; context: BrowserContext }> => {
  const links = await fixture.admin.room.joinLinks({ roomId, role: "examinee" });
  const link = links.find((one) => one.userId === userId)?.url ?? expect.fail("no link");
  const context = await candidates.newContext({
    locale,
    viewport: { width: 360, height: 740 },
    permissions: ["camera", "microphone"],
  });
  const page = await context.newPage();
  await page.addInitScript(keepConnections);
  await page.goto(link.replace(/^https?:\/\/[^/]+/, fixture.url));
  // Safe: it uses the page alone.
  await enter({ page } as SitPage, locale);
  return { page, context };
};
const openTalk = async (page: Page, locale: Locale) => {
  const t = textsOf(locale);
  await page.getByRole("button", { name: t("watching.acts.label", { name: "Emma Clarke" }) }).click();
  await page.getByRole("menuitem", { name: t("watching.acts.talk"), exact: true }).click();
};
/** The line that says who talked, and how long. */
const talkedFor = (locale: Locale, said: string) =>
  patternOf(textsOf(locale)("watching.what.lasted", { said, time: UNKNOWN }));

it.each(STORY_LANGUAGES)(
  "lets a teacher talk to one candidate, whom alone they are heard by, in %s",
  async (locale) => {
    const t = textsOf(locale);
    const theirs = CANDIDATE_TEXTS[locale];
    const hall = await openExamRoom(fixture, {
      room: `Hall ${locale}`,
      people: [
        { userId: "e1", name: "王芳" },
        { userId: "e2", name: "Emma Clarke" },
      ],
    });
    const { examId, roomId } = hall;
    const [silent, heard] = [await sits(hall, "e1", locale), await sits(hall, "e2", locale)];
    const path = `exams/${examId}/rooms/${roomId}?tiles=4`;
    await using room = await fixture.openConsole({ role: "teacher", locale, path, allowsMicrophone: true });
    await using boss = await fixture.openConsole({
      role: "admin",
      locale,
      path,
      scheme: "dark",
      allowsMicrophone: true,
    });
    await using guest = await fixture.openConsole({
      role: "inspector",
      locale,
      path,
      width: 360,
      height: 740,
    });
    const { page } = room;

    // Talk.
    await openTalk(page, locale);
    await speaksInATone(page);
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("watching.talk.begin") })
      .waitFor();
    await room.check();
    await room.picture(`talk-dialog-${locale}`);
    await click(page, t("watching.talk.begin"));
    await says(page, t("watching.talk.youTo", { name: "Emma Clarke" }));
    await says(page, t("watching.talk.you"));
    await says(heard.page, theirs.during.talk);
    await expect.poll(() => heardIn(heard.page)).toEqual({ moves: true, hertz: TONE_HERTZ });
    await room.check();
    await room.picture(`talk-room-${locale}`);
    if (process.env.INVIGIL_PICTURES)
      await heard.page.screenshot({
        path: `${process.env.INVIGIL_PICTURES}/talk-candidate-page-${locale}.png`,
      });

    // Other staff see it, and cannot talk to the same candidate.
    await says(boss.page, t("watching.talk.other", { by: "Zhou Jing" }));
    await says(guest.page, t("watching.talk.other", { by: "Zhou Jing" }));
    await guest.check();
    await guest.picture(`talk-other-360-${locale}`);
    expect(await guest.page.getByRole("button", { name: t("watching.talk.stop") }).count()).toBe(0);
    await guest.page.getByRole("button", { name: t("watching.acts.label", { name: "Emma Clarke" }) }).click();
    await guest.page.getByRole("menuitem").first().waitFor();
    expect(
      await guest.page.getByRole("menuitem", { name: t("watching.acts.talk"), exact: true }).count(),
    ).toBe(0);
    await openTalk(boss.page, locale);
    await says(boss.page, t("watching.talk.busy", { by: "Zhou Jing" }));
    expect(await boss.page.getByRole("button", { name: t("watching.talk.begin") }).isDisabled()).toBe(true);
    await boss.check();
    await boss.picture(`talk-busy-dark-${locale}`);

    await click(page, t("watching.talk.stop"));
    await page.getByText(t("watching.talk.you")).waitFor({ state: "detached" });
    await heard.page.getByText(theirs.during.talk).waitFor({ state: "detached" });
    await guest.page.getByText(t("watching.talk.other", { by: "Zhou Jing" })).waitFor({ state: "detached" });
    expect(await soundOf(silent.page)).toBe(0);
    await says(page, talkedFor(locale, t("watching.what.talked", { by: "Zhou Jing", name: "Emma Clarke" })));
    const { talks } = await fixture.teacher.stream.listTalks({ roomId });
    const heardTalk = { userId: "e2", by: "t1", heardAt: expect.any(Date), endedAt: expect.any(Date) };
    expect(talks[0]).toMatchObject(heardTalk);

    // On the candidate's page of the console, with a pause.
    await page.goto(`${fixture.url}/console/exams/${examId}/candidates/e2?room=${roomId}`);
    await says(page, talkedFor(locale, t("watching.what.own.talked", { by: "Zhou Jing" })));
    await openTalk(page, locale);
    await page.getByLabel(t("watching.talk.pause")).check();
    expect(await page.getByRole("button", { name: t("watching.talk.begin") }).isDisabled()).toBe(true);
    await page.getByLabel(t("watching.control.reason.label"), { exact: true }).selectOption("technical");
    await room.check();
    await room.picture(`talk-pause-${locale}`);
    await click(page, t("watching.talk.begin"));
    await says(heard.page, theirs.during.talk);
    await says(heard.page, theirs.paused.title);
    await room.check();
    await room.picture(`talk-candidate-${locale}`);
    await page.setViewportSize({ width: 360, height: 740 });
    await room.picture(`talk-candidate-360-${locale}`);
    const decision = { roomId, userIds: ["e2"], reason: { code: "technical" as const } };
    await fixture.teacher.attempt.resume({ ...decision, key: `resume ${locale}` });
    await says(heard.page, theirs.decisions.resume);

    // It ends with the page, and when the person leaves the room.
    await page.reload();
    await heard.page.getByText(theirs.during.talk).waitFor({ state: "detached" });
    await openTalk(page, locale);
    await click(page, t("watching.talk.begin"));
    await says(heard.page, theirs.during.talk);
    await fixture.teacher.attempt.terminate({ ...decision, answers: "save", key: `end ${locale}` });
    await says(page, t("watching.talk.ended", { name: "Emma Clarke" }));
    await expect
      .poll(async () =>
        (await fixture.teacher.stream.listTalks({ roomId })).talks.filter(({ endedAt }) => !endedAt),
      )
      .toEqual([]);
    await Promise.all([silent, heard].map(({ context }) => context.close()));
  },
);

it.each(STORY_LANGUAGES)(
  "does not take a talk that did not play for one, and says so, in %s",
  async (locale) => {
    const t = textsOf(locale);
    const theirs = CANDIDATE_TEXTS[locale];
    const hall = await openExamRoom(fixture, {
      room: `Silence ${locale}`,
      people: [{ userId: "e2", name: "Emma Clarke" }],
    });
    const { examId, roomId } = hall;
    const heard = await sits(hall, "e2", locale);
    // As after a reload: the browser lets the page play nothing until the person clicks in it.
    await heard.page.evaluate(() => {
      // oxlint-disable-next-line typescript/unbound-method -- Safe: called below with the element.
      const play = HTMLMediaElement.prototype.play;
      let isClicked = false;
      addEventListener("click", () => (isClicked = true), { capture: true });
      HTMLMediaElement.prototype.play = function (this: HTMLMediaElement) {
        if (isClicked || this.muted) return play.call(this);
        return Promise.reject(new DOMException("", "NotAllowedError"));
      };
    });
    await using room = await fixture.openConsole({
      role: "teacher",
      locale,
      path: `exams/${examId}/rooms/${roomId}?tiles=4`,
      allowsMicrophone: true,
    });
    const { page } = room;
    await openTalk(page, locale);
    await speaksInATone(page);
    await click(page, t("watching.talk.begin"));
    await says(heard.page, theirs.during.talkSilent);
    await says(page, t("watching.talk.silent"));
    await room.check();
    await room.picture(`talk-silent-${locale}`);
    await click(page, t("watching.talk.stop"));
    await says(page, t("watching.talk.unheard", { name: "Emma Clarke" }));
    await says(page, t("watching.what.triedToTalk", { by: "Zhou Jing", name: "Emma Clarke" }));
    await room.picture(`talk-unheard-${locale}`);
    await page
      .getByRole("alert")
      .getByRole("button", { name: t("common.confirm.close") })
      .click();
    await heard.page.getByText(theirs.during.talkSilent).waitFor({ state: "detached" });
    const talksOf = async () => (await fixture.teacher.stream.listTalks({ roomId })).talks;
    await expect.poll(async () => (await talksOf())[0]).toMatchObject({ endedAt: expect.any(Date) });
    for (const one of await talksOf()) expect(one).not.toHaveProperty("heardAt");

    // They turn on the sound.
    await openTalk(page, locale);
    await click(page, t("watching.talk.begin"));
    await says(heard.page, theirs.during.talkSilent);
    await click(heard.page, theirs.during.turnOnSound);
    await says(heard.page, theirs.during.talk);
    await expect.poll(() => heardIn(heard.page)).toEqual({ moves: true, hertz: TONE_HERTZ });
    await says(page, t("watching.talk.youTo", { name: "Emma Clarke" }));
    await click(page, t("watching.talk.stop"));
    await says(page, talkedFor(locale, t("watching.what.talked", { by: "Zhou Jing", name: "Emma Clarke" })));
    expect((await talksOf())[0]).toMatchObject({ heardAt: expect.any(Date) });
    await heard.context.close();
  },
);

it.each(STORY_LANGUAGES)("says what to do about a microphone that cannot be used, in %s", async (locale) => {
  const t = textsOf(locale);
  const { examId, roomId } = await openExamRoom(fixture, {
    room: `Microphones ${locale}`,
    people: [{ userId: "e2", name: "Emma Clarke" }],
  });
  await using open = await fixture.openConsole({
    role: "teacher",
    locale,
    path: `exams/${examId}/candidates/e2?room=${roomId}`,
    scheme: "dark",
  });
  const { page } = open;
  await openTalk(page, locale);
  await click(page, t("watching.talk.begin"));
  await says(page, t("watching.talk.microphone.refused"));
  await open.check();
  await open.picture(`talk-refused-dark-${locale}`);
  for (const [name, said] of [
    ["NotReadableError", t("watching.talk.microphone.busy")],
    ["NotFoundError", t("watching.talk.microphone.absent")],
  ] as const) {
    await page.evaluate((error) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", error));
    }, name);
    await click(page, t("watching.talk.begin"));
    await says(page, said);
  }
  expect((await fixture.teacher.stream.listTalks({ roomId })).talks).toEqual([]);
});
