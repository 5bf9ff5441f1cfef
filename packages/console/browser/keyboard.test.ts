import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, type ConsolePage, openAppFixture, PASSWORD } from "./support/console.js";
import { compose, hasFocus, pressByKey, tabTo } from "./support/keyboard.js";
import { STORY_LANGUAGES, textsOf } from "./support/languages.js";
import { MORNING, type Morning, openMorning } from "./support/morning.js";

// The main task of each screen without a mouse. `tabTo` sees at each stop that the focus is visible.

let fixture: AppFixture;
let morning: Morning;
let open: ConsolePage;
let page: Page;

beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
  morning = await openMorning(fixture, { name: "Physics", rooms: 2, perRoom: 3 });
  for (const candidate of morning.candidates) await morning.come(candidate);
  await morning.detect(candidateAt(0), 3);
  open = await fixture.openConsole({ role: "admin" });
  ({ page } = open);
});
afterAll(async () => {
  await open?.[Symbol.asyncDispose]();
  await morning?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});

const candidateAt = (n: number) => {
  const candidate = morning.candidates[n];
  if (!candidate) throw new Error("There is no such candidate.");
  return candidate;
};
const go = (path: string) => page.goto(`${fixture.url}/console/${path}`);
const dialog = () => page.getByRole("dialog");
const button = (name: string | RegExp, within: Page | Locator = page) =>
  within.getByRole("button", { name, exact: typeof name === "string" });
const type = (text: string) => page.keyboard.type(text);
const press = (key: string) => page.keyboard.press(key);
/** Chooses an entry of an open menu by the arrows. */
const choose = async (name: string) => {
  const entry = page.getByRole("menuitem", { name });
  await entry.waitFor();
  for (let presses = 0; !(await hasFocus(entry)); presses += 1) {
    await press("ArrowDown");
    if (presses > 20) throw new Error(`The arrows do not lead to ${name}.`);
  }
  await press("Enter");
};
const focusIsAt = (target: Locator) => expect.poll(() => hasFocus(target)).toBe(true);
const messages = async (roomId: string) =>
  (await fixture.admin.im.history({ roomId })).messages.map(({ data }) => (data as { text?: string }).text);

it("signs in", async () => {
  await using entrance = await fixture.openConsole();
  const { page: entry } = entrance;
  await tabTo(entry.getByLabel("User name"));
  await entry.keyboard.type(ACCOUNTS.admin.userId);
  await tabTo(entry.getByLabel("Password", { exact: true }));
  await entry.keyboard.type(PASSWORD);
  await entry.keyboard.press("Enter");
  await entry.getByRole("navigation").waitFor();
});

it("creates an exam, and sets it up", async () => {
  await pressByKey(button("New exam"));
  await dialog().waitFor();
  await press("Escape");
  await dialog().waitFor({ state: "detached" });
  await focusIsAt(button("New exam"));
  await press("Enter");
  await tabTo(dialog().getByLabel("Name", { exact: true }));
  await type("Biology");
  await press("Enter");
  // The focus goes to the title of the new page.
  const title = page.getByRole("heading", { name: "Set up", level: 1 });
  await title.waitFor();
  await focusIsAt(title);

  const at = (step: string | RegExp) =>
    page.getByRole("list", { name: "Steps of the set-up" }).getByRole("link", { name: step });
  const choosing = page.waitForEvent("filechooser");
  await pressByKey(at("Roster"));
  await tabTo(page.locator("input[type=file]"));
  await press("Enter");
  const chooser = await choosing;
  const sheet = ["id,name,role", "t9,Teacher,teacher", ...[1, 2, 3].map((n) => `b${n},Candidate ${n},`)];
  await chooser.setFiles({ name: "roster.csv", mimeType: "text/csv", buffer: Buffer.from(sheet.join("\n")) });
  await pressByKey(button("Import 4 people"));
  await page.getByText("Imported: 4 new people").waitFor();

  await pressByKey(at(/^\S+ Rooms /));
  const plan = button("Make 1 room and seat them");
  await pressByKey(plan);
  await pressByKey(button("Make 1 room and seat them", dialog()));
  await page.getByText("3 candidates have a room now.").waitFor();
  await open.check();
});

it("writes to rooms from the overview", async () => {
  await go(`exams/${morning.examId}`);
  await pressByKey(button("Message rooms"));
  await tabTo(dialog().getByLabel("Message", { exact: true }));
  await type("Ten minutes left.");
  await pressByKey(button("Send", dialog()));
  await dialog().getByText("Done for 2 rooms.").waitFor();
  await press("Escape");
  await focusIsAt(button("Message rooms"));
  expect(await messages(candidateAt(0).roomId)).toEqual(["Ten minutes left."]);
});

/** Gives more time in the dialog that is open. */
const giveTime = async (minutes: string) => {
  await tabTo(dialog().getByLabel("Minutes", { exact: true }));
  await press("Control+A");
  await type(minutes);
  await tabTo(dialog().getByLabel("Reason", { exact: true }));
  // One letter: letters that come slowly each begin another search of the list.
  await type("L");
  await pressByKey(button("Give the time", dialog()));
};
const extendedMinutes = async (userId: string) => {
  const { people } = await fixture.admin.exam.people({ examId: morning.examId, search: userId });
  return people[0]?.attempt?.extendedMinutes;
};

it("chooses candidates in the list, and gives them more time", async () => {
  await go(`exams/${morning.examId}/candidates?sort=id`);
  const row = (n: number) => page.getByRole("row", { name: candidateAt(n).userId });
  await tabTo(row(0));
  await press("Space");
  await press("ArrowDown");
  await press("ArrowDown");
  await press("Space");
  await tabTo(button("Time"), "Shift+Tab");
  await press("Enter");
  await giveTime("10");
  await dialog().getByText("Done for 2 people.").waitFor();
  await press("Escape");
  await focusIsAt(button("Time"));
  const { people } = await fixture.admin.exam.people({ examId: morning.examId });
  const extended = people.filter(({ attempt }) => attempt?.extendedMinutes === 10);
  expect(extended.map(({ userId }) => userId)).toEqual([candidateAt(0).userId, candidateAt(2).userId]);
});

it("writes in a room, and acts for one of its people", async () => {
  const { roomId, userId, name } = candidateAt(3);
  await go(`exams/${morning.examId}/rooms/${roomId}`);
  const field = page.getByLabel(/^Message to all/);
  await field.waitFor();
  await press("w");
  await focusIsAt(field);
  await type("Look at the board.");
  await press("Enter");
  await page
    .getByRole("listitem")
    .getByText(/Look at the board\./)
    .waitFor();

  const actions = page
    .getByRole("list", { name: /^Candidates of/ })
    .getByRole("button", { name: `Actions for ${name}` });
  await tabTo(actions, "Shift+Tab");
  await press("Enter");
  await choose("Time");
  await dialog().waitFor();
  await press("Escape");
  await dialog().waitFor({ state: "detached" });
  await focusIsAt(actions);
  const menu = page.getByRole("menu");
  await press("ArrowDown");
  await menu.waitFor();
  await press("Escape");
  await menu.waitFor({ state: "detached" });
  await focusIsAt(actions);
  await press("Enter");
  await choose("Time");
  await giveTime("25");
  await dialog().waitFor({ state: "detached" });
  expect(await extendedMinutes(userId)).toBe(25);
});

it("looks at a candidate, and undoes what was done for them", async () => {
  const { userId, name } = candidateAt(4);
  await go(`exams/${morning.examId}/candidates/${userId}`);
  await tabTo(page.getByRole("radio", { name: /^Everything/ }));
  await press("ArrowRight");
  await page.waitForURL(/kind=presence/);
  await pressByKey(button(`Actions for ${name}`));
  await choose("Time");
  await giveTime("5");
  await pressByKey(button("Undo"));
  await page.getByText("Undone.", { exact: true }).waitFor();
  expect(await extendedMinutes(userId)).toBe(0);
});

it("filters records, and downloads them", async () => {
  await go(`exams/${morning.examId}/records`);
  await tabTo(page.getByRole("radio", { name: /^All/ }));
  await press("ArrowRight");
  await page.waitForURL(/type=watch/);
  const csv = button("Copy or download as CSV");
  await pressByKey(csv);
  const [file] = await Promise.all([page.waitForEvent("download"), choose("Download as CSV")]);
  expect(file.suggestedFilename()).toMatch(/\.csv$/);
  await focusIsAt(csv);
});

it("creates an account, and ends its session", async () => {
  await go("admin");
  await pressByKey(button("New account"));
  await tabTo(dialog().getByLabel("Name", { exact: true }));
  await type("Chen Jing");
  await tabTo(dialog().getByLabel("User name"));
  await type("t8");
  await tabTo(dialog().getByLabel("New password", { exact: true }));
  await type(PASSWORD);
  await pressByKey(button("Create the account", dialog()));
  await dialog().waitFor({ state: "detached" });
  await focusIsAt(button("New account"));
  await pressByKey(button("Actions for Chen Jing"));
  await choose("Disable");
  await pressByKey(button("Disable the account", dialog()));
  await page.getByRole("row", { name: "t8" }).getByText("Disabled").waitFor();
});

it("sends nothing with the Enter that ends a composition", async () => {
  const { roomId } = candidateAt(5);
  await go(`exams/${morning.examId}/rooms/${roomId}`);
  const field = page.getByLabel(/^Message to all/);
  await tabTo(field);
  const before = await messages(roomId);
  await compose(page, { typed: "qing kan hei ban", chosen: "请看黑板" });
  await expect.poll(() => field.inputValue()).toBe("请看黑板");
  await press("Enter");
  await page.getByRole("listitem").getByText("请看黑板").waitFor();
  // The message leaves the field when the server has it.
  await expect.poll(() => field.inputValue()).toBe("");
  expect(await messages(roomId)).toEqual(["请看黑板", ...before]);

  await go("");
  await pressByKey(button("New exam"));
  await tabTo(dialog().getByLabel("Name", { exact: true }));
  await compose(page, { typed: "shu xue", chosen: "数学" });
  await expect.poll(() => dialog().getByLabel("Name", { exact: true }).inputValue()).toBe("数学");
  await press("Enter");
  await page.getByRole("banner").getByText("数学").waitFor();
});

it.each(STORY_LANGUAGES)("goes places, moves and chooses by single keys, in %s", async (locale) => {
  const t = textsOf(locale);
  const [scheme, width] = locale === "en" ? (["light", 1280] as const) : (["dark", 360] as const);
  const path = `exams/${morning.examId}/records`;
  await using one = await fixture.openConsole({ role: "admin", locale, scheme, width, path });
  const { page: at, check, picture } = one;
  const heading = (name: string) => at.getByRole("heading", { name, level: 1 }).waitFor();
  await heading(t("records.title"));
  await at.keyboard.type("go");
  await heading(t("overview.title"));
  await at.keyboard.type("gc");
  await heading(t("candidates.title"));
  const rows = at.getByRole("row").filter({ has: at.getByRole("checkbox") });
  await rows.nth(1).waitFor();
  await at.keyboard.type("jjx");
  await expect.poll(() => at.locator("[role=row][aria-selected=true]").count()).toBe(1);
  expect(await hasFocus(at.locator("[role=row][aria-selected=true]"))).toBe(true);
  await at.keyboard.type("?");
  await at.getByRole("dialog").getByText(t("common.table.next"), { exact: true }).waitFor();
  await at.getByRole("dialog").getByText("Ctrl-K").waitFor();
  // A dialog has the keys for itself.
  await at.keyboard.type("go");
  await check();
  await picture(`shortcuts-${locale}`);
  await at.keyboard.press("Escape");
  await at.getByRole("dialog").waitFor({ state: "detached" });
  await heading(t("candidates.title"));

  await at.keyboard.press("m");
  await at.getByRole("dialog").locator("textarea").waitFor();
  await at.keyboard.press("Escape");
  await at.getByRole("dialog").waitFor({ state: "detached" });

  const { name, userId } = candidateAt(1);
  await at.keyboard.press("Control+K");
  const field = at.getByRole("dialog", { name: t("common.jump.title") }).getByRole("combobox");
  await expect.poll(() => hasFocus(field)).toBe(true);
  await at.keyboard.type(userId);
  await at.getByRole("option", { name }).waitFor();
  await check();
  await picture(`jump-${locale}`);
  await at.keyboard.press("Enter");
  await at.waitForURL(new RegExp(`candidates/${userId}`));
  await heading(name);
  await at.keyboard.press("m");
  await expect.poll(() => hasFocus(at.locator("textarea").last())).toBe(true);
  // Keys are text again.
  await at.keyboard.type("goxj");
  expect(await at.locator("textarea").last().inputValue()).toBe("goxj");

  const room = morning.rooms.find(({ id }) => id === candidateAt(1).roomId)?.name ?? "";
  await at.getByRole("heading", { name, level: 1 }).click();
  await at.keyboard.press("Control+K");
  await expect.poll(() => hasFocus(field)).toBe(true);
  await at.keyboard.type(room.toLowerCase());
  await at.getByRole("option", { name: room }).first().waitFor();
  await at.keyboard.press("Enter");
  await at.waitForURL(/rooms\//);
});
