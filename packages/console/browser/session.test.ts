import type { Route } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, openAppFixture, PASSWORD } from "./support/console.js";
import { openExamRoom } from "./support/exam-room.js";
import { STORY_LANGUAGES, textsOf } from "./support/languages.js";

const APPS = { watchUrl: "https://watch.example/app/", examineeUrl: "https://sit.example/" };
let fixture: AppFixture;
let examId: string;
let roomId: string;

beforeAll(async () => {
  fixture = await openAppFixture({ config: { apps: APPS, publicUrl: "https://invigil.example" } });
  const exam = await fixture.teacher.exam.create({
    name: "Mathematics A",
    startTime: new Date(Date.now() - 600_000),
    endTime: new Date(Date.now() + 6_000_000),
  });
  examId = exam.id;
  const room = await fixture.teacher.room.create({
    name: "Room 1",
    examId,
    participants: [
      { userId: ACCOUNTS.inspector.userId, name: ACCOUNTS.inspector.name, role: "inspector" },
      { userId: "e1", name: "Wang Fang", role: "examinee" },
    ],
  });
  roomId = room.id;
});
afterAll(async () => {
  await fixture?.[Symbol.asyncDispose]();
});

it("ends when the server refuses it, and begins again at the same address", async () => {
  await using open = await fixture.openConsole({
    role: "teacher",
    path: `exams/${examId}/records?type=watch`,
  });
  const { page, check } = open;
  await page.getByRole("heading", { name: "Records" }).waitFor();
  // It ends all sessions of the account.
  await fixture.admin.account.setPassword({
    userId: ACCOUNTS.teacher.userId,
    password: `${PASSWORD}, another`,
  });
  await page.getByText("Your session has ended").waitFor();
  await check();
  await page.getByLabel("User name").fill(ACCOUNTS.teacher.userId);
  await page.getByLabel("Password", { exact: true }).fill(`${PASSWORD}, another`);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Records" }).waitFor();
  expect(page.url()).toBe(`${fixture.url}/console/exams/${examId}/records?type=watch`);
});

it("is shared by the tabs of a browser, and ends in all of them", async () => {
  await using open = await fixture.openConsole({ role: "admin" });
  const second = await open.page.context().newPage();
  await second.goto(`${fixture.url}/console/exams/${examId}`);
  await second.getByRole("heading", { name: "Overview" }).waitFor();
  await open.page.getByRole("button", { name: "Li Na, menu" }).click();
  await open.page.getByRole("menuitem", { name: "Sign out" }).click();
  await open.page.getByText("You have signed out.").waitFor();
  await second.getByRole("heading", { name: "Sign in" }).waitFor();
});

it("ends with all that it had chosen and typed: the next person who signs in at the same page begins their own", async () => {
  const list = `exams/${examId}/candidates`;
  await using open = await fixture.openConsole({ role: "admin", path: list });
  const { page } = open;
  await page.getByRole("row", { name: "e1" }).getByRole("checkbox").check();
  await page.getByRole("toolbar").getByText("1 chosen").waitFor();
  await page.goto(`${fixture.url}/console/exams/${examId}/setup/details`);
  await page.getByLabel("Name", { exact: true }).fill("Typed by another person");
  await page.getByRole("button", { name: "Li Na, menu" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByText("You have signed out.").waitFor();
  await page.getByLabel("User name").fill(ACCOUNTS.inspector.userId);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sun Wei, menu" }).waitFor();
  await page.getByRole("heading", { name: "Details" }).waitFor();
  expect(await page.getByText("Typed by another person").count()).toBe(0);
  await page.getByRole("navigation").getByRole("link", { name: "Candidates" }).click();
  await page.getByRole("row", { name: "e1" }).waitFor();
  expect(await page.getByRole("checkbox").count()).toBe(0);
  expect(await page.getByRole("toolbar").count()).toBe(0);
});

it("shows inspectors what they may see, and nothing that changes it", async () => {
  await using open = await fixture.openConsole({ role: "inspector" });
  const { page, check } = open;
  await page.getByRole("link", { name: "Mathematics A" }).waitFor();
  expect(await page.getByRole("button", { name: "New exam" }).count()).toBe(0);
  expect(await page.getByRole("button", { name: /^Actions/ }).count()).toBe(0);
  await check();
  await page.getByRole("link", { name: "Mathematics A" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(await page.getByRole("navigation").getByRole("link").allTextContents()).toEqual([
    "Exams",
    "Overview",
    "Candidates",
    "Records",
    "Set up",
  ]);
});

it.each(STORY_LANGUAGES)(
  "tells a candidate who pastes their link where they belong, in %s",
  async (locale) => {
    const t = textsOf(locale);
    const links = await fixture.admin.room.joinLinks({ roomId });
    const link = links.find(({ role }) => role === "examinee")?.url ?? "";
    await using open = await fixture.openConsole({ locale });
    const { page, check, picture } = open;
    const requests: string[] = [];
    page.on("request", (request) => void requests.push(request.url()));
    await page.getByRole("button", { name: t("common.signIn.byLink") }).click();
    await page.getByLabel(t("common.signIn.link"), { exact: true }).fill(link);
    await check();
    await page.getByRole("button", { name: t("common.signIn.linkSubmit") }).click();
    await page
      .getByRole("heading", {
        name: t("common.examinee.title"),
      })
      .first()
      .waitFor();
    await check();
    await picture(`candidate-at-the-console-${locale}`);
    // The token of a link goes into no address.
    expect(requests.filter((url) => url.includes(new URL(link).searchParams.get("token") ?? "?"))).toEqual(
      [],
    );
  },
);

it.each(["link", "code", "address"] as const)(
  "leads a teacher with the %s of their card to their room",
  async (by) => {
    const [card] = await fixture.admin.room.joinCodes({ roomId, role: "teacher" });
    const [link] = await fixture.admin.room.joinLinks({ roomId, role: "teacher" });
    const texts = {
      link: link?.url,
      code: card?.code.toLowerCase().replaceAll("-", " "),
      address: card?.url,
    };
    await using open = await fixture.openConsole();
    const { page } = open;
    await page.getByRole("button", { name: "I have a code or a link" }).click();
    await page.getByLabel("Code or link", { exact: true }).fill(texts[by] ?? "");
    await page.getByRole("button", { name: "Open the room" }).click();
    await page.waitForURL(`${fixture.url}/console/exams/${examId}/rooms/${roomId}`);
    // The token of a link has no name. The top bar shows it all the same.
    await page
      .getByRole("banner")
      .getByText(link?.name ?? "", { exact: true })
      .waitFor();
    expect(link?.name).not.toBe(link?.userId);
  },
);

it.each(STORY_LANGUAGES)(
  "says what a code or a link looks like, and what is wrong with it, in %s",
  async (locale) => {
    const t = textsOf(locale);
    const [card] = await fixture.admin.room.joinCodes({ roomId, role: "teacher" });
    const code = card?.code ?? "";
    // Another last character: no code is right with two of them.
    const mistyped = code.slice(0, -1) + (code.endsWith("2") ? "3" : "2");
    await using open = await fixture.openConsole({ locale });
    const { page, check, picture } = open;
    await page.getByRole("button", { name: t("common.signIn.byLink") }).click();
    const field = page.getByLabel(t("common.signIn.link"), { exact: true });
    // A code is seen while it is typed, and a link is not.
    await field.fill(code);
    expect(await field.getAttribute("type")).toBe("text");
    for (const [typed, says] of [
      ["ST9Q-32GA", t("common.signIn.entry.length", { length: 8, right: 12 })],
      ["ST9O-32GA-RTGA", t("common.signIn.entry.character", { character: "O" })],
      [mistyped, t("common.signIn.codeMistyped")],
      ["https://watch.example/app/?roomId=r&userId=t1&token=aa", t("common.signIn.entry.noToken")],
    ] as const) {
      await field.fill(typed);
      await page.getByRole("button", { name: t("common.signIn.linkSubmit") }).click();
      await page.getByText(says).waitFor();
    }
    expect(await field.getAttribute("type")).toBe("password");
    await check();
    await picture(`code-or-link-${locale}`);
    await fixture.admin.room.revokeLinks({ roomId, userIds: [card?.userId ?? ""] });
    await field.fill(code);
    await page.getByRole("button", { name: t("common.signIn.linkSubmit") }).click();
    await page.getByText(t("common.signIn.codeRefused")).waitFor();
  },
);

it("shows a room in the order of need at once to who has just signed in by a link, wherever their pointer is", async () => {
  const people = Array.from({ length: 9 }, (_, n) => ({ userId: `s${n}`, name: `Candidate ${n}` }));
  const hall = await openExamRoom(fixture, { room: "Room 7", people });
  for (const { userId } of people) await hall.enter(userId);
  await hall.as("s8").im.send({ roomId: hall.roomId, type: 30_001, data: { text: "Hello?" } });
  const links = await fixture.admin.room.joinLinks({ roomId: hall.roomId, role: "teacher" });
  await using open = await fixture.openConsole();
  const { page } = open;
  // Earlier rows arrive when the pointer is there already.
  const history: Route[] = [];
  await page.route(/im\.history/, (route) => void history.push(route));
  await page.getByRole("button", { name: "I have a code or a link" }).click();
  await page.getByLabel("Code or link", { exact: true }).fill(links[0]?.url ?? "");
  await page.getByRole("button", { name: "Open the room" }).click();
  const wall = page.getByRole("list", { name: "Candidates of Room 7" });
  await wall.hover();
  await expect.poll(() => history.length).toBeGreaterThan(0);
  await page.unroute(/im\.history/);
  // One that is over by now cannot go on.
  for (const route of history) await route.continue().catch(() => undefined);
  await wall.getByText("Asks: Hello?").waitFor();
  // The question is there before all of the past is.
  await expect.poll(() => wall.getByRole("link").first().textContent()).toBe("Candidate 8");
  expect(await page.getByRole("button", { name: /Show .*change/ }).count()).toBe(0);
});

it("leads who enters without a password into the exam that is running, and otherwise to the address that they opened", async () => {
  await using open = await openAppFixture({ config: { auth: "off" } });
  const exam = async (name: string, fromHours: number, candidates: number) => {
    const start = Date.now() + fromHours * 3_600_000;
    const { id } = await open.admin.exam.create({
      name,
      startTime: new Date(start),
      endTime: new Date(start + 2 * 3_600_000),
    });
    const participants = Array.from({ length: candidates }, (_, n) => ({
      userId: `c${n}`,
      name: `Candidate ${n}`,
      role: "examinee" as const,
    }));
    await open.admin.room.create({ examId: id, name: "Hall", participants });
    return id;
  };
  await exam("Over", -9, 3);
  await exam("A trial", -1, 1);
  const running = await exam("Under way", -1, 2);
  await exam("Tomorrow", 20, 3);
  await using entrance = await open.openConsole();
  await entrance.page.getByRole("button", { name: "Look at the demo" }).click();
  await entrance.page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(entrance.page.url()).toBe(`${open.url}/console/exams/${running}`);

  await using other = await open.openConsole({ path: `exams/${running}/records` });
  await other.page.getByRole("button", { name: "Look at the demo" }).click();
  await other.page.getByRole("heading", { name: "Records" }).waitFor();
});
