import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCOUNTS, type AppFixture, type ConsolePage, openAppFixture } from "./support/console.js";
import { MORNING, type Morning, openMorning } from "./support/morning.js";

// The rights of docs/auth.md for each role: an action that a role may not take is not offered, and its address says so in words.

let fixture: AppFixture;
/** An exam of the teacher, in whose first room the inspector is. */
let morning: Morning;
/** An exam of an administrator, in which neither of them is. */
let foreign: { readonly examId: string; readonly roomId: string };

beforeAll(async () => {
  fixture = await openAppFixture(MORNING);
  morning = await openMorning(fixture, { name: "Physics", rooms: 2, perRoom: 2 });
  await fixture.admin.participant.add({
    roomId: room().id,
    participants: [{ ...ACCOUNTS.inspector, role: "inspector" }],
  });
  await morning.detect(candidate());
  const now = Date.now();
  const { id: examId } = await fixture.admin.exam.create({
    name: "Chemistry",
    startTime: new Date(now),
    endTime: new Date(now + 3_600_000),
  });
  const { id: roomId } = await fixture.admin.room.create({
    name: "Hall Z",
    examId,
    participants: [{ userId: "z1", name: "Zhao Min", role: "examinee" }],
  });
  foreign = { examId, roomId };
});
afterAll(async () => {
  await morning?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});

const room = (n = 0) => {
  const found = morning.rooms[n];
  if (!found) throw new Error("There is no such room.");
  return found;
};
const candidate = () => {
  const [found] = morning.candidates;
  if (!found) throw new Error("There is no candidate.");
  return found;
};
const pathsOf = ({ examId, roomId, userId }: { examId: string; roomId: string; userId: string }) => ({
  overview: `exams/${examId}`,
  candidates: `exams/${examId}/candidates`,
  room: `exams/${examId}/rooms/${roomId}`,
  candidate: `exams/${examId}/candidates/${userId}`,
  records: `exams/${examId}/records`,
  setup: `exams/${examId}/setup/details`,
});
type Screen = "exams" | "administration" | keyof ReturnType<typeof pathsOf>;

const ADMINISTRATION = ["admin", "admin/audio", "admin/audit", "admin/installation"];
const button = (name: string | RegExp) => (page: Page) => page.getByRole("button", { name });
const link = (name: string) => (page: Page) => page.getByRole("main").getByRole("link", { name });

/** The text on each screen for everybody who may open it. */
const SHOWN: { readonly [Name in Screen]: (page: Page) => Locator } = {
  exams: (page) => page.getByRole("row", { name: /Physics/ }),
  overview: (page) => page.getByRole("link", { name: /^Hall A 1: / }),
  candidates: (page) => page.getByRole("row", { name: candidate().userId }),
  room: (page) => page.getByRole("list", { name: "Candidates of Hall A 1" }),
  candidate: (page) => page.getByRole("heading", { name: candidate().name }),
  records: (page) => page.getByRole("row").nth(1),
  setup: (page) => page.getByLabel("Name", { exact: true }),
  administration: (page) => page.getByRole("row").nth(1),
};
/** The actions that each screen offers, and to whom. Everybody reads; an action is not offered to roles that are not named here. */
const OFFERS: readonly (readonly [Screen, string, (page: Page) => Locator, readonly string[]])[] = [
  ["exams", "a new exam", button("New exam"), ["admin", "teacher"]],
  ["exams", "what can be done with an exam", button("Actions for Physics"), ["admin", "teacher"]],
  ["exams", "deleted exams", (page) => page.getByRole("radio", { name: "Deleted" }), ["admin"]],
  ["overview", "a message to rooms", button("Message rooms"), ["admin", "teacher"]],
  ["overview", "a clip", button("Play a clip"), ["admin", "teacher"]],
  ["overview", "what can be done with the exam", button("Actions for Overview"), ["admin", "teacher"]],
  ["candidates", "a choice", (page) => page.getByRole("checkbox"), ["admin", "teacher"]],
  ["room", "a message", (page) => page.getByLabel(/^Message to/), ["admin", "teacher"]],
  ["room", "a clip", button("Play a clip"), ["admin", "teacher"]],
  ["room", "what can be done with it", button("Actions for Hall A 1"), ["admin", "teacher"]],
  ["candidate", "a message", (page) => page.getByLabel(/^Message to/), ["admin", "teacher"]],
  ["room", "a note", button(/^(Note|Actions for Hall A 1)$/), ["admin", "teacher", "inspector"]],
  ["candidate", "what can be done for them", button(/^Actions for/), ["admin", "teacher", "inspector"]],
  ["records", "a copy", button(/CSV/), ["admin", "teacher", "inspector"]],
  ["setup", "an import of people", link("Roster"), ["admin", "teacher"]],
  ["setup", "links and cards", link("Links and cards"), ["admin", "teacher"]],
  [
    "setup",
    "a field to write in",
    (page) => page.locator("main input:not([readonly]):not([disabled])"),
    ["admin", "teacher"],
  ],
  ["administration", "a new account", button("New account"), ["admin"]],
];

const openAs = async (role: keyof typeof ACCOUNTS): Promise<ConsolePage> => fixture.openConsole({ role });
const go = ({ page }: ConsolePage, path: string) => page.goto(`${fixture.url}/console/${path}`);
const enterByLink = async ({ page }: ConsolePage, role: "teacher" | "examinee") => {
  const [made] = await fixture.admin.room.joinLinks({ roomId: room().id, role });
  await page.getByRole("button", { name: "I have a code or a link" }).click();
  await page.getByLabel("Code or link", { exact: true }).fill(made?.url ?? "");
  await page.getByRole("button", { name: "Open the room" }).click();
  // Another address that is opened before this would stop the call that enters.
  await page.getByRole("navigation", { name: "Places" }).waitFor();
};
/** Sees that a screen says why it shows nothing. */
const isRefused = async (open: ConsolePage, path: string) => {
  await go(open, path);
  const { page } = open;
  const refusal = page.getByRole("alert").getByText(/^Your role may not do this/);
  // A teacher looks for people in their own rooms, and is told that this one is in none of them.
  const absence = page.getByRole("heading", { name: "z1 is in no room of this exam" });
  await refusal.or(absence).first().waitFor();
  expect(await page.getByText("Zhao Min").count(), path).toBe(0);
};

describe.each(["admin", "teacher", "inspector"] as const)("a signed-in %s", (role) => {
  it("is offered on each screen what they may do, and nothing else", async () => {
    await using open = await openAs(role);
    const { page } = open;
    const paths = {
      exams: "",
      ...pathsOf({ ...candidate(), examId: morning.examId }),
      administration: "admin",
    };
    const places = page.getByRole("navigation", { name: "Places" });
    expect(await places.getByRole("link", { name: "Admin" }).count()).toBe(role === "admin" ? 1 : 0);
    // Safe: an object has the keys of its type.
    for (const screen of Object.keys(paths) as Screen[]) {
      if (screen === "administration" && role !== "admin") continue;
      await go(open, paths[screen]);
      await SHOWN[screen](page).first().waitFor();
      for (const [on, what, offer, roles] of OFFERS) {
        if (on !== screen) continue;
        if (roles.includes(role)) await offer(page).first().waitFor();
        else expect(await offer(page).count(), `${what} on ${screen}`).toBe(0);
      }
    }
  });

  it.skipIf(role === "admin")(
    "is told at the addresses of what they may not open that they may not",
    async () => {
      await using open = await openAs(role);
      for (const path of ADMINISTRATION) {
        await go(open, path);
        await open.page.getByRole("heading", { name: "Only administrators can open this" }).waitFor();
      }
      for (const path of Object.values(pathsOf({ ...foreign, userId: "z1" }))) await isRefused(open, path);
    },
  );
});

describe("a teacher with the link of a room", () => {
  it("sees and does in it what its teachers may, and nothing elsewhere", async () => {
    await fixture.admin.participant.add({
      roomId: room().id,
      participants: [{ userId: "t4", name: "Wu Min", role: "teacher" }],
    });
    await using open = await fixture.openConsole();
    const { page } = open;
    await enterByLink(open, "teacher");
    await page.getByRole("list", { name: "Candidates of Hall A 1" }).waitFor();
    await page.getByLabel(/^Message to all/).waitFor();
    await isRefused(open, `exams/${morning.examId}/rooms/${room(1).id}`);
    await isRefused(open, `exams/${foreign.examId}/rooms/${foreign.roomId}`);
    await go(open, "admin");
    await page.getByRole("heading", { name: "Only administrators can open this" }).waitFor();
  });
});

describe("a candidate with their link", () => {
  it("is told at every address where they belong", async () => {
    await using open = await fixture.openConsole();
    await enterByLink(open, "examinee");
    const paths = [
      "",
      ...Object.values(pathsOf({ ...candidate(), examId: morning.examId })),
      ...ADMINISTRATION,
    ];
    for (const path of paths) {
      await go(open, path);
      await open.page.getByRole("heading", { name: "This page is for invigilators" }).first().waitFor();
      // The way out, and nothing of the exam.
      expect(await open.page.getByRole("main").getByRole("button").count()).toBe(0);
      expect(await open.page.getByRole("navigation", { name: "Places" }).getByRole("link").count()).toBe(1);
    }
    await open.check();
  });
});
