import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNetwork } from "../../server/browser/support/network.js";
import { openSchemas, type Schemas } from "../../server/test/support/postgres-schemas.js";
import { type Member, openMember } from "../../server/test/support/servers.js";
import { ACCOUNTS, type AppFixture, openWorldOf, PASSWORD } from "./support/console.js";
import { MORNING, type Morning, openMorning } from "./support/morning.js";

// Two servers on one PostgreSQL. Teachers have the console open at the first, and others at the second, over a network that can be cut.

const { INVIGIL_TEST_DATABASE_URL: database } = process.env;
const DAY = 86_400_000;

let schemas: Schemas;
let fixture: AppFixture<Member>;
let second: Member;
let network: Awaited<ReturnType<typeof createNetwork>>;
let morning: Morning;
let openSecond: () => Promise<void>;
/** How far the clocks of the servers are ahead. */
let ahead = 0;

const roomOf = (n: number) => {
  const room = morning.rooms[n];
  const [candidate] = morning.candidates.filter(({ roomId }) => roomId === room?.id);
  if (!room || !candidate) throw new Error("there is no such room");
  return { ...room, candidate, path: `exams/${morning.examId}/rooms/${room.id}` };
};
const untilLive = (page: Page) => page.locator("header [data-kind=live]").waitFor();
const say = async (page: Page, text: string): Promise<void> => {
  await page.getByLabel(/^Message to all/).fill(text);
  await page.getByLabel(/^Message to all/).press("Enter");
  // It is empty once the message is sent.
  await expect.poll(() => page.getByLabel(/^Message to all/).inputValue()).toBe("");
};
/** Marks a page. The mark is gone after a reload. */
const mark = (page: Page) => page.evaluate("globalThis.marked = true");
const isMarked = (page: Page) => page.evaluate("globalThis.marked === true");

describe.skipIf(database === undefined)("the console at two servers", () => {
  beforeAll(async () => {
    schemas = await openSchemas(database ?? "");
    const { url } = await schemas.open();
    const options = { ...MORNING, now: () => new Date(Date.now() + ahead) };
    fixture = await openWorldOf(await openMember(url, options));
    network = await createNetwork();
    openSecond = async () => {
      second = await openMember(url, options);
      network.leadsTo(await second.listen());
    };
    await openSecond();
    morning = await openMorning(fixture, { rooms: 4, perRoom: 3 });
    for (const { id: roomId } of morning.rooms)
      await fixture.admin.participant.add({
        roomId,
        participants: [{ ...ACCOUNTS.inspector, role: "inspector" }],
      });
  });
  afterAll(async () => {
    await morning?.[Symbol.asyncDispose]();
    await fixture?.[Symbol.asyncDispose]();
    await second?.[Symbol.asyncDispose]();
    network?.close();
    await schemas?.[Symbol.asyncDispose]();
  });

  it("shows at each what happens at the other, and forbids at each what the role may not", async () => {
    const { path, candidate } = roomOf(0);
    await using here = await fixture.openConsole({ role: "teacher", path });
    await using there = await fixture.openConsole({ role: "inspector", path, url: network.url });
    await Promise.all([untilLive(here.page), untilLive(there.page)]);
    await morning.come(candidate);
    for (const { page } of [here, there]) await page.getByText("1 here").waitFor();
    await say(here.page, "Please show your desk.");
    await there.page.getByText(/: Please show your desk\./).waitFor();

    await there.page.getByText("View only. Inspectors cannot").waitFor();
    expect(await there.page.getByRole("textbox").count()).toBe(0);
    await there.check();
    await fixture.admin.participant.remove({ roomId: roomOf(0).id, userId: ACCOUNTS.inspector.userId });
    await there.page.getByRole("alert").waitFor();
    await expect.poll(() => there.page.getByText(candidate.name).count()).toBe(0);
  });

  it("says that it may be out of date while the network is away, and catches up without a reload", async () => {
    const { path } = roomOf(1);
    await using here = await fixture.openConsole({ role: "teacher", path });
    await using there = await fixture.openConsole({ role: "admin", path, url: network.url });
    await Promise.all([untilLive(here.page), untilLive(there.page)]);
    await mark(there.page);
    network.cut();
    await there.page.locator("header [data-kind=reconnecting]").waitFor();
    await there.page.locator("[data-stale]").first().waitFor();
    await say(here.page, "The network of the hall is being mended.");
    await here.page.getByText(/: The network of the hall is being mended\./).waitFor();
    await there.check();
    network.mend();
    await there.page.getByText(/: The network of the hall is being mended\./).waitFor();
    await untilLive(there.page);
    expect(await isMarked(there.page)).toBe(true);
  });

  it("goes on when a server restarts", async () => {
    const { path, candidate } = roomOf(2);
    await using there = await fixture.openConsole({ role: "admin", path, url: network.url });
    await untilLive(there.page);
    await mark(there.page);
    network.cut();
    await second[Symbol.asyncDispose]();
    await morning.come(candidate);
    await openSecond();
    network.mend();
    await there.page.getByText("1 here").waitFor();
    await untilLive(there.page);
    await say(there.page, "Good morning.");
    await there.page.getByText(/: Good morning\./).waitFor();
    expect(await isMarked(there.page)).toBe(true);
  });

  it("does once what two people do at the same time", async () => {
    const { path } = roomOf(3);
    await using here = await fixture.openConsole({ role: "teacher", path });
    await using there = await fixture.openConsole({ role: "admin", path, url: network.url });
    const pages = [here.page, there.page];
    for (const page of pages) {
      await page
        .getByRole("button", { name: /^Actions for/ })
        .first()
        .click();
      await page.getByRole("menuitem", { name: "End the room" }).click();
      await page.getByRole("dialog").getByRole("button", { name: /^End/ }).waitFor();
    }
    await Promise.all(
      pages.map((page) => page.getByRole("dialog").getByRole("button", { name: /^End/ }).dblclick()),
    );
    for (const page of pages) await page.getByText("This room ended at").first().waitFor();
    for (const page of pages) {
      await page.getByText("The room ended", { exact: true }).first().waitFor();
      expect(await page.getByText("The room ended", { exact: true }).count()).toBe(1);
    }
  });

  // The last story: clocks do not go back.
  it("asks for the password once a session has expired, and goes on at the same address", async () => {
    const path = `exams/${morning.examId}/records?type=watch`;
    await using there = await fixture.openConsole({ role: "admin", path, url: network.url });
    const { page } = there;
    await untilLive(page);
    ahead = 60 * DAY;
    // The live connection notices it, without a click.
    await page.getByText("Your session has ended").waitFor();
    await page.getByLabel("User name").fill(ACCOUNTS.admin.userId);
    await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Records" }).waitFor();
    expect(page.url()).toBe(`${network.url}/console/${path}`);
  });
});
