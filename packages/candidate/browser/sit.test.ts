import { execFileSync } from "node:child_process";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enter, openWorld, type SitPage, TEXTS, type World } from "./support/world.js";

const DAY_MS = 24 * 60 * 60_000;

let world: World;
beforeAll(async () => {
  world = await openWorld({ ports: [18_700, 18_799] });
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const decide = (userId: string) => ({ roomId: world.roomId, userIds: [userId], key: crypto.randomUUID() });
const says = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor();
const click = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
const memberOf = async (userId: string) =>
  (await world.teacher.room.snapshot({ roomId: world.roomId })).members.find((one) => one.userId === userId);

/** What the page holds of its devices and connections. It lets go of them right after it has said that it is over. */
const alive = (page: Page) =>
  page.evaluate(() => {
    const { opened, connections } = window as unknown as Opened;
    return {
      tracks: opened.flatMap((stream) => stream.getTracks()).filter(({ readyState }) => readyState === "live")
        .length,
      connections: connections.filter(({ connectionState }) => connectionState !== "closed").length,
    };
  });
interface Opened {
  readonly opened: MediaStream[];
  readonly connections: RTCPeerConnection[];
}

/** Runs in a page: speaks, as the console does. */
const talk = async ({ url, token }: { url: string; token: string }): Promise<void> => {
  const connection = new RTCPeerConnection();
  Object.assign(globalThis, { talking: connection });
  const voice = await navigator.mediaDevices.getUserMedia({ audio: true });
  for (const track of voice.getTracks()) connection.addTransceiver(track, { direction: "sendonly" });
  connection.addTransceiver("video", { direction: "sendonly" });
  await connection.setLocalDescription();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/sdp" };
  const body = connection.localDescription?.sdp ?? "";
  const answer = await fetch(url, { method: "POST", headers, body });
  await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  window.addEventListener("beforeunload", () => connection.close());
};

const enters = async (userId: string, options?: Parameters<World["open"]>[1]): Promise<SitPage> => {
  const sit = await world.open((await world.linkOf(userId)).url, options);
  await enter(sit, options?.locale);
  await says(sit.page, options?.locale === "zh-CN" ? "监考老师能看到你。" : "You are seen.");
  return sit;
};

describe("a candidate", () => {
  it("comes by a link, does the checks, is seen, and sits the exam until it is ended", async () => {
    const sit = await world.open((await world.linkOf("e1")).url);
    const { page, check, picture } = sit;
    await says(page, "Algebra, final exam");
    expect(page.url()).toMatch(/\/sit$/);
    await check();
    await picture("en-desk-light-before");
    await enter(sit);
    await says(page, "You are seen.");
    const passed = { result: "passed" };
    await expect
      .poll(async () => (await memberOf("e1"))?.readiness?.checks)
      .toEqual({ consent: passed, camera: passed, microphone: passed, connection: passed, entered: passed });
    expect((await memberOf("e1"))?.publishStatus.main).toBe("publishing");
    await check();
    await picture("en-desk-light-during");

    await click(page, "Help");
    await says(page, /Help: you are waiting for/);
    const { roomId } = world;
    const { hands } = await world.teacher.hand.list({ roomId, userId: "e1" });
    await world.teacher.hand.answer({ roomId, handId: hands[0]?.id ?? 0, action: "take" });
    await says(page, "Help: an invigilator takes care of you.");
    await picture("en-desk-light-hand");
    await click(page, "Take the hand down");
    await says(page, "An invigilator is told at once.");

    const reason = { code: "technical", message: "The power is out. Please wait." } as const;
    await world.teacher.attempt.pause({ ...decide("e1"), reason });
    await says(page, "Your exam is paused");
    await says(page, /Reason: technical problem. The power is out./);
    await check();
    await picture("en-desk-light-paused");
    await world.teacher.attempt.resume({ ...decide("e1"), reason: { code: "technical" } });
    await says(page, "Your exam goes on.");
    await world.teacher.attempt.extend({ ...decide("e1"), minutes: 10, reason: { code: "technical" } });
    await says(page, /You have 10 more minutes/);
    const given = await page.getByText(/You have 10 more minutes/).textContent();
    await world.teacher.attempt.extend({ ...decide("e1"), minutes: -4, reason: { code: "technical" } });
    await says(page, /4 minutes/);
    // The earlier line keeps the end that it gave.
    expect(await page.getByText(/You have 10 more minutes/).textContent()).toBe(given);
    const asked = { text: "Show your desk.", receipt: true };
    await world.teacher.im.send({ roomId, type: 30_001, data: asked, to: ["e1"] });
    await says(page, "Invigilator: Show your desk.");
    await click(page, "I have read this");
    await says(page, "You have confirmed it.");
    const answers = async () => {
      const { messages } = await world.teacher.im.history({ roomId, userId: "e1", type: 30_001 });
      return messages.flatMap(({ sender, data }) => (sender.userId === "e1" ? [data] : []));
    };
    expect(await answers()).toMatchObject([{ text: "I have read this: “Show your desk.”" }]);
    await picture("en-desk-light-happened");

    await world.teacher.attempt.terminate({
      ...decide("e1"),
      reason: { code: "misconduct", message: "You used a phone." },
    });
    await says(page, "Your exam was ended by an invigilator");
    await says(page, "You used a phone.");
    await expect.poll(() => alive(page)).toEqual({ tracks: 0, connections: 0 });
    await expect.poll(async () => (await memberOf("e1"))?.publishStatus.main).toBe("stopped");
    await check();
    await picture("en-desk-light-ended");
    // It can be read again.
    await page.reload();
    await says(page, "You used a phone.");
    await says(page, "Invigilator: Show your desk.");
    expect(await page.getByRole("button", { name: "I have read this" }).count()).toBe(0);
    await page.close();
  });

  it("is seen again after a reload and after the media server has failed, and finishes", async () => {
    const { page, check, picture } = await enters("e2", {
      locale: "zh-CN",
      scheme: "dark",
      width: 360,
      height: 740,
    });
    await check();
    await picture("zh-phone-dark-during");
    await world.teacher.im.send({
      roomId: world.roomId,
      type: 30_001,
      data: { text: "请出示证件" },
      to: ["e2"],
    });
    await says(page, "监考老师：请出示证件");
    await page.reload();
    await says(page, "监考老师能看到你。");
    await says(page, "监考老师：请出示证件");
    await click(page, "打开声音");
    await page.getByRole("button", { name: "打开声音" }).waitFor({ state: "detached" });

    execFileSync("pkill", ["-KILL", "-P", String(process.pid), "-f", "media-server.cjs"]);
    await says(page, /网络断开了 0:\d\d。/);
    await says(page, "监考老师能看到你。");
    await picture("zh-phone-dark-cut");

    // Staff talk to them alone.
    const grant = await world.teacher.stream.talk({ roomId: world.roomId, userId: "e2" });
    await page.evaluate(talk, grant);
    await says(page, "监考老师正在对你讲话，请听。");
    await page.waitForFunction(async () => {
      const heard = (globalThis as unknown as Opened).connections.map(async (connection) =>
        [...(await connection.getStats()).values()].some(
          ({ type, kind, packetsReceived }) =>
            type === "inbound-rtp" && kind === "audio" && packetsReceived > 10,
        ),
      );
      return (await Promise.all(heard)).includes(true);
    });
    await picture("zh-phone-dark-talk");
    await page.evaluate(() => (globalThis as unknown as { talking: RTCPeerConnection }).talking.close());
    await page.evaluate(() => {
      for (const track of (globalThis as unknown as Opened).opened.at(-1)?.getTracks() ?? []) track.stop();
    });
    await page.getByText("监考老师正在对你讲话，请听。").waitFor({ state: "detached", timeout: 60_000 });

    const { url } = await world.linkOf("e2");
    await click(page, "交卷");
    await check();
    await picture("zh-phone-dark-finish");
    await click(page, "继续考试");
    await click(page, "交卷");
    await page.getByRole("dialog").getByRole("button", { name: "交卷" }).click();
    await says(page, "你已交卷");
    await expect.poll(() => alive(page)).toEqual({ tracks: 0, connections: 0 });
    await check();
    await picture("zh-phone-dark-finished");
    // The link of the demo has a code, which leads into its next round.
    await page.goto(`${url}&code=AB12-CD34-EF56`);
    await page.reload();
    const next = page.getByRole("link", { name: "参加下一场考试" });
    await next.waitFor();
    expect(await next.getAttribute("href")).toMatch(/\/j\/AB12-CD34-EF56$/);
  });

  it("is reached in the checks: raises a hand, reads messages, and sees a pause before they enter", async () => {
    const sit = await world.open((await world.linkOf("e7")).url);
    const { page } = sit;
    const { roomId } = world;
    await click(page, "Technical problem");
    await says(page, /Technical problem: you are waiting for/);
    const { hands } = await world.teacher.hand.list({ roomId, userId: "e7" });
    await world.teacher.hand.answer({ roomId, handId: hands[0]?.id ?? 0, action: "take" });
    await says(page, "Technical problem: an invigilator takes care of you.");
    const message = { roomId, type: 30_001, to: ["e7"] };
    await world.teacher.im.send({ ...message, data: { text: "Restart your browser." } });
    await says(page, "Invigilator: Restart your browser.");
    await world.teacher.attempt.pause({
      ...decide("e7"),
      reason: { code: "technical", message: "We wait for you." },
    });
    await says(page, "Your exam is paused");
    await says(page, "Do your checks, and enter. It goes on by itself.");
    await says(page, /Reason: technical problem. We wait for you./);
    await sit.check();
    await sit.picture("en-desk-light-reached");
    expect((await memberOf("e7"))?.readiness).toBeUndefined();
    await page.reload();
    await says(page, "Invigilator: Restart your browser.");
    await enter(sit);
    await says(page, "Your exam is paused");
    await says(page, "Invigilator: Restart your browser.");
    await expect
      .poll(async () => (await memberOf("e7"))?.readiness?.checks.entered)
      .toEqual({ result: "passed" });
    await page.close();
  });

  it("goes on by itself in the room to which they are moved, with the same camera, and their link leads there", async () => {
    const { url } = await world.linkOf("e6");
    const { page, check } = await enters("e6");
    const { id: roomId } = await world.admin.room.create({ examId: world.examId, name: "Room 2" });
    const inNewRoom = async () =>
      (await world.admin.room.snapshot({ roomId })).members.find(({ userId }) => userId === "e6");
    await world.teacher.attempt.pause({ ...decide("e6"), reason: { code: "technical" } });
    await says(page, "Your exam is paused");
    await world.admin.participant.move({ roomId: world.roomId, userId: "e6", toRoomId: roomId });
    await expect.poll(async () => (await inNewRoom())?.publishStatus.main).toBe("publishing");
    await says(page, "You are seen.");
    // They were asked for no device again, and are still paused.
    expect(await page.evaluate(() => (window as unknown as Opened).opened.length)).toBe(1);
    expect(await alive(page)).toEqual({ tracks: 2, connections: 1 });
    await says(page, "Your exam is paused");
    await check();
    await world.admin.attempt.resume({ roomId, key: "all", reason: { code: "technical" } });
    await page.getByRole("timer").waitFor();
    await click(page, "Help");
    await expect
      .poll(async () => (await world.admin.hand.list({ examId: world.examId, statuses: ["raised"] })).hands)
      .toMatchObject([{ roomId, userId: "e6" }]);
    await page.reload();
    await says(page, "You are seen.");
    await page.close();
    // The link that they had is not that of the new room.
    const again = await world.open(url);
    await says(again.page, "Room 2");
    await again.page.close();
  });

  it("sits in one tab: the other one takes over if they want, and a link that was revoked says so", async () => {
    const one = await enters("e3");
    const { url } = await world.linkOf("e3");
    const two = await one.another(url);
    await says(two.page, "Your exam is open in another tab");
    await two.check();
    await two.picture("en-desk-light-second-tab");
    await click(two.page, "Take over in this tab");
    await says(one.page, "Your exam is open in another tab");
    await expect.poll(() => alive(one.page)).toEqual({ tracks: 0, connections: 0 });
    await says(two.page, "Algebra, final exam");
    await world.admin.room.revokeLinks({ roomId: world.roomId, userIds: ["e3"] });
    await says(two.page, "This link does not work any more");
    await two.check();
    await two.picture("en-desk-light-revoked");
  });

  it("who refuses the camera is told how to allow it, and what else may be wrong", async () => {
    const sit = await world.open((await world.linkOf("e4")).url, { allows: false, scheme: "dark" });
    const { page } = sit;
    await click(page, TEXTS.en.agree);
    await click(page, TEXTS.en.allow);
    await says(page, /was not allowed. Click the camera or lock sign beside the address/);
    await expect
      .poll(async () => (await memberOf("e4"))?.readiness?.checks.camera)
      .toEqual({ result: "failed", detail: "refused" });
    await sit.check();
    await sit.picture("en-desk-dark-refused");
    for (const [name, said] of [
      ["NotReadableError", "Another program uses the camera"],
      ["NotFoundError", "No camera or no microphone was found."],
    ] as const) {
      await page.evaluate((error) => {
        navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", error));
      }, name);
      await click(page, "Try again");
      await says(page, said);
    }
    expect(await page.getByRole("button", { name: TEXTS.en.enter }).isDisabled()).toBe(true);
    // Staff may let them begin without.
    await world.teacher.participant.waveThrough({
      roomId: world.roomId,
      userId: "e4",
      wavedThrough: true,
    });
    await says(page, "Your invigilator lets you begin without the remaining checks.");
    await says(page, "then nobody sees you");
    expect(await page.getByRole("button", { name: TEXTS.en.enter }).isDisabled()).toBe(false);
  });

  it("is watched by the detectors, which rest in a break and for whom they are off", async () => {
    const { page } = await enters("e5", { isDrawn: true });
    const { roomId } = world;
    /** The findings so far, each with the phases of its records. */
    const findings = async () => {
      const { records } = await world.teacher.cheat.listRecords({ roomId, userIds: ["e5"], pageSize: 100 });
      const byId = new Map<string, string[]>();
      for (const { detectType, extraInfo } of records.toReversed()) {
        const { id, phase } = extraInfo as { id: string; phase: string };
        byId.set(`${detectType} ${id}`, [...(byId.get(`${detectType} ${id}`) ?? []), phase]);
      }
      return [...byId].map(([name, phases]) => `${name.split(" ")[0]} ${phases.join(" ")}`).toSorted();
    };
    const finds = (...expected: string[]) => expect.poll(findings).toEqual(expected.toSorted());
    const set = (draw: string) => page.evaluate((what) => Object.assign(globalThis, { draw: what }), draw);

    await set("dark");
    await finds("pictureDark begin");
    await set("room");
    await finds("pictureDark begin end");
    await set("still");
    await finds("pictureDark begin end", "pictureFrozen begin");
    await set("room");
    const before = ["pictureDark begin end", "pictureFrozen begin end"];
    await finds(...before);
    const look = (value: "hidden" | "visible") =>
      page.evaluate((visibilityState) => {
        Object.defineProperty(document, "visibilityState", { configurable: true, value: visibilityState });
        document.dispatchEvent(new Event("visibilitychange"));
      }, value);
    await look("hidden");
    await finds(...before, "pageHidden begin");
    await look("visible");
    await finds(...before, "pageHidden begin end");
    before.push("pageHidden begin end");

    await page.evaluate(() => {
      document.hasFocus = () => false;
      window.dispatchEvent(new Event("blur"));
    });
    await finds(...before, "focusLost begin");
    await page.evaluate(() => {
      document.hasFocus = () => true;
      window.dispatchEvent(new Event("focus"));
    });
    before.push("focusLost begin end");
    await finds(...before);

    const track = (change: string) =>
      page.evaluate((event) => {
        const { opened } = globalThis as unknown as Opened;
        const found = opened.at(-1)?.getAudioTracks()[0];
        if (!found) throw new Error("There is no microphone.");
        if (event === "ended") found.stop();
        else Object.defineProperty(found, "muted", { configurable: true, value: event === "mute" });
        found.dispatchEvent(new Event(event));
      }, change);
    await track("mute");
    await finds(...before, "deviceMuted begin");
    await track("unmute");
    before.push("deviceMuted begin end");
    await finds(...before);
    await track("ended");
    // It comes back by itself.
    before.push("deviceLost begin end");
    await finds(...before);
    await says(page, "You are seen.");

    // In a break, nothing is found. After it, the picture is still dark.
    await click(page, "A break");
    await says(page, /A break: you are waiting/);
    const { hands } = await world.teacher.hand.list({ roomId, userId: "e5" });
    await world.teacher.hand.answer({ roomId, handId: hands.at(-1)?.id ?? 0, action: "grant" });
    await says(page, "The detectors rest.");
    await set("dark");
    await says(page, /Your break has lasted 0:(0[6-9]|[1-5]\d)/);
    await finds(...before);
    await click(page, "I am back");
    await finds(...before, "pictureDark begin");
    await world.teacher.participant.setDetectors({ roomId, userId: "e5", off: true });
    before.push("pictureDark begin end");
    await finds(...before);
  });

  it("without a token is led to the code, in both languages", async () => {
    const { url } = await world.linkOf("e5");
    const sit = await world.open(url.replace(/\?.*/, ""), { locale: "zh-CN", width: 360, height: 740 });
    await says(sit.page, "请输入考试码");
    await sit.check();
    await sit.picture("zh-phone-light-code");
    await sit.page.getByRole("button", { name: "English" }).click();
    await says(sit.page, "This page needs your exam code");
    expect(await sit.page.getByRole("link", { name: "Type the code" }).getAttribute("href")).toMatch(/\/j$/);
  });
});

describe("the last five minutes", () => {
  it("are told calmly, once, with the end and its time zone, in both languages", async () => {
    await using last = await openWorld({ ports: [18_850, 18_899], startsIn: -87 * 60_000 });
    const notice = { en: "Less than 5 minutes left.", "zh-CN": "剩余时间不足 5 分钟。" };
    const zone = { en: /^Ends at .* China Standard Time$/, "zh-CN": /^中国标准时间.*结束$/ };
    for (const [userId, locale, width] of [
      ["e1", "en", 1280],
      ["e2", "zh-CN", 390],
    ] as const) {
      const sit = await last.open((await last.linkOf(userId)).url, { locale, width });
      await says(sit.page, locale === "en" ? /China Standard Time/ : /中国标准时间/);
      await sit.picture(`${locale}-${width}-before-the-end`);
      await enter(sit, locale);
      await sit.page.getByRole("status").filter({ hasText: notice[locale] }).waitFor();
      await says(sit.page, zone[locale]);
      expect(await sit.page.getByRole("alert").count()).toBe(0);
      await sit.check();
      await sit.picture(`${locale}-${width}-five-minutes`);
    }
  });
});

describe("the times of the exam, when staff change them", () => {
  it.each([
    [
      "en",
      1280,
      "The times of the exam were changed. Your exam ends at",
      "Reason: technical problem.",
      "Your time is up",
    ],
    ["zh-CN", 390, "考试时间已更改。考试于", "原因：技术故障。", "考试时间已到"],
  ] as const)(
    "are told with their words, also to whom they end the exam, in %s",
    async (locale, width, told, why, over) => {
      await using changed = await openWorld({ ports: [18_900, 18_949] });
      const { examId } = changed;
      const { startTime, endTime } = await changed.admin.exam.get({ examId });
      const endAfter = (minutes: number, message: string) =>
        changed.admin.exam.update({
          examId,
          endTime: new Date(startTime.getTime() + minutes * 60_000),
          reason: { code: "technical", note: "For staff alone", message },
        });
      const sit = await changed.open((await changed.linkOf("e1")).url, { locale, width });
      const { page, check, picture } = sit;
      await enter(sit, locale);
      const seen = locale === "en" ? "You are seen." : "监考老师能看到你。";
      await says(page, seen);
      await endAfter(60, "We end at half past.");
      const line = page.getByRole("listitem").filter({ hasText: told });
      await line.filter({ hasText: why }).filter({ hasText: "We end at half past." }).waitFor();
      await check();
      await picture(`${locale}-${width}-other-end`);
      await endAfter(5, "The house is on fire.");
      await says(page, over);
      await says(page, "The house is on fire.");
      expect(await page.getByText("For staff alone").count()).toBe(0);
      await expect.poll(() => alive(page)).toEqual({ tracks: 0, connections: 0 });
      await check();
      await picture(`${locale}-${width}-over-at-once`);
      // As the console takes it back.
      await changed.admin.exam.update({ examId, endTime, reason: { code: "mistake" } });
      await page.getByText(over).waitFor({ state: "detached" });
      await says(page, seen);
    },
  );
});

describe("days before an exam with two cameras", () => {
  it("the checks are kept, the phone is the second camera, and the way in opens later", async () => {
    await using later = await openWorld({
      ports: [18_800, 18_849],
      startsIn: 3 * DAY_MS,
      exam: { cameras: "both", questionsUrl: "https://questions.example/" },
    });
    await later.teacher.exam.get({ examId: later.examId });
    await later.admin.exam.setConsent({
      examId: later.examId,
      en: "The university stores your records for one year.",
      zh: "学校保存你的记录一年。",
    });
    const { url, pcUrl = "" } = await later.linkOf("e1");
    const sit = await later.open(url, { width: 360, height: 740 });
    const { page } = sit;
    await says(page, "The university stores your records for one year.");
    await says(page, /leaving this page is not noted/);
    await click(page, TEXTS.en.agree);
    await click(page, TEXTS.en.allow);
    await says(page, "Your microphone works.");
    await click(page, TEXTS.en.test);
    await page.getByRole("img", { name: "Code with the link for your phone" }).waitFor();
    await says(page, "Your connection is good enough.");
    await sit.check();
    await sit.picture("en-phone-light-before");
    expect(await page.getByRole("button", { name: TEXTS.en.enter }).isDisabled()).toBe(true);

    const phone = await later.open(pcUrl, { locale: "zh-CN", scheme: "dark", width: 360, height: 740 });
    await click(phone.page, TEXTS["zh-CN"].allow);
    await says(page, /Come back at/);
    await phone.check();
    await phone.picture("zh-phone-dark-second-camera");

    // Another day, in the same browser or another one.
    const again = await later.open(url, { locale: "zh-CN" });
    await says(again.page, "学校保存你的记录一年。");
    await says(again.page, /\d+日 已完成/);
    await says(again.page, /一切正常。请于/);
    await again.check();
    await again.picture("zh-desk-light-again");
  });
});
