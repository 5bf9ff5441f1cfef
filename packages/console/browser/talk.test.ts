import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { enter, type SitPage } from "../../candidate/browser/support/world.js";
import { launchChromium } from "../../server/browser/support/chromium.js";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { type ExamRoom, openExamRoom } from "./support/exam-room.js";
import { STORY_LANGUAGES } from "./support/languages.js";
import { heardIn, speaksInATone, TONE_HERTZ } from "./support/tone.js";

// A teacher talks to one candidate from the console. The candidates are on their own pages. All microphones beep, and that of the teacher is
// a tone.

const WORDS = {
  en: {
    talk: "Talk",
    begin: "Start talking",
    stop: "Stop talking",
    you: "You talk to Emma Clarke",
    tile: "You talk to them",
    other: "Zhou Jing talks to them",
    busy: "Zhou Jing talks to them now. Wait until they stop.",
    actions: (name: string) => `Actions for ${name}`,
    pause: "Pause their exam, too",
    reason: "Reason",
    told: (name: string, by = "Zhou Jing") => new RegExp(`^${by} talked to ${name}, for \\d+ s$`),
    own: /^Zhou Jing talked to them, for \d+ s$/,
    refused: /The browser does not allow the microphone/,
    busyDevice: /Another program uses the microphone/,
    absent: /No microphone was found/,
    page: "An invigilator speaks to you. Listen.",
    paused: "Your exam is paused",
    resumed: "Your exam goes on.",
    gone: "You no longer talk to Emma Clarke",
    silent: "They do not hear you yet: their page plays no sound.",
    unheard: "Emma Clarke did not hear you",
    tried: /^Zhou Jing tried to talk to Emma Clarke, who did not hear it$/,
    silentPage: "An invigilator speaks to you. Turn on the sound to hear them.",
    turnOn: "Turn on the sound",
    close: "Close",
  },
  "zh-CN": {
    talk: "单独讲话",
    begin: "开始讲话",
    stop: "停止讲话",
    you: "你正在对Emma Clarke讲话",
    tile: "你正在讲话",
    other: "Zhou Jing正在讲话",
    busy: "Zhou Jing正在对其讲话，请等讲话结束。",
    actions: (name: string) => `${name}的操作`,
    pause: "同时暂停其考试",
    reason: "原因",
    told: (name: string, by = "Zhou Jing") => new RegExp(`^${by}对${name}讲话，持续 \\d+ 秒$`),
    own: /^Zhou Jing对其讲话，持续 \d+ 秒$/,
    refused: /浏览器未允许使用麦克风/,
    busyDevice: /麦克风正被其他程序使用/,
    absent: /未找到麦克风/,
    page: "监考老师正在对你讲话，请听。",
    paused: "考试已暂停",
    resumed: "考试继续。",
    gone: "对Emma Clarke的讲话已停止",
    silent: "对方还听不到：其页面没有播放声音。",
    unheard: "Emma Clarke没有听到你讲话",
    tried: /^Zhou Jing尝试对Emma Clarke讲话，对方没有听到$/,
    silentPage: "监考老师正在对你讲话，请打开声音。",
    turnOn: "打开声音",
    close: "关闭",
  },
} as const;
type Locale = keyof typeof WORDS;

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
const openMenu = async (page: Page, words: (typeof WORDS)[Locale], item: string) => {
  await page.getByRole("button", { name: words.actions("Emma Clarke") }).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
};

it.each(STORY_LANGUAGES)(
  "lets a teacher talk to one candidate, whom alone they are heard by, in %s",
  async (locale) => {
    const words = WORDS[locale];
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
    await openMenu(page, words, words.talk);
    await speaksInATone(page);
    await page.getByRole("dialog").getByRole("button", { name: words.begin }).waitFor();
    await room.check();
    await room.picture(`talk-dialog-${locale}`);
    await click(page, words.begin);
    await says(page, words.you);
    await says(page, words.tile);
    await says(heard.page, words.page);
    await expect.poll(() => heardIn(heard.page)).toEqual({ moves: true, hertz: TONE_HERTZ });
    await room.check();
    await room.picture(`talk-room-${locale}`);
    if (process.env.INVIGIL_PICTURES)
      await heard.page.screenshot({
        path: `${process.env.INVIGIL_PICTURES}/talk-candidate-page-${locale}.png`,
      });

    // Other staff see it, and cannot talk to the same candidate.
    await says(boss.page, words.other);
    await says(guest.page, words.other);
    await guest.check();
    await guest.picture(`talk-other-360-${locale}`);
    expect(await guest.page.getByRole("button", { name: words.stop }).count()).toBe(0);
    await guest.page.getByRole("button", { name: words.actions("Emma Clarke") }).click();
    await guest.page.getByRole("menuitem").first().waitFor();
    expect(await guest.page.getByRole("menuitem", { name: words.talk, exact: true }).count()).toBe(0);
    await openMenu(boss.page, words, words.talk);
    await says(boss.page, words.busy);
    expect(await boss.page.getByRole("button", { name: words.begin }).isDisabled()).toBe(true);
    await boss.check();
    await boss.picture(`talk-busy-dark-${locale}`);

    await click(page, words.stop);
    await page.getByText(words.tile).waitFor({ state: "detached" });
    await heard.page.getByText(words.page).waitFor({ state: "detached" });
    await guest.page.getByText(words.other).waitFor({ state: "detached" });
    expect(await soundOf(silent.page)).toBe(0);
    await says(page, words.told("Emma Clarke"));
    const { talks } = await fixture.teacher.stream.listTalks({ roomId });
    const heardTalk = { userId: "e2", by: "t1", heardAt: expect.any(Date), endedAt: expect.any(Date) };
    expect(talks[0]).toMatchObject(heardTalk);

    // On the candidate's page of the console, with a pause.
    await page.goto(`${fixture.url}/console/exams/${examId}/candidates/e2?room=${roomId}`);
    await says(page, words.own);
    await openMenu(page, words, words.talk);
    await page.getByLabel(words.pause).check();
    expect(await page.getByRole("button", { name: words.begin }).isDisabled()).toBe(true);
    await page.getByLabel(words.reason, { exact: true }).selectOption("technical");
    await room.check();
    await room.picture(`talk-pause-${locale}`);
    await click(page, words.begin);
    await says(heard.page, words.page);
    await says(heard.page, words.paused);
    await room.check();
    await room.picture(`talk-candidate-${locale}`);
    await page.setViewportSize({ width: 360, height: 740 });
    await room.picture(`talk-candidate-360-${locale}`);
    const decision = { roomId, userIds: ["e2"], reason: { code: "technical" as const } };
    await fixture.teacher.attempt.resume({ ...decision, key: `resume ${locale}` });
    await says(heard.page, words.resumed);

    // It ends with the page, and when the person leaves the room.
    await page.reload();
    await heard.page.getByText(words.page).waitFor({ state: "detached" });
    await openMenu(page, words, words.talk);
    await click(page, words.begin);
    await says(heard.page, words.page);
    await fixture.teacher.attempt.terminate({ ...decision, answers: "save", key: `end ${locale}` });
    await says(page, words.gone);
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
    const words = WORDS[locale];
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
    await openMenu(page, words, words.talk);
    await speaksInATone(page);
    await click(page, words.begin);
    await says(heard.page, words.silentPage);
    await says(page, words.silent);
    await room.check();
    await room.picture(`talk-silent-${locale}`);
    await click(page, words.stop);
    await says(page, words.unheard);
    await says(page, words.tried);
    await room.picture(`talk-unheard-${locale}`);
    await page.getByRole("alert").getByRole("button", { name: words.close }).click();
    await heard.page.getByText(words.silentPage).waitFor({ state: "detached" });
    const talksOf = async () => (await fixture.teacher.stream.listTalks({ roomId })).talks;
    await expect.poll(async () => (await talksOf())[0]).toMatchObject({ endedAt: expect.any(Date) });
    for (const one of await talksOf()) expect(one).not.toHaveProperty("heardAt");

    // They turn on the sound.
    await openMenu(page, words, words.talk);
    await click(page, words.begin);
    await says(heard.page, words.silentPage);
    await click(heard.page, words.turnOn);
    await says(heard.page, words.page);
    await expect.poll(() => heardIn(heard.page)).toEqual({ moves: true, hertz: TONE_HERTZ });
    await says(page, words.you);
    await click(page, words.stop);
    await says(page, words.told("Emma Clarke"));
    expect((await talksOf())[0]).toMatchObject({ heardAt: expect.any(Date) });
    await heard.context.close();
  },
);

it.each(STORY_LANGUAGES)("says what to do about a microphone that cannot be used, in %s", async (locale) => {
  const words = WORDS[locale];
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
  await openMenu(page, words, words.talk);
  await click(page, words.begin);
  await says(page, words.refused);
  await open.check();
  await open.picture(`talk-refused-dark-${locale}`);
  for (const [name, said] of [
    ["NotReadableError", words.busyDevice],
    ["NotFoundError", words.absent],
  ] as const) {
    await page.evaluate((error) => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", error));
    }, name);
    await click(page, words.begin);
    await says(page, said);
  }
  expect((await fixture.teacher.stream.listTalks({ roomId })).talks).toEqual([]);
});
