import type { Locator, Page, Request, Route } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createNetwork } from "../../server/browser/support/network.js";
import { ACCOUNTS, type AppFixture, type ConsolePage, openAppFixture, PASSWORD } from "./support/console.js";
import { MORNING, type Morning, openMorning } from "./support/morning.js";

// Every screen over a network that falls silent, is cut, and comes back: what may be old is told, what was tried fails in words and loses
// nothing, and changes from that time are there without a reload.

let fixture: AppFixture;
let network: Awaited<ReturnType<typeof createNetwork>>;
let morning: Morning;
let open: ConsolePage;
let page: Page;
/** The requests of the page that have not ended. */
const inFlight = new Set<Request>();

beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
  network = await createNetwork();
  network.leadsTo(fixture.url);
  morning = await openMorning(fixture, { name: "Physics", rooms: 2, perRoom: 3 });
  open = await fixture.openConsole({ role: "admin", url: network.url, turnsClock: true });
  ({ page } = open);
  page.on("dialog", (asked) => void asked.accept());
  page.on("request", (request) => void inFlight.add(request));
  const end = (request: Request) => void inFlight.delete(request);
  page.on("requestfinished", end);
  page.on("requestfailed", end);
});
// A story that fails leaves a network to the next one.
beforeEach(async () => {
  network.mend();
  await page.context().setOffline(false);
});
afterAll(async () => {
  await open?.[Symbol.asyncDispose]();
  await morning?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
  network?.close();
});

const roomOf = (n: number) => {
  const room = morning.rooms[n];
  const people = morning.candidates.filter(({ roomId }) => roomId === room?.id);
  const [first, second] = people;
  if (!room || !first || !second) throw new Error("There is no such room.");
  return { ...room, first, second };
};
const dialog = () => page.getByRole("dialog");
const button = (name: string | RegExp, within: Page | Locator = page) =>
  within.getByRole("button", { name, exact: typeof name === "string" });
const write = async (name: RegExp, text: string) => {
  await page.getByLabel(name).fill(text);
  await page.getByLabel(name).press("Enter");
};
const texts = async (roomId: string) =>
  (await fixture.admin.im.history({ roomId })).messages.map(({ data }) => (data as { text?: string }).text);
/** A message leaves its field when the server has it. */
const isSent = (from: Locator) => expect.poll(() => from.inputValue()).toBe("");
const field = (name: string | RegExp) => page.getByLabel(name, { exact: typeof name === "string" });

interface Story {
  readonly name: string;
  /** Below the console. */
  readonly path: () => string;
  /** The text that is there when it is loaded. */
  readonly shown: () => Locator;
  /** Happens while the network is away, and what then appears by itself. */
  readonly change: () => Promise<unknown>;
  readonly appears?: () => Locator;
  /** The action that is tried without a network, so that it fails. `again` repeats it. */
  readonly act?: () => Promise<void>;
  /** The typed text, and where it still stands. */
  readonly typed?: () => readonly [Locator, string];
  readonly again?: () => Promise<void>;
  /** Whether it was done, once. */
  readonly done?: () => Promise<void>;
}

const QUESTIONS = "https://questions.example/physics";
const saveQuestions = () =>
  button("Save", page.locator("form").filter({ has: field("Address of the questions") }));

/** Screens that are pushed what changes. */
const LIVE: readonly Story[] = [
  {
    name: "the overview",
    path: () => `exams/${morning.examId}`,
    shown: () => page.getByRole("link", { name: /^Hall A 1: / }),
    change: () => morning.come(roomOf(0).first),
    appears: () => page.getByRole("link", { name: /^1\s*here/ }),
    async act() {
      await button("Message rooms").click();
      await dialog().getByLabel("Message", { exact: true }).fill("Please wait for a moment.");
      await button("Send", dialog()).click();
      await dialog().getByText("2 of 2 rooms failed.").waitFor();
    },
    again: () => button("Try again for 2 rooms", dialog()).click(),
    async done() {
      await dialog().getByText("Done for 2 rooms.").waitFor();
      for (const { id } of morning.rooms) expect(await texts(id)).toEqual(["Please wait for a moment."]);
      await button("Close", dialog()).last().click();
    },
  },
  {
    name: "the candidates",
    path: () => `exams/${morning.examId}/candidates?sort=id`,
    shown: () => page.getByRole("row", { name: roomOf(1).first.userId }),
    change: () => morning.come(roomOf(1).first),
    appears: () => page.getByRole("row", { name: roomOf(1).first.userId }).getByText("page opened"),
    async act() {
      await page
        .getByRole("row", { name: roomOf(1).second.userId })
        .getByRole("checkbox")
        .check();
      await button("Time").click();
      await dialog().getByLabel("Minutes", { exact: true }).fill("15");
      await dialog().getByLabel("Reason", { exact: true }).selectOption("Lost connection");
      await button("Give the time", dialog()).click();
      await dialog().getByText("This was not done").waitFor();
    },
    typed: () => [dialog().getByLabel("Minutes", { exact: true }), "15"],
    again: () => button("Give the time", dialog()).click(),
    async done() {
      await dialog().waitFor({ state: "detached" });
      const { userId } = roomOf(1).second;
      const { people } = await fixture.admin.exam.people({ examId: morning.examId, search: userId });
      expect(people[0]?.attempt?.extendedMinutes).toBe(15);
    },
  },
  {
    name: "a room",
    path: () => `exams/${morning.examId}/rooms/${roomOf(0).id}`,
    shown: () => field(/^Message to all/),
    change: () =>
      fixture.admin.im.send({ roomId: roomOf(0).id, type: 30_001, data: { text: "Five minutes more." } }),
    appears: () => page.getByText(/: Five minutes more\./),
    act: () => write(/^Message to all/, "Put your phones away."),
    typed: () => [field(/^Message to all/), "Put your phones away."],
    again: () => page.getByLabel(/^Message to all/).press("Enter"),
    async done() {
      await page.getByText(/: Put your phones away\./).waitFor();
      await isSent(field(/^Message to all/));
      expect((await texts(roomOf(0).id)).filter((text) => text === "Put your phones away.")).toHaveLength(1);
    },
  },
  {
    name: "a candidate",
    path: () => `exams/${morning.examId}/candidates/${roomOf(0).second.userId}`,
    shown: () => field(/^Message to /),
    change: () => morning.detect(roomOf(0).second),
    appears: () => page.getByText("1 detection", { exact: true }),
    act: () => write(/^Message to /, "Take your watch off."),
    typed: () => [field(/^Message to /), "Take your watch off."],
    again: () => page.getByLabel(/^Message to /).press("Enter"),
    async done() {
      await page
        .getByRole("listitem")
        .getByText(/: Take your watch off\./)
        .waitFor();
      await isSent(field(/^Message to /));
      expect((await texts(roomOf(0).id)).filter((text) => text === "Take your watch off.")).toHaveLength(1);
    },
  },
  {
    name: "the records",
    path: () => `exams/${morning.examId}/records`,
    shown: () => page.getByRole("row").nth(1),
    change: () => morning.detect(roomOf(1).first),
    appears: () => button("Show 1 new"),
  },
  {
    name: "the set-up",
    path: () => `exams/${morning.examId}/setup/details`,
    shown: () => page.getByRole("link", { name: /Roster 6 candidates/ }),
    change: () => fixture.admin.exam.update({ examId: morning.examId, name: "Physics, first paper" }),
    appears: () => page.getByRole("banner").getByText("Physics, first paper"),
    async act() {
      await field("Address of the questions").fill(QUESTIONS);
      await saveQuestions().click();
    },
    typed: () => [field("Address of the questions"), QUESTIONS],
    again: () => saveQuestions().click(),
    async done() {
      await page.getByText("Saved.", { exact: true }).waitFor();
      const { questionsUrl } = await fixture.admin.exam.get({ examId: morning.examId });
      expect(questionsUrl).toBe(QUESTIONS);
    },
  },
];
/** Screens that are asked for what they show. */
const ASKED: readonly Story[] = [
  {
    name: "the exams",
    path: () => "",
    shown: () => page.getByRole("row", { name: /Physics/ }),
    change: () =>
      fixture.admin.exam.duplicate({ examId: morning.examId, name: "Chemistry", startTime: new Date() }),
    appears: () => page.getByRole("row", { name: /Chemistry/ }),
    async act() {
      await button("New exam").click();
      await dialog().getByLabel("Name", { exact: true }).fill("Biology");
      await button("Create the exam", dialog()).click();
    },
    typed: () => [dialog().getByLabel("Name", { exact: true }), "Biology"],
    again: () => button("Create the exam", dialog()).click(),
    done: () => page.getByRole("banner").getByText("Biology").waitFor(),
  },
  {
    name: "the administration",
    path: () => "admin",
    shown: () => page.getByRole("row", { name: ACCOUNTS.teacher.userId }),
    change: () =>
      fixture.admin.account.create({ userId: "t7", name: "Wu Min", role: "teacher", password: PASSWORD }),
    async act() {
      await button("New account").click();
      await dialog().getByLabel("Name", { exact: true }).fill("Chen Jing");
      await dialog().getByLabel("User name").fill("t8");
      await dialog().getByLabel("New password", { exact: true }).fill(PASSWORD);
      await button("Create the account", dialog()).click();
    },
    typed: () => [dialog().getByLabel("User name"), "t8"],
    again: () => button("Create the account", dialog()).click(),
    async done() {
      await dialog().waitFor({ state: "detached" });
      // The list says when it was read. It shows what others did when the person reads it again.
      await button("Read again").click();
      for (const name of ["t7", "t8"]) await page.getByRole("row", { name }).waitFor();
    },
  },
];

const told = () => page.locator("header [data-kind=reconnecting], header [data-kind=stale]");
const live = () => page.locator("header [data-kind=live]");
const alert = () => page.getByRole("alert").getByText("The server did not answer.");

/** Tries to act without a network. */
const fail = async ({ act, typed }: Story) => {
  await act?.();
  if (!typed) return;
  await alert().waitFor();
  const [where, text] = typed();
  expect(await where.inputValue()).toBe(text);
};
/** Opens a page, waits until what it loads in idle time is there, and marks it. The mark is gone after a reload. */
const load = async (story: Story) => {
  await page.goto(`${network.url}/console/${story.path()}`);
  await story.shown().waitFor();
  if (LIVE.includes(story)) await live().waitFor();
  await allIsLoaded();
  await mark();
};
/**
 * Waits until the page loads nothing more in idle time: nothing is on its way, and since half a second and an idle time ago nothing came. A
 * page has the load state "networkidle" for good once it was so for a moment, such as before its first call.
 */
const allIsLoaded = async () => {
  let before = -1;
  const isLoaded = async () => {
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
    const loaded = await page.evaluate(() => performance.getEntriesByType("resource").length);
    const isSame = loaded === before && inFlight.size === 0;
    before = loaded;
    return isSame;
  };
  await expect.poll(isLoaded, { interval: 500 }).toBe(true);
};
const mark = () => page.evaluate("globalThis.marked = true");
const isMarked = () => page.evaluate("globalThis.marked === true");

describe.each(LIVE)("$name", (story) => {
  it("says within 15 seconds that the network is silent, at once that it is cut, and goes on afterwards", async () => {
    await load(story);

    network.silence();
    await page.clock.runFor(15_000);
    await told().waitFor();
    network.mend();
    await live().waitFor();

    network.cut();
    await told()
      .getByText(/^Connection lost/)
      .waitFor();
    await page.locator("main[data-stale]").waitFor();
    await fail(story);
    await story.change();
    network.mend();
    await story.appears?.().waitFor();
    await live().waitFor();
    await story.again?.();
    await story.done?.();
    expect(await isMarked()).toBe(true);
  });
});

describe.each(ASKED)("$name", (story) => {
  it("says that the computer has no network, and goes on afterwards", async () => {
    await load(story);
    await page.context().setOffline(true);
    await told()
      .getByText(/^Connection lost/)
      .waitFor();
    await page.locator("main[data-stale]").waitFor();
    await fail(story);
    await story.change();
    await page.context().setOffline(false);
    await told().waitFor({ state: "detached" });
    await story.appears?.().waitFor();
    await story.again?.();
    await story.done?.();
    expect(await isMarked()).toBe(true);
  });
});

describe("a page that is opened while the server is away", () => {
  let isAway = false;
  beforeAll(async () => {
    await page.route("**/trpc/**", (route) => (isAway ? route.abort("connectionrefused") : route.continue()));
    await page.routeWebSocket(
      "**/trpc**",
      (socket) => void (isAway ? socket.close() : socket.connectToServer()),
    );
    return () => {
      isAway = false;
    };
  });

  it.each([...LIVE, ...ASKED])("says so, and recovers by itself: $name", async ({ path, shown }) => {
    isAway = true;
    await page.goto(`${network.url}/console/${path()}`);
    await mark();
    await page.getByRole("alert").first().waitFor();
    await told().waitFor();
    await open.check();
    isAway = false;
    await shown().waitFor();
    await told().waitFor({ state: "detached" });
    expect(await isMarked()).toBe(true);
  });
});

it("loads a screen whose file the network lost as soon as the server answers", async () => {
  await page.goto(`${network.url}/console/`);
  await page.getByRole("row", { name: /Physics/ }).waitFor();
  network.cut();
  await page.getByRole("link", { name: /^Physics/ }).click();
  await page.getByRole("heading", { name: "This page opens when the network is back" }).first().waitFor();
  expect(await page.getByRole("main").getByRole("button").count()).toBe(0);
  await open.check();
  network.mend();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
});

it("reloads once if a screen's file is missing, and then leaves that to the person", async () => {
  const scripts = /assets\/.*\.js$/;
  const overview = page.getByRole("heading", { name: "Overview" });
  /** Opens the overview, whose files the server does not have. */
  const openWithoutFiles = async () => {
    const loaded = new Set<string>();
    const remember = (request: Request) => void loaded.add(request.url());
    page.on("request", remember);
    await page.goto(`${network.url}/console/`);
    const link = page.getByRole("link", { name: /^Physics/ });
    await link.waitFor();
    page.off("request", remember);
    await page.route(scripts, (route) =>
      loaded.has(route.request().url()) ? route.continue() : route.fulfill({ status: 404 }),
    );
    await mark();
    await link.click();
  };
  // An earlier story may have reloaded the page less than a minute ago, which it does once a minute.
  await page.evaluate(() => sessionStorage.clear());
  // The page after the reload finds its files.
  let loads = 0;
  const reloaded = page.waitForRequest((request) => request.isNavigationRequest() && ++loads === 2);
  await openWithoutFiles();
  await reloaded;
  await page.unroute(scripts);
  await overview.waitFor();
  expect(await isMarked()).toBe(false);

  await openWithoutFiles();
  await page.getByRole("heading", { name: "A part of the console could not be loaded" }).first().waitFor();
  expect(await isMarked()).toBe(true);
  await open.check();
  await page.unroute(scripts);
  await button("Reload the page").click();
  await overview.waitFor();
});

it("opens the other pages of an exam without a network", async () => {
  await page.goto(`${network.url}/console/exams/${morning.examId}`);
  await live().waitFor();
  await allIsLoaded();
  await mark();
  network.cut();
  await told().waitFor();
  const places = page.getByRole("navigation", { name: "Places" });
  for (const name of ["Records", "Set up", "Candidates"]) {
    await places.getByRole("link", { name }).click();
    await page.getByRole("heading", { level: 1, name }).waitFor();
    expect(await page.getByText("opens when the network is back").count()).toBe(0);
  }
  network.mend();
  await page.getByRole("row", { name: roomOf(0).first.userId }).waitFor();
  expect(await isMarked()).toBe(true);
});

it("counts on for how long the connection has been lost, however often it is tried again", async () => {
  await page.goto(`${network.url}/console/exams/${morning.examId}/rooms/${roomOf(0).id}`);
  await live().waitFor();
  network.cut();
  await told()
    .getByText(/^Connection lost/)
    .waitFor();
  const seconds = async () => Number((await told().textContent())?.match(/\d+/)?.[0]);
  const begun = await seconds();
  for (let past = 10; past <= 60; past += 10) {
    await page.clock.runFor(10_000);
    await expect.poll(seconds).toBeGreaterThanOrEqual(begun + past - 1);
  }
  network.mend();
  await live().waitFor();
});

it("reads a room's past that the network lost as soon as the room is live again", async () => {
  const held: Route[] = [];
  await page.route(/im\.history/, (route) => void held.push(route));
  await page.goto(`${network.url}/console/exams/${morning.examId}/rooms/${roomOf(0).id}`);
  await live().waitFor();
  await expect.poll(() => held.length).toBe(1);
  network.cut();
  await told().waitFor();
  await page.unroute(/im\.history/);
  await held[0]?.abort("connectionreset");
  await alert().waitFor();
  network.mend();
  await page.getByText(/: Five minutes more\./).waitFor();
});

it("lets no one in without a network, and keeps what was typed", async () => {
  await using entrance = await fixture.openConsole({ url: network.url });
  const { page: entry } = entrance;
  await entry.getByLabel("User name").fill(ACCOUNTS.inspector.userId);
  await entry.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await entrance.page.context().setOffline(true);
  await entry.getByRole("button", { name: "Sign in" }).click();
  await entry.getByRole("alert").getByText("The server did not answer.").waitFor();
  await entrance.check();
  await entrance.page.context().setOffline(false);
  await entry.getByRole("button", { name: "Sign in" }).click();
  await entry.getByRole("navigation").waitFor();
});
