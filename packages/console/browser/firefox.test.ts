import { fileURLToPath } from "node:url";
import { type Browser, launch, type Page } from "puppeteer-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, openAppFixture, PASSWORD } from "./support/console.js";
import { MORNING, type Morning, openMorning } from "./support/morning.js";

// One story of each screen in Debian's Firefox, which Playwright cannot drive: it wants a Firefox of its own.

const ROSTER = fileURLToPath(new URL("../../../examples/run-an-exam/candidates.csv", import.meta.url));
/** The type of what people write. */
const WRITTEN = 30_001;
let fixture: AppFixture;
let morning: Morning;
let firefox: Browser;
/** A page that the administrator has signed in, and the failures of its scripts. */
let page: Page;
let failures: string[];

beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
  morning = await openMorning(fixture, { name: "Physics", rooms: 3, perRoom: 4 });
  for (const who of morning.candidates.slice(0, 8)) {
    await morning.come(who);
    await morning.publish(who);
  }
  firefox = await launch({
    browser: "firefox",
    executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    defaultViewport: { width: 1280, height: 800 },
  });
});
afterAll(async () => {
  await firefox?.close();
  await morning?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  const context = await firefox.createBrowserContext();
  page = await context.newPage();
  failures = [];
  page.on("pageerror", (error) => void failures.push(String(error)));
  await page.goto(`${fixture.url}/console/`);
  await page.locator("input[autocomplete=username]").fill(ACCOUNTS.admin.userId);
  await page.locator("input[type=password]").fill(PASSWORD);
  await button("Sign in").click();
  await shows("Physics");
});
afterEach(async () => {
  await page.browserContext().close();
  expect(failures).toEqual([]);
});

const search = () => page.locator("input[type=search]");
const button = (label: string) => page.locator(`button::-p-text(${label})`);
/** Waits until a text stands on the page. */
const shows = (text: string) => page.locator(`::-p-text(${text})`).wait();
const row = (text: string) => page.locator(`[role=row]::-p-text(${text})`);
const goTo = (path: string) => page.goto(`${fixture.url}/console/${path}`);
const candidate = (index: number) => {
  const who = morning.candidates[index];
  if (!who) throw new Error(`There is no candidate ${index}.`);
  return who;
};

it("signs in, and lists the exams", async () => {
  await search().fill("nothing of this name");
  await shows("Nothing matches these filters");
});

it("shows on the overview how the exam is doing, live", async () => {
  await goTo(`exams/${morning.examId}`);
  await shows("Hall A 3");
  await page.locator("a[href$='state=here']::-p-text(8)").wait();
  await morning.come(candidate(8));
  await page.locator("a[href$='state=here']::-p-text(9)").wait();
});

it("lists the candidates, and finds one by their id, and by pinyin", async () => {
  await goTo(`exams/${morning.examId}/candidates`);
  await row(candidate(0).userId).wait();
  await search().fill("zzzz");
  await shows("Nothing matches these filters");
  await search().fill(candidate(11).userId);
  await row(candidate(11).userId).wait();
  const ouyang = morning.candidates.find(({ name }) => name.startsWith("欧阳"));
  if (!ouyang) throw new Error("There is no candidate of this name.");
  await search().fill("ouyang");
  await row(ouyang.userId).wait();
});

it("shows the pictures of a room, and sends a message there", async () => {
  const { roomId } = candidate(0);
  await goTo(`exams/${morning.examId}/rooms/${roomId}`);
  await shows(candidate(0).name);
  await page.locator("textarea").fill("Five minutes left.");
  await page.keyboard.press("Enter");
  await shows("Five minutes left.");
  // The page shows it before the server has stored it.
  await expect
    .poll(async () => (await fixture.admin.im.history({ roomId, type: WRITTEN })).messages)
    .toMatchObject([{ data: { text: "Five minutes left." } }]);
});

it("shows what happened to a candidate, live", async () => {
  await goTo(`exams/${morning.examId}/candidates/${candidate(1).userId}`);
  await shows("First camera video started");
  await morning.detect(candidate(1));
  await shows("1 detection");
});

it("lists the records, and opens one", async () => {
  await morning.detect(candidate(2), 2);
  await goTo(`exams/${morning.examId}/records`);
  await page.locator("[role=row]:nth-child(2)").click();
  await shows("Details from the detector");
});

it("imports a roster in the set-up, and shows the plan of the rooms", async () => {
  const { id: examId } = await fixture.admin.exam.create({
    name: "Chemistry",
    startTime: new Date(Date.now() + 3_600_000),
    endTime: new Date(Date.now() + 7_200_000),
  });
  await goTo(`exams/${examId}/setup/roster`);
  const input = await page.waitForSelector<"input">("input[type=file]" as "input");
  await input?.uploadFile(ROSTER);
  await button("Import 20 people").click();
  await shows("Imported: 20 new people");
  await page.goto(`${fixture.url}/console/exams/${examId}/setup/rooms`);
  await shows("1 new room, 1 invigilator needed, none yet");
});

it("shows an administrator the accounts", async () => {
  await goTo("admin");
  await shows(ACCOUNTS.inspector.name);
});
