import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AppFixture, openAppFixture } from "./support/console.js";
import { type ExamRoom, openExamRoom, STREAMS } from "./support/exam-room.js";
import { patternOf, STORY_LANGUAGES, textsOf, UNKNOWN } from "./support/languages.js";
import { serveWhep } from "./support/whep.js";

const PEOPLE = [
  { userId: "e1", name: "王芳" },
  { userId: "e2", name: "Emma Clarke" },
  { userId: "e3", name: "Maximiliana-Theodora von Hohenstein-Württemberg zu Lippe" },
];
/** The type of what people write. */
const WRITTEN = 30_001;
let fixture: AppFixture;

beforeAll(async () => {
  fixture = await openAppFixture({
    config: {
      ...STREAMS,
      apps: { watchUrl: "https://watch.example/", examineeUrl: "https://sit.example/" },
    },
  });
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

describe.each(STORY_LANGUAGES)("a room, in %s", (locale) => {
  const t = textsOf(locale);
  const ended = patternOf(t.markup("room.ended.text", { time: () => UNKNOWN }));

  it("is watched by its teacher, who answers, silences and ends it", async () => {
    const name = `Room 1 ${locale}`;
    const hall = await openExamRoom(fixture, { room: name, people: PEOPLE });
    await hall.enter("e1");
    await hall.enter("e2");
    await hall.report("e1", "publish");
    const path = `exams/${hall.examId}/rooms/${hall.roomId}`;
    await using open = await fixture.openConsole({ locale });
    const { page, check, picture } = open;
    const whep = await serveWhep(page);
    await page.goto(`${fixture.url}/console/${path}`);
    await page.getByLabel(t("common.signIn.user")).fill("t1");
    await page.getByLabel(t("common.signIn.password"), { exact: true }).fill("a password for tests");
    await page.getByRole("button", { name: t("common.signIn.submit") }).click();
    await page.getByRole("heading", { name }).waitFor();

    // The picture arrives over the loopback interface, and the policy of the page lets it.
    await page.locator("video").waitFor();
    await page.waitForFunction(() => (document.querySelector("video")?.videoWidth ?? 0) > 0);
    // The offer did not wait for the addresses of the computer, which follow.
    await expect.poll(() => whep.candidates.later).toBeGreaterThan(0);
    await check();
    await picture(`room-${locale}`);

    // A question comes first, and is answered to the person alone.
    await hall
      .as("e2")
      .im.send({ roomId: hall.roomId, type: WRITTEN, data: { text: "May I use scratch paper?" } });
    await page.getByText(t("room.tile.asks", { text: "May I use scratch paper?" })).waitFor();
    await page.getByRole("button", { name: t("watching.acts.reply") }).focus();
    await page.keyboard.press("Enter");
    const field = page.getByLabel(t("room.composer.chosen", { names: "Emma Clarke" }));
    await field.fill("Yes, blank paper only.");
    await field.press("Enter");
    await page
      .getByText(t("room.tile.asks", { text: "May I use scratch paper?" }))
      .waitFor({ state: "detached" });
    const written = { roomId: hall.roomId, type: WRITTEN };
    const { messages } = await hall.as("e2").im.history(written);
    expect(messages[0]).toMatchObject({
      data: { text: "Yes, blank paper only." },
      to: ["e2"],
      sender: { userId: "t1" },
    });
    const others = await hall.as("e1").im.history(written);
    expect(others.messages).toEqual([]);

    // A camera that goes dark says since when, and its session is over.
    await expect.poll(() => whep.open.size).toBe(1);
    await hall.report("e1", "publish_done");
    await page
      .getByText(patternOf(t.markup("watching.picture.stoppedSince", { time: () => UNKNOWN })))
      .waitFor();
    await expect.poll(() => whep.open.size).toBe(0);

    await fixture.teacher.room.setAudioStatus({ roomId: hall.roomId, audioStatus: "speaking" });
    await page.getByRole("button", { name: t("watching.acts.label", { name }) }).click();
    await page.getByRole("menuitem", { name: t("room.actions.mute") }).click();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("room.actions.mute") })
      .click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect((await fixture.teacher.room.get({ roomId: hall.roomId })).audioStatus).toBe("silent");

    await page.getByRole("button", { name: t("watching.acts.label", { name }) }).click();
    await page.getByRole("menuitem", { name: t("room.actions.end") }).click();
    await page.getByRole("dialog", { name: t("watching.endRoom.title", { room: name, count: 3 }) }).waitFor();
    await check();
    await picture(`room-end-${locale}`);
    // A colleague adds someone before it is confirmed.
    const late = { userId: "e9", name: "Late Comer", role: "examinee" } as const;
    await fixture.admin.participant.add({ roomId: hall.roomId, participants: [late] });
    await page.getByRole("dialog", { name: t("watching.endRoom.title", { room: name, count: 4 }) }).waitFor();
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("room.actions.end") })
      .dblclick();
    await page.getByRole("dialog").getByText(t("common.confirm.changed")).waitFor();
    expect((await fixture.teacher.room.get({ roomId: hall.roomId })).status).toBe("in_progress");
    await check();
    await picture(`room-end-changed-${locale}`);
    await page
      .getByRole("dialog")
      .getByRole("button", { name: t("room.actions.end") })
      .click();
    await page.getByText(ended).first().waitFor();
    expect((await fixture.teacher.room.get({ roomId: hall.roomId })).status).toBe("ended");
    await expect
      .poll(() => page.getByLabel(t("room.composer.chosen", { names: "Emma Clarke" })).count())
      .toBe(0);
    await check();
    await picture(`room-ended-${locale}`);
  });

  it("is seen by an inspector, who may not act, and says that another operator ended it", async () => {
    const name = `Room 2 ${locale}`;
    const hall = await openExamRoom(fixture, { room: name, people: PEOPLE });
    await hall.enter("e2");
    await using open = await fixture.openConsole({
      role: "inspector",
      locale,
      scheme: "dark",
      width: 360,
      height: 720,
      path: `exams/${hall.examId}/rooms/${hall.roomId}?tiles=4`,
    });
    const { page, check, picture } = open;
    await page.getByText(t("room.readOnly")).waitFor();
    await page.getByRole("link", { name: "Emma Clarke" }).waitFor();
    expect(await page.getByRole("checkbox").count()).toBe(0);
    expect(await page.getByRole("textbox").count()).toBe(0);
    // They write notes about it, and no more.
    await page.getByRole("button", { name: t("watching.acts.label", { name }) }).click();
    await expect.poll(() => page.getByRole("menuitem").allTextContents()).toEqual([t("watching.acts.note")]);
    await page.keyboard.press("Escape");
    await check();
    await picture(`room-inspector-${locale}`);
    await fixture.admin.room.end({ roomId: hall.roomId });
    await page.getByText(ended).first().waitFor();
    await check();
  });

  it("without anybody says what to do", async () => {
    const hall = await openExamRoom(fixture, { room: `Room 3 ${locale}`, people: [] });
    await using open = await fixture.openConsole({
      role: "teacher",
      locale,
      path: `exams/${hall.examId}/rooms/${hall.roomId}`,
    });
    await open.page.getByText(t("room.empty.title")).waitFor();
    await open.check();
    await open.picture(`room-empty-${locale}`);
  });
});

it("keeps tiles where they are while a person points at them, and says that they would change", async () => {
  const hall = await openExamRoom(fixture, { room: "Room 4", people: PEOPLE });
  for (const { userId } of PEOPLE) await hall.enter(userId);
  await using open = await fixture.openConsole({
    role: "teacher",
    path: `exams/${hall.examId}/rooms/${hall.roomId}`,
  });
  const { page } = open;
  const wall = page.getByRole("list", { name: "Candidates of Room 4" });
  const names = () => wall.getByRole("link").allTextContents();
  await wall.and(page.locator('[aria-busy="false"]')).waitFor();
  await page.getByRole("link", { name: "王芳" }).waitFor();
  const before = await names();
  await page.getByRole("link", { name: "王芳" }).hover();
  await hall.as("e2").im.send({ roomId: hall.roomId, type: WRITTEN, data: { text: "Hello?" } });
  const button = page.getByRole("button", { name: /Show .*change/ });
  await button.waitFor();
  expect(await names()).toEqual(before);
  // A pointer that leaves the tiles for the button lets them move already.
  await button.press("Enter");
  await expect.poll(names).toEqual(["Emma Clarke", ...before.filter((name) => name !== "Emma Clarke")]);
});

it("gives a candidate a new link, which ends the old one, and leads to the page that speaks", async () => {
  const hall = await openExamRoom(fixture, { room: "Room 5", people: PEOPLE });
  await hall.enter("e1");
  await using open = await fixture.openConsole({
    role: "teacher",
    path: `exams/${hall.examId}/rooms/${hall.roomId}`,
  });
  const { page, check } = open;
  await hall.as("e1").room.get({ roomId: hall.roomId });
  await page.getByRole("button", { name: "Actions for 王芳" }).click();
  await page.getByRole("menuitem", { name: "New link" }).click();
  await page.getByRole("button", { name: "Make new links" }).click();
  await page
    .getByRole("dialog", { name: "Link of 王芳" })
    .getByText("https://sit.example/")
    .first()
    .waitFor();
  await check();
  await expect(hall.as("e1").room.get({ roomId: hall.roomId })).rejects.toThrow("no longer valid");
  await page.getByRole("button", { name: "Close" }).last().click();

  await page.getByRole("button", { name: "Actions for Room 5" }).click();
  await page.getByRole("menuitem", { name: "Speak" }).click();
  const link = page.getByRole("link", { name: "Open the watching app" });
  await link.waitFor();
  await check();
  const url = new URL((await link.getAttribute("href")) ?? "");
  expect(url.origin).toBe("https://watch.example");
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    roomId: hall.roomId,
    userId: "t1",
    role: "0",
  });
  expect(await link.getAttribute("rel")).toContain("noreferrer");
});

describe("the wall", () => {
  const HALL = [
    ...PEOPLE,
    ...Array.from({ length: 21 }, (_, n) => ({
      userId: `w${n + 1}`,
      name: n % 2 ? `考生${n + 1}` : `Candidate ${n + 1}`,
    })),
  ];
  const ABSENT = HALL.slice(16);
  let hall: ExamRoom;
  beforeAll(async () => {
    hall = await openExamRoom(fixture, { room: "Hall of tiles", people: HALL });
    for (const { userId } of HALL.slice(0, 16)) await hall.enter(userId);
    // One and two cameras that play, one that went dark, a question, and detections.
    for (const userId of ["e1", "e2", "w3"]) await hall.report(userId, "publish");
    await hall.enter("e2", "pc");
    await hall.report("e2", "publish", "pc");
    await hall.report("w3", "publish_done");
    await hall
      .as("e3")
      .im.send({ roomId: hall.roomId, type: WRITTEN, data: { text: "Is it long? ".repeat(20) } });
    await fixture.admin.cheat.addRecords({
      roomId: hall.roomId,
      records: Array.from({ length: 6 }, () => ({
        userId: "e1",
        isMainMonitor: true,
        detectTime: new Date(),
        detectType: "watch",
        extraInfo: {},
      })),
    });
  });

  it.each([
    ["en", 1440, 900],
    ["en", 1920, 1080],
    ["en", 390, 844],
    ["zh-CN", 390, 844],
  ] as const)("fits the window with equal tiles: %s, %i × %i", async (locale, width, height) => {
    await using open = await fixture.openConsole({ role: "admin", locale, width, height });
    const { page, check, picture } = open;
    await serveWhep(page);
    const tiles = page.getByRole("list", { name: /Hall of tiles/ }).getByRole("listitem");
    for (const count of [4, 9, 16]) {
      await page.goto(`${fixture.url}/console/exams/${hall.examId}/rooms/${hall.roomId}?tiles=${count}`);
      await page.getByText("Is it long?").first().waitFor();
      await expect.poll(() => tiles.count()).toBe(count);
      const measured = await tiles.evaluateAll((all) =>
        all.map((tile) => {
          const box = tile.getBoundingClientRect();
          const content = document.querySelector("#content")?.getBoundingClientRect();
          const inside = (one: DOMRect | undefined, other: DOMRect) =>
            one !== undefined &&
            other.left >= one.left - 1 &&
            other.top >= one.top - 1 &&
            other.right <= one.right + 1 &&
            other.bottom <= one.bottom + 1;
          // Elements that only screen readers see have no place.
          const parts = [...tile.querySelectorAll("*")].filter(
            (part) => part.getBoundingClientRect().width > 1,
          );
          const name = tile.querySelector("a")?.getBoundingClientRect();
          return {
            width: Math.round(box.width),
            height: Math.round(box.height),
            isInWindow: inside(content, box) && inside(new DOMRect(0, 0, innerWidth, innerHeight), box),
            overflows: parts
              .filter(
                (part) => !inside(box, part.getBoundingClientRect()) && part.closest("[title]") === null,
              )
              .map((part) => part.className || part.tagName),
            hasName: name !== undefined && name.width >= 24 && inside(box, name),
          };
        }),
      );
      const [first] = measured;
      for (const { width: wide, height: high, ...tile } of measured) {
        expect(Math.abs(wide - (first?.width ?? 0))).toBeLessThanOrEqual(1);
        expect(Math.abs(high - (first?.height ?? 0))).toBeLessThanOrEqual(1);
        expect(tile).toEqual({ isInWindow: true, overflows: [], hasName: true });
      }
      await check();
      await picture(`wall-${count}-${width}-${locale}`);
    }
  });

  it("says what is the matter over the picture that plays", async () => {
    await using open = await fixture.openConsole({ role: "admin", width: 1440, height: 900 });
    const { page } = open;
    await serveWhep(page);
    await page.goto(`${fixture.url}/console/exams/${hall.examId}/rooms/${hall.roomId}`);
    const tile = page
      .getByRole("listitem")
      .filter({ has: page.getByRole("link", { name: "王芳", exact: true }) })
      .first();
    // It stands above until the picture plays.
    const isOver = async () => {
      const told = await tile.getByText(/6.in.10.min/).boundingBox();
      const video = await tile.locator("video").boundingBox();
      return told && video && told.y >= video.y && told.y + told.height <= video.y + video.height;
    };
    await expect.poll(isOver).toBe(true);
  });

  it("gives no picture to who has not come, and names them in a line that leads to all of them", async () => {
    await using open = await fixture.openConsole({
      role: "teacher",
      width: 390,
      height: 844,
      path: `exams/${hall.examId}/rooms/${hall.roomId}?tiles=16`,
    });
    const { page, check } = open;
    const wall = page.getByRole("list", { name: "Candidates of Hall of tiles" });
    await wall.getByRole("listitem").first().waitFor();
    for (const { name } of ABSENT) expect(await wall.getByText(name, { exact: true }).count()).toBe(0);
    const link = page.getByRole("link", { name: "8 expected, not here", exact: true });
    const line = link.locator("..");
    expect((await line.textContent())?.trim()).toBe(
      `8 expected, not here: ${ABSENT.slice(0, 6)
        .map(({ name }) => name)
        .join(", ")} and 2 more`,
    );
    expect((await line.boundingBox())?.height).toBeLessThan(50);
    await check();
    await link.click();
    await page.waitForURL(/candidates\?/);
    for (const { name } of ABSENT) await page.getByRole("row", { name }).waitFor();
    expect(await page.getByRole("row", { name: "王芳" }).count()).toBe(0);
  });
});
